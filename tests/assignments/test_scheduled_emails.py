"""Which letters a day would bring is said beforehand, with why somebody gets none; and it is what then happens."""

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
from tests.making import join, letters, make_admin, make_course, make_enrollment, make_hr, make_team, make_user
from tests.site.test_access import digests

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("letter_hours")]
ZONE = ZoneInfo("Asia/Shanghai")
TODAY, TOMORROW = date(2026, 12, 9), date(2026, 12, 10)
AT_EIGHT = datetime(2026, 12, 10, 8, tzinfo=ZONE)


@pytest.fixture(autouse=True)
def the_day_before(settings, time_machine):
    settings.HOLIDAY_CALENDAR, settings.TIME_ZONE = "", "Asia/Shanghai"
    time_machine.move_to(datetime(2026, 12, 9, 15, tzinfo=ZONE), tick=False)
    return time_machine


@pytest.fixture
def firm():
    """One is due on Friday, one as well and is away, one has no address, and the certificate of one ends in a week."""
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


def foreseen(day=TOMORROW):
    return {(each.name, each.message.kind): each.why_not for each in preview_emails(day)}


@pytest.mark.usefixtures("firm")
def test_it_says_who_gets_which_letter_and_who_none_and_why_and_writes_nothing():
    before = digests()
    assert foreseen() == {
        ("Due", "reminder"): "",
        ("Away", "reminder"): "",
        ("No address", "reminder"): "the person has no email address",
        ("Holder", "certificate-ending"): "",
    }
    assert digests() == before


@pytest.mark.usefixtures("firm")
def test_what_it_says_is_what_the_day_brings(the_day_before, mailoutbox):
    said = {name for (name, _kind), why in foreseen().items() if not why}
    the_day_before.move_to(datetime(2026, 12, 10, 5, tzinfo=ZONE), tick=False)
    remind_due()
    tell_of_endings()
    assert foreseen(TOMORROW).keys() == {(each.person.name, each.kind) for each in OutgoingEmail.objects.all()}
    the_day_before.move_to(datetime(2026, 12, 10, 8, tzinfo=ZONE), tick=False)
    letters()
    assert {each.person.name for each in OutgoingEmail.objects.handed_over()} == said


@pytest.mark.usefixtures("firm")
def test_who_is_away_on_the_day_is_told_nothing_then():
    record_absence(User.objects.get(name="Away"), TOMORROW, TOMORROW + timedelta(days=1), by=make_admin())
    record_absence(User.objects.get(name="Holder"), TOMORROW, TOMORROW, by=make_admin())
    assert foreseen() == {
        ("Due", "reminder"): "",
        ("No address", "reminder"): "the person has no email address",
        ("Holder", "certificate-ending"): "the person is away until 2026-12-10",
    }


@pytest.mark.usefixtures("firm")
def test_what_waits_now_is_among_them_and_has_the_day_before_letters_of_another_kind():
    person = User.objects.get(name="Due")
    data = {"subjects": [Enrollment.objects.get(learner=person).pk], "by": None}
    letter = {"kind": "enrolled", "person": person, "address": person.email, "data": data}
    OutgoingEmail.objects.create(**letter, next_at=AT_EIGHT)
    found = foreseen()
    assert found["Due", "enrolled"] == ""
    why = "the person had an email today, and gets at most one a day; planned for 2026-12-11 08:00"
    assert found["Due", "reminder"] == why
    person.is_active = False
    person.save()
    assert {who: why for who, why in foreseen().items() if who[0] == "Due"} == {
        ("Due", "enrolled"): "the person can no longer sign in"
    }


@pytest.mark.usefixtures("firm")
def test_what_waits_and_is_not_wanted_any_more_is_not_to_leave():
    run = Enrollment.objects.get(learner__name="Due")
    data = {"subjects": [[run.pk, "2026-12-11"]], "by": None}
    letter = {"kind": "reminder", "person": run.learner, "address": run.learner.email, "data": data}
    OutgoingEmail.objects.create(**letter, next_at=AT_EIGHT)
    together = ["", "combined with another email"]
    assert [each.why_not for each in preview_emails(TOMORROW) if each.name == "Due"] == together
    exempt(run, reason="long leave", by=make_admin())
    gone = ["the course was completed, exempted or merged in the meantime"]
    assert [each.why_not for each in preview_emails(TOMORROW) if each.name == "Due"] == gone


@pytest.mark.usefixtures("firm")
def test_what_leaves_before_the_day_is_not_among_them_and_counts():
    person = User.objects.get(name="Due")
    data = {"subjects": [Enrollment.objects.get(learner=person).pk], "by": None}
    for turn in (1, 2):
        OutgoingEmail.objects.create(
            kind="reminder", person=person, state="sent", limit_category="training",
            sending_day=TODAY - timedelta(days=turn), data={"subjects": [], "by": None},
        )  # fmt: skip
    OutgoingEmail.objects.create(kind="enrolled", person=person, address=person.email, data=data)
    why = "the person had 3 emails in 14 days, and gets no more; planned for 2026-12-21 08:00"
    assert {who: why for who, why in foreseen().items() if who[0] == "Due"} == {("Due", "reminder"): why}


def make_due_people(number):
    """Each is due on Friday, and has a reminder that waits, so that the next one is told with it."""
    course, team = make_course(), make_team()
    for each in range(number):
        person = make_user(f"Due {each}")
        join(team, person)
        due = due_instant(date(2026, 12, 11), ZONE)
        run = make_enrollment(person, course, due_at=due, enrolled_at=timezone.now() - timedelta(days=30))
        data = {"subjects": [[run.pk, "2026-12-11"]], "by": None}
        letter = {"kind": "reminder", "person": person, "address": person.email, "data": data}
        OutgoingEmail.objects.create(**letter, next_at=AT_EIGHT)


@pytest.mark.parametrize("people", [1, 3])
def test_reading_costs_as_many_queries_for_three_people_as_for_one(people, django_assert_num_queries):
    make_due_people(people)
    with django_assert_num_queries(29):
        assert len(list(ScheduledEmails(TOMORROW).people())) == people


def test_a_transaction_has_ten_people_and_few_statements(monkeypatch):
    """On SQLite it keeps every other writer waiting."""
    make_due_people(2 * PEOPLE_AT_ONCE + 1)
    statements, honest = [], scheduled_emails.rolled_back

    @contextmanager
    def counted():
        with honest(), CaptureQueriesContext(connection) as queries:
            yield
        statements.append(len(queries))

    pauses = []
    monkeypatch.setattr(scheduled_emails, "rolled_back", counted)
    monkeypatch.setattr(scheduled_emails, "sleep", lambda seconds: pauses.append((seconds, len(statements))))
    assert len(list(preview_emails(TOMORROW))) == 2 * (2 * PEOPLE_AT_ONCE + 1)
    assert len(statements) == 3
    assert pauses == ([(PAUSE, 1), (PAUSE, 2)] if connection.vendor == "sqlite" else [])
    assert max(statements) <= 30 + 6 * PEOPLE_AT_ONCE


@pytest.mark.usefixtures("firm")
def test_no_effect_of_a_preview_escapes(mailoutbox, caplog, django_capture_on_commit_callbacks):
    before = digests()
    with django_capture_on_commit_callbacks() as hooks:
        assert len(foreseen()) == 4
    assert (digests(), mailoutbox, hooks, caplog.records) == (before, [], [], [])
    assert timezone.now() == dates.now()


@pytest.mark.usefixtures("firm")
def test_an_error_of_an_email_type_leaves_nothing_behind(monkeypatch):
    def fails(messages):
        raise LookupError

    before = digests()
    monkeypatch.setitem(EMAIL_TYPES, "reminder", replace(EMAIL_TYPES["reminder"], why_unwanted=fails))
    with pytest.raises(LookupError):
        foreseen()
    assert digests() == before
    assert not dates.is_preview()


@pytest.mark.usefixtures("firm")
def test_the_page_goes_on_behind_the_last_person_it_showed(client, monkeypatch):
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
    """The page prepares no preview of more than one person by itself. Yields what a worker does."""
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


@pytest.mark.usefixtures("firm")
def test_a_worker_prepares_the_preview_of_a_large_company(client, prepared_by_worker, monkeypatch):
    page = client.get("/people/emails/scheduled/")
    assert "The preview is being prepared" in page.text
    assert "No scheduled emails" not in client.get("/people/emails/scheduled/").text  # asked for once
    prepared_by_worker()
    prepared = client.get("/people/emails/scheduled/")
    assert "As of 15:00" in prepared.text
    monkeypatch.setattr(log_views, "PEOPLE_AT_ONCE", 200)
    shown = client.get("/people/emails/scheduled/")
    assert len(rows_of(shown)) == 4
    assert rows_of(prepared) == rows_of(shown)
    assert "As of" not in shown.text


@pytest.mark.usefixtures("firm")
def test_a_prepared_preview_has_pages_and_is_prepared_anew_after_ten_minutes(
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


@pytest.mark.usefixtures("firm")
def test_a_worker_that_is_told_to_stop_prepares_the_preview_later(monkeypatch):
    monkeypatch.setattr(scheduled_emails, "is_stopping", lambda: True)
    with pytest.raises(RetryLater):
        prepare_preview.func(str(TOMORROW))


@pytest.mark.usefixtures("firm")
def test_a_preview_that_a_worker_gave_up_is_an_error_for_ten_minutes(client, prepared_by_worker, the_day_before):
    client.get("/people/emails/scheduled/")
    failed = {"status": "FAILED", "finished_at": timezone.now(), "exception_class_path": "builtins.LookupError"}
    DBTaskResult.objects.update(**failed)
    with pytest.raises(PreviewFailed):
        client.get("/people/emails/scheduled/")
    the_day_before.shift(timedelta(minutes=11))
    assert "The preview is being prepared" in client.get("/people/emails/scheduled/").text


@pytest.mark.usefixtures("firm")
def test_the_command_and_the_page_of_human_resources_say_it(client):
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
