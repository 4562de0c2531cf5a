"""How long a lesson takes to read, how long a reader goes without something to do, and how long a decision may take.

Reading rates, for a first reading on a screen: 250 Chinese characters or 130 English words a minute. Between choices
that stand there together one looks faster: 4.5 characters or 3 words a second, and 8 seconds to make up one's mind.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from courseware.language.blocks import Callout, Figure, Prose
from courseware.language.chinese import count_characters, count_words
from courseware.language.course import CourseText
from courseware.language.lists import Choices
from courseware.language.parsing import Block, ParsedDocument, Section
from courseware.language.spans import plain
from courseware.language.tracks import is_for

SECONDS_PER_CHARACTER = 60 / 250
SECONDS_PER_WORD = 60 / 130
CHARACTERS_A_SECOND, WORDS_A_SECOND, TO_DECIDE, STEP = Fraction(9, 2), 3, 8, 5


@dataclass(frozen=True)
class Stretch:
    """Reading without a pause. `line` is where it begins; only the last of a lesson may end without an action."""

    line: int
    seconds: float
    ends_in_action: bool


def reading_seconds(text: str) -> float:
    text = plain(text)
    return count_characters(text) * SECONDS_PER_CHARACTER + count_words(text, numbers=True) * SECONDS_PER_WORD


def decision_seconds(texts: Iterable[str]) -> int:
    """What a clock gives for these choices, rounded up to fives. The lines before them have a time of their own."""
    text = plain("\n".join(texts))
    characters, words = count_characters(text), count_words(text, numbers=True)
    return STEP * ceil((characters / CHARACTERS_A_SECOND + Fraction(words, WORDS_A_SECOND) + TO_DECIDE) / STEP)


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
