"""Start, play and leave runs. Each change is one repeatable transaction."""

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
DRAWS = 20  # tries to find a variant that was played less often

BEGUN = sent_by(SimulationAttempt.objects.all(), owner="enrollment__learner", instant="started_at")
DECIDED = sent_by(Decision.objects.all(), owner="run__enrollment__learner", instant="decided_at")
RUNS = CompiledQuery(lambda pk: SimulationAttempt.objects.filter(pk=pk).with_release())


class TooEarly(Exception):
    """The time of the situation is not up."""


class AttemptOver(Exception):
    """The run was given up."""


class AttemptPaused(Exception):
    """The next situation has not been shown yet."""


@transaction.atomic
def start(enrollment: Enrollment, simulation: str, *, timing: str, at: datetime | None = None) -> SimulationAttempt:
    """The open run of the simulation, or a new one of the current release. Raises TooFast."""
    at = at or timezone.now()
    enrollment = lock(enrollment)
    runs = enrollment.runs.of(simulation).on_record().with_release()
    if under_way := runs.open().first():
        return joined(under_way, enrollment)
    refuse_too_many(BEGUN, enrollment.learner_id, at)
    page = store.page(enrollment.release, simulation, enrollment.source_language)
    seen = [frozenset(flags) for flags in runs.values_list("flags", flat=True)]
    run = SimulationAttempt.objects.create(
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
    data = {"simulation": simulation, "number": run.number}
    record("simulation-started", actor=enrollment.learner, subject=run, data=data, at=at)
    return run


def draw_anew(simulation: Simulation, seen: Collection[frozenset[str]], random: Random) -> frozenset[str]:
    draws = (simulation.draw(random) for _ in range(DRAWS if seen else 1))
    return min(draws, key=list(seen).count)


@transaction.atomic
def start_what_if(run: SimulationAttempt, position: int, *, at: datetime | None = None) -> SimulationAttempt:
    """The open branch at `position` of a finished run, or a new one; gives up any other. Raises NotOffered, TooFast."""
    at = at or timezone.now()
    run = locked(run)
    if run.is_practice or not run.finished_at or not 1 <= position <= run.decisions.count():
        raise NotOffered(f"no branch off {subject_of(run)} at {position}")
    open_branches = run.enrollment.runs.filter(simulation=run.simulation_id, what_if_of__isnull=False).open()
    if begun := open_branches.filter(what_if_of=run, what_if_at=position).with_release().first():
        return joined(begun, run.enrollment)
    refuse_too_many(BEGUN, run.enrollment.learner_id, at)
    open_branches.update(abandoned_at=at)
    return SimulationAttempt.objects.create(
        enrollment=run.enrollment,
        simulation=run.simulation,
        revision_id=run.revision_id,
        release=run.release,
        what_if_of=run,
        what_if_at=position,
        timing=TimeSetting.OFF,  # to think it over, not to be fast
        flags=run.flags,
        started_at=at,
        shown_at=at,
    )


def joined(run: SimulationAttempt, enrollment: Enrollment) -> SimulationAttempt:
    # Both are loaded already, and would be loaded again with `run` (which is from `with_release`).
    run.enrollment, run.release.course = enrollment, enrollment.course
    return run


def locked(run: SimulationAttempt) -> SimulationAttempt:
    # One lock for the whole enrollment, so that no two changes to it run at the same time.
    enrollment = lock(run.enrollment)
    [fresh] = RUNS(pk=run.pk)
    return joined(fresh, enrollment)


@transaction.atomic
def decide(
    run: SimulationAttempt,
    position: int,
    choice: int | None,
    picked: Collection[int] = (),
    *,
    has_clock: bool = False,
    pauses: bool = False,
    at: datetime | None = None,
) -> AttemptReplay:
    """Make the choice at place `choice`, or None when the time is up. Repeatable.

    `has_clock`: the page's clock had also run out. `pauses`: pause before the next situation.
    Raises NotOffered, TooEarly, AttemptPaused, AttemptOver, TooFast.
    """
    at = at or timezone.now()
    run = locked(run)
    trail = replay_of(run)
    if position < trail.position:
        return trail
    if not run.is_open:
        raise AttemptOver(subject_of(run))
    if run.paused_at:
        raise AttemptPaused(subject_of(run))
    if position > trail.position:
        raise NotOffered(f"{subject_of(run)} stands at {trail.position}, not at {position}")
    refuse_too_many(DECIDED, run.enrollment.learner_id, at)
    clock = clock_of(trail.node, run.clock_timing, run.shown_at)
    place, picked = what_counts(trail, clock, choice, picked, has_clock, at)
    trail = append_decision(trail, clock, place, picked, at)
    if trail.ending:
        finish(trail, trail.ending, at)
    else:
        run.shown_at, run.paused_at = at, at if pauses or run.timing == TimeSetting.PAUSED else None
        run.save(update_fields=["shown_at", "paused_at"])
    return trail


def what_counts(
    trail: AttemptReplay, clock: Clock, choice: int | None, picked: Collection[int], has_clock: bool, at: datetime
) -> tuple[int, list[int]]:
    """(place of the choice, places of the parts) to store. Raises TooEarly, NotOffered."""
    timeout = trail.node.timeout
    if choice is None:
        if timeout is None or not clock.is_up(at):
            raise TooEarly(f"{subject_of(trail.run)}: {clock.ends_at} is not over at {at}")
        return timeout, []
    if choice == timeout:
        raise NotOffered("nobody chooses that the time is up")
    if timeout is not None and has_clock and clock.is_over(at):
        return timeout, []  # a message that was not sent in time was not sent
    return choice, sorted(picked)


def append_decision(trail: AttemptReplay, clock: Clock, place: int, picked: list[int], at: datetime) -> AttemptReplay:
    run, state = trail.run, trail.state
    after = trail.rules.decide(state, place, picked)
    decision = Decision.objects.create(
        run=run,
        position=trail.position,
        node=state.place,
        place=place,
        is_timeout=place == trail.node.timeout,
        picked=picked,
        seconds=clock.seconds,
        milliseconds=milliseconds_between(run.shown_at, at),
        meters=dict(after.meters),
        points=trail.rules.points(state.place, place, picked),
        shown_at=run.shown_at,
        decided_at=max(at, run.shown_at),
    )
    step = ReplayStep(trail.position, state, after, place, tuple(picked), decision)
    return replace(trail, steps=(*trail.steps, step))


def milliseconds_between(start: datetime, end: datetime) -> int:
    # Clocks may be set back, and a run may wait for longer than the column can hold.
    return min(MOST_MILLISECONDS, max(0, round((end - start) / MILLISECOND)))


def finish(trail: AttemptReplay, ending: Ending, at: datetime) -> None:
    run = trail.run
    run.finished_at, run.ending, run.colour, run.points = at, ending.id, ending.colour, trail.points
    run.save(update_fields=["finished_at", "ending", "colour", "points"])
    if run.is_practice:
        return
    touch(run.enrollment, at)
    data = {"ending": run.ending, "colour": run.colour, "points": run.points}
    record("simulation-finished", actor=run.enrollment.learner, subject=run, data=data, at=at)
    if trail.is_done:
        outcome = Completion.Outcome.COMPLETED
        complete(run.enrollment, run.simulation, revision=run.revision, outcome=outcome, at=at)


@transaction.atomic
def go_on(run: SimulationAttempt, *, at: datetime | None = None) -> SimulationAttempt:
    at = at or timezone.now()
    run = locked(run)
    if run.is_open and waits(run, replay_of(run), at):
        # The current situation begins anew: after a pause, or when its time ran out while the page was closed.
        run.shown_at, run.paused_at = at, None
        run.save(update_fields=["shown_at", "paused_at"])
    return run


def waits(run: SimulationAttempt, trail: AttemptReplay, at: datetime | None = None) -> str:
    """Why an open run waits for the learner: "paused", "interrupted" or ""."""
    if run.paused_at:
        return "paused"
    is_over = clock_of(trail.node, run.clock_timing, run.shown_at).is_over(at or timezone.now())
    return "interrupted" if is_over else ""


@transaction.atomic
def give_up(run: SimulationAttempt, *, at: datetime | None = None) -> SimulationAttempt:
    run = locked(run)
    if run.is_open:
        run.abandoned_at = at or timezone.now()
        run.save(update_fields=["abandoned_at"])
        if not run.is_practice:
            record("simulation-quit", actor=run.enrollment.learner, subject=run, at=run.abandoned_at)
    return run
