"""Whether an enrollment asks for something is one rule: rows and queries agree, and every page and email follows it."""

import itertools
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.template.loader import get_template
from django.test import Client
from django.utils import timezone

from courseware.accounts.models import Absence, Membership, User
from courseware.assessment.daily.selection import may_be_asked
from courseware.assignments.emails.daily_email_jobs import DailyEmails
from courseware.assignments.manager_actions.daily_actions import left_out
from courseware.assignments.reminders.daily_reminders import reminders_due, still_asked
from courseware.content.models import Course
from courseware.learner_home.next_action import learner_progress_of
from courseware.learning.due_dates.calendar_feed import CalendarFeed, digest_of
from courseware.learning.due_dates.due_dates import due_of
from courseware.learning.emails.enrollment import asked_for
from courseware.learning.models import HEADCOUNT_COLUMNS, Answer, Enrollment
from courseware.learning.status.not_asked import (
    FILTERED_BY_PAGE,
    PERSON_OR_COURSE,
    REASONS,
    NotAskedReason,
    not_asked_reason,
)
from courseware.learning.status.states import NOT_ASKED, State
from courseware.lib.dates import due_instant, site_day
from courseware.notifications.models import OutgoingEmail
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.emails.weekly_summary import why_nothing
from courseware.reporting.statistics.trends import trends_of
from courseware.reporting.today.suggested_actions import suggested_actions_for
from courseware.reporting.views.dashboard import start_page
from tests.making import days, join, make_course, make_enrollment, make_team, make_user
from tests.world import outline_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday_morning")]
Reason = NotAskedReason
DAY = timedelta(days=1)


@pytest.fixture
def monday_morning():
    """The reminder of Friday is caught up."""
    with time_machine.travel("2026-11-30T02:00Z"):
        yield


def make_absent(person):
    now, today = timezone.now(), site_day()
    Absence.objects.create(person=person, first_day=today, last_day=today, begins_at=now - DAY, ends_at=now + DAY)


def apply_reason(enrollment, reason):
    if reason in NOT_ASKED:
        Enrollment.objects.filter(pk=enrollment.pk).update(**{reason.condition.column: days(-20)})
    else:
        MAKE[reason](enrollment)


# Set-up of each reason of a person or a course.
MAKE = {
    Reason.LEFT: lambda enrollment: User.objects.filter(pk=enrollment.learner_id).update(is_active=False),
    Reason.AWAY: lambda enrollment: make_absent(enrollment.learner),
    Reason.UNPUBLISHED: lambda enrollment: Course.objects.filter(pk=enrollment.course_id).update(current=None),
}


@pytest.mark.parametrize("ignoring", [frozenset(), PERSON_OR_COURSE, FILTERED_BY_PAGE, frozenset({State.COMPLETED})])
def test_rows_and_queries_agree_on_every_combination_of_reasons(ignoring):
    release = make_course().current
    combinations = [found for number in range(len(REASONS) + 1) for found in itertools.combinations(REASONS, number)]
    for number, reasons in enumerate(combinations):
        course = Course.objects.create(identifier=f"course-{number}", source_language="en", current=release)
        row = make_enrollment(course=course)
        for reason in reasons:
            apply_reason(row, reason)
    now = timezone.now()
    found = [not_asked_reason(row, now, ignoring=ignoring) for row in Enrollment.objects.with_away(now).order_by("pk")]
    expected = [next((each for each in reasons if each not in ignoring), None) for reasons in combinations]
    assert found == expected
    rows = Enrollment.objects.asked(now, ignoring=ignoring).order_by("pk").values_list("course__identifier", flat=True)
    assert list(rows) == [f"course-{number}" for number, reason in enumerate(expected) if not reason]


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_has_template_and_label(reason):
    if reason not in FILTERED_BY_PAGE:
        get_template(f"learner_home/acts/{reason}.html")
    assert reason == Reason.UNPUBLISHED or REASONS[reason].words


# Set-up of each state that asks for something.
IN_STATE = {
    State.OVERDUE: lambda: {"due_at": days(-1)},
    State.DUE_SOON: lambda: {"due_at": days(1)},
    State.NOT_STARTED: dict,
    State.IN_PROGRESS: lambda: {"started_at": days(-1)},
    State.RENEWING: lambda: {"certified_until": site_day() + DAY},
}


@pytest.mark.parametrize("state", State)
def test_home_has_action_for_each_state(client, state):
    enrollment = make_enrollment()
    if state.is_asked:
        Enrollment.objects.filter(pk=enrollment.pk).update(**IN_STATE[state]())
    else:
        apply_reason(enrollment, state)
    assert fresh(enrollment).state_at() == state
    action = progress_of(enrollment).next_action
    assert action.is_asked == state.is_asked
    client.force_login(enrollment.learner)
    assert client.get("/").context["main"].act.kind == action.kind


def test_dashboard_rows_load_columns_for_states():
    keys = [make_enrollment().pk]
    [row] = dashboard_rows.enrollments_with_facts(keys, timezone.now())
    assert HEADCOUNT_COLUMNS - {"is_newest"} <= row.__dict__.keys()


@pytest.fixture
def team():
    """Its manager reads English."""
    return make_team("Night shift", manager=make_user("Li Lin", language="en"))


@pytest.fixture
def enrollment(team):
    """Overdue since yesterday, idle for a month, and one question missed three times."""
    make_course()
    learner = make_user("Zhao Min", email="zhao@example.com")
    join(team, learner)
    due_at = due_instant(site_day() - DAY, timezone.get_default_timezone())
    times = {"enrolled_at": days(-60), "started_at": days(-50), "last_active_at": days(-30)}
    enrollment = make_enrollment(learner, due_at=due_at, **times)
    document = enrollment.course.documents.get(identifier="boiling")
    Answer.objects.bulk_create(
        Answer(
            enrollment=enrollment,
            document=document,
            revision=document.latest_revision,
            question="is-it-off",
            shape="",
            response=["0"],
            is_right=False,
            answered_at=days(-30),
            token=uuid.uuid4(),
        )
        for _each in range(3)
    )
    return enrollment


def fresh(enrollment):
    return Enrollment.objects.with_away(timezone.now()).with_zone().get(pk=enrollment.pk)


def progress_of(enrollment):
    (progress,) = learner_progress_of([fresh(enrollment)], {enrollment.course_id: outline_of(enrollment.course)})
    return progress


def is_reminded(enrollment):
    return any(
        each.run == enrollment for batch in reminders_due(DailyEmails(site_day(), timezone.now())) for each in batch
    )


def may_be_reminded_manually(enrollment):
    manager = User.objects.get(memberships__role=Membership.Role.MANAGER)
    return not left_out([fresh(enrollment)], manager)


def suggested(enrollment):
    return suggested_actions_for(
        User.objects.get(memberships__role=Membership.Role.MANAGER), timezone.now(), counts_others=False
    )


def dashboard():
    return dashboard_rows.dashboard_rows_of(User.objects.get(memberships__role=Membership.Role.MANAGER))


def waiting_reminder(enrollment):
    data = {"subjects": [[enrollment.pk, fresh(enrollment).due_on.isoformat()]], "by": None}
    return OutgoingEmail(pk=1, kind="reminder", person=enrollment.learner, data=data)


def is_told_of_course(enrollment):
    Enrollment.objects.filter(pk=enrollment.pk).update(started_at=None)
    return asked_for(OutgoingEmail(person=enrollment.learner, data={"subjects": [enrollment.pk]})).exists()


def feed(enrollment):
    secret = "secret"
    CalendarFeed.objects.get_or_create(person=enrollment.learner, digest=digest_of(secret))
    return b"VEVENT" in Client().get(f"/calendar/{secret}.ics").content


def weekly_summary_names(enrollment):
    manager = User.objects.get(memberships__role=Membership.Role.MANAGER)
    return not why_nothing(OutgoingEmail(kind="digest", person=manager, language="en"))


def starts_at_home(enrollment):
    """As a manager, who would otherwise start at the dashboard."""
    Membership.objects.filter(person=enrollment.learner).update(role=Membership.Role.MANAGER)
    return start_page(enrollment.learner) == "home"


def is_asked_daily(enrollment):
    return may_be_asked(fresh(enrollment), timezone.now())


def is_in_forecast(enrollment):
    return bool(trends_of(dashboard(), {}, "en", timezone.now()).steps)


# Each place that offers, reminds or counts, and the reasons it ignores.
HELD_WHEN_SENT = PERSON_OR_COURSE
PLACES = {
    "home": (lambda enrollment: progress_of(enrollment).next_action.is_asked, FILTERED_BY_PAGE),
    "due day on pages": (lambda enrollment: due_of(fresh(enrollment)) is not None, PERSON_OR_COURSE),
    "planned reminder": (is_reminded, {Reason.AWAY}),
    "waiting reminder": (lambda enrollment: still_asked([waiting_reminder(enrollment)])[1][0], HELD_WHEN_SENT),
    "manual reminder": (may_be_reminded_manually, {Reason.UNPUBLISHED}),
    "enrollment email": (is_told_of_course, HELD_WHEN_SENT),
    "Today: reminders": (lambda enrollment: suggested(enrollment).reminders, ()),
    "Today: conversations": (lambda enrollment: suggested(enrollment).talks, ()),
    "stuck": (lambda enrollment: dashboard_rows.stuck_rows(dashboard(), "en", timezone.now()).exists(), ()),
    "weekly summary": (weekly_summary_names, {Reason.AWAY}),
    "forecast": (is_in_forecast, {Reason.AWAY}),
    "calendar feed": (feed, {Reason.AWAY}),
    "start page": (starts_at_home, PERSON_OR_COURSE),
    "question of the day": (is_asked_daily, {State.COMPLETED, *FILTERED_BY_PAGE}),
}


@pytest.mark.parametrize("place", PLACES)
def test_places_leave_out_enrollment_that_asks_nothing(enrollment, place):
    is_offered, ignoring = PLACES[place]
    assert is_offered(enrollment)
    for reason in REASONS:
        with transaction.atomic():
            apply_reason(enrollment, reason)
            assert bool(is_offered(enrollment)) == (reason in ignoring), reason
            transaction.set_rollback(True)
