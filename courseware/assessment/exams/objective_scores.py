"""Objective scores: scores of an exam by learning objective, also grouped by module."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Q

from courseware.assessment.exams.grading import Score
from courseware.assessment.models import Response
from courseware.content.rendering.store import Outline
from courseware.learning.models import Enrollment


@dataclass(frozen=True)
class ModuleScore:
    """`objectives`: (text as HTML, score) of the objectives asked about, in course order."""

    title: str
    objectives: tuple[tuple[str, Score], ...]

    @property
    def score(self) -> Score:
        scores = [score for _objective, score in self.objectives]
        return Score(sum(each.points for each in scores), sum(each.max_points for each in scores))


def by_module(scores: Mapping[str, Score], outline: Outline) -> tuple[ModuleScore, ...]:
    """Group scores by module. `scores`: objective id → score; objectives that `outline` lacks are left out."""
    found = (
        ModuleScore(
            module.title,
            tuple((html, scores[objective]) for objective, html in module.objectives.items() if objective in scores),
        )
        for module in outline.modules
    )
    return tuple(each for each in found if each.objectives)


def exam_scores(enrollment: Enrollment) -> dict[str, Score]:
    """Return objective id → score over all submitted exam attempts, without pre-tests. Runs one query."""
    own = Response.objects.filter(attempt__enrollment=enrollment, attempt__is_passed__isnull=False)
    counts = own.order_by().values_list("objective").annotate(right=Count("pk", filter=Q(is_right=True)), n=Count("pk"))
    return {objective: Score(right, asked) for objective, right, asked in counts}
