"""Who was given more time and chooses pauses has both: each situation is given that time when it goes on."""

from datetime import timedelta

import pytest

from courseware.accounts.models import User
from courseware.simulations import running
from courseware.simulations.models import Timing
from courseware.simulations.timing import clock_of
from courseware.simulations.trails import trail_of
from tests.simulations.playing import at, begin, fresh, take
from tests.simulations.samples import make_player

pytestmark = pytest.mark.django_db


def seconds_of(run):
    run = fresh(run)
    return clock_of(trail_of(run).node, run.clock_timing, run.shown_at).seconds


@pytest.fixture
def enrollment():
    return make_player()


def give(enrollment, time):
    User.objects.filter(pk=enrollment.learner_id).update(practice_time=time)
    enrollment.learner.refresh_from_db()


def written_seconds(enrollment):
    run = begin(enrollment, timing=Timing.WRITTEN)
    found = seconds_of(run)
    running.give_up(run)
    return found


@pytest.mark.parametrize(("time", "times"), [("", 1), ("1.5", 1.5), ("2", 2), ("10", 10), ("off", 1)])
def test_a_run_with_pauses_has_the_time_that_was_given(enrollment, time, times):
    written = written_seconds(enrollment)
    give(enrollment, time)
    run = begin(enrollment, timing=Timing.PAUSED)
    assert seconds_of(run) == written * times


def test_also_when_it_goes_on_and_whatever_is_given_meanwhile(enrollment):
    written = written_seconds(enrollment)
    give(enrollment, "2")
    run = begin(enrollment, timing=Timing.PAUSED)
    take(run, 0, seconds=3)
    assert fresh(run).paused_at
    give(enrollment, "")
    running.go_on(run, at=at(1000))
    run = fresh(run)
    assert (run.paused_at, run.shown_at) == (None, at(1000))
    clock = clock_of(trail_of(run).node, run.clock_timing, run.shown_at)
    assert clock.seconds == 2 * clock_of(trail_of(run).node, "written", run.shown_at).seconds
    assert not clock.is_over(clock.starts_at + timedelta(seconds=2 * clock.seconds // 2))
    assert written


@pytest.mark.parametrize("timing", [Timing.WRITTEN, Timing.DOUBLE, Timing.OFF])
def test_what_somebody_chose_without_pauses_is_taken_as_it_is(enrollment, timing):
    give(enrollment, "10")
    run = begin(enrollment, timing=timing)
    assert fresh(run).clock_timing == timing
