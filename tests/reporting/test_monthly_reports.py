"""The monthly report email: recipients, month, content and unsubscribing."""

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
from tests.making import make_hr, make_team, make_user, sent_emails

pytestmark = pytest.mark.django_db
IN_OCTOBER = datetime(2026, 10, 31, 15, 59, tzinfo=UTC)  # its last minute in the zone of the site
MONDAY = datetime(2026, 11, 2, 4, tzinfo=UTC)  # noon of the first working day of November


@pytest.fixture
def manager():
    with time_machine.travel(IN_OCTOBER, tick=False):
        manager = make_team("Night shift", manager=make_user("Li Lin", language="en")).manager
        subscribe(manager)
    return manager


def sent(day=date(2026, 11, 2)):
    """(person, month) of each queued report."""
    send_monthly_reports(day)
    return sorted(OutgoingEmail.objects.filter(kind="monthly-report").values_list("person__name", "data__month"))


def states():
    return list(OutgoingEmail.objects.filter(kind="monthly-report").values_list("state", "why"))


def test_email_has_report_and_unsubscribe_links(manager):
    with time_machine.travel(MONDAY, tick=False):
        assert send_monthly_reports() == "emails: 1"
        [email] = sent_emails()
    assert (email.to, email.subject) == ([manager.email], "Training report for October 2026")
    assert "http://127.0.0.1:8000/team/reports/?first=2026-10&last=2026-10\n" in email.body
    assert "http://127.0.0.1:8000/unsubscribe/" in email.body
    assert not email.attachments


def test_reports_start_with_month_of_subscription(manager):
    with time_machine.travel(datetime(2026, 11, 1, 0, tzinfo=UTC), tick=False):
        subscribe(make_hr(name="Yang Lan"))
    assert sent() == [("Li Lin", "2026-10-01")]
    assert sent(date(2026, 12, 1)) == [("Li Lin", "2026-10-01"), ("Li Lin", "2026-11-01"), ("Yang Lan", "2026-11-01")]


def test_each_month_is_reported_once(manager):
    for day in (1, 2, 2, 30):
        assert sent(date(2026, 11, day)) == [("Li Lin", "2026-10-01")]
    assert send_monthly_reports(date(2026, 11, 30)) == ""


def test_former_person_or_manager_gets_no_report(manager):
    with time_machine.travel(IN_OCTOBER, tick=False):
        gone = make_team().manager
        subscribe(gone)
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    Membership.objects.filter(person=manager).delete()
    assert sent() == []


@pytest.mark.parametrize(
    ("stop", "why"),
    [
        (unsubscribe, "the recipient has unsubscribed"),
        (lambda manager: Membership.objects.filter(person=manager).delete(), "the recipient can no longer see reports"),
    ],
)
def test_waiting_report_is_checked_again_before_sending(manager, stop, why):
    with time_machine.travel(MONDAY, tick=False):
        send_monthly_reports()
        stop(manager)
        assert sent_emails() == []
    assert states() == [("skipped", why)]


def test_subscribing_and_unsubscribing_are_idempotent(client):
    manager = make_team().manager
    client.force_login(manager)
    subscribed = []
    for press in ("start", "start", "stop", "stop"):
        assert client.post("/team/reports/monthly/", {press: "1"}).status_code == 302
        subscribed.append(MonthlyReportSubscription.objects.filter(person=manager).exists())
    assert subscribed == [True, True, False, False]
    verbs = Event.objects.filter(subject=f"person:{manager.pk}").order_by("pk").values_list("verb", flat=True)
    assert [verb for verb in verbs if "report" in verb] == ["monthly-report-subscribed", "monthly-report-unsubscribed"]


def test_report_is_sent_again_only_after_new_subscription(manager):
    unsubscribe_from(manager, "monthly-report")
    assert not is_subscribed(manager)
    with time_machine.travel(MONDAY, tick=False):
        send_monthly_reports()
        assert not sent_emails()
        subscribe(manager)
        assert is_subscribed(manager)
    with time_machine.travel(MONDAY + timedelta(days=31), tick=False):
        send_monthly_reports()
        assert [email.subject for email in sent_emails()] == ["Training report for November 2026"]
