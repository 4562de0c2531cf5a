"""How long a lesson takes to read, and how long a reader goes without something to do.

Reading rates, for a first reading on a screen: 250 Chinese characters or 130 English words a minute.
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
    """Reading without a pause. `line` is where it begins; only the last of a lesson may end without an action."""

    line: int
    seconds: float
    ends_in_action: bool


def reading_seconds(text: str) -> float:
    text = plain(text)
    return count_characters(text) * SECONDS_PER_CHARACTER + count_words(text, numbers=True) * SECONDS_PER_WORD


def stretches(document: ParsedDocument, track: str) -> list[Stretch]:
    """What a learner of one track reads between the questions of a lesson, in reading order."""
    # Choices are part of the action and reasons come after it, so neither counts. Blocks of other tracks are folded.
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
    """(line, seconds, is_action) for everything a track reads."""
    for section in _shown(document, track):
        yield section.line, reading_seconds(section.title), False
        is_open = section.kind == "open"
        for block in section.blocks:
            if is_open and isinstance(block, Callout):  # a callout ends the stem of an open question
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
    return tuple(course.meta.tracks) if course.meta else ()


def text_load(document: ParsedDocument, track: str) -> float:
    """Seconds to read the text of a lesson without its questions."""
    return sum(
        sum(_block_seconds(block, track) for block in section.after) + reading_seconds(section.title)
        for section in _shown(document, track)
    )


def question_load(document: ParsedDocument, track: str) -> float:
    """Seconds to read the stems and choices of a lesson's questions, without the reasons."""
    return sum(
        reading_seconds(section.stem) + _choice_seconds(section)
        for section in _shown(document, track)
        if section in document.questions
    )


def _shown(document: ParsedDocument, track: str) -> list[Section]:
    return [section for section in document.sections if is_for(section.attrs.get("tracks", "").split(), track)]


def _choice_seconds(section: Section) -> float:
    if section.choices is None or section.kind == "mark":  # its choices are pieces of the stem
        return 0.0
    texts = (text for item in section.items for text in (item.text, *(member.text for member in item.members)))
    return sum(map(reading_seconds, texts))
