"""Rate limits of attempts and decisions, and extra time with pauses."""

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


@pytest.mark.slow
def test_attempts_are_limited_to_60_a_minute(enrollment, settings):
    settings.ANSWERS_PER_MINUTE = site.ANSWERS_PER_MINUTE
    for second in range(60):
        attempt = begin(enrollment, seconds=second)
        if second < 59:
            attempts.quit_attempt(attempt, at=at(second))
    assert begin(enrollment, seconds=59) == attempt
    attempts.quit_attempt(attempt, at=at(59))
    before = rows()
    with pytest.raises(TooFast):
        begin(enrollment, seconds=59)
    assert rows() == before
    begin(make_enrollment(make_user(), enrollment.course), seconds=59)
    assert begin(enrollment, seconds=60).number == 61


def test_what_ifs_count_toward_limit(enrollment, settings):
    attempt = play(enrollment)
    settings.ANSWERS_PER_MINUTE = 3
    first, second = (attempts.start_what_if(attempt, position, at=at(1)) for position in (1, 2))
    assert attempts.start_what_if(attempt, 2, at=at(1)) == second
    before = rows()
    with pytest.raises(TooFast):
        attempts.start_what_if(attempt, 1, at=at(1))
    assert rows() == before
    assert fresh(second).is_open and not fresh(first).is_open
    assert attempts.start_what_if(attempt, 1, at=at(62)).is_open


def test_decisions_are_limited_except_repeated_ones(enrollment, settings):
    settings.ANSWERS_PER_MINUTE = 2
    attempt = begin(enrollment, flags=())
    for choice in BEST[:2]:
        take(attempt, choice)
    before = rows()
    with pytest.raises(TooFast):
        take(attempt, BEST[2], seconds=59)
    assert attempts.decide(attempt, 1, BEST[0], at=at(59)).position == 3
    assert rows() == before
    take(attempt, BEST[2], seconds=60)
    assert fresh(attempt).finished_at == at(60)


def test_clock_set_back_does_not_block(enrollment, settings):
    settings.ANSWERS_PER_MINUTE = 1
    attempt = begin(enrollment, flags=())
    take(attempt, BEST[0])
    attempts.quit_attempt(attempt, at=at(-7200))
    again = begin(enrollment, flags=(), seconds=-7200)
    take(again, BEST[0], seconds=-7200)
    assert Decision.objects.count() == 2


def test_pages_explain_rate_limit(client, enrollment, settings):
    client.force_login(enrollment.learner)
    start = reverse("simulations:start", args=[enrollment.course.identifier, KETTLE])
    settings.ANSWERS_PER_MINUTE = 0
    response = client.post(start, {"timing": TimeSetting.OFF}, follow=True)
    assert "You started too many simulation attempts in 1 minute." in response.text
    settings.ANSWERS_PER_MINUTE = 1
    client.post(start, {"timing": TimeSetting.OFF})
    attempt = SimulationAttempt.objects.get()
    settings.ANSWERS_PER_MINUTE = 0
    before = rows()
    response = client.post(reverse("simulations:decide", args=[attempt.pk]), {"position": 1, "choice": 0})
    assert (response.status_code, rows()) == (409, before)
    assert "You made too many decisions in 1 minute." in response.text
    assert replay_of(fresh(attempt)).position == 1


def test_debrief_explains_rate_limit_of_what_ifs(client, enrollment, settings):
    client.force_login(enrollment.learner)
    attempt = play(enrollment)
    settings.ANSWERS_PER_MINUTE = 0
    response = client.post(reverse("simulations:what-if", args=[attempt.pk, 1]), follow=True)
    assert response.redirect_chain == [(reverse("simulations:debrief", args=[attempt.pk]), 302)]
    assert "You started too many simulation attempts in 1 minute." in response.text
    assert SimulationAttempt.objects.get() == attempt


# Extra time and pauses combine: each situation gets that time when it continues.


def seconds_of(attempt):
    attempt = fresh(attempt)
    return clock_of(replay_of(attempt).node, attempt.clock_timing, attempt.shown_at).seconds


def set_extra_time(enrollment, time):
    User.objects.filter(pk=enrollment.learner_id).update(extra_time=time)
    enrollment.learner.refresh_from_db()


def written_seconds(enrollment):
    attempt = begin(enrollment, timing=TimeSetting.WRITTEN)
    found = seconds_of(attempt)
    attempts.quit_attempt(attempt)
    return found


@pytest.mark.parametrize(("time", "times"), [("", 1), ("1.5", 1.5), ("2", 2), ("10", 10), ("off", 1)])
def test_attempt_with_pauses_has_extra_time(enrollment, time, times):
    written = written_seconds(enrollment)
    set_extra_time(enrollment, time)
    attempt = begin(enrollment, timing=TimeSetting.PAUSED)
    assert seconds_of(attempt) == written * times


def test_extra_time_of_attempt_stays_after_pause(enrollment):
    set_extra_time(enrollment, "2")
    attempt = begin(enrollment, timing=TimeSetting.PAUSED)
    take(attempt, 0, seconds=3)
    assert fresh(attempt).paused_at
    set_extra_time(enrollment, "")
    attempts.resume(attempt, at=at(1000))
    attempt = fresh(attempt)
    assert (attempt.paused_at, attempt.shown_at) == (None, at(1000))
    clock = clock_of(replay_of(attempt).node, attempt.clock_timing, attempt.shown_at)
    assert clock.seconds == 2 * clock_of(replay_of(attempt).node, "written", attempt.shown_at).seconds


@pytest.mark.parametrize("timing", [TimeSetting.WRITTEN, TimeSetting.DOUBLE, TimeSetting.OFF])
def test_chosen_time_without_pauses_ignores_extra_time(enrollment, timing):
    set_extra_time(enrollment, "10")
    attempt = begin(enrollment, timing=timing)
    assert fresh(attempt).clock_timing == timing
