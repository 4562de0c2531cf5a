"""A machine that clicks makes no more rows than a person could read."""

import pytest
from django.urls import reverse

from courseware import settings as site
from courseware.accounts.models import User
from courseware.audit_log.models import Event
from courseware.learning.lessons.rate_limits import TooFast
from courseware.simulations import attempts
from courseware.simulations.models import Decision, SimulationAttempt, TimeSetting
from courseware.simulations.replay import replay_of
from courseware.simulations.timing import clock_of
from tests.making import make_enrollment, make_user
from tests.simulations.playing import BEST, at, begin, fresh, play, take
from tests.simulations.samples import KETTLE

pytestmark = pytest.mark.django_db


def rows():
    return SimulationAttempt.objects.count(), Decision.objects.count(), Event.objects.count()


def test_sixty_runs_a_minute_are_begun_and_the_one_under_way_is_always_found(enrollment, settings):
    settings.ANSWERS_PER_MINUTE = site.ANSWERS_PER_MINUTE
    for second in range(60):
        run = begin(enrollment, seconds=second)
        if second < 59:
            attempts.quit_attempt(run, at=at(second))
    assert begin(enrollment, seconds=59) == run
    attempts.quit_attempt(run, at=at(59))
    before = rows()
    with pytest.raises(TooFast):
        begin(enrollment, seconds=59)
    assert rows() == before
    begin(make_enrollment(make_user(), enrollment.course), seconds=59)
    assert begin(enrollment, seconds=60).number == 61


def test_branches_count_as_runs_do_and_the_open_one_is_always_found(enrollment, settings):
    run = play(enrollment)
    settings.ANSWERS_PER_MINUTE = 3
    first, second = (attempts.start_what_if(run, position, at=at(1)) for position in (1, 2))
    assert attempts.start_what_if(run, 2, at=at(1)) == second
    before = rows()
    with pytest.raises(TooFast):
        attempts.start_what_if(run, 1, at=at(1))
    assert rows() == before
    assert fresh(second).is_open and not fresh(first).is_open
    assert attempts.start_what_if(run, 1, at=at(62)).is_open


def test_decisions_beyond_sixty_a_minute_are_not_taken_and_one_sent_again_is_found(enrollment, settings):
    settings.ANSWERS_PER_MINUTE = 2
    run = begin(enrollment, flags=())
    for choice in BEST[:2]:
        take(run, choice)
    before = rows()
    with pytest.raises(TooFast):
        take(run, BEST[2], seconds=59)
    assert attempts.decide(run, 1, BEST[0], at=at(59)).position == 3
    assert rows() == before
    take(run, BEST[2], seconds=60)
    assert fresh(run).finished_at == at(60)


def test_a_clock_that_was_set_back_keeps_nobody_waiting(enrollment, settings):
    settings.ANSWERS_PER_MINUTE = 1
    run = begin(enrollment, flags=())
    take(run, BEST[0])
    attempts.quit_attempt(run, at=at(-7200))
    again = begin(enrollment, flags=(), seconds=-7200)
    take(again, BEST[0], seconds=-7200)
    assert Decision.objects.count() == 2


def test_the_pages_say_so_and_stay_where_they_are(client, enrollment, settings):
    client.force_login(enrollment.learner)
    start = reverse("simulations:start", args=[enrollment.course.identifier, KETTLE])
    settings.ANSWERS_PER_MINUTE = 0
    response = client.post(start, {"timing": TimeSetting.OFF}, follow=True)
    assert "You started too many attempts in 1 minute." in response.text
    settings.ANSWERS_PER_MINUTE = 1
    client.post(start, {"timing": TimeSetting.OFF})
    run = SimulationAttempt.objects.get()
    settings.ANSWERS_PER_MINUTE = 0
    before = rows()
    response = client.post(reverse("simulations:decide", args=[run.pk]), {"position": 1, "choice": 0})
    assert (response.status_code, rows()) == (409, before)
    assert "You made too many decisions in 1 minute." in response.text
    assert replay_of(fresh(run)).position == 1


def test_the_debrief_says_so_of_a_branch_and_begins_none(client, enrollment, settings):
    client.force_login(enrollment.learner)
    run = play(enrollment)
    settings.ANSWERS_PER_MINUTE = 0
    response = client.post(reverse("simulations:what-if", args=[run.pk, 1]), follow=True)
    assert response.redirect_chain == [(reverse("simulations:debrief", args=[run.pk]), 302)]
    assert "You started too many attempts in 1 minute." in response.text
    assert SimulationAttempt.objects.get() == run


# Who was given more time and chooses pauses has both: each situation is given that time when it goes on.


def seconds_of(run):
    run = fresh(run)
    return clock_of(replay_of(run).node, run.clock_timing, run.shown_at).seconds


def give(enrollment, time):
    User.objects.filter(pk=enrollment.learner_id).update(extra_time=time)
    enrollment.learner.refresh_from_db()


def written_seconds(enrollment):
    run = begin(enrollment, timing=TimeSetting.WRITTEN)
    found = seconds_of(run)
    attempts.quit_attempt(run)
    return found


@pytest.mark.parametrize(("time", "times"), [("", 1), ("1.5", 1.5), ("2", 2), ("10", 10), ("off", 1)])
def test_a_run_with_pauses_has_the_time_that_was_given(enrollment, time, times):
    written = written_seconds(enrollment)
    give(enrollment, time)
    run = begin(enrollment, timing=TimeSetting.PAUSED)
    assert seconds_of(run) == written * times


def test_also_when_it_goes_on_and_whatever_is_given_meanwhile(enrollment):
    give(enrollment, "2")
    run = begin(enrollment, timing=TimeSetting.PAUSED)
    take(run, 0, seconds=3)
    assert fresh(run).paused_at
    give(enrollment, "")
    attempts.go_on(run, at=at(1000))
    run = fresh(run)
    assert (run.paused_at, run.shown_at) == (None, at(1000))
    clock = clock_of(replay_of(run).node, run.clock_timing, run.shown_at)
    assert clock.seconds == 2 * clock_of(replay_of(run).node, "written", run.shown_at).seconds


@pytest.mark.parametrize("timing", [TimeSetting.WRITTEN, TimeSetting.DOUBLE, TimeSetting.OFF])
def test_what_somebody_chose_without_pauses_is_taken_as_it_is(enrollment, timing):
    give(enrollment, "10")
    run = begin(enrollment, timing=timing)
    assert fresh(run).clock_timing == timing
