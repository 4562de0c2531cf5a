"""What administrators see of letters and of the work beside the pages."""

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
from tests.making import letters, make_admin, make_editor, make_user

pytestmark = pytest.mark.django_db
LISTS = [reverse(f"admin:{name}_changelist") for name in ("jobs_job", "jobs_task", "notifications_outgoingemail")]


@pytest.fixture
def admin(client):
    admin = make_admin(language="en")
    client.force_login(admin)
    return admin


def told_on_the_first_page(client):
    page = BeautifulSoup(client.get(reverse("admin:index")).content, "html.parser")
    return [" ".join(line.text.split()) for line in page.select(".errornote li")]


@pytest.fixture
def all_well(db):
    """Each job is known, and none has anything to be told."""
    schedule.enqueue_due()


def test_where_all_is_well_the_first_page_says_nothing(client, admin, all_well):
    queue_email("invitation", make_user())
    assert told_on_the_first_page(client) == []


def test_that_nobody_works_is_said(client, admin):
    assert told_on_the_first_page(client) == [
        "Background tasks do not run, because manage.py run_worker is not running."
    ]
    schedule.enqueue_due()
    Job.objects.filter(name="check-records").update(next_at=timezone.now() - timedelta(minutes=61))
    assert told_on_the_first_page(client) == [
        "Background tasks do not run, because manage.py run_worker is not running."
    ]


def test_a_worker_that_lives_but_is_behind_is_not_called_dead(client, admin, all_well):
    Job.objects.filter(name="check-records").update(next_at=timezone.now() - timedelta(minutes=61))
    Worker.objects.create(name="w", seen_at=timezone.now())
    assert told_on_the_first_page(client) == [
        "Background tasks have waited for an hour although manage.py run_worker is running. Start more "
        "workers, or look for a task that hangs."
    ]


def test_a_server_that_does_not_answer_is_named_on_the_first_page(client, admin, all_well):
    Worker.objects.create(name="w", seen_at=timezone.now())
    CircuitBreaker("mail.example.com:25").note_failure("TimeoutError: timed out")
    [told] = told_on_the_first_page(client)
    assert told.startswith("mail.example.com:25: has not answered since ")
    assert told.endswith("and is tried once a minute (TimeoutError: timed out)")


def test_a_job_that_failed_or_does_not_end_is_named(client, admin, all_well):
    Job.objects.filter(name="check-records").update(
        outcome=Outcome.FAILED, started_at=timezone.now(), finished_at=timezone.now()
    )
    Job.objects.filter(name="verify-audit-log").update(started_at=timezone.now() - timedelta(hours=2))
    assert sorted(told_on_the_first_page(client)) == [
        "Check that the audit log is complete: has not finished",
        "Check that the stored records agree: the last run failed",
    ]


def test_how_long_the_oldest_letter_has_waited_is_said_with_what_the_server_said(client, admin, all_well, time_machine):
    now = timezone.now()
    for minutes in (20, 90):
        queue_email("invitation", make_user())
        then = now - timedelta(minutes=minutes)
        OutgoingEmail.objects.filter(pk=OutgoingEmail.objects.latest("pk").pk).update(written_at=then, next_at=then)
    OutgoingEmail.objects.update(why="450 come back later")
    [told] = told_on_the_first_page(client)
    assert (
        told.replace("\xa0", " ") == "Emails: the oldest email has waited for 1 hour, 30 minutes (450 come back later)"
    )


def test_an_editor_is_told_nothing_of_it(client):
    client.force_login(make_editor())
    assert told_on_the_first_page(client) == []
    assert [client.get(address).status_code for address in LISTS] == [403] * 3


def test_the_page_of_a_person_has_the_letters_to_this_person_and_to_no_other(client, admin):
    person = make_user()
    queue_email("invitation", person)
    queue_email("account-notice", make_user(), data={"what": "password-set", "detail": ""})
    letters()
    page = BeautifulSoup(client.get(reverse("admin:accounts_user_change", args=[person.pk])).content, "html.parser")
    [line] = page.select(".letters li")
    assert "Invitation: sent" in line.text


def test_a_job_can_be_run_before_its_time_by_an_admin(client, admin, all_well):
    fields = {"action": "run_selected", "_selected_action": ["tidy-tasks"]}
    assert "1 job will run next." in client.post(LISTS[0], fields, follow=True).content.decode()
    assert Job.objects.get(name="tidy-tasks").task
    page = BeautifulSoup(client.get(LISTS[0]).content, "html.parser")
    assert "Delete old background tasks" in page.select_one("#result_list").text


@pytest.mark.parametrize(
    "state, kept", [(DeliveryState.SENT, 0), (DeliveryState.SKIPPED, 0), (DeliveryState.QUEUED, 1)]
)
def test_letters_to_strangers_are_forgotten_after_two_weeks_and_those_to_people_are_not(state, kept):
    for person in (None, make_user()):
        OutgoingEmail.objects.create(kind="no-account", person=person, address="a@example.com", state=state)
    assert delete_emails_without_account() == "0"
    OutgoingEmail.objects.update(written_at=timezone.now() - timedelta(days=15))
    delete_emails_without_account()
    assert OutgoingEmail.objects.filter(person=None).count() == kept
    assert OutgoingEmail.objects.exclude(person=None).count() == 1
