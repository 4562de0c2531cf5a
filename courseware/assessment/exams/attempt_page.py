"""Questions of an attempt as the learner sees them: without key and reasons."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.datastructures import MultiValueDict

from courseware.assessment.exams.banks import question_of
from courseware.assessment.models import RESPONSES, ExamAttempt, Response
from courseware.course_format.questions.question_types import Question
from courseware.learning.lessons.question_rendering import ShownChoice, ShownQuestion, groups_of, raw_in_order
from courseware.lib.web.form_numbers import small_number


@dataclass(frozen=True)
class AttemptQuestion:
    """`saves` goes into the form: an outdated tab sends a lower number."""

    position: int
    question: ShownQuestion
    saves: int
    saved_at: datetime | None
    is_answered: bool
    is_last: bool

    @property
    def anchor(self) -> str:
        return f"q-{self.position}"


def asked_in(attempt: ExamAttempt, language: str) -> list[AttemptQuestion]:
    """By position, with the choices in the order drawn. Runs one query."""
    responses = RESPONSES(attempt=attempt.pk)
    return [
        AttemptQuestion(
            position=response.position,
            question=shown(question_of(attempt, response, language), response),
            saves=response.saves,
            saved_at=response.saved_at,
            is_answered=response.is_answered,
            is_last=response is responses[-1],
        )
        for response in responses
    ]


def shown(question: Question, response: Response) -> ShownQuestion:
    # A form names choices by their place on the page: in `order` and `sort` the place in the file is the key.
    return ShownQuestion(
        id=question.id,
        kind=question.kind,
        title=question.title,
        stem=question.stem,
        choices=tuple(
            filled_in(question, response.response, place, ShownChoice(str(value), question.choices[place].text))
            for value, place in enumerate(response.order)
        ),
        groups=groups_of(question),
        is_form=True,
        tries=0,
        redacted=question.redacted,
    )


def filled_in(question: Question, given: list[int] | None, place: int, choice: ShownChoice) -> ShownChoice:
    if given is None:
        return choice
    if question.kind == "order":
        return replace(choice, number=given.index(place) + 1)
    if question.kind == "sort":
        return replace(choice, group=str(given[place]))
    return replace(choice, is_chosen=place in given)


def raw_answer(attempt: ExamAttempt, response: Response, sent: MultiValueDict) -> list[str]:
    """The form's answer as `attempting.save` takes it: [] for none. Raises ValueError for input that is no answer."""
    if is_empty(sent):
        return []
    # The structure is the same in every language.
    question = question_of(attempt, response, attempt.enrollment.source_language)
    return raw_in_order(question, response.order, sent)


def is_empty(sent: MultiValueDict) -> bool:
    return not any(value for name, value in sent.items() if name == "choice" or name.startswith(("number-", "group-")))


def as_entered(asked: AttemptQuestion, sent: MultiValueDict) -> AttemptQuestion:
    chosen = set(sent.getlist("choice"))
    choices = tuple(
        replace(
            choice,
            is_chosen=choice.value in chosen,
            number=small_number(sent.get(f"number-{choice.value}")),
            group=sent.get(f"group-{choice.value}", ""),
        )
        for choice in asked.question.choices
    )
    return replace(asked, question=replace(asked.question, choices=choices))
