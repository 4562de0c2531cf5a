"""Anonymous statistics of lesson and exam questions: first answers to questions of the same shape."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from courseware.assessment.models import Response
from courseware.content.models import Course, Document, ReleaseEntry
from courseware.content.rendering.store import PageData
from courseware.course_format.questions.question_types import Choice, Question, load_question
from courseware.learning.models import Answer
from courseware.lib import dates
from courseware.lib.disclosure import shown_from
from courseware.lib.text.fractions_text import AnonymousShare, anonymous_shares
from courseware.reporting.statistics.group_statistics import Counted, GroupStatisticQuerySet, GroupSum, Subject

CHOSEN = ("one", "several", "mark")  # question types whose response holds positions of choices


@dataclass(frozen=True)
class QuestionSplit:
    """Shares of right answers and of each choice; None and () for too few people or types without choices."""

    question: Question
    people: int
    right: AnonymousShare | None = None
    choices: tuple[tuple[Choice, AnonymousShare], ...] = ()


class GivenAnswer(NamedTuple):
    question: str
    learner: int
    shape: str
    places: list[int]
    is_right: bool
    at: datetime


def question_splits(document: Document, page: PageData, statistics: GroupStatisticQuerySet) -> list[QuestionSplit]:
    """Return the statistics of each graded question, hardest first, questions with too few people last. `document`: a
    lesson or bank; `page`: its page; `statistics`: groups to add up, such as `shown_to(user)`. Runs 1 query.
    """
    # Of lesson questions only the first variant counts: the others are shown after a wrong answer.
    own = page.wordings if page.kind == Document.Kind.LESSON else page.questions
    asked = {subject_of_question(document, each, page.questions[each].shape): page.questions[each] for each in own}
    graded = {subject: each for subject, each in asked.items() if each.kind != "open"}
    found = statistics.summed(document.course_id, graded)
    splits = [split_of_question(each, found[subject]) for subject, each in graded.items()]
    return sorted(splits, key=lambda split: split.right.percent if split.right else 101)


def subject_of_question(document: Document, question: str, shape: str) -> Subject:
    return Subject(f"question/{document.identifier}/{question}", shape)


def split_of_question(question: Question, found: GroupSum) -> QuestionSplit:
    people, numbers = found.people, found.numbers
    if not people:
        return QuestionSplit(question, 0)
    right = AnonymousShare(numbers["right"], people)
    if question.kind not in CHOSEN:
        return QuestionSplit(question, people, right)
    shares = anonymous_shares([numbers[str(position)] for position in range(len(question.choices))], people)
    return QuestionSplit(question, people, right, tuple(zip(question.choices, shares, strict=True)))


def answers_counted(course: Course) -> Iterator[tuple[Subject, list[Counted]]]:
    """Yield (subject, each learner's first answer) for each question and shape. 1 query per lesson, 2 per bank."""
    kinds = {Document.Kind.LESSON.value: given_in_lesson, Document.Kind.BANK.value: given_in_exams}
    for document in Document.objects.filter(course=course, kind__in=kinds).order_by("pk"):
        firsts: defaultdict[Subject, dict[int, Counted]] = defaultdict(dict)
        for each in kinds[document.kind](document):
            of_question = firsts[subject_of_question(document, each.question, each.shape)]
            if each.learner not in of_question:
                day = shown_from(dates.site_day(each.at))
                of_question[each.learner] = Counted(each.learner, day, numbers_of(tuple(each.places), each.is_right))
        for subject, people in firsts.items():
            yield subject, list(people.values())


@lru_cache(10_000)  # a million answers have few different values, so equal ones share a dict
def numbers_of(positions: tuple[int, ...], is_right: bool) -> dict[str, int]:
    return {str(position): 1 for position in positions} | {"right": int(is_right)}


def given_in_lesson(lesson: Document) -> Iterable[GivenAnswer]:
    answers = Answer.objects.filter(document=lesson, is_right__isnull=False).order_by("pk")
    columns = ("question", "enrollment__learner", "shape", "response", "is_right", "answered_at")
    return (GivenAnswer(*row) for row in answers.values_list(*columns).iterator())


def given_in_exams(bank: Document) -> Iterable[GivenAnswer]:
    """Yield responses in submitted attempts, oldest first; a question without a response counts as wrong."""
    shapes = shapes_in(bank)
    submitted = Response.objects.filter(bank=bank, attempt__submitted_at__isnull=False)
    columns = ("question", "attempt__enrollment__learner", "revision", "response", "is_right", "attempt__submitted_at")
    for question, learner, revision, positions, is_right, at in (
        submitted.order_by("attempt__submitted_at", "pk").values_list(*columns).iterator()
    ):
        if shape := shapes.get(revision, {}).get(question, ""):
            yield GivenAnswer(question, learner, shape, positions or [], bool(is_right), at)


def shapes_in(bank: Document) -> dict[int, dict[str, str]]:
    """Return revision id → question id → shape. Runs 1 query."""
    pages = ReleaseEntry.objects.filter(document=bank).values_list("revision_id", "pages__data__questions")
    return {
        revision: {name: load_question(stored).shape for name, stored in asked.items()}
        for revision, asked in pages
        if asked
    }
