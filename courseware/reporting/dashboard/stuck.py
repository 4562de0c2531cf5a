"""People who are stuck, by numbers that are settings: the mark on rows, and the filter of the dashboard."""

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
    """What a person fails at repeatedly: a question of the lesson `step`, or without one a simulation."""

    step: str
    question: str = ""


@dataclass(frozen=True)
class Stuck:
    """`has_failed`: the exam, and nothing done since; `is_idle`: begun, and nothing done for long."""

    stops: tuple[Obstacle, ...] = ()
    has_failed: bool = False
    is_idle: bool = False

    def __bool__(self) -> bool:
        return bool(self.stops or self.has_failed or self.is_idle)

    @property
    def has_missed(self) -> bool:
        return any(stop.question for stop in self.stops)

    @property
    def words(self) -> str:
        """The most telling reason."""
        if self.has_missed:
            number = settings.STUCK_AFTER_MISSES
            return ngettext(
                "one question answered incorrectly %(number)d time",
                "one question answered incorrectly %(number)d times",
                number,
            ) % {"number": number}
        if self.stops:
            number = settings.STUCK_AFTER_RED_RUNS
            words = ngettext(
                "one simulation ended with harm %(number)d time",
                "one simulation ended with harm %(number)d times",
                number,
            )
            return words % {"number": number}
        if self.has_failed:
            return gettext("exam failed, no activity since")
        return gettext("no activity for days") if self.is_idle else ""


NOBODY = Stuck()


def stuck_after() -> dict[str, int]:
    return {
        "misses": settings.STUCK_AFTER_MISSES,
        "red_runs": settings.STUCK_AFTER_RED_RUNS,
        "failed_days": settings.STUCK_AFTER_FAILED_DAYS,
        "idle_days": settings.STUCK_AFTER_IDLE_DAYS,
    }


def missed_often(answers: QuerySet) -> QuerySet[Any, Any]:
    """Groups of these answers to one question that was missed often enough and never answered right."""
    groups = answers.order_by().values("enrollment", "document", "question")
    counted = groups.annotate(misses=Count("pk", filter=Q(is_right=False)), rights=Count("pk", filter=Q(is_right=True)))
    return counted.filter(misses__gte=settings.STUCK_AFTER_MISSES, rights=0)


def red_often(runs: QuerySet) -> QuerySet[Any, Any]:
    reds = runs.filter(what_if_of=None, colour=SimulationOutcome.RED).order_by().values("enrollment", "simulation")
    return reds.annotate(reds=Count("pk")).filter(reds__gte=settings.STUCK_AFTER_RED_RUNS)


def stops(enrollments: Any) -> QuerySet[Any, Any]:
    """(primary key of the enrollment, id of the lesson or simulation, question or "")."""
    own = {"enrollment__pk__in": enrollments}
    missed = missed_often(Answer.objects.filter(**own))
    red = red_often(SimulationAttempt.objects.filter(**own))
    return missed.values_list("enrollment", "document__identifier", "question").union(
        red.values_list("enrollment", "simulation__identifier", Value("", CharField())), all=True
    )


STOPS = CompiledQuery(stops)


def obstacles_of(enrollments: list[int]) -> defaultdict[int, list[Obstacle]]:
    """By enrollment. Runs one query."""
    found = defaultdict(list)
    for enrollment, step, question in STOPS(enrollments=enrollments):
        found[enrollment].append(Obstacle(step, question))
    return found


def stuck_in(journeys: Sequence[LearnerProgress], at: datetime) -> dict[int, Stuck]:
    """Primary key of an enrollment → why it is stuck. Runs one query, and those of calendars if any failed an exam."""
    begun = [each for each in journeys if each.enrollment.started_at and each.next_action.is_asked]
    if not begun:
        return {}
    found = obstacles_of([each.enrollment.pk for each in begun])
    calendars, idle_since = calendars_of_failed(begun, at), at - timedelta(days=settings.STUCK_AFTER_IDLE_DAYS)
    told = {
        each.enrollment.pk: Stuck(
            tuple(stop for stop in found[each.enrollment.pk] if stands(stop, each)),
            has_stopped_after_failing(each, calendars, at),
            is_before(each, idle_since),
        )
        for each in begun
    }
    return {key: stuck for key, stuck in told.items() if stuck}


def stands(stop: Obstacle, journey: LearnerProgress) -> bool:
    """Whether the course still has the obstacle, and requires it."""
    step = journey.outline.find(stop.step)
    if not step or step.is_optional or step.id in journey.progress.done:
        return False
    # The last of several wordings is asked after the others.
    return not stop.question or stop.question in {question.wordings[-1] for question in step.check}


def is_before(journey: LearnerProgress, instant: datetime) -> bool:
    last = journey.enrollment.last_active_at
    return last is not None and last <= instant


def calendars_of_failed(journeys: Iterable[LearnerProgress], at: datetime) -> Mapping[int, Calendar]:
    # That many working days are at least as many days, so most need no calendar.
    since = at - timedelta(days=settings.STUCK_AFTER_FAILED_DAYS)
    people = {each.enrollment.learner_id for each in journeys if each.failed and is_before(each, since)}
    return calendars_of_people(people) if people else {}


def has_stopped_after_failing(journey: LearnerProgress, calendars: Mapping[int, Calendar], at: datetime) -> bool:
    calendar, last = calendars.get(journey.enrollment.learner_id), journey.enrollment.last_active_at
    if not journey.failed or not calendar or not last:
        return False
    zone = journey.enrollment.zone
    first, today = timezone.localdate(last, zone), timezone.localdate(at, zone)
    return calendar.working_days_between(first + timedelta(days=1), today) >= settings.STUCK_AFTER_FAILED_DAYS


# A whole board


def idle(at: datetime) -> Q:
    """Open enrollments idle by their columns; without those who failed the exam, as they may have to wait."""
    failed = ExamAttempt.objects.filter(enrollment=OuterRef("pk"), is_passed=False)
    since = at - timedelta(days=settings.STUCK_AFTER_IDLE_DAYS)
    return Q(last_active_at__lte=since) & ~Q(Exists(failed))


def doubtful(enrollments: EnrollmentQuerySet, at: datetime) -> QuerySet:
    """Keys of the open enrollments to check as rows: missed often, often red, or failed and idle."""
    since = at - timedelta(days=min(settings.STUCK_AFTER_FAILED_DAYS, settings.STUCK_AFTER_IDLE_DAYS))
    keys = enrollments.order_by().values("pk")
    done = Completion.objects.filter(enrollment=OuterRef("enrollment"))
    answers = Answer.objects.filter(~Exists(done.filter(document=OuterRef("document"))), enrollment__in=keys)
    runs = SimulationAttempt.objects.filter(~Exists(done.filter(document=OuterRef("simulation"))), enrollment__in=keys)
    failed = ExamAttempt.objects.filter(enrollment__in=keys, enrollment__last_active_at__lte=since, is_passed=False)
    return (
        enrollments.order_by()
        .filter(
            Q(pk__in=missed_often(answers).values("enrollment"))
            | Q(pk__in=red_often(runs).values("enrollment"))
            | Q(pk__in=failed.values("enrollment"))
        )
        .values_list("pk", flat=True)
    )


def among(enrollments: EnrollmentQuerySet, viewed_at: Collection[int], at: datetime) -> QuerySet:
    """Those who are stuck; `viewed_at` are the keys of those of `doubtful` that are."""
    return begun(enrollments, at).filter(idle(at) | Q(pk__in=viewed_at))


def begun(enrollments: EnrollmentQuerySet, at: datetime) -> EnrollmentQuerySet:
    return enrollments.asked(at, ignoring=FILTERED_BY_PAGE).exclude(started_at=None)
