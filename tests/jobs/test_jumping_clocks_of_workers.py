"""Clocks of workers jump, back and ahead. No work is stuck for it, and none is begun twice."""

from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from courseware.jobs import schedule as schedules
from courseware.jobs import working
from courseware.jobs.models import Job, Worker
from courseware.jobs.schedule import Daily, enqueue_due, schedule
from courseware.jobs.working import BEAT_EVERY, Onlooker
from courseware.outbox.models import Message
from tests.jobs import doing

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 11, 25, 3, 20, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY, YEAR = (timedelta(seconds=n) for n in (1, 60, 3600, 86400, 365 * 86400))
JUMPS = [-YEAR, -DAY, -2 * MINUTE, 2 * MINUTE, DAY, YEAR]
LONG = 2 * BEAT_EVERY + 1  # seconds that are long enough to look on


@pytest.fixture
def clock(time_machine, monkeypatch):
    """`set(to)` moves the clock on the wall, `pass_(seconds)` both: that of the process, too, which never jumps."""
    stop_watch = SimpleNamespace(now=100.0)
    monkeypatch.setattr(working, "time", SimpleNamespace(monotonic=lambda: stop_watch.now))

    def move(to):
        time_machine.move_to(to, tick=False)

    def pass_(seconds):
        stop_watch.now += seconds
        move(timezone.now() + timedelta(seconds=seconds))

    move(MORNING)
    return SimpleNamespace(set=move, pass_=pass_)


def sign_of(name):
    Worker.objects.update_or_create(name=name, defaults={"seen_at": timezone.now()})


def dead(onlooker, *names, once=False):
    return onlooker.dead(set(names), once=once)


@pytest.mark.parametrize("jump", JUMPS)
def test_a_living_worker_is_never_taken_for_dead_because_the_clock_jumped(clock, jump):
    onlooker = Onlooker()
    for _ in range(3):
        sign_of("alive")
        assert dead(onlooker, "alive") == set()
        clock.pass_(BEAT_EVERY)
    clock.set(MORNING + jump)
    assert dead(onlooker, "alive") == set()
    clock.pass_(BEAT_EVERY)
    sign_of("alive")
    for _ in range(5):
        assert dead(onlooker, "alive") == set()
        clock.pass_(BEAT_EVERY)


@pytest.mark.parametrize("jump", [timedelta(0), *JUMPS])
def test_a_dead_one_is_found_within_four_minutes_wherever_the_clock_stands(clock, jump):
    onlooker = Onlooker()
    sign_of("killed")
    clock.set(MORNING + jump)
    for _ in range(240 // BEAT_EVERY):
        found = dead(onlooker, "killed")
        clock.pass_(BEAT_EVERY)
    assert found == {"killed"}


def test_one_that_gave_a_sign_within_the_minute_is_not_dead_however_long_it_is_looked_on(clock):
    onlooker = Onlooker()
    sign_of("slow")
    for _ in range(59 // BEAT_EVERY):
        assert dead(onlooker, "slow") == set()
        clock.pass_(BEAT_EVERY)


def test_one_whose_row_is_gone_is_dead_once_it_has_not_come_back_for_two_beats(clock):
    onlooker = Onlooker()
    assert dead(onlooker, "gone") == set()
    clock.pass_(LONG)
    assert dead(onlooker, "gone") == {"gone"}
    sign_of("gone")
    assert dead(onlooker, "gone") == set()


def test_who_looks_in_for_a_moment_takes_the_word_of_the_clock(clock):
    for name, ago in (("dead", 2 * MINUTE), ("alive", SECOND)):
        Worker.objects.create(name=name, seen_at=MORNING - ago)
    assert dead(Onlooker(), "dead", "alive", "gone", once=True) == {"dead", "gone"}


def test_workers_are_forgotten_after_a_day_also_those_of_a_day_to_come(clock):
    for name, off in (("old", -2 * DAY), ("ahead", 2 * DAY), ("yesterday", -23 * HOUR), ("now", 0 * HOUR)):
        Worker.objects.create(name=name, seen_at=MORNING + off)
    Worker.objects.all().forget_dead()
    assert set(Worker.objects.values_list("name", flat=True)) == {"yesterday", "now"}


@pytest.mark.parametrize("ahead, waits", [(HOUR, True), (2 * HOUR, True), (3 * HOUR, False), (YEAR, False)])
def test_work_waits_for_its_pause_and_not_for_a_day_that_a_wrong_clock_has_set(clock, ahead, waits):
    later = doing.note.enqueue("tea")
    at_once = doing.note.enqueue("milk")
    DBTaskResult.objects.filter(pk=later.id).update(run_after=MORNING + ahead)
    working.bring_back_from_far_ahead()
    ready = {str(pk) for pk in DBTaskResult.objects.ready().values_list("pk", flat=True)}
    assert ready == {at_once.id} | (set() if waits else {later.id})


def test_work_that_failed_by_a_clock_far_ahead_comes_back_by_the_clock_of_now(clock):
    row = DBTaskResult.objects.get(pk=doing.wait_for_another_day.enqueue().id)
    row.claim("me")
    clock.set(MORNING + YEAR)
    row.set_failed(working.Later("not now"))
    clock.set(MORNING)
    working.put_back_later()
    row.refresh_from_db()
    assert row.run_after == MORNING + working.PAUSES[0]


@pytest.mark.parametrize("ahead, is_due", [(MINUTE, False), (DAY, False), (DAY + MINUTE, True), (YEAR, True)])
def test_a_letter_waits_for_its_pause_and_not_for_a_day_that_a_wrong_clock_has_set(clock, ahead, is_due):
    Message.objects.create(kind="note", address="tea@example.com", next_at=MORNING + ahead)
    assert Message.objects.due(MORNING).exists() == is_due


@pytest.mark.parametrize(
    "back, comes_again",
    [
        (SECOND, MORNING + DAY),
        (HOUR - MINUTE, MORNING + DAY),
        (2 * HOUR, MORNING),
        (YEAR, MORNING - YEAR + DAY),
    ],
)
def test_a_clock_that_is_put_right_brings_no_daily_job_again_and_one_that_was_wrong_stops_none(
    clock, monkeypatch, settings, back, comes_again
):
    settings.TIME_ZONE = "UTC"
    monkeypatch.setattr(schedules, "JOBS", {})
    schedule("tea", "Make tea", str, Daily(time(3, 20)))
    clock.set(MORNING - MINUTE)
    enqueue_due()
    clock.set(MORNING)
    enqueue_due()
    assert DBTaskResult.objects.count() == 1
    Job.objects.update(started_at=MORNING + SECOND / 2, task=None)
    clock.set(MORNING + SECOND - back)
    enqueue_due()
    assert Job.objects.get().next_at == comes_again
    assert DBTaskResult.objects.count() == 1
