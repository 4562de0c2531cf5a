"""Stuck people: reasons, mark on the row, export column and filter."""

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courseware.learning.enrollments import enrollment as enrolling
from courseware.learning.lessons.answers import answer
from courseware.learning.models import Answer, Completion, Enrollment
from courseware.reporting.dashboard import rows as dashboard_rows
from tests.assessment.exams import make_course, ready, sit
from tests.making import days, join
from tests.reporting.dashboards import exported, learner_of, table
from tests.simulations.playing import RED, play
from tests.simulations.samples import make_simulation_course
from tests.world import complete_course, outline_of

pytestmark = pytest.mark.django_db
MISSED, RED_ATTEMPTS = "one question answered incorrectly 3 times", "one simulation ended with harm 3 times"
FAILED, IDLE = "no activity since the failed exam", "no activity for several days"


def why_stuck(team, at=None):
    """Name → reason, by the rows; the filter must find the same people."""
    at = at or timezone.now()
    everyone = dashboard_rows.dashboard_rows_of(team.manager, at=at)
    rows = dashboard_rows.rows(
        dashboard_rows.enrollments_with_facts(everyone.values_list("pk", flat=True), at),
        {},
        dashboard_rows.outlines("en"),
        at,
    )
    reasons = {row.name: row.stuck.words for row in rows if row.stuck}
    found = dashboard_rows.stuck_rows(everyone, "en", at)
    assert sorted(reasons) == sorted(found.values_list("learner__name", flat=True))
    return reasons


def miss(enrollment, question="is-it-off", *, times=1, is_right=False):
    step = outline_of(enrollment.course).step("boiling")
    for _each in range(times):
        answer(enrollment, step, question, ["1" if is_right else "0"], token=uuid.uuid4())


def test_question_missed_3_times_makes_stuck(team):
    course = make_course()
    missed = learner_of(team, "Missed", course=course)
    miss(missed, times=3)
    miss(learner_of(team, "Twice", course=course), times=2)
    right = learner_of(team, "Right at last", course=course)
    miss(right, times=3)
    miss(right, is_right=True)
    Completion.objects.filter(enrollment=right).delete()  # as if another check question were open
    assert why_stuck(team) == {"Missed": MISSED}


def test_misses_at_several_questions_are_not_added_up(team):
    enrollment = learner_of(team, "Several", course=make_course())
    miss(enrollment, times=2)
    Answer.objects.filter(pk=Answer.objects.last().pk).update(question="another")
    miss(enrollment)
    assert why_stuck(team) == {}


def test_removed_question_makes_nobody_stuck(team):
    enrollment = learner_of(team, "Former", course=make_course())
    miss(enrollment, times=3)
    Answer.objects.update(question="gone")
    assert why_stuck(team) == {}


@pytest.mark.slow
def test_simulation_ended_red_3_times_makes_stuck(team):
    course = make_simulation_course()
    red = learner_of(team, "Red", course=course)
    passed = learner_of(team, "Held at last", course=course)
    twice = learner_of(team, "Twice", course=course)
    for enrollment, times in ((red, 3), (passed, 3), (twice, 2)):
        for _each in range(times):
            play(enrollment, RED)
    play(passed)
    Enrollment.objects.update(last_active_at=timezone.now())
    assert why_stuck(team) == {"Red": RED_ATTEMPTS}


@pytest.mark.slow
def test_optional_simulation_makes_nobody_stuck(team):
    enrollment = learner_of(team, "Tries out", course=make_simulation_course(is_required=False))
    for _each in range(3):
        play(enrollment, RED)
    Enrollment.objects.update(last_active_at=timezone.now())
    assert why_stuck(team) == {}


TUESDAY = datetime(2030, 1, 8, 9, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("day", "expected"),
    [(10, {}), (11, {"Failed": FAILED}), (14, {"Failed": FAILED})],
    ids=["Thursday", "Friday", "Monday"],
)
def test_failed_exam_makes_stuck_after_3_working_days(team, day, expected):
    sit(ready_for_exam(team, "Failed"), points=0, at=TUESDAY)
    assert why_stuck(team, TUESDAY.replace(day=day)) == expected


def test_days_off_are_not_counted_after_failed_exam(team):
    friday = TUESDAY.replace(day=4)
    sit(ready_for_exam(team, "Failed"), points=0, at=friday)
    assert why_stuck(team, friday + timedelta(days=4)) == {}  # Monday and Tuesday
    assert why_stuck(team, friday + timedelta(days=5)) == {"Failed": FAILED}


def test_waiting_for_next_attempt_is_not_stuck(team):
    sit(ready_for_exam(team, "Waits", retakes=""), points=0, at=TUESDAY)
    assert why_stuck(team, TUESDAY + timedelta(days=99)) == {}


def ready_for_exam(team, name, **exam):
    enrollment = ready(make_course(**exam))
    Enrollment.objects.update(last_active_at=TUESDAY - timedelta(days=9))
    enrollment.learner.name = name
    enrollment.learner.save()
    join(team, enrollment.learner)
    return enrollment


def test_seven_idle_days_after_start_make_stuck(team):
    make_course()
    week, hours = timedelta(days=7), timedelta(hours=1)
    now = timezone.now()
    for name, last in (("Idle", now - week), ("Lately", now - week + hours)):
        learner_of(team, name, started_at=now - 2 * week, last_active_at=last)
    learner_of(team, "Not begun", enrolled_at=now - 9 * week)
    done = learner_of(team, "Done")
    complete_course(done)
    exempted = learner_of(team, "Exempt", started_at=now - 2 * week)
    enrolling.exempt(exempted, "moved", by=None)
    Enrollment.objects.filter(pk__in=[done.pk, exempted.pk]).update(last_active_at=now - 2 * week)
    assert why_stuck(team, now) == {"Idle": IDLE}


def test_limits_are_settings_and_shown_on_dashboard(team, client, settings):
    learner_of(team, "Idle", course=make_course(), started_at=days(-20), last_active_at=days(-5))
    assert "no activity for 7 days" in client.get("/team/").text
    settings.STUCK_AFTER_IDLE_DAYS = 5
    assert why_stuck(team) == {"Idle": IDLE}
    assert "no activity for 5 days" in client.get("/team/").text


def test_dashboard_export_and_filter_show_stuck_people(team, client):
    course = make_course()
    learner_of(team, "Idle", course=course, started_at=days(-20), last_active_at=days(-9))
    learner_of(team, "Busy", course=course, started_at=days(-20), last_active_at=days(-1))
    rows = {row[0]: row[1] for row in table(client.get("/team/"))}
    assert rows == {"Idle": f"in progress stuck {IDLE}", "Busy": "in progress"}
    assert [row[0] for row in table(client.get("/team/?stuck=on"))] == ["Idle"]
    assert {row["Name"]: row["Stuck"] for row in exported(client)} == {"Idle": IDLE, "Busy": ""}
    assert [row["Name"] for row in exported(client, "?stuck=on")] == ["Idle"]


@pytest.mark.slow
def test_query_count_of_filter_is_independent_of_people(team, client):
    course = make_course()

    def statements(more):
        for _each in range(more):
            miss(learner_of(team, course=course), times=3)
        client.get("/team/?stuck=on")
        with CaptureQueriesContext(connection) as queries:
            client.get("/team/?stuck=on")
        return len(queries)

    for_one = statements(1)
    assert statements(2) == for_one
    assert len(table(client.get("/team/?stuck=on"))) == 3
