"""When a letter about an account is not wanted any more by the time it leaves."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseware.accounts.inviting import invite, mail_new_link
from courseware.outbox.models import Message, MessageState
from tests.making import letters, make_admin, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def now(time_machine):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    return now


def left():
    """(what, whether it was sent or why not) of all messages, the oldest first."""
    letters()
    return [(each.kind, each.why or each.state) for each in Message.objects.order_by("pk")]


def test_who_was_deactivated_or_has_signed_in_meanwhile_is_not_invited_any_more(now):
    gone, here, before = make_user(), make_user(), make_user(last_login=now - timedelta(days=1))
    for person in (gone, here, before):
        invite(person, by=make_admin())
    gone.is_active = False
    gone.save()
    here.last_login = now + timedelta(seconds=1)
    here.save()
    assert left() == [
        ("invitation", "the person may not sign in any more"),
        ("invitation", "the person has signed in meanwhile"),
        ("invitation", MessageState.SENT),
    ]


def test_a_link_that_was_asked_for_long_ago_is_not_sent_any_more(now, time_machine):
    person = make_user()
    mail_new_link(person.email, [person], language="en")
    time_machine.move_to(now + timedelta(hours=24), tick=False)
    mail_new_link(person.email, [person], language="en")
    time_machine.move_to(now + timedelta(hours=25), tick=False)
    assert left() == [("new-link", "it was asked for more than a day ago"), ("new-link", MessageState.SENT)]


def test_a_stranger_gets_letters_of_the_firm_sent_to_nobody_outside_it(settings):
    settings.MAIL_DOMAINS = ["example.com"]
    for address in ("a@example.com", "A@EXAMPLE.COM", "a@example.org", "a@sub.example.com"):
        mail_new_link(address, [], language="en")
    outside = "MAIL_DOMAINS does not name the domain of this address"
    assert left() == [
        ("no-account", MessageState.SENT),
        ("no-account", "this address got one today"),
        ("no-account", outside),
        ("no-account", outside),
    ]


def test_strangers_together_get_a_hundred_letters_a_day(settings, now, time_machine):
    settings.MAIL_DOMAINS = ["example.com"]
    for number in range(102):
        mail_new_link(f"a{number}@example.com", [], language="en")
    assert [why for _, why in left()] == [MessageState.SENT] * 100 + ["100 of them were sent today"] * 2
    time_machine.move_to(now + timedelta(days=1), tick=False)
    mail_new_link("another@example.com", [], language="en")
    assert left()[-1] == ("no-account", MessageState.SENT)
