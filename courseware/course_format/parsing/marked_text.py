"""Find links, figures and source marks in a line of Markdown, outside inline code."""

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
    """The text with inline code replaced by spaces."""
    return "\n".join(map(_without_code, text.split("\n"))) if "`" in text else text


def _without_code(line: str) -> str:
    pieces, done = [], 0
    for start, end in _code_spans(line):
        pieces += [line[done:start], " " * (end - start)]
        done = end
    return "".join([*pieces, line[done:]])


def _code_spans(line: str) -> Iterator[tuple[int, int]]:
    """(start, end) of inline code, like Python-Markdown, but in linear time."""
    runs = [match.span() for match in _TICKS.finditer(line)]
    lengths = [end - start for start, end in runs]
    closing = _closing_runs(lengths)
    place = 0
    while place < len(runs):
        end = closing[place]
        if end:
            yield runs[place][1] - min(lengths[place], lengths[end]), runs[end][1]
        place = (end or place) + 1


def _closing_runs(lengths: list[int]) -> list[int]:
    """For each run of backticks its closing run, or 0: the next of equal length, else the longest behind."""
    closing = [0] * len(lengths)
    nearest: dict[int, int] = {}  # length → place of the nearest such run behind
    longest = 0
    for place in range(len(lengths) - 1, -1, -1):
        length = lengths[place]
        shorter = longest if longest and lengths[longest] < length else 0
        closing[place] = nearest.get(length, shorter)
        nearest[length] = place
        if not longest or length >= lengths[longest]:
            longest = place
    return closing


def find_links(text: str) -> list[Link]:
    return [Link(match[2], match[3], match[4] or "", match[1] == "!") for match in _LINK.finditer(blank_code(text))]


def find_sources(text: str) -> list[str]:
    """Ids of marks such as `[^F-ID-02]`, in reading order."""
    return _SOURCE.findall(blank_code(text))


def plain(text: str) -> str:
    """The text without emphasis, source marks, link targets, quote and list marks."""
    text = _SOURCE.sub("", text)
    text = _LINK.sub(lambda match: match[2], text)
    return re.sub(r"[*_`]|^[ \t]*(?:>[ \t]?)+|^[ \t]*(?:[-*+]|\d+[.)])[ \t]+", "", text, flags=re.MULTILINE)
