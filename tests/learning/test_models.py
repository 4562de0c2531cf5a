"""What a state is: one rule, asked of many rows or of one, around the instants where it changes."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from courseware.learning.due import due_of
from courseware.learning.models import Enrollment
from tests.making import join, make_enrollment, make_team, make_user

pytestmark = pytest.mark.django_db
DUE = datetime(2026, 11, 28, tzinfo=ZoneInfo("Asia/Shanghai"))  # the 27th is the last day
SECOND = timedelta(seconds=1)
THREE_DAYS = timedelta(days=3)
State = Enrollment.State


def test_overdue_means_open_and_the_due_day_is_over():
    late = make_enrollment(due_at=DUE)
    make_enrollment(due_at=DUE + SECOND)
    make_enrollment(due_at=None)
    make_enrollment(due_at=DUE, completed_at=DUE)
    make_enrollment(due_at=DUE, waived_at=DUE)
    assert list(Enrollment.objects.overdue(at=DUE)) == [late]


@pytest.mark.parametrize(
    "fields, at, state",
    [
        ({"due_at": DUE}, DUE - SECOND, State.DUE_SOON),
        ({"due_at": DUE}, DUE, State.OVERDUE),
        ({"due_at": DUE}, DUE + SECOND, State.OVERDUE),
        ({"due_at": DUE}, DUE - THREE_DAYS - SECOND, State.NOT_STARTED),
        ({"due_at": DUE}, DUE - THREE_DAYS, State.DUE_SOON),
        ({"due_at": DUE}, DUE - THREE_DAYS + SECOND, State.DUE_SOON),
        ({"due_at": DUE, "started_at": DUE}, DUE - THREE_DAYS - SECOND, State.IN_PROGRESS),
        ({}, DUE, State.NOT_STARTED),
        ({"started_at": DUE}, DUE, State.IN_PROGRESS),
        ({"due_at": DUE, "completed_at": DUE + SECOND}, DUE + SECOND, State.COMPLETED),
        ({"due_at": DUE, "waived_at": DUE}, DUE, State.WAIVED),
        ({"completed_at": DUE, "waived_at": DUE}, DUE, State.COMPLETED),
    ],
)
def test_the_state_around_the_instants_where_it_changes(fields, at, state):
    enrollment = make_enrollment(**fields)
    found = Enrollment.objects.with_state(at=at).get()
    is_late = state == State.OVERDUE
    assert found.state == state
    assert enrollment.is_overdue(at) == is_late
    assert Enrollment.objects.overdue(at=at).exists() == is_late
    due = due_of(enrollment, at)
    if state in (State.COMPLETED, State.WAIVED) or not enrollment.due_at:
        assert due is None
    else:
        assert (due.is_overdue, due.is_soon) == (is_late, state == State.DUE_SOON)


def test_an_extension_at_the_same_second_decides_by_the_instant_alone():
    make_enrollment(due_at=DUE)
    assert Enrollment.objects.overdue(at=DUE).update(due_at=DUE + SECOND) == 1
    assert not Enrollment.objects.overdue(at=DUE).exists()


def test_the_worst_comes_first():
    expected = [
        make_enrollment(due_at=DUE), make_enrollment(due_at=DUE + SECOND), make_enrollment(),
        make_enrollment(started_at=DUE), make_enrollment(completed_at=DUE), make_enrollment(waived_at=DUE),
    ]  # fmt: skip
    assert list(Enrollment.objects.with_state(at=DUE).order_by("urgency")) == expected


def test_the_zone_is_that_of_the_team_joined_first_and_the_sites_without_one(django_assert_num_queries):
    alone, learner = make_enrollment(), make_user()
    join(make_team(time_zone="Europe/Berlin"), learner)
    join(make_team(time_zone="America/New_York"), learner)
    make_enrollment(learner, alone.course)
    assert [str(one.zone) for one in Enrollment.objects.order_by("pk")] == ["Asia/Shanghai", "Europe/Berlin"]
    with django_assert_num_queries(1):
        zones = [str(one.zone) for one in Enrollment.objects.with_zone().order_by("pk")]
    assert zones == ["Asia/Shanghai", "Europe/Berlin"]


@pytest.mark.parametrize(
    "now, words",
    [
        (DUE - timedelta(days=3), "Friday 27 November"),
        (DUE - timedelta(days=1, hours=1), "tomorrow"),
        (DUE - SECOND, "today"),
        (DUE, "yesterday"),
        (DUE + timedelta(days=1), "Friday 27 November"),
    ],
)
def test_a_due_day_is_said_as_people_say_it(now, words):
    enrollment = make_enrollment(due_at=DUE)
    with time_machine.travel(now, tick=False):
        assert due_of(enrollment).words == words
