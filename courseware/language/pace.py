"""How long a lesson takes to read, and how far a reader gets before there is something to do.

The rates are those the course is planned with: 250 Chinese characters or 130 English words a minute, read for the
first time and on a screen.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from courseware.language.blocks import Callout, Figure, Prose
from courseware.language.chinese import count_characters, count_words
from courseware.language.course import CourseText
from courseware.language.lists import Choices
from courseware.language.parsing import Block, ParsedDocument, Section
from courseware.language.spans import plain
from courseware.language.tracks import is_for

SECONDS_PER_CHARACTER = 60 / 250
SECONDS_PER_WORD = 60 / 130


@dataclass(frozen=True)
class Stretch:
    """Reading without a pause. `line` is where it begins; the last of a lesson may end without an action."""

    line: int
    seconds: float
    ends_in_action: bool


def reading_seconds(text: str) -> float:
    """How long Markdown source takes to read."""
    text = plain(text)
    return count_characters(text) * SECONDS_PER_CHARACTER + count_words(text, numbers=True) * SECONDS_PER_WORD


def stretches(document: ParsedDocument, track: str) -> list[Stretch]:
    """What a learner of one track reads between two questions of a lesson, in reading order.

    Choices are part of the action and reasons come after it, so neither counts; another track's blocks are folded.
    """
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
    """Line, seconds and whether it is something to do, of everything a track reads."""
    for section in _shown(document, track):
        yield section.line, reading_seconds(section.title), False
        is_open = section.kind == "open"
        for block in section.blocks:
            if is_open and isinstance(block, Callout):  # what an open question asks ends where a callout begins
                yield block.line, 0.0, True
                is_open = False
            yield block.line, _block_seconds(block, track), isinstance(block, Choices)
        if is_open:
            yield section.line, 0.0, True


def _block_seconds(block: Block, track: str) -> float:
    if isinstance(block, Figure):
        return reading_seconds(block.caption)
    if isinstance(block, Callout):
        return reading_seconds(block.text) if is_for(block.tracks, track) else 0.0
    return reading_seconds(block.text) if isinstance(block, Prose) else 0.0


def tracks_of(course: CourseText) -> tuple[str, ...]:
    """Ids of the tracks of a course."""
    return tuple(course.meta.tracks) if course.meta else ()


def text_load(document: ParsedDocument, track: str) -> float:
    """Seconds that the text of a lesson takes to read, its questions aside."""
    return sum(
        sum(_block_seconds(block, track) for block in section.after) + reading_seconds(section.title)
        for section in _shown(document, track)
    )


def question_load(document: ParsedDocument, track: str) -> float:
    """Seconds that the questions of a lesson take to read: what is asked and the choices, not the reasons."""
    return sum(
        reading_seconds(section.stem) + _choice_seconds(section)
        for section in _shown(document, track)
        if section in document.questions
    )


def _shown(document: ParsedDocument, track: str) -> list[Section]:
    return [section for section in document.sections if is_for(section.attrs.get("tracks", "").split(), track)]


def _choice_seconds(section: Section) -> float:
    if section.choices is None or section.kind == "mark":  # its pieces stand in what is asked
        return 0.0
    texts = (text for item in section.items for text in (item.text, *(one.text for one in item.members)))
    return sum(map(reading_seconds, texts))
