"""Result pages: of exams, with keys after a pass or the last attempt in a row; of pre-tests, by topic with keys."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from courseware.assessment.exams.banks import question_of
from courseware.assessment.exams.eligibility import lesson_of, row_of
from courseware.assessment.exams.grading import points_needed, score_by
from courseware.assessment.exams.objective_scores import ModuleScore, by_module
from courseware.assessment.exams.pre_post_test import scores_of
from courseware.assessment.models import RESPONSES, ExamAttempt, Response
from courseware.content.rendering import store
from courseware.content.rendering.store import Outline, PageData, Step
from courseware.course_format.questions.question_types import Question
from courseware.learning.lessons.question_rendering import TICKED, ShownChoice, ShownQuestion, groups_of, shown_choice


@dataclass(frozen=True)
class Missed:
    """A question not answered right. `lesson` teaches it, under the heading `section` ("": at the start)."""

    question: ShownQuestion
    is_answered: bool
    is_critical: bool
    lesson: Step | None
    section: str


@dataclass(frozen=True)
class Answered:
    question: ShownQuestion
    is_answered: bool


@dataclass(frozen=True)
class Topic:
    """`module`: number of the module that teaches it; `then`, `now`: questions of pre-test and post-test."""

    name: str
    module: int | None
    then: Answered
    now: Answered | None

    @property
    def was_steady(self) -> bool:
        return self.then.question.outcome == "right"

    @property
    def is_steady(self) -> bool:
        return self.now is not None and self.now.question.outcome == "right"


@dataclass(frozen=True)
class Result:
    """`needed`: points to pass; `others`: right answers of a passed attempt; `lessons`: those on missed questions."""

    needed: int | None
    modules: tuple[ModuleScore, ...]
    missed: tuple[Missed, ...]
    others: tuple[Answered, ...]
    lessons: tuple[Step, ...]
    shows_keys: bool


def steps_of_both(then: Outline, now: Outline) -> dict[str, Step]:
    return {step.id: step for step in then.steps if now.find(step.id)}


def right_answers(attempt: ExamAttempt, responses: Iterable[Response], language: str) -> tuple[Answered, ...]:
    right = (response for response in responses if response.is_right)
    return tuple(answered(question_of(attempt, each, language), each) for each in right)


def result_of(attempt: ExamAttempt, exam: PageData, then: Outline, now: Outline) -> Result:
    """Return the result of a submitted attempt. `exam`, `then`: of its release; `now`: current. Runs two queries."""
    responses = RESPONSES(attempt=attempt.pk)
    shows_keys = may_see_keys(attempt, exam)
    lessons = steps_of_both(then, now)
    scores = score_by((each.objective, bool(each.is_right)) for each in responses)

    def missed(response: Response) -> Missed:
        question = question_of(attempt, response, then.language)
        return Missed(
            question=reviewed(question, response, shows_keys),
            is_answered=response.is_answered,
            is_critical=response.is_critical,
            lesson=lessons.get(lesson_of(question, then) or ""),
            section=question.section,
        )

    failed_questions = tuple(missed(response) for response in responses if not response.is_right)
    return Result(
        needed=points_needed(attempt.max_points, attempt.pass_mark) if attempt.pass_mark else None,
        modules=by_module(scores, then),
        missed=failed_questions,
        others=right_answers(attempt, responses, then.language) if attempt.is_passed else (),
        lessons=tuple(step for step in lessons.values() if step in {each.lesson for each in failed_questions}),
        shows_keys=shows_keys,
    )


def may_see_keys(attempt: ExamAttempt, exam: PageData) -> bool:
    """Return whether the exam is passed, or the last attempt in the row of `attempt` is submitted. Runs one query."""
    last = row_of(attempt, exam)[-1]
    scores = scores_of([attempt.enrollment_id]).get(attempt.enrollment_id, ())
    own = [score for score in scores if score.exam == exam.identifier]
    return any(score.number == last or score.is_passed for score in own)


def answered(question: Question, response: Response) -> Answered:
    return Answered(reviewed(question, response, shows_keys=True), response.is_answered)


def reviewed(question: Question, response: Response, shows_keys: bool) -> ShownQuestion:
    return ShownQuestion(
        id=question.id,
        kind=question.kind,
        title=question.title,
        stem=question.stem,
        choices=tuple(reviewed_choices(question, response, shows_keys)),
        groups=groups_of(question),
        is_form=False,
        tries=1,
        outcome="right" if response.is_right else "missed",
        redacted=question.redacted,
        reveals=shows_keys,
    )


def reviewed_choices(question: Question, response: Response, shows_keys: bool) -> Iterator[ShownChoice]:
    given = response.response
    is_ticking = question.kind in TICKED
    if given is None:
        yield from unanswered_choices(question, response) if shows_keys else ()
        return
    positions = given if question.kind == "order" else response.order
    for value, position in enumerate(positions):
        choice = shown_choice(question, position, value, given, shows_keys)
        if shows_keys:
            yield choice
        # Otherwise only chosen options; in `order` and `sort` a reason would reveal wrong positions.
        elif choice.is_chosen:
            yield replace(choice, mark="", shift="", reason=choice.reason if is_ticking else "")


def unanswered_choices(question: Question, response: Response) -> Iterator[ShownChoice]:
    positions = question.key if question.kind == "order" else response.order
    for value, position in enumerate(positions):
        choice = shown_choice(question, position, value, question.key, reveal=True)
        is_key = choice.mark == "right"
        yield replace(choice, is_chosen=False, mark="key" if is_key else "")


# Pre-test and post-test by topic, with reasons


def topics_of(attempts: Sequence[ExamAttempt], language: str) -> tuple[Topic, ...]:
    """Return the topics of a pre-test in question order. `attempts`: submitted, by number. Runs one query for each."""
    if not attempts:
        return ()
    outline = store.outline(attempts[0].release, language)
    then, *again = (answered_by_family(attempt, outline.language) for attempt in attempts)
    now = again[0] if again else {}
    names = topic_names(attempts[0], outline)
    module_of = {objective: module.number for module in outline.modules for objective in module.objectives}
    return tuple(
        Topic(
            name=names.get(family) or taught_by(question, outline),
            module=module_of.get(question.objective),
            then=shown,
            now=now[family][1] if family in now else None,
        )
        for family, (question, shown) in then.items()
    )


def answered_by_family(attempt: ExamAttempt, language: str) -> dict[str, tuple[Question, Answered]]:
    """Return variant group → (question, shown answer). Runs one query."""
    found = {}
    for response in RESPONSES(attempt=attempt.pk):
        question = question_of(attempt, response, language)
        found[question.family] = (question, answered(question, response))
    return found


def topic_names(attempt: ExamAttempt, outline: Outline) -> dict[str, str]:
    """Return variant group → name of the topic, for groups that have one in the banks of the exam."""
    exam = store.page(attempt.release, attempt.exam.identifier, outline.language)
    banks = [section["bank"] for section in exam.data["strata"]]
    pages = (store.page(attempt.release, bank, outline.language) for bank in banks)
    return {family: name for page in pages for family, name in page.data["topics"].items()}


def taught_by(question: Question, outline: Outline) -> str:
    lesson = outline.find(lesson_of(question, outline) or "")
    return lesson.title if lesson else question.objective


def modules_to_practise(topics: Sequence[Topic]) -> list[int]:
    """Return numbers of modules that teach topics missed in the pre-test."""
    return sorted({topic.module for topic in topics if topic.module and not topic.was_steady})
