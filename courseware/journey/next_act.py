"""How far a person is in a course and what they do next: the one rule for home, record, board and person page."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.urls import reverse
from django.utils.functional import cached_property  # Python's own takes a lock each time, until 3.12
from django.utils.translation import gettext

from courseware.assessment.sittings import sittings_of
from courseware.assessment.starting_point import Sitting, StartingPoint, starting_point_in
from courseware.content.compiled.serving import Outline, Step
from courseware.learning.models import Enrollment
from courseware.learning.own_outline import narrowed
from courseware.learning.progress import Progress, progress_with, recorded_by_enrollment


class Act(StrEnum):
    """What may come next; `Journey.next_act` tries them in order."""

    COMPLETED = "completed"
    WAIVED = "waived"
    AWAY = "away"
    FINISH = "finish"  # all is done, and the learner has yet to confirm it: see `completing.finish`
    DRILL = "drill"
    BEGIN = "begin"
    GO_ON = "go-on"


@dataclass(frozen=True)
class NextAct:
    """`step` is where it leads: after completion a step that is still open, None if there is none."""

    kind: Act
    course_id: str
    step: Step | None

    @property
    def is_asked(self) -> bool:
        return self.kind not in (Act.COMPLETED, Act.WAIVED, Act.AWAY)

    @property
    def words(self) -> str:
        if not self.is_asked or self.step is None:
            return ""
        # For a manager, who reads it on the board.
        words = gettext("%(exam)s: passed, a drill to do") if self.kind == Act.DRILL else "%(exam)s"
        return words % {"exam": self.step.title}

    @property
    def address(self) -> str:
        return reverse("learning:step", args=[self.course_id, self.step.id]) if self.step else reverse("home")

    @property
    def minutes(self) -> int | None:
        return self.step.minutes if self.step else None


@dataclass(frozen=True, eq=False)
class Journey:
    """One enrollment and its progress. `sittings` are its submitted attempts, as far as they were loaded."""

    enrollment: Enrollment
    outline: Outline
    progress: Progress
    sittings: tuple[Sitting, ...] = ()

    @cached_property
    def next_act(self) -> NextAct:
        if self.enrollment.completed_at:
            kind = Act.COMPLETED
        elif self.enrollment.waived_at:
            kind = Act.WAIVED
        elif self.enrollment.away_until:
            kind = Act.AWAY
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
        # The exam is passed but not completed: a drill on a critical rule that was missed comes first.
        is_passed = any(sitting.is_passed for sitting in self.sittings if sitting.exam == self.outline.exam_id)
        return is_passed and may_be_held(self.enrollment, self.outline, self.progress)

    @cached_property
    def starting_point(self) -> StartingPoint:
        return starting_point_in(self.sittings, self.outline)  # empty unless all sittings were loaded


def may_be_held(enrollment: Enrollment, outline: Outline, progress: Progress) -> bool:
    # Only then do attempts decide what is next.
    return progress.is_exam_open and outline.exam_id not in progress.done and enrollment.is_open


def journeys(
    enrollments: Collection[Enrollment], outlines: Mapping[int, Outline], *, with_sittings: bool = False
) -> list[Journey]:
    """In the order of the enrollments; `outlines` by primary key of the course.

    Runs one query for any number of them, and a second if attempts decide what is next or `with_sittings` is set.
    """
    recorded = recorded_by_enrollment(enrollments)
    own = {each.pk: narrowed(outlines[each.course_id], each) for each in enrollments}
    progresses = {
        pk: progress_with(recorded[pk].done, outline, has_answered=recorded[pk].has_answered)
        for pk, outline in own.items()
    }
    wanted = [each.pk for each in enrollments if with_sittings or may_be_held(each, own[each.pk], progresses[each.pk])]
    sittings = sittings_of(wanted) if wanted else {}
    return [Journey(each, own[each.pk], progresses[each.pk], tuple(sittings.get(each.pk, ()))) for each in enrollments]
