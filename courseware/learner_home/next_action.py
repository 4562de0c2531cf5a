"""Next action and progress in a course: the one rule for home, record, dashboard and person page."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone
from django.utils.functional import cached_property  # Python's own takes a lock each time, until 3.12
from django.utils.translation import ngettext

from courseware.assessment.exams.eligibility import FailedAttempt, failed_attempts
from courseware.assessment.exams.practice_sets import OwedPracticeSet, owed_practice_sets
from courseware.assessment.exams.pre_post_test import AttemptScore, PrePostTest, scores_of, starting_point_in
from courseware.content.models import Course
from courseware.content.rendering import store
from courseware.content.rendering.store import Outline, PageData, Step
from courseware.learner_home.actions import CHANGED, Action, NextAction
from courseware.learner_home.in_progress import InProgress, under_way_by_enrollment
from courseware.learning.lessons.changed_lessons import LessonChange, open_changes
from courseware.learning.models import Enrollment
from courseware.learning.status.certification_status import status_of
from courseware.learning.status.not_asked import FILTERED_BY_PAGE, Reason, not_asked_reason
from courseware.learning.status.progress import Progress, narrowed, progress_with, recorded_by_enrollment
from courseware.lib.db.compiled_query import CompiledQuery

COURSES = CompiledQuery(
    lambda courses: (
        Course.objects.filter(pk__in=courses).select_related("current").only("current__digest", "current__compiler")
    )
)


@dataclass(frozen=True, eq=False)
class LearnerProgress:
    """Progress of one enrollment as of `at`. `changes`: changed lessons. `sittings`: exam results, as far as loaded.
    `failed`: last exam attempt, if it decides what is next. `owed`: practice set still required after a passed exam.
    """

    enrollment: Enrollment
    outline: Outline
    progress: Progress
    at: datetime
    sittings: tuple[AttemptScore, ...] = ()
    under_way: Sequence[InProgress] = ()
    failed: FailedAttempt | None = None
    changes: Sequence[LessonChange] = ()
    owed: OwedPracticeSet | None = None

    @cached_property
    def next_action(self) -> NextAction:
        closed = self.closed
        if closed:
            return self.act(closed, self.progress.next_step)
        return (
            self.attempt
            or self.after_failing
            or self.practice_set
            or self.run
            or self.retake
            or self.exam
            or self.on_the_route
        )

    def act(self, kind: Action | Reason, step: Step | None, **more) -> NextAction:
        return NextAction(kind, self.outline.course_id, step, **more)

    @property
    def closed(self) -> Action | Reason | None:
        return self.not_asked_reason or (Action.FINISH if self.progress.is_all_done else None)

    @cached_property
    def not_asked_reason(self) -> Reason | None:
        return not_asked_reason(self.enrollment, self.at, ignoring=FILTERED_BY_PAGE)

    @property
    def attempt(self) -> NextAction | None:
        # A pre-test is left out once it is no longer open: it takes no more answers.
        taken = {self.outline.exam_id, self.outline.pre_check_id if self.progress.is_pre_check_open else None}
        found = next((each for each in self.under_way if not each.is_run and each.step in taken), None)
        return self.act(Action.ATTEMPT, self.outline.step(found.step), under_way=found) if found else None

    @property
    def after_failing(self) -> NextAction | None:
        """After a failed exam: AGAIN if steps must be repeated, else WAIT; None if nothing bars the next attempt."""
        if not self.failed or not self.failed.eligibility.reason:
            return None
        eligibility = self.failed.eligibility
        again = tuple(self.outline.step(step) for step in (*eligibility.lessons, *eligibility.simulations))
        if again:
            return self.act(Action.AGAIN, again[0], failed=self.failed, again=again)
        return self.act(Action.WAIT, self.outline.find(self.outline.exam_id or ""), failed=self.failed)

    @property
    def practice_set(self) -> NextAction | None:
        exam = self.outline.exam_id
        return (
            self.act(Action.PRACTICE, self.outline.step(exam), practice_set=self.owed)
            if exam and self.awaits_practice
            else None
        )

    @property
    def run(self) -> NextAction | None:
        # A completed or optional simulation does not block.
        asked = set(self.progress.required) - self.progress.done
        found = next((each for each in self.under_way if each.is_run and each.step in asked), None)
        return self.act(Action.RUN, self.outline.step(found.step), under_way=found) if found else None

    @property
    def holding(self) -> Sequence[LessonChange]:
        """Changes to read before the exam; those of optional lessons are left out."""
        return [each for each in self.changes if not each.step.is_optional]

    @property
    def retake(self) -> NextAction | None:
        found = next((change for change in self.holding if change.check), None)
        return self.act(Action.RETAKE, found.step) if found and not self.is_passed else None

    @property
    def exam(self) -> NextAction | None:
        exam, progress = self.outline.exam_id, self.progress
        is_next = exam in progress.required and can_take_exam(self.enrollment, self.outline, progress)
        if exam and is_next and self.holding:
            return self.act(Action.REREAD, self.holding[0].step)
        return self.act(Action.EXAM, self.outline.step(exam)) if exam and is_next else None

    @property
    def on_the_route(self) -> NextAction:
        if self.enrollment.started_at:
            kind = Action.GO_ON
        else:
            is_certified = status_of(self.enrollment.certified_until, self.at).is_certified
            kind = Action.RENEW if is_certified else Action.BEGIN
        return self.act(kind, self.progress.next_step)

    @property
    def words(self) -> str:
        text, others = self.next_action.words, len(self.changes) - (self.next_action.kind in CHANGED)
        changed = ngettext("%(number)d updated lesson to read", "%(number)d updated lessons to read", others)
        return " · ".join(filter(None, [text, changed % {"number": others} if others else ""]))

    @property
    def awaits_practice(self) -> bool:
        # The exam is passed but not completed: a practice set for a missed must-know rule comes first.
        return self.is_passed and can_take_exam(self.enrollment, self.outline, self.progress)

    @property
    def is_passed(self) -> bool:
        exam = self.outline.exam_id
        # A completed exam was passed; results are loaded only for others.
        return exam in self.progress.done or any(each.is_passed for each in self.sittings if each.exam == exam)

    @cached_property
    def pre_post_test(self) -> PrePostTest:
        return starting_point_in(self.sittings, self.outline)  # empty unless all results were loaded


def can_take_exam(enrollment: Enrollment, outline: Outline, progress: Progress) -> bool:
    """Return whether exam and enrollment are open and the exam is not completed. Otherwise attempts decide nothing."""
    return progress.is_exam_open and outline.exam_id not in progress.done and enrollment.is_open


def learner_progress_of(
    enrollments: Collection[Enrollment],
    outlines: Mapping[int, Outline],
    *,
    with_sittings: bool = False,
    at: datetime | None = None,
) -> list[LearnerProgress]:
    """Return progress in the order of the enrollments, at `at` (default: now). Runs a constant number of queries.
    `enrollments`: set `away_until`, else absences do not count. `outlines`: primary key of the course → outline.
    `with_sittings`: load all exam results, not only those that decide what is next.
    """
    at = at or timezone.now()
    recorded = recorded_by_enrollment(enrollments)
    own = {each.pk: narrowed(outlines[each.course_id], each) for each in enrollments}
    progresses = {
        pk: progress_with(recorded[pk].done, outline, has_answered=recorded[pk].has_answered)
        for pk, outline in own.items()
    }
    asked = [each for each in enrollments if not not_asked_reason(each, at, ignoring=FILTERED_BY_PAGE)]
    begun = [each.pk for each in asked if each.started_at]
    under_way = under_way_by_enrollment(begun) if begun else {}
    wanted = [
        each.pk for each in enrollments if with_sittings or can_take_exam(each, own[each.pk], progresses[each.pk])
    ]
    scores = scores_of(wanted) if wanted else {}
    changes = open_changes(enrollments, own)
    found = [
        LearnerProgress(
            each,
            own[each.pk],
            progresses[each.pk],
            at,
            tuple(scores.get(each.pk, ())),
            tuple(under_way.get(each.pk, ())),
            changes=changes.get(each.pk, ()),
        )
        for each in enrollments
    ]
    return with_practice_sets(with_failed(found, at))


def with_practice_sets(found: list[LearnerProgress]) -> list[LearnerProgress]:
    """Return the items, in order, with `owed` filled in. Needs `sittings`. No query if no exam awaits practice."""
    exams = {each.enrollment.pk: exam for each in found if (exam := each.outline.exam_id) and each.awaits_practice}
    owed = owed_practice_sets(exams) if exams else {}
    return [replace(each, owed=owed[each.enrollment.pk]) if each.enrollment.pk in owed else each for each in found]


def with_failed(found: list[LearnerProgress], at: datetime) -> list[LearnerProgress]:
    """Return the items, in order, with `failed` at `at` filled in. Needs `sittings`. No query without failed exams."""
    waiting = {each.enrollment.pk: each for each in found if has_failed(each)}
    if not waiting:
        return found
    failed = failed_attempts(exams_of(waiting), at)
    return [
        replace(each, failed=failed[each.enrollment.pk]) if each.enrollment.pk in failed else each for each in found
    ]


def has_failed(learner_progress: LearnerProgress) -> bool:
    """Return whether `sittings` has only failed results of the exam, the learner must act, and `can_take_exam`."""
    sat = any(score.exam == learner_progress.outline.exam_id for score in learner_progress.sittings)
    may = can_take_exam(learner_progress.enrollment, learner_progress.outline, learner_progress.progress)
    return sat and may and not learner_progress.is_passed and not learner_progress.not_asked_reason


def exams_of(waiting: Mapping[int, LearnerProgress]) -> dict[int, tuple[Outline, PageData]]:
    """Return enrollment id → (outline, exam page), without exams that the course's current release lacks. `waiting`: by
    enrollment id; each course must have a current release and an exam.
    """
    keys = {learner_progress.enrollment.course_id for learner_progress in waiting.values()}
    courses = {course.pk: course for course in COURSES(courses=list(keys))}
    exams = {}
    for key, learner_progress in waiting.items():
        release, outline = courses[learner_progress.enrollment.course_id].current, learner_progress.outline
        # A release published just now may have removed the exam.
        if release and outline.exam_id and store.outline(release, outline.language).find(outline.exam_id):
            exams[key] = (outline, store.page(release, outline.exam_id, outline.language))
    return exams
