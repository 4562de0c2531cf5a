"""In progress: exams and simulations that a learner has begun and not finished."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.html import strip_tags

from courseware.assessment.models import ExamAttempt
from courseware.learning.models import Enrollment
from courseware.lib.db.compiled_query import CompiledQuery
from courseware.simulations import attempts as running
from courseware.simulations.models import Decision, SimulationAttempt
from courseware.simulations.replay import page_of, replay_of
from courseware.simulations.situation import PathLine, path_behind, situation_of

SHOWN_AHEAD = 2  # situations to come that are drawn: more would be too small in a panel


@dataclass(frozen=True)
class InProgress:
    """`step`: id of exam or simulation. `key`: id of the attempt. `position`: current situation, or 0 for an exam."""

    step: str
    key: int
    position: int

    @property
    def is_run(self) -> bool:
        return self.position > 0


def under_way(enrollments: Any) -> QuerySet[Any, Any]:
    """Return a query of open attempts without what-if: (enrollment id, columns of `InProgress`). `enrollments`: ids."""
    # An exam has position 0; a simulation without decisions is at its first situation.
    own = {"enrollment__pk__in": enrollments}
    decided = Decision.objects.filter(run=OuterRef("pk")).order_by().values("run").annotate(number=Count("pk"))
    position = Coalesce(Subquery(decided.values("number"), IntegerField()), 0) + 1
    attempts = ExamAttempt.objects.filter(submitted_at=None, **own).order_by()
    simulation_attempts = SimulationAttempt.objects.on_record().open().filter(**own).order_by()
    return attempts.values_list("enrollment", "exam__identifier", "pk", Value(0, IntegerField())).union(
        simulation_attempts.values_list("enrollment", "simulation__identifier", "pk", position), all=True
    )


UNDER_WAY = CompiledQuery(under_way)


def under_way_by_enrollment(enrollments: Collection[int]) -> dict[int, list[InProgress]]:
    """Return enrollment id → open attempts, without what-if; defaultdict of []. `enrollments`: ids. Runs 1 query."""
    found = defaultdict(list)
    for enrollment, *begun in UNDER_WAY(enrollments=list(enrollments)):
        found[enrollment].append(InProgress(*begun))
    return found


@dataclass(frozen=True)
class PausedAttempt:
    """`who`: the last speaker, or "". `said`: the last line, or the title. `since`: last decision, or the start."""

    who: str
    said: str
    since: datetime
    path: PathLine


def paused_attempt(enrollment: Enrollment, under_way: InProgress, language: str) -> PausedAttempt:
    """Return how far the simulation attempt `under_way` of `enrollment` is. `language`: of its texts. Not for exams."""
    attempt = running.joined(SimulationAttempt.objects.with_release().get(pk=under_way.key), enrollment)
    replay = replay_of(attempt)
    situation = situation_of(replay, page_of(attempt, language).simulation, timezone.now())
    last = situation.lines[-1] if situation.lines else None
    return PausedAttempt(
        who=last.who if last else "",
        said=strip_tags(last.html).strip() if last else situation.node.title,
        since=replay.steps[-1].decision.decided_at if replay.steps else attempt.started_at,
        path=path_behind([step.is_astray(replay.rules) for step in replay.steps], min(replay.ahead, SHOWN_AHEAD)),
    )
