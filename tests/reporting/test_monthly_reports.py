"""The report each month by letter: to whom, when, what is in it, and how it is stopped."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from courseware.accounts.models import Membership
from courseware.audit_log.models import Event
from courseware.notifications.models import OutgoingEmail
from courseware.notifications.unsubscribe import unsubscribe_from
from courseware.reporting.emails.monthly_report import (
    MonthlyReportSubscription,
    is_subscribed,
    send_monthly_reports,
    subscribe,
    unsubscribe,
)
from tests.making import letters, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db
IN_OCTOBER = datetime(2026, 10, 31, 15, 59, tzinfo=UTC)  # the last minute of it, where the site is
MONDAY = datetime(2026, 11, 2, 4, tzinfo=UTC)  # noon of the first working day of November


@pytest.fixture
def lead():
    with time_machine.travel(IN_OCTOBER, tick=False):
        lead = make_team("Night shift", manager=make_user("Li Lin", language="en")).manager
        subscribe(lead)
    return lead


def told(day=date(2026, 11, 2)):
    """Who was told of which month."""
    send_monthly_reports(day)
    return sorted(OutgoingEmail.objects.filter(kind="monthly-report").values_list("person__name", "data__month"))


def states():
    return list(OutgoingEmail.objects.filter(kind="monthly-report").values_list("state", "why"))


def test_the_letter_of_a_month_is_its_address_and_how_to_stop_it(lead):
    with time_machine.travel(MONDAY, tick=False):
        assert send_monthly_reports() == "emails: 1"
        [letter] = letters()
    assert (letter.to, letter.subject) == ([lead.email], "Training in October 2026: the report")
    assert "http://127.0.0.1:8000/team/reports/?first=2026-10&last=2026-10\n" in letter.body
    assert "http://127.0.0.1:8000/unsubscribe/" in letter.body
    assert not letter.attachments


def test_who_asks_for_it_in_a_month_is_told_once_that_one_is_over(lead):
    with time_machine.travel(datetime(2026, 11, 1, 0, tzinfo=UTC), tick=False):
        subscribe(make_hr(name="Yang Lan"))
    assert told() == [("Li Lin", "2026-10-01")]
    assert told(date(2026, 12, 1)) == [("Li Lin", "2026-10-01"), ("Li Lin", "2026-11-01"), ("Yang Lan", "2026-11-01")]


def test_each_month_is_told_once_however_often_it_is_looked(lead):
    for day in (1, 2, 2, 30):
        assert told(date(2026, 11, day)) == [("Li Lin", "2026-10-01")]
    assert send_monthly_reports(date(2026, 11, 30)) == ""


def test_who_leads_nobody_any_more_or_has_left_is_told_nothing(lead):
    with time_machine.travel(IN_OCTOBER, tick=False):
        gone = make_team().manager
        subscribe(gone)
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    Membership.objects.filter(person=lead).delete()
    assert told() == []


@pytest.mark.parametrize(
    ("stop", "why"),
    [
        (unsubscribe, "the person has unsubscribed"),
        (lambda lead: Membership.objects.filter(person=lead).delete(), "the person can no longer see reports"),
    ],
)
def test_a_letter_that_waits_is_asked_again_as_it_leaves(lead, stop, why):
    with time_machine.travel(MONDAY, tick=False):
        send_monthly_reports()
        stop(lead)
        assert letters() == []
    assert states() == [("skipped", why)]


def test_it_is_begun_and_stopped_by_one_press_and_pressed_again_nothing_happens(client):
    lead = make_team().manager
    client.force_login(lead)
    said = []
    for press in ("start", "start", "stop", "stop"):
        assert client.post("/team/reports/monthly/", {press: "1"}).status_code == 302
        said.append(MonthlyReportSubscription.objects.filter(person=lead).exists())
    assert said == [True, True, False, False]
    verbs = Event.objects.filter(subject=f"person:{lead.pk}").order_by("pk").values_list("verb", flat=True)
    assert [verb for verb in verbs if "report" in verb] == ["monthly-report-subscribed", "monthly-report-unsubscribed"]


def test_who_stopped_it_by_the_press_in_a_letter_gets_none_until_asking_anew(lead):
    unsubscribe_from(lead, "monthly-report")
    assert not is_subscribed(lead)
    with time_machine.travel(MONDAY, tick=False):
        send_monthly_reports()
        assert not letters()
        subscribe(lead)
        assert is_subscribed(lead)
    with time_machine.travel(MONDAY + timedelta(days=31), tick=False):
        send_monthly_reports()
        assert [letter.subject for letter in letters()] == ["Training in November 2026: the report"]
