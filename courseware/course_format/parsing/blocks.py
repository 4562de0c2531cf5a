"""Blocks of a section: prose, callouts, example screens and figures (docs/formats.md §4)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from courseware.course_format.diagnostics import Diagnostic, Finding


class SourceLine(NamedTuple):
    """A line of a file. `number` counts from 1. `is_code`: in fenced code or a fence, where no syntax is recognized."""

    number: int
    text: str
    is_code: bool = False


@dataclass(frozen=True)
class Prose:
    """Ordinary text: paragraphs, quotes (speech), tables, lists, code."""

    text: str
    line: int


@dataclass(frozen=True)
class Callout:
    """`kind`: rule, say, warning or tracks; `tracks`: ids of job roles, not checked; () for other kinds."""

    kind: str
    tracks: tuple[str, ...]
    text: str
    line: int


@dataclass(frozen=True)
class Figure:
    """`src` as written, for example media/ladder.en.svg; `caption` may be empty."""

    src: str
    alt: str
    caption: str
    line: int


@dataclass(frozen=True)
class Mockup:
    """An example screen or floor plan, parsed by `mockups`. `text`: all lines below the one with the kind."""

    kind: str
    text: str
    line: int

    @property
    def source(self) -> str:
        """The block as written in Markdown."""
        return "\n".join(f"> {line}".rstrip() for line in (f"[!{SCREEN} {self.kind}]", *self.text.split("\n")))


TextBlock = Prose | Callout | Figure | Mockup

CALLOUTS = ("rule", "say", "warning")
SCREEN = "screen"
PHONE = "phone"  # an example screen that is shown apart from the lines of speech

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_QUOTE = re.compile(r" {0,3}> ?(.*)")
_CALLOUT = re.compile(r" {0,3}> ?\[!([^\]]*)\][ \t]*(.*)")
_FIGURE = re.compile(r' {0,3}!\[([^\]]*)\]\(([^\s()]+)(?:[ \t]+"(.*)")?[ \t]*\)[ \t]*')


def mark_code(lines: Iterable[tuple[int, str]]) -> list[SourceLine]:
    """Return the lines with `is_code` set. `lines`: (number, text)."""
    marked, fence = [], ""
    for number, text in lines:
        match = _FENCE.match(text)
        if not fence:
            fence = match[1] if match else ""
            marked.append(SourceLine(number, text, bool(match)))
            continue
        marked.append(SourceLine(number, text, True))
        if match and match[1].startswith(fence) and not match[2].strip():
            fence = ""
    return marked


def split(text: str, line: int = 1) -> tuple[TextBlock, ...]:
    """Return the blocks of a Markdown text. `line`: number of its first line."""
    return tuple(cut_blocks(mark_code(enumerate(text.split("\n"), start=line)), "", []))


def cut_blocks(lines: list[SourceLine], path: str, problems: list[Diagnostic]) -> list[TextBlock]:
    """Return the blocks of `lines` (from `mark_code`) in order; append issues, in the file `path`, to `problems`."""
    blocks: list[TextBlock] = []
    prose: list[SourceLine] = []
    position = 0
    while position < len(lines):
        line = lines[position]
        block: Callout | Figure | Mockup | None = None
        length = 1
        if match := _match(_CALLOUT, line):
            block, length = _read_quoted(match, lines[position:])
            if match[2]:
                problems.append(Diagnostic(path, line.number, Finding("text-beside-callout-kind")))
        elif (match := _match(_FIGURE, line)) and _stands_alone(lines, position):
            block = Figure(match[2], match[1].strip(), (match[3] or "").strip(), line.number)
        if block:
            blocks += [*_prose(prose), block]
            prose = []
        else:
            prose.append(line)
        position += length
    return blocks + _prose(prose)


def _match(pattern: re.Pattern[str], line: SourceLine) -> re.Match[str] | None:
    return None if line.is_code else pattern.fullmatch(line.text)


def opens_callout(line: SourceLine) -> bool:
    """Return whether a callout begins in this line; False for an example screen."""
    match = _match(_CALLOUT, line)
    return match is not None and match[1].split()[:1] != [SCREEN]


def _read_quoted(opening: re.Match[str], lines: list[SourceLine]) -> tuple[Callout | Mockup, int]:
    """Return the callout or example screen that starts at `lines[0]`, and its number of lines."""
    text = [opening[2]] if opening[2] else []
    length = 1
    for line in lines[1:]:
        quote = _match(_QUOTE, line)
        if not quote or _match(_CALLOUT, line):
            break
        text.append(quote[1])
        length += 1
    words = tuple(opening[1].split())
    if words[:1] == (SCREEN,):
        return Mockup(" ".join(words[1:]), "\n".join(text), lines[0].number), length
    kind, job_roles = (words[0], ()) if len(words) == 1 and words[0] in CALLOUTS else ("tracks", words)
    return Callout(kind, job_roles, "\n".join(text).strip("\n"), lines[0].number), length


def _stands_alone(lines: list[SourceLine], position: int) -> bool:
    beside = [lines[i].text for i in (position - 1, position + 1) if 0 <= i < len(lines)]
    return not any(text.strip() for text in beside)


def _prose(lines: list[SourceLine]) -> list[Prose]:
    text = join(lines)
    if not text:
        return []
    first = next(line.number for line in lines if line.text.strip())
    return [Prose(text, first)]


def join(lines: list[SourceLine]) -> str:
    """Return the text without blank lines at both ends."""
    start, end = 0, len(lines)
    while start < end and not lines[start].text.strip():
        start += 1
    while end > start and not lines[end - 1].text.strip():
        end -= 1
    return "\n".join(line.text for line in lines[start:end])
