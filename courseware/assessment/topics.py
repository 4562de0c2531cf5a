"""The starting point by topics: questions before the lessons and after the exam, with reasons."""

from collections.abc import Sequence
from dataclasses import dataclass

from courseware.assessment.banks import question_of
from courseware.assessment.eligibility import lesson_of
from courseware.assessment.models import RESPONSES, Attempt
from courseware.assessment.result_page import Answered, reviewed
from courseware.content.compiled import serving
from courseware.content.compiled.serving import Outline
from courseware.language.questions import Question


@dataclass(frozen=True)
class Topic:
    """A family of questions. `module`: number of the module that teaches it; `then`, `now`: its questions before the
    lessons and after the exam."""

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


def topics_of(attempts: Sequence[Attempt], language: str) -> tuple[Topic, ...]:
    """Of the submitted attempts at a pre-check, in the order of the first. Runs a query for each of at most two."""
    if not attempts:
        return ()
    outline = serving.outline(attempts[0].release, language)
    then, *again = (answered_by_family(attempt, outline.language) for attempt in attempts)
    now = again[0] if again else {}
    names = topic_names(attempts[0], outline)
    module_of = {objective: module.number for module in outline.modules for objective in module.objectives}
    return tuple(
        Topic(
            name=names.get(family) or taught_by(question, outline),
            module=module_of.get(question.objective),
            then=answered,
            now=now[family][1] if family in now else None,
        )
        for family, (question, answered) in then.items()
    )


def answered_by_family(attempt: Attempt, language: str) -> dict[str, tuple[Question, Answered]]:
    found = {}
    for response in RESPONSES(attempt=attempt.pk):
        question = question_of(attempt, response, language)
        shown = reviewed(question, response, shows_keys=True)
        found[question.family] = (question, Answered(shown, response.is_answered))
    return found


def topic_names(attempt: Attempt, outline: Outline) -> dict[str, str]:
    exam = serving.page(attempt.release, attempt.exam.identifier, outline.language)
    banks = [stratum["bank"] for stratum in exam.data["strata"]]
    pages = (serving.page(attempt.release, bank, outline.language) for bank in banks)
    return {family: name for page in pages for family, name in page.data["topics"].items()}


def taught_by(question: Question, outline: Outline) -> str:
    lesson = outline.find(lesson_of(question, outline) or "")
    return lesson.title if lesson else question.objective


def modules_to_practise(topics: Sequence[Topic]) -> list[int]:
    """Numbers of modules that teach what was not right at the start."""
    return sorted({topic.module for topic in topics if topic.module and not topic.was_steady})
