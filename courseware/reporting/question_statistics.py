"""How people answer the questions of a lesson or a bank: each person's first answer to each, without names.

Figures about a group, as in `lib.disclosure`. Answers count as long as the shape of their question is the same: a
change of its choices or its key begins a new count.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet

from courseware.assessment.models import Response
from courseware.content.compiled.serving import PageData
from courseware.content.models import Document, ReleaseEntry
from courseware.language.questions import Choice, Question, load_question
from courseware.learning.models import Answer
from courseware.lib import dates
from courseware.lib.disclosure import disclosed, shown_from
from courseware.reporting.shares import Share

CHOSEN = ("one", "several", "mark")  # kinds whose response is the places of what was chosen


@dataclass(frozen=True)
class QuestionSplit:
    """Of the first `people` who answered: how many were right, and how many took which choice.

    Without people enough `right` is None. `choices` is empty also for kinds that are not chosen from.
    """

    question: Question
    people: int
    right: Share | None = None
    choices: tuple[tuple[Choice, Share], ...] = ()


class FirstAnswer(NamedTuple):
    places: list[int]
    is_right: bool


class GivenAnswer(NamedTuple):
    """One answer, as it was given."""

    question: str
    learner: int
    shape: str
    places: list[int]
    is_right: bool
    at: datetime


def question_splits(
    document: Document, page: PageData, people: QuerySet, today: date | None = None
) -> list[QuestionSplit]:
    """Of the answers in the enrollments `people`: the question that most get wrong first, those without figures last.

    Runs one query for a lesson, two for a bank.
    """
    asked = {each.id: each for each in page.questions.values() if each.kind != "open"}
    given = (
        given_in_exams(document, people) if document.kind == Document.Kind.BANK else given_in_lesson(document, people)
    )
    firsts = first_answers(given, {each.id: each.shape for each in asked.values()})
    today = today or dates.site_day()
    splits = [split_of_question(each, disclosed(firsts.get(each.id, {}).values(), today)) for each in asked.values()]
    return sorted(splits, key=lambda split: split.right.percent if split.right else 101)


def given_in_lesson(lesson: Document, people: QuerySet) -> Iterator[GivenAnswer]:
    answers = Answer.objects.filter(document=lesson, enrollment__in=people, is_right__isnull=False).order_by("pk")
    columns = ("question", "enrollment__learner", "shape", "response", "is_right", "answered_at")
    return (GivenAnswer(*row) for row in answers.values_list(*columns).iterator())


def given_in_exams(bank: Document, people: QuerySet) -> Iterator[GivenAnswer]:
    """What was left open counts as wrong, and as none of the choices."""
    shapes = shapes_in(bank)
    handed_in = Response.objects.filter(
        bank=bank, attempt__enrollment__in=people, attempt__submitted_at__isnull=False
    ).order_by("attempt__submitted_at", "pk")
    columns = ("question", "attempt__enrollment__learner", "revision", "response", "is_right", "attempt__submitted_at")
    for question, learner, revision, places, is_right, at in handed_in.values_list(*columns).iterator():
        shape = shapes.get(revision, {}).get(question, "")
        yield GivenAnswer(question, learner, shape, places or [], bool(is_right), at)


def shapes_in(bank: Document) -> dict[int, dict[str, str]]:
    """Primary key of a revision → id of a question → its shape then. Runs one query."""
    pages = ReleaseEntry.objects.filter(document=bank).values_list("revision_id", "pages__data__questions")
    return {revision: {name: shape_of(stored) for name, stored in asked.items()} for revision, asked in pages if asked}


def shape_of(stored: dict[str, Any]) -> str:
    return load_question(stored).shape


def first_answers(
    given: Iterable[GivenAnswer], now: Mapping[str, str]
) -> dict[str, dict[int, tuple[date, FirstAnswer]]]:
    """Id of a question → learner → (shown from, the first answer while it had the shape that it has `now`)."""
    firsts: defaultdict[str, dict[int, tuple[date, FirstAnswer]]] = defaultdict(dict)
    for each in given:
        if each.shape == now.get(each.question):
            day = shown_from(dates.site_day(each.at))
            firsts[each.question].setdefault(each.learner, (day, FirstAnswer(each.places, each.is_right)))
    return firsts


def split_of_question(question: Question, answers: list[FirstAnswer]) -> QuestionSplit:
    people = len(answers)
    if not people:
        return QuestionSplit(question, 0)
    taken = Counter(place for each in answers for place in each.places)
    choices = tuple((choice, Share(taken[place], people)) for place, choice in enumerate(question.choices))
    right = Share(sum(each.is_right for each in answers), people)
    return QuestionSplit(question, people, right, choices if question.kind in CHOSEN else ())
