"""Marked text (inline Markdown): links, images and source marks outside inline code."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_TICKS = re.compile(r"`+")
_LABEL, _TARGET = r"(?:[^\[\]]|\[[^\[\]]*\])*", r"[^\s()]*(?:\([^\s()]*\)[^\s()]*)*"
_LINK = re.compile(rf'(!?)\[({_LABEL})\]\(({_TARGET})(?:[ \t]+"([^"]*)")?[ \t]*\)')
_SOURCE = re.compile(r"\[\^([^\[\]\s]+)\]")


class Link(NamedTuple):
    """`[label](target "title")`, or an image with "!" in front."""

    label: str
    target: str
    title: str
    is_image: bool


def blank_code(text: str) -> str:
    """Return the text with inline code replaced by spaces."""
    return "\n".join(map(_without_code, text.split("\n"))) if "`" in text else text


def _without_code(line: str) -> str:
    pieces, done = [], 0
    for start, end in _code_spans(line):
        pieces += [line[done:start], " " * (end - start)]
        done = end
    return "".join([*pieces, line[done:]])


def _code_spans(line: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of inline code, as in Python-Markdown, but in linear time."""
    ticks = [match.span() for match in _TICKS.finditer(line)]
    lengths = [end - start for start, end in ticks]
    closing = _closing_runs(lengths)
    index = 0
    while index < len(ticks):
        end = closing[index]
        if end:
            yield ticks[index][1] - min(lengths[index], lengths[end]), ticks[end][1]
        index = (end or index) + 1


def _closing_runs(lengths: list[int]) -> list[int]:
    """Return the end of each backtick sequence (by length), or 0: the next equal one, else the longest behind."""
    closing = [0] * len(lengths)
    nearest: dict[int, int] = {}  # length → index of the nearest such sequence behind
    longest = 0
    for index in range(len(lengths) - 1, -1, -1):
        length = lengths[index]
        shorter = longest if longest and lengths[longest] < length else 0
        closing[index] = nearest.get(length, shorter)
        nearest[length] = index
        if not longest or length >= lengths[longest]:
            longest = index
    return closing


def find_links(text: str) -> list[Link]:
    """Return the links and images outside inline code, in reading order."""
    return [Link(match[2], match[3], match[4] or "", match[1] == "!") for match in _LINK.finditer(blank_code(text))]


def find_sources(text: str) -> list[str]:
    """Return the ids of marks such as `[^F-ID-02]`, in reading order."""
    return _SOURCE.findall(blank_code(text))


def plain(text: str) -> str:
    """Return the text without any * _ `, without source marks, link targets, quote and list marks."""
    text = _SOURCE.sub("", text)
    text = _LINK.sub(lambda match: match[2], text)
    return re.sub(r"[*_`]|^[ \t]*(?:>[ \t]?)+|^[ \t]*(?:[-*+]|\d+[.)])[ \t]+", "", text, flags=re.MULTILINE)
