"""Pre-test and post-test: scores before the lessons and after the exam, and the improvement."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from courseware.assessment.exams.grading import Score, gain
from courseware.assessment.models import ExamAttempt
from courseware.content.rendering.store import Outline
from courseware.learning.models import Enrollment
from courseware.lib.db.compiled_query import CompiledQuery


@dataclass(frozen=True)
class AttemptScore:
    """Score of a submitted attempt. `exam`: document id; `is_passed`: None for a pre-test."""

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
    """`before`: score of the pre-test; `after`: of the post-test; `may_ask_again`: the post-test can be started."""

    before: Score | None = None
    after: Score | None = None
    may_ask_again: bool = False

    @property
    def outcome(self) -> str:
        """ "gained", "kept" (all points both times), "same" (as many, not all), "fell", or "" if a score is missing."""
        if not self.before or not self.after:
            return ""
        change = self.after.points - self.before.points
        if change:
            return "gained" if change > 0 else "fell"
        return "kept" if self.before.points == self.before.max_points else "same"

    @property
    def open(self) -> int:
        """Points missing in the pre-test."""
        return self.before.max_points - self.before.points if self.before else 0

    @property
    def gained(self) -> int:
        return self.after.points - self.before.points if self.before and self.after else 0

    @property
    def gain(self) -> int | None:
        """Percent, see `grading.gain`; None if a score is missing or nothing could be gained."""
        return gain(self.before, self.after) if self.before and self.after else None


def starting_point_in(attempts: Iterable[AttemptScore], outline: Outline) -> PrePostTest:
    """Return the pre-test and post-test. `attempts`: all submitted attempts of one enrollment, from `scores_of`."""
    attempts = list(attempts)
    if not attempts:
        return PrePostTest()
    own = [attempt for attempt in attempts if attempt.exam == outline.pre_check_id and attempt.is_passed is None]
    taken = {attempt.number: attempt.score for attempt in own}
    is_exam_behind = any(attempt.exam == outline.again_after for attempt in attempts)
    return PrePostTest(
        before=taken.get(1),
        after=taken.get(2),  # the post-test
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
    """Return enrollment id → scores of submitted attempts at any exam, oldest first; no key if none. Runs one query."""
    by_enrollment: dict[int, list[AttemptScore]] = {}
    for enrollment, *score in SITTINGS(enrollments=list(enrollments)):
        by_enrollment.setdefault(enrollment, []).append(AttemptScore(*score))
    return by_enrollment


def pre_post_test_of(enrollment: Enrollment, outline: Outline) -> PrePostTest:
    """Return the scores of the enrollment's pre-test and post-test. Runs one query."""
    return starting_point_in(scores_of([enrollment.pk]).get(enrollment.pk, ()), outline)
