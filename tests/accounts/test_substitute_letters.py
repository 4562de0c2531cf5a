"""Who stands in for a manager is told to both, once, while it is still true."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from courseware.accounts.leaving import leave
from courseware.accounts.models import Membership
from courseware.accounts.standing_in import end_substitute, name_substitute
from courseware.accounts.substitutes import Substitute
from courseware.lib.dates import site_day
from courseware.outbox.models import Message
from tests.making import letters, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db
DAYS = {"first_day": date(2099, 12, 1), "last_day": date(2099, 12, 24)}


@pytest.fixture
def lead():
    return make_team("Night shift", manager=make_user("Li Lin", language="en", email="li@example.com")).manager


@pytest.fixture
def substitute():
    return make_user("Bo Wu", language="zh-hans", email="bo@example.com")


def told():
    """Address → (subject, text)."""
    return {letter.to[0]: (letter.subject, letter.body) for letter in letters()}


def test_both_are_told_by_whom_in_their_own_language(lead, substitute):
    name_substitute(lead, substitute, **DAYS, by=make_hr(name="Hana"))
    found = told()
    assert found.keys() == {"li@example.com", "bo@example.com"}
    subject, text = found["li@example.com"]
    assert subject == "Bo Wu stands in for you from 1 December 2099 to 24 December 2099"
    assert "Hana has named a substitute for you: Bo Wu, from 1 December 2099" in text
    subject, text = found["bo@example.com"]
    assert subject == "2099年12月1日到2099年12月24日，请你替Li Lin代管"
    assert "Hana指定你做Li Lin的代管人" in text


def test_of_who_named_the_own_substitute_nobody_else_is_said_to_have_done_it(lead, substitute):
    name_substitute(lead, substitute, **DAYS, by=lead)
    found = told()
    assert "You have named a substitute: Bo Wu" in found["li@example.com"][1]
    assert "Li Lin指定你做代管人" in found["bo@example.com"][1]


def test_the_same_again_is_told_once(lead, substitute):
    for _ in range(2):
        name_substitute(lead, substitute, **DAYS, by=lead)
    assert (len(told()), Message.objects.count()) == (2, 2)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda lead, person: end_substitute(the_only(lead), by=lead), "it has ended meanwhile"),
        (lambda lead, person: leave(person, by=None), "one of both may not sign in any more"),
        (lambda lead, person: lead.memberships.filter(role=Membership.Role.MANAGER).delete(), "the manager leads"),
    ],
    ids=["ended", "left", "leads nobody"],
)
def test_what_is_not_true_any_more_is_not_sent(lead, substitute, change, why):
    name_substitute(lead, substitute, **DAYS, by=lead)
    change(lead, substitute)
    assert told() == {}
    assert all(why in message.why for message in Message.objects.filter(kind="substitute-named"))


def the_only(lead):
    return Substitute.objects.get(lead=lead)


def test_nor_when_its_days_are_over(lead, substitute, time_machine):
    today = site_day()
    name_substitute(lead, substitute, first_day=today, last_day=today, by=lead)
    time_machine.move_to(timezone.now() + timedelta(days=2))
    assert told() == {}
