"""Which learners are stuck and why, for dashboard rows and filter. The thresholds are settings."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from courseware.accounts.calendar.working_days import Calendar, calendars_of_people
from courseware.assessment.models import ExamAttempt
from courseware.learner_home.next_action import LearnerProgress
from courseware.learning.models import Answer, Completion, EnrollmentQuerySet
from courseware.learning.status.not_asked import FILTERED_BY_PAGE
from courseware.lib.db.compiled_query import CompiledQuery
from courseware.simulations.models import SimulationAttempt, SimulationOutcome


@dataclass(frozen=True)
class Obstacle:
    """What a person fails repeatedly: a `question` of the lesson `step`, or, if "", the simulation `step` (ids)."""

    step: str
    question: str = ""


@dataclass(frozen=True)
class Stuck:
    """Why a person is stuck. `has_failed`: exam failed, no activity since; `is_idle`: started, no activity for days."""

    stops: tuple[Obstacle, ...] = ()
    has_failed: bool = False
    is_idle: bool = False

    def __bool__(self) -> bool:
        return bool(self.stops or self.has_failed or self.is_idle)

    @property
    def has_missed(self) -> bool:
        return any(obstacle.question for obstacle in self.stops)

    @property
    def words(self) -> str:
        """The most specific reason as a translated text, or ""."""
        if self.has_missed:
            number = settings.STUCK_AFTER_MISSES
            return ngettext(
                "one question answered incorrectly %(number)d time",
                "one question answered incorrectly %(number)d times",
                number,
            ) % {"number": number}
        if self.stops:
            number = settings.STUCK_AFTER_RED_RUNS
            text = ngettext(
                "one simulation ended with harm %(number)d time",
                "one simulation ended with harm %(number)d times",
                number,
            )
            return text % {"number": number}
        if self.has_failed:
            return gettext("no activity since the failed exam")
        return gettext("no activity for several days") if self.is_idle else ""


NOT_STUCK = Stuck()


def stuck_after() -> dict[str, int]:
    """Return the thresholds: "misses" and "red_runs" (times), "failed_days" (working days), "idle_days" (days)."""
    return {
        "misses": settings.STUCK_AFTER_MISSES,
        "red_runs": settings.STUCK_AFTER_RED_RUNS,
        "failed_days": settings.STUCK_AFTER_FAILED_DAYS,
        "idle_days": settings.STUCK_AFTER_IDLE_DAYS,
    }


def missed_often(answers: QuerySet) -> QuerySet[Any, Any]:
    """Return dicts: enrollment, document, question missed at least STUCK_AFTER_MISSES times, never answered right."""
    groups = answers.order_by().values("enrollment", "document", "question")
    counted = groups.annotate(misses=Count("pk", filter=Q(is_right=False)), rights=Count("pk", filter=Q(is_right=True)))
    return counted.filter(misses__gte=settings.STUCK_AFTER_MISSES, rights=0)


def red_often(attempts: QuerySet) -> QuerySet[Any, Any]:
    """Return dicts: enrollment, simulation that ended with harm at least STUCK_AFTER_RED_RUNS times. Skips what-ifs."""
    reds = attempts.filter(what_if_of=None, colour=SimulationOutcome.RED).order_by().values("enrollment", "simulation")
    return reds.annotate(reds=Count("pk")).filter(reds__gte=settings.STUCK_AFTER_RED_RUNS)


def stops(enrollments: Any) -> QuerySet[Any, Any]:
    """Return (enrollment id, lesson or simulation id, question id or "") of possible obstacles. `enrollments`: ids."""
    own = {"enrollment__pk__in": enrollments}
    missed = missed_often(Answer.objects.filter(**own))
    red = red_often(SimulationAttempt.objects.filter(**own))
    return missed.values_list("enrollment", "document__identifier", "question").union(
        red.values_list("enrollment", "simulation__identifier", Value("", CharField())), all=True
    )


STOPS = CompiledQuery(stops)


def obstacles_of(enrollments: list[int]) -> defaultdict[int, list[Obstacle]]:
    """Return enrollment id → possible obstacles, see `is_current_obstacle`, as a defaultdict. Runs 1 query."""
    found = defaultdict(list)
    for enrollment, step, question in STOPS(enrollments=enrollments):
        found[enrollment].append(Obstacle(step, question))
    return found


def stuck_in(learners: Sequence[LearnerProgress], at: datetime) -> dict[int, Stuck]:
    """Return enrollment id → reasons, only if stuck at `at`. 1 query, and those of calendars if any exam is failed."""
    begun = [each for each in learners if each.enrollment.started_at and each.next_action.is_asked]
    if not begun:
        return {}
    found = obstacles_of([each.enrollment.pk for each in begun])
    calendars, idle_since = calendars_of_failed(begun, at), at - timedelta(days=settings.STUCK_AFTER_IDLE_DAYS)
    reasons = {
        each.enrollment.pk: Stuck(
            tuple(obstacle for obstacle in found[each.enrollment.pk] if is_current_obstacle(obstacle, each)),
            has_stopped_after_failing(each, calendars, at),
            is_before(each, idle_since),
        )
        for each in begun
    }
    return {key: stuck for key, stuck in reasons.items() if stuck}


def is_current_obstacle(obstacle: Obstacle, learner: LearnerProgress) -> bool:
    """Return whether the step is in the course, not optional and not done, and its question, if any, a last variant."""
    step = learner.outline.find(obstacle.step)
    if not step or step.is_optional or step.id in learner.progress.done:
        return False
    # Variants are asked in turn, so only missing the last one is an obstacle.
    return not obstacle.question or obstacle.question in {question.wordings[-1] for question in step.check}


def is_before(learner: LearnerProgress, instant: datetime) -> bool:
    """Return whether the last activity was at or before `instant`; False without activity."""
    last = learner.enrollment.last_active_at
    return last is not None and last <= instant


def calendars_of_failed(learners: Iterable[LearnerProgress], at: datetime) -> Mapping[int, Calendar]:
    """Return learner id → calendar, only of learners whose exam is failed and who may be inactive for long enough."""
    # N working days are at least N days, so most people need no calendar.
    since = at - timedelta(days=settings.STUCK_AFTER_FAILED_DAYS)
    people = {each.enrollment.learner_id for each in learners if each.failed and is_before(each, since)}
    return calendars_of_people(people) if people else {}


def has_stopped_after_failing(learner: LearnerProgress, calendars: Mapping[int, Calendar], at: datetime) -> bool:
    """Return whether the exam is failed and there was no activity for STUCK_AFTER_FAILED_DAYS working days.
    `calendars`: from `calendars_of_failed`; learners without one have not stopped.
    """
    calendar, last = calendars.get(learner.enrollment.learner_id), learner.enrollment.last_active_at
    if not learner.failed or not calendar or not last:
        return False
    zone = learner.enrollment.zone
    first, today = timezone.localdate(last, zone), timezone.localdate(at, zone)
    return calendar.working_days_between(first + timedelta(days=1), today) >= settings.STUCK_AFTER_FAILED_DAYS


# Filter of the dashboard


def idle(at: datetime) -> Q:
    """Return the condition: inactive for STUCK_AFTER_IDLE_DAYS days, and no failed exam. False if never active."""
    failed = ExamAttempt.objects.filter(enrollment=OuterRef("pk"), is_passed=False)
    since = at - timedelta(days=settings.STUCK_AFTER_IDLE_DAYS)
    return Q(last_active_at__lte=since) & ~Q(Exists(failed))


def possibly_stuck_ids(enrollments: EnrollmentQuerySet, at: datetime) -> QuerySet:
    """Return ids of those `enrollments` that `stuck_in` must check: questions missed often, simulations ended with harm
    often, or an exam failed. Those that are only idle are not included: see `idle`.
    """
    since = at - timedelta(days=min(settings.STUCK_AFTER_FAILED_DAYS, settings.STUCK_AFTER_IDLE_DAYS))
    keys = enrollments.order_by().values("pk")
    done = Completion.objects.filter(enrollment=OuterRef("enrollment"))
    answers = Answer.objects.filter(~Exists(done.filter(document=OuterRef("document"))), enrollment__in=keys)
    plays = SimulationAttempt.objects.filter(~Exists(done.filter(document=OuterRef("simulation"))), enrollment__in=keys)
    failed = ExamAttempt.objects.filter(enrollment__in=keys, enrollment__last_active_at__lte=since, is_passed=False)
    return (
        enrollments.order_by()
        .filter(
            Q(pk__in=missed_often(answers).values("enrollment"))
            | Q(pk__in=red_often(plays).values("enrollment"))
            | Q(pk__in=failed.values("enrollment"))
        )
        .values_list("pk", flat=True)
    )


def filter_stuck(enrollments: EnrollmentQuerySet, stuck_keys: Collection[int], at: datetime) -> QuerySet:
    """Filter to stuck enrollments. `stuck_keys`: ids from `possibly_stuck_ids` for which `stuck_in` has a reason."""
    return filter_started(enrollments, at).filter(idle(at) | Q(pk__in=stuck_keys))


def filter_started(enrollments: EnrollmentQuerySet, at: datetime) -> EnrollmentQuerySet:
    """Filter to started enrollments with something to do at `at`, even of people who left or in unpublished courses."""
    return enrollments.asked(at, ignoring=FILTERED_BY_PAGE).exclude(started_at=None)
