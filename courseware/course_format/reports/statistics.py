"""Statistics of one course for the command `content_report`."""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from courseware.course_format.checks.banks import longest_keys, places_of_keys, with_one_key
from courseware.course_format.checks.guessing import GuessedSet, guessed_sets
from courseware.course_format.course import CourseText, ListEntry
from courseware.course_format.parsing.marked_text import find_sources, plain
from courseware.course_format.parsing.metadata import ExamMeta, LessonMeta
from courseware.course_format.parsing.parser import ParsedDocument
from courseware.course_format.questions.question_types import Question
from courseware.course_format.reading_time import job_role_ids, lesson_minutes, minutes_of, required_minutes, stretches
from courseware.course_format.simulations.baseline_players import Played, played_by_all
from courseware.course_format.simulations.parser import make_simulation


class ModuleRow(NamedTuple):
    """A module. `steps`: (title, kind, minutes or None)."""

    title: str
    steps: list[tuple[str, str, float | None]]
    minutes: float


class PointRow(NamedTuple):
    """A syllabus point. `covered_in`: titles of lessons and simulations that cover it by its id, not by its heading."""

    id: str
    text: str
    covered_in: list[str]


class ObjectiveRow(NamedTuple):
    """Numbers of questions: `activities` in lessons outside the check, `in_banks` per bank, `critical` in all banks."""

    id: str
    text: str
    lessons: list[str]
    activities: int
    in_checks: int
    in_banks: list[int]
    critical: int


class ReadingLoad(NamedTuple):
    """A lesson in one language. `longest`: most seconds of reading without an action."""

    minutes: float
    longest: float


class LessonRow(NamedTuple):
    """`actions`: of the job role with fewest; `checked`: the earliest check date of the cited sources, or ""."""

    title: str
    actions: int
    actions_per_minute: float
    languages: list[ReadingLoad]
    checked: str


class KeysRow(NamedTuple):
    """`levels`: number of questions per level. Only of questions for which `has_one_key` is true: `places`, (share of
    keys, share by chance) per position, and `longest`, share of keys per language.
    """

    title: str
    questions: int
    levels: list[int]
    places: list[tuple[float, float]]
    longest: list[float]


class SimulationRow(NamedTuple):
    """`players`: (language, result)."""

    title: str
    players: list[tuple[str, Played]]


class CourseFigures:
    """Statistics of a course. Titles and texts are in `language` or else in the source language."""

    levels = ("recall", "apply", "analyse")

    def __init__(self, course: CourseText, language: str):
        self.course = course
        self.language = language if language in course.languages else course.languages[0]
        self.languages = course.languages
        self.tracks = job_role_ids(course)

    def title(self, identifier: str) -> str:
        return self.course.text(identifier, self.language).title

    @property
    def name(self) -> str:
        return self.title(self.course.id)

    @property
    def question_count(self) -> int:
        return sum(len(self._questions(document)) for document in self.course.of_kind("lesson", "bank"))

    @cached_property
    def modules(self) -> list[ModuleRow]:
        rows = []
        for module in self.course.modules:
            minutes = [minutes_of(self.course, step.id, self.language) for step in module.steps]
            steps = [(self.title(step.id), step.kind, each) for step, each in zip(module.steps, minutes, strict=True)]
            rows.append(ModuleRow(self.title(module.id), steps, sum(filter(None, minutes))))
        return rows

    @property
    def required(self) -> list[tuple[str, float]]:
        """(language, announced minutes of all required steps)."""
        return [(language, required_minutes(self.course, language)) for language in self.languages]

    @property
    def minutes(self) -> float:
        """Announced minutes of all steps, including the pre-test."""
        return sum(module.minutes for module in self.modules)

    @cached_property
    def points(self) -> list[PointRow]:
        titles: dict[str, list[str]] = {}
        for document, meta in self.course.with_meta(LessonMeta):
            for point in meta.covers:
                titles.setdefault(point, []).append(self.title(document.id))
        return [
            PointRow(point.id, self._text(point), covered_in=titles.get(point.id, []))
            for point in self.course.outline.values()
        ]

    @cached_property
    def banks(self) -> list[ParsedDocument]:
        return list(self.course.of_kind("bank"))

    @cached_property
    def objectives(self) -> list[ObjectiveRow]:
        return [self._objective(listed) for listed in self.course.objectives.values()]

    def _objective(self, listed: ListEntry) -> ObjectiveRow:
        documents = list(self.course.of_kind("lesson"))
        checks = [q for one in documents for q in _about(listed.id, self._check(one))]
        asked = [q for one in documents for q in _about(listed.id, self._questions(one))]
        in_banks = [_about(listed.id, self._questions(bank)) for bank in self.banks]
        return ObjectiveRow(
            id=listed.id,
            text=self._text(listed),
            lessons=[self.title(lesson.id) for lesson, meta in self._lessons() if listed.id in meta.objectives],
            activities=len(asked) - len(checks),
            in_checks=len(checks),
            in_banks=list(map(len, in_banks)),
            critical=sum(question.critical for questions in in_banks for question in questions),
        )

    def _questions(self, document: ParsedDocument) -> tuple[Question, ...]:
        return self.course.questions(document.id, self.languages[0])

    def _check(self, lesson: ParsedDocument) -> tuple[Question, ...]:
        return self.course.check_questions(lesson.id, self.languages[0])

    def _text(self, listed: ListEntry) -> str:
        return plain(listed.texts.get(self.language) or next(iter(listed.texts.values()), ""))

    @cached_property
    def lessons(self) -> list[LessonRow]:
        valid = {lesson.id: lesson for lesson, _meta in self._lessons()}
        return [self._lesson(valid[identifier]) for identifier in self._lesson_ids() if identifier in valid]

    def _lessons(self) -> Iterator[tuple[ParsedDocument, LessonMeta]]:
        # A simulation's front matter is a LessonMeta, too.
        return ((lesson, meta) for lesson, meta in self.course.with_meta(LessonMeta) if lesson.kind == "lesson")

    def _lesson_ids(self) -> list[str]:
        return [step.id for step in self.course.route if step.kind == "lesson"]

    def _lesson(self, lesson: ParsedDocument) -> LessonRow:
        actions = min(
            (sum(one.ends_in_action for one in stretches(lesson, job_role)) for job_role in self.tracks), default=0
        )
        languages = []
        for language in self.languages:
            text = self.course.text(lesson.id, language)
            longest = max((one.seconds for job_role in self.tracks for one in stretches(text, job_role)), default=0.0)
            languages.append(ReadingLoad(lesson_minutes(text, self.tracks), longest))
        return LessonRow(
            title=self.title(lesson.id),
            actions=actions,
            actions_per_minute=actions / max(each.minutes for each in languages),
            languages=languages,
            checked=self._oldest(lesson),
        )

    def _oldest(self, lesson: ParsedDocument) -> str:
        cited = {source for line in lesson.lines for source in find_sources(line.text)}
        days = [self.course.sources[one].attrs.get("checked", "") for one in cited if one in self.course.sources]
        return min(filter(None, days), default="")

    @cached_property
    def keys(self) -> list[KeysRow]:
        """Keys in each bank, each exam, and all lessons together, if `has_one_key` is true for a question in them."""
        groups = [(self.title(bank.id), [bank.id]) for bank in self.banks]
        groups += [
            (self.title(exam.id), [exam_section.bank for exam_section in meta.strata])
            for exam, meta in self.course.with_meta(ExamMeta)
        ]
        groups += [(self.title(self.course.id), self._lesson_ids())]
        return [self._keys(title, documents) for title, documents in groups if self._with_key(documents)]

    def _keys(self, title: str, documents: list[str]) -> KeysRow:
        questions = [question for one in documents for question in self.course.questions(one, self.languages[0])]
        levels = Counter(question.level for question in questions)
        return KeysRow(
            title=title,
            questions=len(questions),
            levels=[levels[level] for level in self.levels],
            places=list(places_of_keys(self._with_key(documents)).values()),
            longest=[longest_keys(with_one_key(self.course, documents, each))[0] for each in self.languages],
        )

    def _with_key(self, documents: list[str]) -> list[Question]:
        return with_one_key(self.course, documents, self.languages[0])

    @cached_property
    def simulations(self) -> list[SimulationRow]:
        """Results of the baseline players. Requires a course without errors."""
        return [
            SimulationRow(self.title(document.id), list(self._players(document.id)))
            for document in self.course.of_kind("simulation")
        ]

    def _players(self, identifier: str) -> Iterator[tuple[str, Played]]:
        for language in self.course.documents[identifier]:
            simulation = make_simulation(self.course, identifier, language)
            is_source = language == self.course.source(identifier).language
            for played in played_by_all(simulation, language, is_source=is_source):
                yield language, played

    @cached_property
    def guesses(self) -> list[GuessedSet]:
        """Results of the guessing strategies. Requires a course without errors."""
        return list(guessed_sets(self.course))

    @cached_property
    def oldest_sources(self) -> list[tuple[str, str]]:
        """(date, id) of the sources with the earliest check date. "" (no date) comes before all dates."""
        days = sorted((source.attrs.get("checked", ""), source.id) for source in self.course.sources.values())
        return [(day, source) for day, source in days if day == days[0][0]]


def _about(objective: str, questions: Iterable[Question]) -> list[Question]:
    return [question for question in questions if question.objective == objective]
