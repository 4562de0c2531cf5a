"""Progress in a course and the next step: the one rule for home, record, dashboard and person page."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone
from django.utils.functional import cached_property  # Python's own takes a lock each time, until 3.12
from django.utils.translation import ngettext

from courseware.assessment.exams.eligibility import Failed, failed_attempts
from courseware.assessment.exams.practice_sets import OwedPracticeSet, owed_practice_sets
from courseware.assessment.exams.pre_post_test import AttemptScore, PrePostTest, scores_of, starting_point_in
from courseware.content.models import Course
from courseware.content.rendering import store
from courseware.content.rendering.store import Outline, PageData, Step
from courseware.learner_home.actions import CHANGED, Action, NextAction
from courseware.learner_home.in_progress import InProgress, under_way_by_enrollment
from courseware.learning.lessons.changed_lessons import LessonChange, open_changes
from courseware.learning.models import Enrollment
from courseware.learning.status.certification_status import validity_of
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
    """One enrollment as of `at`. `sittings`: submitted attempts, as far as loaded. `failed`: last exam attempt, if it
    decides what is next. `owed`: the drill that holds a passed one. `changes`: changed lessons in route order.
    """

    enrollment: Enrollment
    outline: Outline
    progress: Progress
    at: datetime
    sittings: tuple[AttemptScore, ...] = ()
    under_way: Sequence[InProgress] = ()
    failed: Failed | None = None
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
            or self.drill
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
        # A pre-check that lessons have overtaken is left out, and takes no more answers.
        taken = {self.outline.exam_id, self.outline.pre_check_id if self.progress.is_pre_check_open else None}
        found = next((each for each in self.under_way if not each.is_run and each.step in taken), None)
        return self.act(Action.ATTEMPT, self.outline.step(found.step), under_way=found) if found else None

    @property
    def after_failing(self) -> NextAction | None:
        """Steps to go through again, also while the next attempt is not open; then the wait."""
        if not self.failed or not self.failed.eligibility.reason:
            return None
        eligibility = self.failed.eligibility
        again = tuple(self.outline.step(step) for step in (*eligibility.lessons, *eligibility.simulations))
        if again:
            return self.act(Action.AGAIN, again[0], failed=self.failed, again=again)
        return self.act(Action.WAIT, self.outline.find(self.outline.exam_id or ""), failed=self.failed)

    @property
    def drill(self) -> NextAction | None:
        exam = self.outline.exam_id
        return (
            self.act(Action.DRILL, self.outline.step(exam), drill=self.owed) if exam and self.awaits_practice else None
        )

    @property
    def run(self) -> NextAction | None:
        # One that is played again, or for its own sake, holds nobody up.
        asked = set(self.progress.required) - self.progress.done
        found = next((each for each in self.under_way if each.is_run and each.step in asked), None)
        return self.act(Action.RUN, self.outline.step(found.step), under_way=found) if found else None

    @property
    def holding(self) -> Sequence[LessonChange]:
        """Changes that come before the exam; optional lessons do not."""
        return [each for each in self.changes if not each.step.is_optional]

    @property
    def retake(self) -> NextAction | None:
        found = next((change for change in self.holding if change.check), None)
        return self.act(Action.RETAKE, found.step) if found and not self.is_passed else None

    @property
    def exam(self) -> NextAction | None:
        exam, progress = self.outline.exam_id, self.progress
        is_next = exam in progress.required and may_be_held(self.enrollment, self.outline, progress)
        if exam and is_next and self.holding:
            return self.act(Action.REREAD, self.holding[0].step)
        return self.act(Action.EXAM, self.outline.step(exam)) if exam and is_next else None

    @property
    def on_the_route(self) -> NextAction:
        if self.enrollment.started_at:
            kind = Action.GO_ON
        else:
            is_certified = validity_of(self.enrollment.certified_until, self.at).is_certified
            kind = Action.RENEW if is_certified else Action.BEGIN
        return self.act(kind, self.progress.next_step)

    @property
    def words(self) -> str:
        words, beside = self.next_action.words, len(self.changes) - (self.next_action.kind in CHANGED)
        changed = ngettext("%(number)d updated lesson to read", "%(number)d updated lessons to read", beside)
        return " · ".join(filter(None, [words, changed % {"number": beside} if beside else ""]))

    @property
    def awaits_practice(self) -> bool:
        # The exam is passed but not completed: a drill on a critical rule that was missed comes first.
        return self.is_passed and may_be_held(self.enrollment, self.outline, self.progress)

    @property
    def is_passed(self) -> bool:
        exam = self.outline.exam_id
        # What is done was passed; sittings are loaded where that has yet to be found out.
        return exam in self.progress.done or any(each.is_passed for each in self.sittings if each.exam == exam)

    @cached_property
    def pre_post_test(self) -> PrePostTest:
        return starting_point_in(self.sittings, self.outline)  # empty unless all sittings were loaded


def may_be_held(enrollment: Enrollment, outline: Outline, progress: Progress) -> bool:
    # Only then do attempts decide what is next.
    return progress.is_exam_open and outline.exam_id not in progress.done and enrollment.is_open


def journeys(
    enrollments: Collection[Enrollment],
    outlines: Mapping[int, Outline],
    *,
    with_sittings: bool = False,
    at: datetime | None = None,
) -> list[LearnerProgress]:
    """In the order of the enrollments; `outlines` by course key. A constant number of queries."""
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
    wanted = [each.pk for each in enrollments if with_sittings or may_be_held(each, own[each.pk], progresses[each.pk])]
    sittings = scores_of(wanted) if wanted else {}
    changes = open_changes(enrollments, own)
    found = [
        LearnerProgress(
            each,
            own[each.pk],
            progresses[each.pk],
            at,
            tuple(sittings.get(each.pk, ())),
            tuple(under_way.get(each.pk, ())),
            changes=changes.get(each.pk, ()),
        )
        for each in enrollments
    ]
    return with_practice_sets(with_failed(found, at))


def with_practice_sets(found: list[LearnerProgress]) -> list[LearnerProgress]:
    held = {each.enrollment.pk: exam for each in found if (exam := each.outline.exam_id) and each.awaits_practice}
    owed = owed_practice_sets(held) if held else {}
    return [replace(each, owed=owed[each.enrollment.pk]) if each.enrollment.pk in owed else each for each in found]


def with_failed(found: list[LearnerProgress], at: datetime) -> list[LearnerProgress]:
    waiting = {each.enrollment.pk: each for each in found if has_failed(each)}
    if not waiting:
        return found
    failed = failed_attempts(exams_of(waiting), at)
    return [
        replace(each, failed=failed[each.enrollment.pk]) if each.enrollment.pk in failed else each for each in found
    ]


def has_failed(journey: LearnerProgress) -> bool:
    sat = any(sitting.exam == journey.outline.exam_id for sitting in journey.sittings)
    may = may_be_held(journey.enrollment, journey.outline, journey.progress)
    return sat and may and not journey.is_passed and not journey.not_asked_reason


def exams_of(waiting: Mapping[int, LearnerProgress]) -> dict[int, tuple[Outline, PageData]]:
    keys = {journey.enrollment.course_id for journey in waiting.values()}
    courses = {course.pk: course for course in COURSES(courses=list(keys))}
    exams = {}
    for key, journey in waiting.items():
        release, outline = courses[journey.enrollment.course_id].current, journey.outline
        # A release of this moment may have taken the exam away.
        if release and outline.exam_id and store.outline(release, outline.language).find(outline.exam_id):
            exams[key] = (outline, store.page(release, outline.exam_id, outline.language))
    return exams
