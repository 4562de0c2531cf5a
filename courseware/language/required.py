"""What of a course has to be done, and how long that takes: the one rule for outlines, checker and report."""

from collections.abc import Collection, Sequence

from courseware.language.course import CourseText, RouteStep
from courseware.language.metadata import CourseMeta, ExamMeta
from courseware.language.pace import minutes_of


def is_unmarked(course: CourseText, step: RouteStep) -> bool:
    meta = course.source(step.id).meta
    return isinstance(meta, ExamMeta) and meta.is_pre_check


def exam_on(course: CourseText, meta: CourseMeta, steps: Collection[RouteStep]) -> RouteStep | None:
    exams = [step for step in steps if step.kind == "exam" and not is_unmarked(course, step)]
    return min(exams, key=lambda step: step.id not in meta.completion.passed, default=None)


def required_ids(course: CourseText, meta: CourseMeta, steps: Sequence[RouteStep], exam: RouteStep | None) -> list[str]:
    before = steps[: steps.index(exam)] if exam else steps
    lessons = [step.id for step in before if step.kind == "lesson" and step.id not in course.optional_lessons]
    lessons_done = lessons if meta.completion.lessons == "all" else meta.completion.lessons
    required = {*lessons_done, *meta.completion.passed, *meta.completion.not_red}
    return [step.id for step in steps if step.id in required]


def required_minutes(course: CourseText, language: str) -> float:
    """As learners are told them. Each step says what it takes the post that is shown most, so no post needs more."""
    if course.meta is None:
        return 0
    steps = list(course.route)
    required = required_ids(course, course.meta, steps, exam_on(course, course.meta, steps))
    return sum(minutes_of(course, each, language) or 0 for each in required)
