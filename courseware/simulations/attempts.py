"""Start, play and quit simulation attempts. Each change is one repeatable transaction."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from random import Random, SystemRandom

from django.db import transaction
from django.utils import timezone

from courseware.audit_log.record import record, subject_of
from courseware.content.rendering import store
from courseware.course_format.simulations.simulation import Ending, NotOffered, Simulation
from courseware.learning.lessons.rate_limits import refuse_too_many, sent_by
from courseware.learning.models import Completion, Enrollment
from courseware.learning.status.completion import complete, lock, touch
from courseware.lib.db.compiled_query import CompiledQuery
from courseware.simulations.models import Decision, SimulationAttempt, TimeSetting
from courseware.simulations.replay import AttemptReplay, ReplayStep, replay_of
from courseware.simulations.timing import MILLISECOND, Clock, clock_of, pace_of

MOST_MILLISECONDS = 2**31 - 1  # 24 days
DRAWS = 20  # to find flags that were played less often

BEGUN = sent_by(SimulationAttempt.objects.all(), owner="enrollment__learner", instant="started_at")
DECIDED = sent_by(Decision.objects.all(), owner="run__enrollment__learner", instant="decided_at")
ATTEMPTS = CompiledQuery(lambda pk: SimulationAttempt.objects.filter(pk=pk).with_release())


class TooEarly(Exception):
    """The time of the situation is not over."""


class AttemptOver(Exception):
    """The attempt was quit or is finished."""


class AttemptPaused(Exception):
    """The next situation is not shown yet."""


@transaction.atomic
def start(enrollment: Enrollment, simulation: str, *, timing: str, at: datetime | None = None) -> SimulationAttempt:
    """Return the open attempt at a simulation (id), or a new one with `timing` (a TimeSetting). Raise `TooFast`."""
    at = at or timezone.now()
    enrollment = lock(enrollment)
    attempts = enrollment.runs.of(simulation).on_record().with_release()
    if open_attempt := attempts.open().first():
        return joined(open_attempt, enrollment)
    refuse_too_many(BEGUN, enrollment.learner_id, at)
    page = store.page(enrollment.release, simulation, enrollment.source_language)
    seen = [frozenset(flags) for flags in attempts.values_list("flags", flat=True)]
    attempt = SimulationAttempt.objects.create(
        enrollment=enrollment,
        simulation_id=page.document_id,
        revision_id=page.revision_id,
        release=enrollment.release,
        number=len(seen) + 1,
        timing=timing,
        pace=pace_of(enrollment.learner) if timing == TimeSetting.PAUSED else "",
        flags=sorted(draw_anew(page.simulation, seen, SystemRandom())),
        started_at=at,
        shown_at=at,
    )
    touch(enrollment, at)
    data = {"simulation": simulation, "number": attempt.number}
    record("simulation-started", actor=enrollment.learner, subject=attempt, data=data, at=at)
    return attempt


def draw_anew(simulation: Simulation, seen: Collection[frozenset[str]], random: Random) -> frozenset[str]:
    """Return flags set by chance: of DRAWS draws, the one least often in `seen` (flags per earlier attempt)."""
    draws = (simulation.draw(random) for _ in range(DRAWS if seen else 1))
    return min(draws, key=list(seen).count)


@transaction.atomic
def start_what_if(attempt: SimulationAttempt, position: int, *, at: datetime | None = None) -> SimulationAttempt:
    """Return the open what-if attempt at situation `position` (from 1) of a finished attempt. If there is none, quit
    other open what-if attempts of the simulation and create one. Raise `NotOffered` if `attempt` is what-if or
    unfinished or lacks `position`; `TooFast`.
    """
    at = at or timezone.now()
    attempt = locked(attempt)
    if attempt.is_practice or not attempt.finished_at or not 1 <= position <= attempt.decisions.count():
        raise NotOffered(f"no branch off {subject_of(attempt)} at {position}")
    open_what_ifs = attempt.enrollment.runs.filter(simulation=attempt.simulation_id, what_if_of__isnull=False).open()
    if what_if := open_what_ifs.filter(what_if_of=attempt, what_if_at=position).with_release().first():
        return joined(what_if, attempt.enrollment)
    refuse_too_many(BEGUN, attempt.enrollment.learner_id, at)
    open_what_ifs.update(abandoned_at=at)
    return SimulationAttempt.objects.create(
        enrollment=attempt.enrollment,
        simulation=attempt.simulation,
        revision_id=attempt.revision_id,
        release=attempt.release,
        what_if_of=attempt,
        what_if_at=position,
        timing=TimeSetting.OFF,  # to think, not to be fast
        flags=attempt.flags,
        started_at=at,
        shown_at=at,
    )


def joined(attempt: SimulationAttempt, enrollment: Enrollment) -> SimulationAttempt:
    """Return `attempt` with `enrollment` (its own, with the course loaded) set, to save queries."""
    attempt.enrollment, attempt.release.course = enrollment, enrollment.course
    return attempt


def locked(attempt: SimulationAttempt) -> SimulationAttempt:
    """Return the current row of the attempt, with its enrollment locked until the transaction ends."""
    enrollment = lock(attempt.enrollment)
    [fresh] = ATTEMPTS(pk=attempt.pk)
    return joined(fresh, enrollment)


@transaction.atomic
def decide(
    attempt: SimulationAttempt,
    position: int,
    choice: int | None,
    picked: Collection[int] = (),
    *,
    has_clock: bool = False,
    pauses: bool = False,
    at: datetime | None = None,
) -> AttemptReplay:
    """Store a decision and return the replay; do nothing if situation `position` (from 1) is decided already. `choice`:
    position in the file, None when the time is up. `picked`: positions of parts. `has_clock`: the page's clock had
    run out, so a late choice counts as the timeout. `pauses`: pause before the next situation. Raise `NotOffered`,
    `TooEarly`, `AttemptPaused`, `AttemptOver` or `TooFast`.
    """
    at = at or timezone.now()
    attempt = locked(attempt)
    replay = replay_of(attempt)
    if position < replay.position:
        return replay
    if not attempt.is_open:
        raise AttemptOver(subject_of(attempt))
    if attempt.paused_at:
        raise AttemptPaused(subject_of(attempt))
    if position > replay.position:
        raise NotOffered(f"{subject_of(attempt)} is at {replay.position}, not at {position}")
    refuse_too_many(DECIDED, attempt.enrollment.learner_id, at)
    clock = clock_of(replay.node, attempt.clock_timing, attempt.shown_at)
    chosen, picked = what_counts(replay, clock, choice, picked, has_clock, at)
    replay = append_decision(replay, clock, chosen, picked, at)
    if replay.ending:
        finish(replay, replay.ending, at)
    else:
        attempt.shown_at, attempt.paused_at = at, at if pauses or attempt.timing == TimeSetting.PAUSED else None
        attempt.save(update_fields=["shown_at", "paused_at"])
    return replay


def what_counts(
    replay: AttemptReplay, clock: Clock, choice: int | None, picked: Collection[int], has_clock: bool, at: datetime
) -> tuple[int, list[int]]:
    """Return (position of the choice, positions of the parts) to store. Arguments: see `decide`. Raise `TooEarly` or
    `NotOffered`.
    """
    timeout = replay.node.timeout
    if choice is None:
        if timeout is None or not clock.is_up(at):
            raise TooEarly(f"{subject_of(replay.run)}: {clock.ends_at} is not over at {at}")
        return timeout, []
    if choice == timeout:
        raise NotOffered("nobody chooses that the time is up")
    if timeout is not None and has_clock and clock.is_over(at):
        return timeout, []  # sent too late
    return choice, sorted(picked)


def append_decision(replay: AttemptReplay, clock: Clock, chosen: int, picked: list[int], at: datetime) -> AttemptReplay:
    """Store a decision: `chosen` and `picked` are positions. Return the replay with it. Raise `NotOffered`."""
    attempt, state = replay.run, replay.state
    after = replay.rules.decide(state, chosen, picked)
    decision = Decision.objects.create(
        run=attempt,
        position=replay.position,
        node=state.place,
        place=chosen,
        is_timeout=chosen == replay.node.timeout,
        picked=picked,
        seconds=clock.seconds,
        milliseconds=milliseconds_between(attempt.shown_at, at),
        meters=dict(after.meters),
        points=replay.rules.points(state.place, chosen, picked),
        shown_at=attempt.shown_at,
        decided_at=max(at, attempt.shown_at),
    )
    step = ReplayStep(replay.position, state, after, chosen, tuple(picked), decision)
    return replace(replay, steps=(*replay.steps, step))


def milliseconds_between(start: datetime, end: datetime) -> int:
    # Clocks may be set back, and an attempt may wait for longer than the column can hold.
    return min(MOST_MILLISECONDS, max(0, round((end - start) / MILLISECOND)))


def finish(replay: AttemptReplay, ending: Ending, at: datetime) -> None:
    """Store the ending. Except for a what-if attempt, also log it, and complete the simulation if passed."""
    attempt = replay.run
    attempt.finished_at, attempt.ending, attempt.colour, attempt.points = at, ending.id, ending.colour, replay.points
    attempt.save(update_fields=["finished_at", "ending", "colour", "points"])
    if attempt.is_practice:
        return
    touch(attempt.enrollment, at)
    data = {"ending": attempt.ending, "colour": attempt.colour, "points": attempt.points}
    record("simulation-finished", actor=attempt.enrollment.learner, subject=attempt, data=data, at=at)
    if replay.is_done:
        outcome = Completion.Outcome.COMPLETED
        complete(attempt.enrollment, attempt.simulation, revision=attempt.revision, outcome=outcome, at=at)


@transaction.atomic
def resume(attempt: SimulationAttempt, *, at: datetime | None = None) -> SimulationAttempt:
    """Restart the current situation if the attempt is open and waits (see `waits`). Return its current row."""
    at = at or timezone.now()
    attempt = locked(attempt)
    if attempt.is_open and waits(attempt, replay_of(attempt), at):
        attempt.shown_at, attempt.paused_at = at, None
        attempt.save(update_fields=["shown_at", "paused_at"])
    return attempt


def waits(attempt: SimulationAttempt, replay: AttemptReplay, at: datetime | None = None) -> str:
    """Return why an open attempt waits for the learner: "paused", "interrupted" (the time is over), or ""."""
    if attempt.paused_at:
        return "paused"
    is_over = clock_of(replay.node, attempt.clock_timing, attempt.shown_at).is_over(at or timezone.now())
    return "interrupted" if is_over else ""


@transaction.atomic
def quit_attempt(attempt: SimulationAttempt, *, at: datetime | None = None) -> SimulationAttempt:
    """Quit an attempt if it is open. Return its current row."""
    attempt = locked(attempt)
    if attempt.is_open:
        attempt.abandoned_at = at or timezone.now()
        attempt.save(update_fields=["abandoned_at"])
        if not attempt.is_practice:
            record("simulation-quit", actor=attempt.enrollment.learner, subject=attempt, at=attempt.abandoned_at)
    return attempt
