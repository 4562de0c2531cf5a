"""Whose renewal opens is told so, and not of a course to take."""

from datetime import date

import pytest
from django.utils import timezone

from courseware.learning.course_letter import tell_enrolled
from courseware.learning.enrolling import waive
from courseware.lib.dates import due_instant
from courseware.outbox.models import Message
from tests.language.samples import make_files
from tests.making import join, letters, make_admin, make_course, make_enrollment, make_team, make_user

pytestmark = pytest.mark.django_db
ENDS = date(2030, 12, 9)


@pytest.fixture(autouse=True)
def host(settings):
    settings.SITE_URL = "https://training.example.com"


def renewing(**fields):
    person = make_user("Wang Ming", language="en")
    join(make_team("East centre", manager=make_user("Li Lin")), person)
    return make_enrollment(person, make_course(), renews_until=ENDS, **fields)


def told():
    letters()
    return list(Message.objects.order_by("pk").values_list("kind", "state"))


def test_it_says_until_when_the_certificate_is_valid_by_when_and_that_early_loses_nothing(mailoutbox):
    tell_enrolled([renewing(due_at=due_instant(ENDS, timezone.get_default_timezone()))], by=None)
    assert told() == [("renewal-open", "sent")]
    [letter] = mailoutbox
    assert letter.subject == "Please renew your certificate “Rules of the tea room” by Monday 9 December"
    first, said, early, begin, signed, _why = letter.body.split("\n\n")
    assert [first, early, signed] == [
        "Hello Wang Ming,",
        "Nothing is lost by beginning early: the new certificate counts from the last day of the old one.",
        "Li Lin\nEast centre, team leader",
    ]
    until, steps, by_when = said.split("\n")
    assert (
        until == "Your certificate “Rules of the tea room” is valid until Monday 9 December, and its renewal is open."
    )
    assert steps.startswith("It has 2 stops, about ")
    assert by_when == "Please finish by Monday 9 December."
    assert begin.endswith("\ntraining.example.com")


def test_a_short_one_says_that_it_asks_for_less(mailoutbox):
    tell_enrolled([renewing(required=["pouring"])], by=None)
    told()
    [letter] = mailoutbox
    assert letter.subject == "You can renew your certificate “Rules of the tea room” now"
    assert "It asks for what is new and what you missed: 1 stop, about " in letter.body


def test_a_renewal_and_another_course_are_two_letters_and_what_was_excused_is_none():
    run = renewing()
    files = {name: data.replace(b"id: tea-room\n", b"id: other\n") for name, data in make_files().items()}
    excused, new = renewing(), make_enrollment(run.learner, make_course(files))
    tell_enrolled([run, excused, new], by=None)
    waive(excused, reason="long leave", by=make_admin())
    assert told() == [("enrolled", "sent"), ("renewal-open", "sent"), ("renewal-open", "skipped")]
