"""Attempt page: questions of an exam attempt without answer keys and reasons, and answers from the form."""

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
    """A question of an attempt, at `position` from 1. `saves`: number of its saves, which the form sends back."""

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
    """Return the questions of the attempt in their order, with the options in the drawn order. Runs one query."""
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
    # Form values are positions on the page: the position in the file is the answer key in `order` and `sort`.
    return ShownQuestion(
        id=question.id,
        kind=question.kind,
        title=question.title,
        stem=question.stem,
        choices=tuple(
            filled_in(question, response.response, position, ShownChoice(str(value), question.choices[position].text))
            for value, position in enumerate(response.order)
        ),
        groups=groups_of(question),
        is_form=True,
        tries=0,
        redacted=question.redacted,
    )


def filled_in(question: Question, given: list[int] | None, position: int, choice: ShownChoice) -> ShownChoice:
    """Return `choice`, the option at `position` in the file, marked as in the saved answer `given` (None: unmarked)."""
    if given is None:
        return choice
    if question.kind == "order":
        return replace(choice, number=given.index(position) + 1)
    if question.kind == "sort":
        return replace(choice, group=str(given[position]))
    return replace(choice, is_chosen=position in given)


def raw_answer(attempt: ExamAttempt, response: Response, sent: MultiValueDict) -> list[str]:
    """Return the answer in the POST data as `attempts.save` takes it; [] for none. Raise ValueError if invalid."""
    if is_empty(sent):
        return []
    # The structure is the same in every language.
    question = question_of(attempt, response, attempt.enrollment.source_language)
    return raw_in_order(question, response.order, sent)


def is_empty(sent: MultiValueDict) -> bool:
    return not any(value for name, value in sent.items() if name == "choice" or name.startswith(("number-", "group-")))


def as_entered(asked: AttemptQuestion, sent: MultiValueDict) -> AttemptQuestion:
    """Return the question with its options marked as in the POST data, valid or not, not as in the saved answer."""
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
