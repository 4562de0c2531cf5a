"""Preview of scheduled emails: recipients, reasons to skip, and agreement with what is sent."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override
from django_tasks_db.models import DBTaskResult

from courseware.accounts.models import User
from courseware.assignments.emails import scheduled_emails
from courseware.assignments.emails.certificate_expiry import tell_of_endings
from courseware.assignments.emails.scheduled_emails import (
    PAUSE,
    PEOPLE_AT_ONCE,
    PreviewFailed,
    ScheduledEmails,
    prepare_preview,
    preview_emails,
)
from courseware.assignments.reminders.daily_reminders import remind_due
from courseware.hr.email_settings import log_views
from courseware.jobs.tasks import RetryLater
from courseware.learning.due_dates.absence_shifts import record_absence
from courseware.learning.enrollments.enrollment import exempt
from courseware.learning.models import Enrollment
from courseware.lib import dates
from courseware.lib.dates import due_instant
from courseware.notifications.email.email_types import EMAIL_TYPES
from courseware.notifications.models import OutgoingEmail
from tests.assignments.rules import make_certified
from tests.making import join, make_admin, make_course, make_enrollment, make_hr, make_team, make_user, sent_emails
from tests.site.test_access import digests

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_sending_hours"), pytest.mark.slow]
ZONE = ZoneInfo("Asia/Shanghai")
TODAY, TOMORROW = date(2026, 12, 9), date(2026, 12, 10)
AT_EIGHT = datetime(2026, 12, 10, 8, tzinfo=ZONE)


@pytest.fixture(autouse=True)
def the_day_before(settings, time_machine):
    settings.HOLIDAY_CALENDAR, settings.TIME_ZONE = "", "Asia/Shanghai"
    time_machine.move_to(datetime(2026, 12, 9, 15, tzinfo=ZONE), tick=False)
    return time_machine


@pytest.fixture
def company():
    """Three people due on Friday, one without an email address; the certificate of a fourth expires in a week."""
    course, team = make_course(), make_team(manager=make_user())
    month_ago = timezone.now() - timedelta(days=30)
    for name in ("Due", "Away", "No address"):
        person = make_user(name)
        join(team, person)
        make_enrollment(person, course, due_at=due_instant(date(2026, 12, 11), ZONE), enrolled_at=month_ago)
        if name == "No address":
            person.email, person.staff_number = None, "A1"
            person.save()
    holder = make_certified(course, team, TOMORROW + timedelta(days=7))
    holder.name = "Holder"
    holder.save()
    OutgoingEmail.objects.all().delete()


def scheduled(day=TOMORROW):
    return {(each.name, each.message.kind): each.why_not for each in preview_emails(day)}


@pytest.mark.usefixtures("company")
def test_preview_lists_emails_and_skip_reasons_without_writing():
    before = digests()
    assert scheduled() == {
        ("Due", "reminder"): "",
        ("Away", "reminder"): "",
        ("No address", "reminder"): "the person has no email address",
        ("Holder", "certificate-ending"): "",
    }
    assert digests() == before


@pytest.mark.usefixtures("company")
def test_preview_matches_sent_emails(the_day_before, mailoutbox):
    expected = {name for (name, _kind), why in scheduled().items() if not why}
    the_day_before.move_to(datetime(2026, 12, 10, 5, tzinfo=ZONE), tick=False)
    remind_due()
    tell_of_endings()
    assert scheduled(TOMORROW).keys() == {(each.person.name, each.kind) for each in OutgoingEmail.objects.all()}
    the_day_before.move_to(datetime(2026, 12, 10, 8, tzinfo=ZONE), tick=False)
    sent_emails()
    assert {each.person.name for each in OutgoingEmail.objects.handed_over()} == expected


@pytest.mark.usefixtures("company")
def test_preview_respects_absences():
    record_absence(User.objects.get(name="Away"), TOMORROW, TOMORROW + timedelta(days=1), by=make_admin())
    record_absence(User.objects.get(name="Holder"), TOMORROW, TOMORROW, by=make_admin())
    assert scheduled() == {
        ("Due", "reminder"): "",
        ("No address", "reminder"): "the person has no email address",
        ("Holder", "certificate-ending"): "the person is away until 2026-12-10",
    }


@pytest.mark.usefixtures("company")
def test_preview_includes_waiting_emails_and_daily_limit():
    person = User.objects.get(name="Due")
    data = {"subjects": [Enrollment.objects.get(learner=person).pk], "by": None}
    email = {"kind": "enrolled", "person": person, "address": person.email, "data": data}
    OutgoingEmail.objects.create(**email, next_at=AT_EIGHT)
    found = scheduled()
    assert found["Due", "enrolled"] == ""
    why = "the person had an email today, and gets at most one a day; planned for 2026-12-11 08:00"
    assert found["Due", "reminder"] == why
    person.is_active = False
    person.save()
    assert {key: why for key, why in scheduled().items() if key[0] == "Due"} == {
        ("Due", "enrolled"): "the person can no longer sign in"
    }


@pytest.mark.usefixtures("company")
def test_preview_skips_unwanted_waiting_email():
    enrollment = Enrollment.objects.get(learner__name="Due")
    data = {"subjects": [[enrollment.pk, "2026-12-11"]], "by": None}
    email = {"kind": "reminder", "person": enrollment.learner, "address": enrollment.learner.email, "data": data}
    OutgoingEmail.objects.create(**email, next_at=AT_EIGHT)
    together = ["", "combined with another email"]
    assert [each.why_not for each in preview_emails(TOMORROW) if each.name == "Due"] == together
    exempt(enrollment, reason="long leave", by=make_admin())
    gone = ["before this email was sent, the person completed the course or became exempt, or the accounts were merged"]
    assert [each.why_not for each in preview_emails(TOMORROW) if each.name == "Due"] == gone


@pytest.mark.usefixtures("company")
def test_emails_sent_earlier_count_toward_limit():
    person = User.objects.get(name="Due")
    data = {"subjects": [Enrollment.objects.get(learner=person).pk], "by": None}
    for days_ago in (1, 2):
        OutgoingEmail.objects.create(
            kind="reminder", person=person, state="sent", limit_category="training",
            sending_day=TODAY - timedelta(days=days_ago), data={"subjects": [], "by": None},
        )  # fmt: skip
    OutgoingEmail.objects.create(kind="enrolled", person=person, address=person.email, data=data)
    why = "the person had 3 emails in 14 days, and gets no more; planned for 2026-12-21 08:00"
    assert {key: why for key, why in scheduled().items() if key[0] == "Due"} == {("Due", "reminder"): why}


def make_due_people(number):
    """Each is due on Friday and has a waiting reminder, with which the next one is combined."""
    course, team = make_course(), make_team()
    for each in range(number):
        person = make_user(f"Due {each}")
        join(team, person)
        due = due_instant(date(2026, 12, 11), ZONE)
        enrollment = make_enrollment(person, course, due_at=due, enrolled_at=timezone.now() - timedelta(days=30))
        data = {"subjects": [[enrollment.pk, "2026-12-11"]], "by": None}
        email = {"kind": "reminder", "person": person, "address": person.email, "data": data}
        OutgoingEmail.objects.create(**email, next_at=AT_EIGHT)


@pytest.mark.parametrize("people", [1, 3])
def test_preview_takes_same_queries_for_1_and_3_people(people, django_assert_num_queries):
    make_due_people(people)
    with django_assert_num_queries(29):
        assert len(list(ScheduledEmails(TOMORROW).people())) == people


def test_transaction_covers_10_people_with_few_statements(monkeypatch):
    """On SQLite a transaction blocks all other writers."""
    make_due_people(2 * PEOPLE_AT_ONCE + 1)
    statements, original = [], scheduled_emails.rolled_back

    @contextmanager
    def counted():
        with original(), CaptureQueriesContext(connection) as queries:
            yield
        statements.append(len(queries))

    pauses = []
    monkeypatch.setattr(scheduled_emails, "rolled_back", counted)
    monkeypatch.setattr(scheduled_emails, "sleep", lambda seconds: pauses.append((seconds, len(statements))))
    assert len(list(preview_emails(TOMORROW))) == 2 * (2 * PEOPLE_AT_ONCE + 1)
    assert len(statements) == 3
    assert pauses == ([(PAUSE, 1), (PAUSE, 2)] if connection.vendor == "sqlite" else [])
    assert max(statements) <= 30 + 6 * PEOPLE_AT_ONCE


@pytest.mark.usefixtures("company")
def test_preview_has_no_side_effects(mailoutbox, caplog, django_capture_on_commit_callbacks):
    before = digests()
    with django_capture_on_commit_callbacks() as hooks:
        assert len(scheduled()) == 4
    assert (digests(), mailoutbox, hooks, caplog.records) == (before, [], [], [])
    assert timezone.now() == dates.now()


@pytest.mark.usefixtures("company")
def test_failing_preview_is_rolled_back(monkeypatch):
    def fails(messages):
        raise LookupError

    before = digests()
    monkeypatch.setitem(EMAIL_TYPES, "reminder", replace(EMAIL_TYPES["reminder"], why_unwanted=fails))
    with pytest.raises(LookupError):
        scheduled()
    assert digests() == before
    assert not dates.is_preview()


@pytest.mark.usefixtures("company")
def test_page_continues_after_last_person_shown(client, monkeypatch):
    monkeypatch.setattr(log_views, "FORESEEN", 2)
    client.force_login(make_hr())
    first = client.get("/people/emails/scheduled/", {"in_days": "1"})
    assert [line.name for line in first.context["lines"]] == ["Due", "Away"]
    assert "Back to the beginning" not in first.text
    behind = User.objects.get(name="Away").pk
    assert f'href="?in_days=1&amp;after={behind}"' in first.text
    second = client.get("/people/emails/scheduled/", {"in_days": "1", "after": behind})
    assert [line.name for line in second.context["lines"]] == ["No address", "Holder"]
    assert 'href="?in_days=1"' in second.text
    assert 'rel="next"' not in second.text
    assert client.get("/people/emails/scheduled/", {"after": "x"}).context["is_first"]


@pytest.fixture
def prepared_by_worker(monkeypatch, client):
    """The page prepares no preview of more than one person itself. Return a function that does it as a worker."""
    monkeypatch.setattr(log_views, "PEOPLE_AT_ONCE", 1)
    client.force_login(make_hr())

    def work():
        [request] = DBTaskResult.objects.filter(task_path=prepare_preview.module_path, finished_at=None)
        rows = prepare_preview.func(*request.args_kwargs["args"])
        request.status, request.finished_at, request.return_value = "SUCCESSFUL", timezone.now(), rows
        request.save()

    return work


def rows_of(response):
    return [(line.name, line.words, line.leaves_at, line.why_not) for line in response.context["lines"]]


@pytest.mark.usefixtures("company")
def test_worker_prepares_preview_of_large_company(client, prepared_by_worker, monkeypatch):
    page = client.get("/people/emails/scheduled/")
    assert "The preview is being prepared" in page.text
    assert "No scheduled emails" not in client.get("/people/emails/scheduled/").text  # requested once
    prepared_by_worker()
    prepared = client.get("/people/emails/scheduled/")
    assert "As of 15:00" in prepared.text
    monkeypatch.setattr(log_views, "PEOPLE_AT_ONCE", 200)
    shown = client.get("/people/emails/scheduled/")
    assert len(rows_of(shown)) == 4
    assert rows_of(prepared) == rows_of(shown)
    assert "As of" not in shown.text


@pytest.mark.usefixtures("company")
def test_prepared_preview_has_pages_and_expires_after_10_minutes(
    client, prepared_by_worker, monkeypatch, the_day_before
):
    monkeypatch.setattr(log_views, "FORESEEN", 2)
    client.get("/people/emails/scheduled/")
    prepared_by_worker()
    first = client.get("/people/emails/scheduled/")
    behind = User.objects.get(name="Away").pk
    assert (first.context["next_after"], len(rows_of(first))) == (behind, 2)
    second = client.get("/people/emails/scheduled/", {"after": behind})
    assert [line.name for line in second.context["lines"]] == ["No address", "Holder"]
    the_day_before.shift(timedelta(minutes=11))
    assert "The preview is being prepared" in client.get("/people/emails/scheduled/").text
    prepared_by_worker()
    assert "As of 15:11" in client.get("/people/emails/scheduled/").text


@pytest.mark.usefixtures("company")
def test_stopping_worker_prepares_preview_later(monkeypatch):
    monkeypatch.setattr(scheduled_emails, "is_stopping", lambda: True)
    with pytest.raises(RetryLater):
        prepare_preview.func(str(TOMORROW))


@pytest.mark.usefixtures("company")
def test_failed_preview_is_an_error_for_10_minutes(client, prepared_by_worker, the_day_before):
    client.get("/people/emails/scheduled/")
    failed = {"status": "FAILED", "finished_at": timezone.now(), "exception_class_path": "builtins.LookupError"}
    DBTaskResult.objects.update(**failed)
    with pytest.raises(PreviewFailed):
        client.get("/people/emails/scheduled/")
    the_day_before.shift(timedelta(minutes=11))
    assert "The preview is being prepared" in client.get("/people/emails/scheduled/").text


@pytest.mark.usefixtures("company")
def test_command_and_page_show_preview(client):
    printed = StringIO()
    call_command("preview_rules", "--emails", "--date", "2026-12-10", stdout=printed)
    assert "Due-date reminder · Due · 2026-12-10" in printed.getvalue()
    assert "Due-date reminder · No address · the person has no email address" in printed.getvalue()
    printed = StringIO()
    with override("zh-hans"):
        call_command("preview_rules", "--emails", "--date", "2026-12-10", stdout=printed)
    assert "the person has no email address" not in printed.getvalue()
    client.force_login(make_hr())
    page = client.get("/people/emails/scheduled/").text
    assert "Holder" in page
    assert "the person has no email address" in page
    assert "No scheduled emails" in client.get("/people/emails/scheduled/", {"in_days": "2"}).text
    assert client.get("/people/emails/scheduled/", {"in_days": "x"}).context["day"] == TOMORROW
