"""How far an enrollment is: one rule for home, board, export and exam.

The denominator is `outline.required`, everywhere. What was done and is retired by now is in neither number.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from courseware.content.serving import Outline, Step
from courseware.learning.models import Completion, Enrollment, SurveyReceipt


@dataclass(frozen=True)
class Progress:
    """`done` holds ids of all steps done, required or not; `next_step` is None when nothing on the route is left."""

    done: frozenset[str]
    required: tuple[str, ...]
    next_step: Step | None
    is_exam_open: bool

    @property
    def done_count(self) -> int:
        return len(self.done.intersection(self.required))

    @property
    def total(self) -> int:
        return len(self.required)

    @property
    def percent(self) -> int:
        """Whole percent, rounded down, so that 100 means all; 0 where nothing is required."""
        return 100 * self.done_count // self.total if self.total else 0

    @property
    def is_all_done(self) -> bool:
        return self.total > 0 and self.done_count == self.total


def progress_of(enrollment: Enrollment, outline: Outline) -> Progress:
    """Runs one query."""
    return progress_with(done_documents(enrollment), outline)


def progress_with(done: Iterable[str], outline: Outline) -> Progress:
    """The progress of whoever has done the documents with these ids."""
    done = frozenset(done)
    required = tuple(dict.fromkeys(outline.required))
    return Progress(
        done=done,
        required=required,
        next_step=next((step for step in outline.steps if step.id not in done), None),
        is_exam_open=outline.exam_id is not None and outline.required_lessons <= done,
    )


def done_documents(enrollment: Enrollment) -> frozenset[str]:
    """Ids of the documents completed and the surveys answered. Runs one query."""
    return done_by_enrollment([enrollment])[enrollment.pk]


def done_by_enrollment(enrollments: Collection[Enrollment]) -> dict[int, frozenset[str]]:
    """The same for many: primary key → ids. Runs one query for all of them."""
    of_these = {"enrollment__in": [enrollment.pk for enrollment in enrollments]}
    completed = Completion.objects.filter(**of_these).values_list("enrollment", "document__identifier")
    answered = SurveyReceipt.objects.filter(**of_these).values_list("enrollment", "survey__identifier")
    done = {enrollment.pk: set() for enrollment in enrollments}
    for enrollment, identifier in completed.union(answered):
        done[enrollment].add(identifier)
    return {enrollment: frozenset(identifiers) for enrollment, identifiers in done.items()}


def track_of(enrollment: Enrollment, outline: Outline) -> str:
    """The learner's post; the first of the course for those who have not chosen, or whose post was dropped."""
    return enrollment.track if enrollment.track in outline.tracks else next(iter(outline.tracks), "")
