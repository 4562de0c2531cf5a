"""Check of question sets against guessing strategies (docs/formats.md §6, §10)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from courseware.course_format.checks.banks import has_one_key, with_one_key
from courseware.course_format.checks.registry import when_complete
from courseware.course_format.course import CourseText
from courseware.course_format.diagnostics import Diagnostic
from courseware.course_format.parsing.metadata import ExamMeta
from courseware.course_format.questions.guessing_strategies import (
    MOST_RIGHT,
    Guessed,
    LearnedStrategy,
    chance_of,
    guessed_by_all,
    reporting_alone,
)
from courseware.course_format.questions.question_types import Question


@dataclass(frozen=True)
class GuessedSet:
    """Questions with one right option that are judged together, in one language. Issues name `document` (id)."""

    name: str
    document: str
    language: str
    questions: list[Question]
    weights: LearnedStrategy = field(repr=False)

    @cached_property
    def guessed(self) -> dict[str, Guessed]:
        return guessed_by_all(self.questions, self.weights, self.language)

    @property
    def columns(self) -> list[Guessed | None]:
        """Result of each strategy in MOST_RIGHT; None for a strategy that does not know the language."""
        return [self.guessed.get(name) for name in MOST_RIGHT]

    @property
    def chance(self) -> float:
        return chance_of(self.questions)

    @property
    def reporting_alone(self) -> tuple[int, int] | None:
        return reporting_alone(self.questions, self.language)


@when_complete
def check_guessers(course: CourseText) -> Iterator[Diagnostic]:
    """Report sets of questions if a guessing strategy answers too many of them."""
    for one in guessed_sets(course):
        for guessed in one.guessed.values():
            if guessed.is_beyond:
                fields = {"share": guessed.percent, "count": guessed.count, "most": guessed.most_percent}
                yield course.documents[one.document][one.language].problem(
                    1, "guessed-untaught", guesser=guessed.guesser, name=one.name, **fields
                )


def guessed_sets(course: CourseText) -> Iterator[GuessedSet]:
    """Yield the question sets of a course without errors, per language: exams, practice sets, lesson checks, …"""
    everything = [document.id for document in course.of_kind("lesson", "bank")]
    for language in course.languages:
        weights = LearnedStrategy(with_one_key(course, everything, language))
        for name, document, questions in _sets(course, language):
            if questions and language in course.documents[document]:
                yield GuessedSet(name, document, language, questions, weights)


def _sets(course: CourseText, language: str) -> Iterator[tuple[str, str, list[Question]]]:
    """Yield (name, document id, questions). There may be no questions."""
    extra: dict[str, list[Question]] = {}  # document id → questions of pre-tests and practice sets
    for exam, meta in course.with_meta(ExamMeta):
        drawn = with_one_key(course, [*dict.fromkeys(exam_section.bank for exam_section in meta.strata)], language)
        yield exam.id, exam.id, drawn
        if meta.is_pre_check:
            extra[exam.id] = drawn
        if meta.critical_drill and (bank := meta.critical_drill.bank) in course.documents:
            extra[bank] = with_one_key(course, [bank], language)
            yield bank, bank, extra[bank]
    yield from _sets_of_the_course(course, language, extra)


def _sets_of_the_course(
    course: CourseText, language: str, extra: dict[str, list[Question]]
) -> Iterator[tuple[str, str, list[Question]]]:
    banks = [bank.id for bank in course.of_kind("bank")]
    critical = [question for question in with_one_key(course, banks, language) if question.critical]
    for document in course.of_kind("course"):
        yield "checks of lessons", document.id, _checks(course, language)
        yield "critical questions", document.id, critical
        if len(extra) > 1:
            yield " + ".join(extra), document.id, [each for questions in extra.values() for each in questions]


def _checks(course: CourseText, language: str) -> list[Question]:
    lessons = [lesson.id for lesson in course.of_kind("lesson") if language in course.documents[lesson.id]]
    return [each for lesson in lessons for each in course.check_questions(lesson, language) if has_one_key(each)]
