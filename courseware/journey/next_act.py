"""Where a person stands in a course and what comes next: one rule, asked by home, record, board and person page."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from django.urls import reverse
from django.utils.translation import gettext

from courseware.assessment.models import Attempt
from courseware.assessment.starting_point import Sitting, StartingPoint, starting_point_in
from courseware.content.compiled.serving import Outline, Step
from courseware.learning.models import Enrollment
from courseware.learning.progress import Progress, progress_with, recorded_by_enrollment


class Act(StrEnum):
    """What may come next; `Journey.next_act` says in which order they are looked for."""

    COMPLETED = "completed"
    WAIVED = "waived"
    FINISH = "finish"  # everything is done, and only the learner's word is missing: see `completing.finish`
    DRILL = "drill"
    BEGIN = "begin"
    GO_ON = "go-on"


@dataclass(frozen=True)
class NextAct:
    """`step` is where it leads: after completion a step that may be done all the same, None where nothing is left."""

    kind: Act
    course_id: str
    step: Step | None

    @property
    def is_asked(self) -> bool:
        """Whether anything is expected of the person."""
        return self.kind not in (Act.COMPLETED, Act.WAIVED)

    @property
    def words(self) -> str:
        """For whoever looks at the person; "" where nothing is asked."""
        if not self.is_asked or self.step is None:
            return ""
        words = gettext("%(exam)s: passed, a drill to do") if self.kind == Act.DRILL else "%(exam)s"
        return words % {"exam": self.step.title}

    @property
    def address(self) -> str:
        return reverse("learning:step", args=[self.course_id, self.step.id]) if self.step else reverse("home")

    @property
    def minutes(self) -> int | None:
        """About how long it takes; None where nobody has said."""
        return self.step.minutes if self.step else None


@dataclass(frozen=True, eq=False)
class Journey:
    """One enrollment and how far it is. `sittings` are the exams and pre-checks handed in, as far as asked for."""

    enrollment: Enrollment
    outline: Outline
    progress: Progress
    sittings: tuple[Sitting, ...] = ()

    @cached_property
    def next_act(self) -> NextAct:
        """The first of the acts that holds."""
        if self.enrollment.completed_at:
            kind = Act.COMPLETED
        elif self.enrollment.waived_at:
            kind = Act.WAIVED
        elif self.progress.is_all_done:
            kind = Act.FINISH
        elif self.is_held_by_drill:
            kind = Act.DRILL
        else:
            kind = Act.GO_ON if self.enrollment.started_at else Act.BEGIN
        exam = self.outline.exam_id
        step = self.outline.step(exam) if exam and kind == Act.DRILL else self.progress.next_step
        return NextAct(kind, self.outline.course_id, step)

    @property
    def is_held_by_drill(self) -> bool:
        """Whether the exam is passed and not done: a drill on a critical rule that was missed comes first."""
        return may_be_held(self.enrollment, self.outline, self.progress) and any(
            sitting.is_passed for sitting in self.sittings if sitting.exam == self.outline.exam_id
        )

    @cached_property
    def starting_point(self) -> StartingPoint:
        """Says something only where all sittings were asked for."""
        return starting_point_in(self.sittings, self.outline)


def may_be_held(enrollment: Enrollment, outline: Outline, progress: Progress) -> bool:
    """Whether an attempt could decide what is next: the exam is open to the learner, and not done."""
    return enrollment.is_open and progress.is_exam_open and outline.exam_id not in progress.done


def journeys(
    enrollments: Collection[Enrollment], outlines: Mapping[int, Outline], *, with_sittings: bool = False
) -> list[Journey]:
    """The journeys of these enrollments, in their order; `outlines` by primary key of the course.

    Runs one query, and one more where attempts decide what is next or all are asked for, however many there are.
    """
    recorded = recorded_by_enrollment(enrollments)
    progresses = {
        each.pk: progress_with(
            recorded[each.pk].done, outlines[each.course_id], has_answered=recorded[each.pk].has_answered
        )
        for each in enrollments
    }
    wanted = [
        each.pk
        for each in enrollments
        if with_sittings or may_be_held(each, outlines[each.course_id], progresses[each.pk])
    ]
    sittings = Attempt.objects.filter(enrollment__in=wanted).sittings() if wanted else {}
    return [
        Journey(each, outlines[each.course_id], progresses[each.pk], tuple(sittings.get(each.pk, ())))
        for each in enrollments
    ]
