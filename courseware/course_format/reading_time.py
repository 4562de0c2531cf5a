"""Reading time: minutes of steps and of the course, seconds without an action, time limits of decisions."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from courseware.course_format.course import CourseText, RouteStep, other_variants
from courseware.course_format.parsing.blocks import Callout, Figure, Mockup, Prose
from courseware.course_format.parsing.chinese import count_characters, count_words
from courseware.course_format.parsing.lists import Choices
from courseware.course_format.parsing.marked_text import plain
from courseware.course_format.parsing.metadata import CourseMeta, ExamMeta
from courseware.course_format.parsing.mockups import printed_on
from courseware.course_format.parsing.parser import Block, ParsedDocument, Section
from courseware.course_format.questions.question_types import is_for


class Rate(NamedTuple):
    """Chinese characters, and words of other languages, per minute."""

    characters: int
    words: int


ANNOUNCED, SLOW = Rate(350, 200), Rate(250, 130)  # of announced minutes; of seconds without an action
SECONDS_A_QUESTION = 10
CHARACTERS_A_SECOND, WORDS_A_SECOND, TO_DECIDE, STEP = Fraction(9, 2), 3, 8, 5  # of decisions


@dataclass(frozen=True)
class Stretch:
    """Reading without a pause, from `line` on. Only the last one of a lesson may end without an action."""

    line: int
    seconds: float
    ends_in_action: bool


def reading_seconds(text: str, rate: Rate = SLOW) -> float:
    """Return the seconds that a Markdown text takes to read."""
    text = plain(text)
    return 60 * (count_characters(text) / rate.characters + count_words(text, numbers=True) / rate.words)


def minutes_of(course: CourseText, identifier: str, language: str) -> float | None:
    """Return the announced minutes of a step (id): computed for a lesson, else as written or None. Raise `KeyError`."""
    document = course.text(identifier, language)
    if document.kind == "lesson":
        return lesson_minutes(document, job_role_ids(course))
    return getattr(course.source(identifier).meta, "minutes", None)


def lesson_minutes(document: ParsedDocument, job_roles: Iterable[str]) -> float:
    """Return the announced minutes of the one in `job_roles` (ids) that reads most, rounded to halves, at least 0.5."""
    seconds = max((_lesson_seconds(document, job_role) for job_role in job_roles), default=0.0)
    return max(1, round(seconds / 30)) / 2


def _lesson_seconds(document: ParsedDocument, job_role: str) -> float:
    shown = _shown(document, job_role)
    text = "\n".join(piece for section in shown for piece in _texts(section, job_role))
    return reading_seconds(text, ANNOUNCED) + SECONDS_A_QUESTION * sum(each in document.questions for each in shown)


def _texts(section: Section, job_role: str) -> Iterator[str]:
    """Yield all text of a section. Reasons count, because all of them are shown with the right answer."""
    yield section.title
    yield from (_read(block, job_role) for block in section.blocks)
    for item in section.items:
        for each in (item, *item.members):
            # Options of a .mark question repeat pieces of the stem.
            yield each.reason if section.kind == "mark" else f"{each.text}\n{each.reason}"


def decision_seconds(texts: Iterable[str]) -> int:
    """Return the seconds to read and decide between these choices (Markdown), rounded up to fives.
    Do not pass the text above the choices: the clock starts after its reading time.
    """
    text = plain("\n".join(texts))
    characters, words = count_characters(text), count_words(text, numbers=True)
    return STEP * ceil((characters / CHARACTERS_A_SECOND + Fraction(words, WORDS_A_SECOND) + TO_DECIDE) / STEP)


def stretches(document: ParsedDocument, job_role: str) -> list[Stretch]:
    """Return what a job role (id) reads before the options of each question, and after the last. Only the first variant
    of a question counts.
    """
    found: list[Stretch] = []
    start, seconds = 0, 0.0
    for line, length, is_action in _pieces(document, job_role):
        start = start or line
        seconds += length
        if is_action:
            found.append(Stretch(start, seconds, True))
            start, seconds = 0, 0.0
    return [*found, Stretch(start, seconds, False)] if seconds else found


def _pieces(document: ParsedDocument, job_role: str) -> Iterator[tuple[int, float, bool]]:
    for section in _shown(document, job_role):
        yield section.line, reading_seconds(section.title), False
        is_open = section.kind == "open"
        for block in section.blocks:
            if is_open and isinstance(block, Callout):  # a callout ends the stem of an open question
                yield block.line, 0.0, True
                is_open = False
            yield block.line, reading_seconds(_read(block, job_role)), isinstance(block, Choices)
        if is_open:
            yield section.line, 0.0, True


def _read(block: Block, job_role: str) -> str:
    if isinstance(block, Figure):
        return block.caption
    if isinstance(block, Mockup):
        return "\n".join(printed_on(block))
    if isinstance(block, Callout):
        return block.text if is_for(block.tracks, job_role) else ""
    return block.text if isinstance(block, Prose) else ""


def job_role_ids(course: CourseText) -> tuple[str, ...]:
    """Return the ids of the job roles; () if the course document is invalid."""
    return tuple(course.meta.tracks) if course.meta else ()


def _shown(document: ParsedDocument, job_role: str) -> list[Section]:
    others = other_variants(document)  # asked only after wrong answers
    shown = [section for section in document.sections if section.id not in others]
    return [section for section in shown if is_for(section.attrs.get("tracks", "").split(), job_role)]


# The whole course


def is_pre_test(course: CourseText, step: RouteStep) -> bool:
    meta = course.source(step.id).meta
    return isinstance(meta, ExamMeta) and meta.is_pre_check


def exam_on(course: CourseText, meta: CourseMeta, steps: Collection[RouteStep]) -> RouteStep | None:
    """Return the first exam among `steps` that the completion rule of `meta` names, else the first exam, else None.
    Pre-tests do not count.
    """
    exams = [step for step in steps if step.kind == "exam" and not is_pre_test(course, step)]
    return min(exams, key=lambda step: step.id not in meta.completion.passed, default=None)


def required_ids(course: CourseText, meta: CourseMeta, steps: Sequence[RouteStep], exam: RouteStep | None) -> list[str]:
    """Return the ids of required steps in order. `exam`: from `exam_on`; `lessons: all` excludes lessons after it and
    optional ones.
    """
    before = steps[: steps.index(exam)] if exam else steps
    lessons = [step.id for step in before if step.kind == "lesson" and step.id not in course.optional_lessons]
    lessons_done = lessons if meta.completion.lessons == "all" else meta.completion.lessons
    required = {*lessons_done, *meta.completion.passed, *meta.completion.not_red}
    return [step.id for step in steps if step.id in required]


def required_minutes(course: CourseText, language: str) -> float:
    """Return the announced minutes of all required steps; 0 if the course document is invalid."""
    if course.meta is None:
        return 0
    steps = list(course.route)
    required = required_ids(course, course.meta, steps, exam_on(course, course.meta, steps))
    return sum(minutes_of(course, each, language) or 0 for each in required)
