"""Quick tasks, which fit into some minutes: the next step, open steps in course order, then repetitions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext, ngettext

from courseware.content.rendering.store import MINUTES_AGAIN, Step
from courseware.learner_home.actions import PRACTICE_MINUTES, Action
from courseware.learner_home.next_action import LearnerProgress
from courseware.learning.learner_context import LearnerContext
from courseware.learning.lessons.answer_history import minutes_of_rest
from courseware.learning.lessons.course_rendering import lesson_address
from courseware.learning.models import Answer
from courseware.learning.status.progress import job_role_of

BREAKS = (3, 5, 10)  # minutes
MOST = 3  # tasks proposed


class QuickTaskReason(StrEnum):
    NEXT = "next"
    MISSED = "missed"
    LESSON = "lesson"
    PLAY = "play"
    REVIEW = "review"
    PLAY_AGAIN = "play-again"


@dataclass(frozen=True)
class QuickTask:
    """`minutes`: expected duration. `questions`: number to answer again if `why` is MISSED or REVIEW, else 0."""

    why: QuickTaskReason
    step: Step
    minutes: float
    address: str
    questions: int = 0

    @property
    def reason(self) -> str:
        if self.why == QuickTaskReason.MISSED:
            return ngettext(
                "In this lesson, %(number)d question still needs a correct answer.",
                "In this lesson, %(number)d questions still need a correct answer.",
                self.questions,
            ) % {"number": self.questions}
        return {
            QuickTaskReason.NEXT: gettext("This is your next step in the course."),
            QuickTaskReason.LESSON: gettext(
                "This lesson comes later in the course. You can take lessons in any order."
            ),
            QuickTaskReason.PLAY: gettext("You have not completed this simulation yet."),
            QuickTaskReason.REVIEW: gettext(
                "Your last answers to the check questions of this lesson are older than those in your other "
                "lessons. The lesson stays completed."
            ),
            QuickTaskReason.PLAY_AGAIN: gettext(
                "You have completed this simulation, and it stays completed. Play it again and try other choices."
            ),
        }[self.why]

    @property
    def button(self) -> str:
        return {
            QuickTaskReason.NEXT: gettext("Continue"),
            QuickTaskReason.MISSED: gettext("Answer again"),
            QuickTaskReason.LESSON: gettext("Begin"),
            QuickTaskReason.REVIEW: gettext("Practise the check questions again"),
        }.get(self.why, gettext("Open the simulation"))


@dataclass(frozen=True)
class LessonTried:
    """Ids of a lesson's answered questions: `right` at least once, or `missed` so far. `last_at`: last answer."""

    right: frozenset[str]
    missed: tuple[str, ...]
    last_at: datetime

    @property
    def answered(self) -> frozenset[str]:
        return self.right | {*self.missed}


def answered_lessons(enrollment: int) -> dict[str, LessonTried]:
    """Return lesson id → answers in an enrollment (id), for lessons with an answer. Runs 1 query."""
    rows = Answer.objects.filter(enrollment=enrollment).order_by("pk")
    found: dict[str, LessonTried] = {}
    for lesson, question, is_right, at in rows.values_list(
        "document__identifier", "question", "is_right", "answered_at"
    ):
        before = found.get(lesson)
        right, missed = (before.right, before.missed) if before else (frozenset[str](), ())
        if is_right is not False:
            right |= {question}
        missed = tuple(each for each in (*missed, question) if each not in right)
        found[lesson] = LessonTried(right, tuple(dict.fromkeys(missed)), at)
    return found


def proposals(learner_progress: LearnerProgress, tried: Mapping[str, LessonTried], minutes: int) -> list[QuickTask]:
    """Return at most MOST tasks of at most `minutes`, one per step; may be []. `tried`: see `answered_lessons`."""
    fitting = (each for each in all_tasks(learner_progress, tried) if each.minutes <= minutes)
    by_step: dict[str, QuickTask] = {}
    for each in fitting:
        by_step.setdefault(each.step.id, each)
    return list(by_step.values())[:MOST]


def all_tasks(learner_progress: LearnerProgress, tried: Mapping[str, LessonTried]) -> Iterator[QuickTask]:
    yield from next_of(learner_progress, tried)
    yield from questions_missed(learner_progress, tried)
    yield from steps_not_done(learner_progress, tried)
    yield from checks_again(learner_progress, tried)
    yield from simulations_again(learner_progress)


def questions_missed(learner_progress: LearnerProgress, tried: Mapping[str, LessonTried]) -> Iterator[QuickTask]:
    for step in learner_progress.outline.steps:
        if missed := still_asked(learner_progress, step, tried):
            address = f"{lesson_address(learner_progress.outline.course_id, step.id)}#q-{missed[0]}"
            yield QuickTask(QuickTaskReason.MISSED, step, MINUTES_AGAIN * len(missed), address, len(missed))


def steps_not_done(learner_progress: LearnerProgress, tried: Mapping[str, LessonTried]) -> Iterator[QuickTask]:
    """Yield lessons, then simulations, that are not completed and come before the exam; required ones first."""
    steps, done, course = (
        learner_progress.outline.steps,
        learner_progress.progress.done,
        learner_progress.outline.course_id,
    )
    asked_for = [step for step in steps if step.is_required or not (learner_progress.outline.is_short or step.waited)]
    asked_for.sort(key=lambda step: not step.is_required)
    for kind, why in (("lesson", QuickTaskReason.LESSON), ("simulation", QuickTaskReason.PLAY)):
        for step in asked_for:
            if step.kind == kind and step.id not in done and not step.is_after_exam:
                yield QuickTask(why, step, minutes_of(learner_progress, step, tried), lesson_address(course, step.id))


def checks_again(learner_progress: LearnerProgress, tried: Mapping[str, LessonTried]) -> Iterator[QuickTask]:
    """Yield repetitions of the checks of completed lessons, the lesson answered longest ago first."""
    steps, done, course = (
        learner_progress.outline.steps,
        learner_progress.progress.done,
        learner_progress.outline.course_id,
    )
    done_lessons = [step for step in steps if step.kind == "lesson" and step.id in done and step.id in tried]
    for step in sorted(done_lessons, key=lambda step: tried[step.id].last_at):
        if asked := step.check_for(job_role_of(learner_progress.enrollment, learner_progress.outline)):
            address = f"{lesson_address(course, step.id)}?again=check#q-{asked[0].id}"
            yield QuickTask(QuickTaskReason.REVIEW, step, MINUTES_AGAIN * len(asked), address, len(asked))


def simulations_again(learner_progress: LearnerProgress) -> Iterator[QuickTask]:
    steps, done, course = (
        learner_progress.outline.steps,
        learner_progress.progress.done,
        learner_progress.outline.course_id,
    )
    for step in steps:
        if step.kind == "simulation" and step.id in done and not step.waited:
            yield QuickTask(QuickTaskReason.PLAY_AGAIN, step, step.minutes or 0, lesson_address(course, step.id))


def next_of(learner_progress: LearnerProgress, tried: Mapping[str, LessonTried]) -> Iterator[QuickTask]:
    """Yield the task of the next action, if the learner can act now."""
    action = learner_progress.next_action
    if not action.is_asked or not action.step:
        return
    if action.kind == Action.PRACTICE:
        minutes: float = PRACTICE_MINUTES
    elif action.kind == Action.AGAIN and action.step.kind == "lesson":
        minutes = action.step.repeat_minutes
    else:
        minutes = minutes_of(learner_progress, action.step, tried)
    yield QuickTask(QuickTaskReason.NEXT, action.step, minutes, action.address)


def still_asked(learner_progress: LearnerProgress, step: Step, tried: Mapping[str, LessonTried]) -> tuple[str, ...]:
    """Return ids of missed questions of a lesson that are not right yet and are for the learner's job role."""
    if step.id not in tried or not (missed := tried[step.id].missed):
        return ()
    job_role, page = (
        job_role_of(learner_progress.enrollment, learner_progress.outline),
        LearnerContext(learner_progress.enrollment).page(step.id),
    )
    firsts = page.first_variants
    right = {firsts.get(question) for question in tried[step.id].right}
    found = dict.fromkeys(firsts[each] for each in missed if each in firsts and firsts[each] not in right)
    return tuple(each for each in found if page.questions[each].is_for(job_role))


def minutes_of(learner_progress: LearnerProgress, step: Step, tried: Mapping[str, LessonTried]) -> float:
    """Return the expected minutes of a step; of a started lesson, those of the open questions."""
    minutes = step.minutes or 0
    if step.id not in tried:
        return minutes
    job_role = job_role_of(learner_progress.enrollment, learner_progress.outline)
    page = LearnerContext(learner_progress.enrollment).page(step.id)
    asked = {key for key in page.wordings if page.questions[key].is_for(job_role)}
    left = asked - {page.first_variants.get(each) for each in tried[step.id].answered}
    return minutes_of_rest(minutes, len(left), len(asked))
