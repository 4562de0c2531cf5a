"""Jumps of the server clock: no negative durations, and due dates stay."""

import calendar
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courseware.accounts.sign_in import throttling
from courseware.assessment.certificates.facts import recomputable_facts
from courseware.assessment.models import Certificate
from courseware.audit_log.verify import verify
from courseware.content.rendering.store import Outline
from courseware.learning.models import Enrollment
from courseware.lib import dates
from courseware.reporting.integrity.check_all import differences
from courseware.simulations import attempts
from courseware.simulations.attempts import AttemptPaused, TooEarly
from courseware.simulations.debrief import debrief_of
from courseware.simulations.models import Decision, TimeSetting
from courseware.simulations.replay import page_of, replay_of
from courseware.simulations.situation import situation_of
from tests.examples import examples
from tests.making import make_user
from tests.simulations.playing import fresh
from tests.simulations.samples import KETTLE, make_player

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2030, 1, 7, 9, tzinfo=UTC)
JUMPS = [-2 * HOUR, -30 * MINUTE, -SECOND, timedelta(0), SECOND, 20 * SECOND, 31 * MINUTE, 3 * DAY, -3 * DAY]
LONGEST_READING = 2 * 60 * 1000  # milliseconds; the situations of the sample have a few lines each
# Clock changes at 1:00, 2:00 and midnight, by 60 and 30 minutes, and zones without any
ZONES = [
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
]
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


# Days


@given(
    zone=st.sampled_from(ZONES), chosen=st.dates(date(2026, 1, 2), date(2029, 12, 1)), week=st.sampled_from([0, 7, 14])
)
def test_due_date_lasts_until_end_of_day_in_zone(zone, chosen, week):
    zone, day = ZoneInfo(zone), chosen + timedelta(days=week)
    enrollment = Enrollment(due_at=dates.due_instant(day, zone))
    enrollment.zone_name = zone.key
    assert enrollment.due_on == day
    # Around its end, also when clocks change that night
    around = [enrollment.due_at + minutes * MINUTE for minutes in range(-27 * 60, 27 * 60, 30)]
    for at in [*around, enrollment.due_at.astimezone(UTC) - timedelta(microseconds=1)]:
        is_over = at.astimezone(UTC).astimezone(zone).date() > day
        assert (enrollment.state_at(at) == Enrollment.State.OVERDUE) == is_over, at


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(zone=st.sampled_from(ZONES), at=INSTANTS, later=st.integers(-400, 1200), months=st.integers(1, 36))
def test_certificate_ends_on_same_day_of_month(zone, at, later, months):
    outline = Outline("tea-room", "Tea", "en", {}, (), months, None, None, None, (), {})
    with override_settings(TIME_ZONE=zone):
        until = recomputable_facts(Enrollment(pk=1), {"en": outline}, at)["valid_until"]
        issued = at.astimezone(ZoneInfo(zone)).date()
        whole = 12 * (until.year - issued.year) + until.month - issued.month
        last = calendar.monthrange(until.year, until.month)[1]
        assert (whole, until.day) == (months, min(issued.day, last))
        # At any instant, also before the date of issue, and at both ends of the day
        certificate = Certificate(valid_until=until, issued_at=at)
        end = datetime(until.year, until.month, until.day, tzinfo=UTC)
        for when in [at + later * DAY, *(end + hours * HOUR for hours in range(-14, 40))]:
            assert certificate.is_valid(when) == (when.astimezone(ZoneInfo(zone)).date() <= until), when


# Durations


@pytest.mark.slow
@pytest.mark.django_db
@settings(max_examples=examples(25), suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), jumps=st.lists(st.sampled_from(JUMPS), min_size=12, max_size=30))
def test_simulation_has_no_negative_or_impossible_duration(seed, jumps):
    random, at = Random(seed), START
    enrollment = make_player(make_user())
    attempt = attempts.start(enrollment, KETTLE, timing=random.choice(TimeSetting.values), at=at)
    for jump in jumps:
        at += jump
        attempt = fresh(attempt)
        if not attempt.is_open:
            attempt = attempts.start(enrollment, KETTLE, timing=random.choice(TimeSetting.values), at=at)
        act(random, attempt, at)
        assert_no_negative_time(fresh(attempt), at)
    assert not Decision.objects.filter(milliseconds__lt=0).exists()
    assert all(each.decided_at >= each.shown_at for each in Decision.objects.all())
    enrollment.refresh_from_db()
    assert enrollment.started_at <= enrollment.last_active_at
    assert (list(differences()), verify()) == ([], [])


def act(random, attempt, at):
    replay = replay_of(attempt)
    action = random.choice(["decide", "decide", "decide", "wait", "go on", "give up"])
    if action == "give up" and random.random() < 0.3:
        attempts.quit_attempt(attempt, at=at)
    elif action == "go on":
        attempts.resume(attempt, at=at)
    elif action != "give up":
        choice = None if action == "wait" else random.choice(replay.rules.offered(replay.state))
        with suppress(AttemptPaused, TooEarly):
            attempts.decide(attempt, replay.position, choice, has_clock=random.random() < 0.5, at=at)


def assert_no_negative_time(attempt, at):
    replay, texts = replay_of(attempt), page_of(attempt, "en").simulation
    if attempt.finished_at:
        assert all(step.seconds >= 0 for step in debrief_of(replay, texts).reviewed)
    elif attempt.is_open:
        situation = situation_of(replay, texts, at)
        assert all(0 <= line.arrives <= LONGEST_READING for line in situation.lines)
        if clock := situation.clock:
            assert 0 <= clock.wait <= LONGEST_READING
            assert 0 <= clock.left <= 1000 * clock.seconds


@pytest.mark.django_db
@pytest.mark.parametrize("pace", [throttling.PASSWORDS, throttling.EMAILS], ids=["passwords", "emails"])
@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_clock_jump_causes_no_longer_wait(time_machine, pace, jump):
    time_machine.move_to(START, tick=False)
    tries = [throttling.take(pace, "wu@example.com", "here") for _ in range(pace.free + 1)]
    assert tries == [0] * pace.free + [pace.first_wait]
    time_machine.move_to(START + jump, tick=False)
    assert 0 <= throttling.take(pace, "wu@example.com", "here") <= pace.longest_wait
