"""Speech in a situation: its text cut into lines of speech, narration and example screens (docs/formats.md §4, §7)."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from courseware.course_format.parsing.blocks import PHONE, SCREEN
from courseware.course_format.parsing.braces import cut_braces

_SPOKEN = re.compile(r"\*\*(?P<who>[^*]+)\*\*\s*[：:]\s*(?P<text>.*)", re.DOTALL)
_QUOTE = re.compile(r" {0,3}> ?")
_SCREEN = re.compile(rf"^ {{0,3}}> ?\[!{SCREEN}\b(?P<kind>[^\]\n]*)\]", re.MULTILINE)


class CutLine(NamedTuple):
    """A paragraph in Markdown. `who`: speaker or ""; `condition`: as written or ""; `is_told`: not in a quote."""

    who: str
    text: str
    condition: str = ""
    is_told: bool = False


def cut_speech(text: str) -> tuple[CutLine, ...]:
    """Return the paragraphs of a Markdown text. Quotes are speech (speaker in bold), example screens are one paragraph.
    Example screens of the kind PHONE are left out.
    """
    return tuple(_lines(text))


def cut_narration(text: str) -> tuple[CutLine, ...]:
    """Return the paragraphs of a Markdown text as lines of narration."""
    return tuple(CutLine("", *_conditional(paragraph), is_told=True) for paragraph in _paragraphs(text))


def spoken_together(lines: Iterable[CutLine]) -> Iterator[CutLine]:
    """Yield the lines; successive ones of narration with the same condition are joined to one."""
    for (is_told, condition), group in groupby(lines, lambda line: (line.is_told, line.condition)):
        if is_told:
            yield CutLine("", "\n\n".join(line.text for line in group), condition, is_told=True)
        else:
            yield from group


def without_conditions(text: str) -> str:
    """Return the text without `{if=…}` at the ends of its lines."""
    return "\n".join(_conditional(line)[0] for line in text.split("\n"))


def _lines(text: str) -> Iterator[CutLine]:
    apart = _SCREEN.sub(r"\n\g<0>", text)  # speech directly above an example screen is no part of it
    for is_quote, group in groupby(apart.split("\n"), lambda line: bool(_QUOTE.match(line))):
        if is_quote:
            yield from _quoted("\n".join(group))
        elif narration := "\n".join(group).strip("\n"):
            yield from cut_narration(narration)


def _quoted(text: str) -> Iterator[CutLine]:
    screen = _SCREEN.match(text)
    if not screen:
        yield from map(_speech, _paragraphs("\n".join(_QUOTE.sub("", line, count=1) for line in text.split("\n"))))
    elif screen["kind"].strip() != PHONE:
        yield CutLine("", text)


def _paragraphs(text: str) -> list[str]:
    return [paragraph.strip("\n") for paragraph in re.split(r"\n[ \t]*\n", text) if paragraph.strip()]


def _speech(paragraph: str) -> CutLine:
    text, condition = _conditional(paragraph)
    match = _SPOKEN.fullmatch(text)
    return CutLine(match["who"], match["text"], condition) if match else CutLine("", text, condition)


def _conditional(paragraph: str) -> tuple[str, str]:
    """Return (text, condition) of a paragraph. Braces that hold anything else are text."""
    text, braces, _ = cut_braces(paragraph)
    if list(braces.attrs) != ["if"] or braces.id or braces.kind:
        return paragraph, ""
    return text, braces.attrs["if"]
