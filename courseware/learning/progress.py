"""How far an enrollment is: one rule for home, board, export and exam.

The denominator is `outline.required`, everywhere. What was done and is retired by now is in neither number.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import CharField, Exists, OuterRef, Value

from courseware.content.compiled.serving import Outline, Step
from courseware.learning.models import Answer, Completion, Enrollment, SurveyReceipt


@dataclass(frozen=True)
class Recorded:
    """`done` holds ids of the documents completed and the surveys answered; `has_answered` a question of a lesson."""

    done: frozenset[str]
    has_answered: bool


@dataclass(frozen=True)
class Progress:
    """`done` holds ids of all steps done, required or not; `next_step` is None when nothing on the route is left.

    `is_pre_check_open`: a starting point may still be taken, because it was not and nothing else is done.
    """

    done: frozenset[str]
    required: tuple[str, ...]
    next_step: Step | None
    is_exam_open: bool
    is_pre_check_open: bool

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
    found = recorded_by_enrollment([enrollment])[enrollment.pk]
    return progress_with(found.done, outline, has_answered=found.has_answered)


def progress_with(done: Iterable[str], outline: Outline, *, has_answered: bool = False) -> Progress:
    """The progress of whoever has done the documents with these ids.

    The pre-check is the next step only for who has done nothing and answered nothing: the first lesson skips it.
    A simulation that does not count is met on the way and never the next step: it holds nobody up.
    """
    done = frozenset(done)
    required = tuple(dict.fromkeys(outline.required))
    is_pre_check_open = outline.pre_check_id is not None and not done
    skipped = outline.pre_check_id if has_answered or not is_pre_check_open else None
    return Progress(
        done=done,
        required=required,
        next_step=next(
            (step for step in outline.steps if step.id not in done and step.id != skipped and not is_beside(step)), None
        ),
        is_exam_open=outline.exam_id is not None and outline.required_lessons <= done,
        is_pre_check_open=is_pre_check_open,
    )


def is_beside(step: Step) -> bool:
    """Whether the step is a simulation for trying out."""
    return step.kind == "simulation" and not step.is_required


def done_documents(enrollment: Enrollment) -> frozenset[str]:
    """Ids of the documents completed and the surveys answered. Runs one query."""
    return recorded_by_enrollment([enrollment])[enrollment.pk].done


def recorded_by_enrollment(enrollments: Collection[Enrollment]) -> dict[int, Recorded]:
    """What each has done, by primary key. Runs one query for all of them."""
    keys = [enrollment.pk for enrollment in enrollments]
    completed = Completion.objects.filter(enrollment__in=keys).values_list("enrollment", "document__identifier")
    surveyed = SurveyReceipt.objects.filter(enrollment__in=keys).values_list("enrollment", "survey__identifier")
    # No document has an empty id: that row says that there are answers.
    answers = Exists(Answer.objects.filter(enrollment=OuterRef("pk")))
    answered = Enrollment.objects.filter(answers, pk__in=keys).values_list("pk", Value("", CharField()))
    found: dict[int, set[str]] = {key: set() for key in keys}
    for enrollment, identifier in completed.union(surveyed, answered):
        found[enrollment].add(identifier)
    return {key: Recorded(frozenset(ids - {""}), "" in ids) for key, ids in found.items()}


def track_of(enrollment: Enrollment, outline: Outline) -> str:
    """The learner's post; the first of the course for those who have not chosen, or whose post was dropped."""
    return enrollment.track if enrollment.track in outline.tracks else next(iter(outline.tracks), "")
