"""How long steps and the whole course take, how long a reader has nothing to do, and how long a decision may take.

Announced minutes: 350 Chinese characters or 200 words a minute and 10 seconds a question. Stretches without an action:
a slow reader, 250 or 130 a minute. Decisions: 4.5 characters or 3 words a second and 8 seconds to decide. Announced
minutes are the same for all posts, because dashboards, emails and certificates state them, too.
"""

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
    """Chinese characters, or words of other languages, a minute."""

    characters: int
    words: int


ANNOUNCED, SLOW = Rate(350, 200), Rate(250, 130)
SECONDS_A_QUESTION = 10
CHARACTERS_A_SECOND, WORDS_A_SECOND, TO_DECIDE, STEP = Fraction(9, 2), 3, 8, 5


@dataclass(frozen=True)
class Stretch:
    """Reading without a pause, from `line` on. Only the last of a lesson may end without an action."""

    line: int
    seconds: float
    ends_in_action: bool


def reading_seconds(text: str, rate: Rate = SLOW) -> float:
    text = plain(text)
    return 60 * (count_characters(text) / rate.characters + count_words(text, numbers=True) / rate.words)


def minutes_of(course: CourseText, identifier: str, language: str) -> float | None:
    """Announced minutes: of a lesson computed from its text, in halves; of other steps as written, or None."""
    document = course.text(identifier, language)
    if document.kind == "lesson":
        return lesson_minutes(document, tracks_of(course))
    return getattr(course.source(identifier).meta, "minutes", None)


def lesson_minutes(document: ParsedDocument, tracks: Iterable[str]) -> float:
    """For the track that reads most, rounded to halves; at least 0.5."""
    seconds = max((_lesson_seconds(document, track) for track in tracks), default=0.0)
    return max(1, round(seconds / 30)) / 2


def _lesson_seconds(document: ParsedDocument, track: str) -> float:
    shown = _shown(document, track)
    text = "\n".join(piece for section in shown for piece in _texts(section, track))
    return reading_seconds(text, ANNOUNCED) + SECONDS_A_QUESTION * sum(each in document.questions for each in shown)


def _texts(section: Section, track: str) -> Iterator[str]:
    """All text of a section. Reasons are read, too: all of them are shown with the right answer."""
    yield section.title
    yield from (_read(block, track) for block in section.blocks)
    for item in section.items:
        for each in (item, *item.members):
            # What is to be marked is a piece of the stem.
            yield each.reason if section.kind == "mark" else f"{each.text}\n{each.reason}"


def decision_seconds(texts: Iterable[str]) -> int:
    """Time limit for these choices, rounded up to fives. Lines before them have their own time."""
    text = plain("\n".join(texts))
    characters, words = count_characters(text), count_words(text, numbers=True)
    return STEP * ceil((characters / CHARACTERS_A_SECOND + Fraction(words, WORDS_A_SECOND) + TO_DECIDE) / STEP)


def stretches(document: ParsedDocument, track: str) -> list[Stretch]:
    """What one track reads between the questions of a lesson. Choices and reasons do not count: they are the action."""
    found: list[Stretch] = []
    start, seconds = 0, 0.0
    for line, length, is_action in _pieces(document, track):
        start = start or line
        seconds += length
        if is_action:
            found.append(Stretch(start, seconds, True))
            start, seconds = 0, 0.0
    return [*found, Stretch(start, seconds, False)] if seconds else found


def _pieces(document: ParsedDocument, track: str) -> Iterator[tuple[int, float, bool]]:
    for section in _shown(document, track):
        yield section.line, reading_seconds(section.title), False
        is_open = section.kind == "open"
        for block in section.blocks:
            if is_open and isinstance(block, Callout):  # a callout ends the stem of an open question
                yield block.line, 0.0, True
                is_open = False
            yield block.line, reading_seconds(_read(block, track)), isinstance(block, Choices)
        if is_open:
            yield section.line, 0.0, True


def _read(block: Block, track: str) -> str:
    if isinstance(block, Figure):
        return block.caption
    if isinstance(block, Mockup):
        return "\n".join(printed_on(block))
    if isinstance(block, Callout):
        return block.text if is_for(block.tracks, track) else ""
    return block.text if isinstance(block, Prose) else ""


def tracks_of(course: CourseText) -> tuple[str, ...]:
    return tuple(course.meta.tracks) if course.meta else ()


def _shown(document: ParsedDocument, track: str) -> list[Section]:
    others = other_variants(document)  # are met only after misses
    shown = [section for section in document.sections if section.id not in others]
    return [section for section in shown if is_for(section.attrs.get("tracks", "").split(), track)]


# The whole course


def is_unmarked(course: CourseText, step: RouteStep) -> bool:
    meta = course.source(step.id).meta
    return isinstance(meta, ExamMeta) and meta.is_pre_check


def exam_on(course: CourseText, meta: CourseMeta, steps: Collection[RouteStep]) -> RouteStep | None:
    exams = [step for step in steps if step.kind == "exam" and not is_unmarked(course, step)]
    return min(exams, key=lambda step: step.id not in meta.completion.passed, default=None)


def required_ids(course: CourseText, meta: CourseMeta, steps: Sequence[RouteStep], exam: RouteStep | None) -> list[str]:
    before = steps[: steps.index(exam)] if exam else steps
    lessons = [step.id for step in before if step.kind == "lesson" and step.id not in course.optional_lessons]
    lessons_done = lessons if meta.completion.lessons == "all" else meta.completion.lessons
    required = {*lessons_done, *meta.completion.passed, *meta.completion.not_red}
    return [step.id for step in steps if step.id in required]


def required_minutes(course: CourseText, language: str) -> float:
    if course.meta is None:
        return 0
    steps = list(course.route)
    required = required_ids(course, course.meta, steps, exam_on(course, course.meta, steps))
    return sum(minutes_of(course, each, language) or 0 for each in required)
