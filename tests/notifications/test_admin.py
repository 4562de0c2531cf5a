"""Admin pages: warnings, emails of a person, background jobs."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from courseware.jobs import schedule
from courseware.jobs.models import Job, Outcome, Worker
from courseware.notifications.email.circuit_breaker import CircuitBreaker
from courseware.notifications.email.delivery import delete_emails_without_account
from courseware.notifications.email.queue import queue_email
from courseware.notifications.models import DeliveryState, OutgoingEmail
from tests.making import make_admin, make_editor, make_user, sent_emails

pytestmark = pytest.mark.django_db
LISTS = [reverse(f"admin:{name}_changelist") for name in ("jobs_job", "jobs_task", "notifications_outgoingemail")]


@pytest.fixture
def admin(client):
    admin = make_admin(language="en")
    client.force_login(admin)
    return admin


def warnings_on_index(client):
    page = BeautifulSoup(client.get(reverse("admin:index")).content, "html.parser")
    return [" ".join(line.text.split()) for line in page.select(".errornote li")]


@pytest.fixture
def healthy(db):
    """All jobs are known and have no problems."""
    schedule.enqueue_due()


def test_index_shows_no_warnings_if_healthy(client, admin, healthy):
    queue_email("invitation", make_user())
    assert warnings_on_index(client) == []


def test_index_warns_if_no_worker_runs(client, admin):
    assert warnings_on_index(client) == ["Background tasks do not run, because manage.py run_worker is not running."]
    schedule.enqueue_due()
    Job.objects.filter(name="check-records").update(next_at=timezone.now() - timedelta(minutes=61))
    assert warnings_on_index(client) == ["Background tasks do not run, because manage.py run_worker is not running."]


def test_index_warns_if_running_worker_is_behind(client, admin, healthy):
    Job.objects.filter(name="check-records").update(next_at=timezone.now() - timedelta(minutes=61))
    Worker.objects.create(name="w", seen_at=timezone.now())
    assert warnings_on_index(client) == [
        "Background tasks have waited for an hour although manage.py run_worker is running. Start more "
        "workers, or look for a task that hangs."
    ]


def test_index_names_unreachable_server(client, admin, healthy):
    Worker.objects.create(name="w", seen_at=timezone.now())
    CircuitBreaker("mail.example.com:25").note_failure("TimeoutError: timed out")
    [text] = warnings_on_index(client)
    assert text.startswith("mail.example.com:25: the mail server has not answered since ")
    assert text.endswith("; the site tries again once a minute (TimeoutError: timed out)")


def test_index_names_failed_and_hanging_jobs(client, admin, healthy):
    Job.objects.filter(name="check-records").update(
        outcome=Outcome.FAILED, started_at=timezone.now(), finished_at=timezone.now()
    )
    Job.objects.filter(name="verify-audit-log").update(started_at=timezone.now() - timedelta(hours=2))
    assert sorted(warnings_on_index(client)) == [
        "Check that the audit log is complete: the last run has not finished",
        "Check that the stored records match each other: the last run failed",
    ]


def test_index_shows_age_and_error_of_oldest_email(client, admin, healthy, time_machine):
    now = timezone.now()
    for minutes in (20, 90):
        queue_email("invitation", make_user())
        then = now - timedelta(minutes=minutes)
        OutgoingEmail.objects.filter(pk=OutgoingEmail.objects.latest("pk").pk).update(written_at=then, next_at=then)
    OutgoingEmail.objects.update(why="450 come back later")
    [text] = warnings_on_index(client)
    assert (
        text.replace("\xa0", " ") == "Emails: the oldest email has waited for 1 hour, 30 minutes (450 come back later)"
    )


def test_editor_sees_no_warnings_or_lists(client):
    client.force_login(make_editor())
    assert warnings_on_index(client) == []
    assert [client.get(address).status_code for address in LISTS] == [403] * 3


def test_person_page_lists_only_own_emails(client, admin):
    person = make_user()
    queue_email("invitation", person)
    queue_email("account-notice", make_user(), data={"what": "password-set", "detail": ""})
    sent_emails()
    page = BeautifulSoup(client.get(reverse("admin:accounts_user_change", args=[person.pk])).content, "html.parser")
    [line] = page.select(".emails li")
    assert "Invitation: sent" in line.text


def test_admin_runs_job_early(client, admin, healthy):
    fields = {"action": "run_selected", "_selected_action": ["delete-old-tasks"]}
    assert "1 job will run soon." in client.post(LISTS[0], fields, follow=True).content.decode()
    assert Job.objects.get(name="delete-old-tasks").task
    page = BeautifulSoup(client.get(LISTS[0]).content, "html.parser")
    assert "Delete old background tasks" in page.select_one("#result_list").text


@pytest.mark.parametrize(
    "state, kept", [(DeliveryState.SENT, 0), (DeliveryState.SKIPPED, 0), (DeliveryState.QUEUED, 1)]
)
def test_only_emails_without_account_are_deleted_after_2_weeks(state, kept):
    for person in (None, make_user()):
        OutgoingEmail.objects.create(kind="no-account", person=person, address="a@example.com", state=state)
    assert delete_emails_without_account() == "0"
    OutgoingEmail.objects.update(written_at=timezone.now() - timedelta(days=15))
    delete_emails_without_account()
    assert OutgoingEmail.objects.filter(person=None).count() == kept
    assert OutgoingEmail.objects.exclude(person=None).count() == 1
