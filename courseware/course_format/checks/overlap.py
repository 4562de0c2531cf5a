"""Check of overlap with other texts: sentences with equal words in a row, ignoring punctuation."""

import re
from collections.abc import Iterator, Mapping
from itertools import groupby

from courseware.course_format.course import CourseText
from courseware.course_format.diagnostics import Diagnostic
from courseware.course_format.parsing.chinese import HAN, has_characters
from courseware.course_format.parsing.marked_text import plain

WORDS, CHARACTERS = 8, 12

_SENTENCE = re.compile(r"[.!?;|](?=\s|$)|[。！？；|\n]")
_TOKEN = re.compile(rf"[{HAN}]|[^\W_{HAN}]+(?:['’.-][^\W_{HAN}]+)*")
_MARKUP = re.compile(r"\{[^}]*\}")


def check_overlap(course: CourseText, texts: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Report lines, except in lists of sources, that share WORDS words or CHARACTERS Chinese characters in a row with
    one of `texts` (name → text).
    """
    known = {sequence: name for name, text in texts.items() for sequence in _runs(text)}
    for _source, document in course.texts():
        for line in document.lines if document.kind != "sources" else ():  # these quote titles
            sequence = next((sequence for sequence in _runs(line.text) if sequence in known), None)
            if sequence:
                shown = ("" if has_characters(sequence[0]) else " ").join(sequence)
                yield document.problem(line.number, "borrowed-words", words=shown, text=known[sequence])


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    for sentence in _SENTENCE.split(plain(_MARKUP.sub("", text))):
        tokens = _TOKEN.findall(sentence.lower())
        for is_han, group in groupby(tokens, has_characters):
            stretch, length = list(group), CHARACTERS if is_han else WORDS
            yield from (tuple(stretch[i : i + length]) for i in range(len(stretch) - length + 1))
