"""Checks of prose: Markdown that git hosts show differently or that is not supported (docs/formats.md §4)."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import chain

from courseware.course_format.checks.registry import always
from courseware.course_format.course import CourseText
from courseware.course_format.diagnostics import Diagnostic, Finding
from courseware.course_format.parsing.blocks import Prose, mark_code
from courseware.course_format.parsing.marked_text import blank_code
from courseware.course_format.parsing.parser import ParsedDocument

_BOLD = re.compile(r"\*\*(?=\S)((?:[^*]|\*(?!\*))+)(?<=\S)\*\*")
_HTML = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]*)?/?>|<!--")
_LIST_LINE = re.compile(r"(?P<indent> *)(?:[-*+]|\d{1,3}[.)]) +\S")
_RULES = [
    (re.compile(r"!!!"), Finding("exclamation-marks")),
    (re.compile(r"\[\^[^\]]+\]:"), Finding("source-below-text")),
    (re.compile(r" {0,3}> *#{1,6} "), Finding("heading-in-quote")),
]


@always
def check_prose(course: CourseText) -> Iterator[Diagnostic]:
    """Report Markdown that is not supported, or that git hosts show differently."""
    for _source, document in course.texts():
        for number, finding in (*_lines(document), *chain.from_iterable(map(_lists, document.blocks(Prose)))):
            yield Diagnostic(document.path, number, finding)


def _lines(document: ParsedDocument) -> Iterator[tuple[int, Finding]]:
    before = ""
    for line in document.lines:
        text = blank_code(line.text)
        yield from ((line.number, finding) for pattern, finding in _RULES if pattern.match(text))
        if match := _HTML.search(text):
            yield line.number, Finding("raw-html", html=match[0])
        if re.fullmatch(r"(=+|-+)[ \t]*", text) and before.strip() and not before.startswith(("#", ">")):
            yield line.number, Finding("underlined-heading")
        for bold in _BOLD.finditer(text):
            if not _is_bold_everywhere(text, bold):
                yield line.number, Finding("not-bold", text=bold[0])
        before = text


def _is_bold_everywhere(text: str, bold: re.Match[str]) -> bool:
    """CommonMark 6.2: punctuation just inside the asterisks needs a blank or punctuation just outside them."""
    before, behind = text[: bold.start()][-1:], text[bold.end() :][:1]
    return all(
        not _is_mark(inner) or not outer or outer.isspace() or _is_mark(outer)
        for inner, outer in ((bold[1][0], before), (bold[1][-1], behind))
    )


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _lists(block: Prose) -> Iterator[tuple[int, Finding]]:
    in_list, before = False, ""
    for line in mark_code(enumerate(block.text.split("\n"), start=block.line)):
        item = None if line.is_code else _LIST_LINE.match(line.text)
        if item:
            if in_list and len(item["indent"]) % 4:
                yield line.number, Finding("list-not-indented")
            elif not in_list and before.strip():
                yield line.number, Finding("list-without-blank-line")
            in_list = True
        elif line.text.strip():
            in_list = in_list and line.text.startswith(" ")
        before = line.text
