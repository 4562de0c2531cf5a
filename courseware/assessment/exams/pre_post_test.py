"""The starting point: scores of the pre-check and of its parallel questions after the exam, and the gain."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from courseware.assessment.exams.grading import Score, gain
from courseware.assessment.models import ExamAttempt
from courseware.content.rendering.store import Outline
from courseware.learning.models import Enrollment
from courseware.lib.db.compiled_query import CompiledQuery


@dataclass(frozen=True)
class AttemptScore:
    """A submitted attempt. `exam`: id of its document; `is_passed`: None without marks."""

    exam: str
    number: int
    points: int
    max_points: int
    is_passed: bool | None

    @property
    def score(self) -> Score:
        return Score(self.points, self.max_points)


@dataclass(frozen=True)
class PrePostTest:
    """`before`: score of the pre-check, `after`: of its parallel questions, `may_ask_again`: these can be started."""

    before: Score | None = None
    after: Score | None = None
    may_ask_again: bool = False

    @property
    def outcome(self) -> str:
        """ "gained", "kept" (all right both times), "same", "fell", or "" if a score is absent."""
        if not self.before or not self.after:
            return ""
        change = self.after.points - self.before.points
        if change:
            return "gained" if change > 0 else "fell"
        return "kept" if self.before.points == self.before.max_points else "same"

    @property
    def open(self) -> int:
        """Points missing at the start."""
        return self.before.max_points - self.before.points if self.before else 0

    @property
    def gained(self) -> int:
        return self.after.points - self.before.points if self.before and self.after else 0

    @property
    def gain(self) -> int | None:
        """Percent, see `grading.gain`; None if a score is absent or nothing could be gained."""
        return gain(self.before, self.after) if self.before and self.after else None


def starting_point_in(sittings: Iterable[AttemptScore], outline: Outline) -> PrePostTest:
    sittings = list(sittings)  # of one enrollment
    if not sittings:
        return PrePostTest()
    own = [sitting for sitting in sittings if sitting.exam == outline.pre_check_id and sitting.is_passed is None]
    taken = {sitting.number: sitting.score for sitting in own}
    is_exam_behind = any(sitting.exam == outline.again_after for sitting in sittings)
    return PrePostTest(
        before=taken.get(1),
        after=taken.get(2),  # the sitting with the parallel questions
        may_ask_again=1 in taken and 2 not in taken and is_exam_behind,
    )


PARTS = ("exam__identifier", "number", "points", "max_points", "is_passed")
SITTINGS = CompiledQuery(
    lambda enrollments: (
        ExamAttempt.objects.filter(enrollment__pk__in=enrollments)
        .submitted()
        .order_by("pk")
        .values_list("enrollment", *PARTS)
    )
)


def scores_of(enrollments: Collection[int]) -> dict[int, list[AttemptScore]]:
    """By primary key of the enrollment, oldest first. Runs one query."""
    by_enrollment: dict[int, list[AttemptScore]] = {}
    for enrollment, *sitting in SITTINGS(enrollments=list(enrollments)):
        by_enrollment.setdefault(enrollment, []).append(AttemptScore(*sitting))
    return by_enrollment


def starting_point_of(enrollment: Enrollment, outline: Outline) -> PrePostTest:
    """Runs one query."""
    return starting_point_in(scores_of([enrollment.pk]).get(enrollment.pk, ()), outline)
