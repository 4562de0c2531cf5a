"""Paragraphs of a page: ids for links, and texts for the search."""

import re
from collections.abc import Iterator
from html import unescape
from itertools import count
from typing import Any

from django.utils.html import strip_tags

_BEGINS = re.compile(r"<(p|li|tr|figcaption)>")
_PIECES = re.compile(r'<(?:(?:p|li|tr|figcaption) id="(?P<id>[^"]+)"|(?P<heading>h[2-6])(?: id="[^"]*")?)>')
_IDS = re.compile(r' id="p:[0-9]+"')
_SOURCES = re.compile(r"<sup>.*?</sup>", re.DOTALL)
_SIDE_BY_SIDE = re.compile(r"</(?:td|dt|li|p)>")
_SPACES = re.compile(r"\s+")
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", ord("İ"): "i"}


def new_ids() -> Iterator[str]:
    """Yield p:1, p:2, … without end. No id of a document has a colon."""
    return (f"p:{number}" for number in count(1))


def with_ids(html: str, ids: Iterator[str]) -> str:
    """Return HTML with the next of `ids` (`new_ids`, one per page) on each paragraph, list item, row and caption."""
    return _BEGINS.sub(lambda tag: f'<{tag[1]} id="{next(ids)}">', html)


def paragraph_ids(html: str) -> tuple[str, ...]:
    return tuple(match["id"] for match in _PIECES.finditer(html) if match["id"])


def without_ids(html: str) -> str:
    """Remove paragraph ids, so that HTML can occur a second time on the same page."""
    return _IDS.sub("", html)


def without_sources(html: str) -> str:
    """Remove the numbers of sources, for a page without a list of sources."""
    return _SOURCES.sub("", html)


def paragraphs_on(kind: str, data: dict[str, Any]) -> list[list[str]]:
    """Return [id, kind, heading above, text] of page data in reading order, without questions. `kind`: of the document;
    [] if not lesson, card or simulation. Kinds of paragraphs: text, rule, say, warning, job-role, card, and scene (the
    beginning of a simulation).
    """
    match kind:
        case "lesson":
            return _of_lesson(data["blocks"])
        case "card":
            pieces = [("", data["html"])] + [(text_in(part["title"]), part["html"]) for part in data["sections"]]
            return [[at, "card", title, text] for title, html in pieces for at, _under, text in _cut(html, "")]
        case "simulation":
            return [[at, "scene", under, text] for at, under, text in _cut(data["simulation"]["premise"], "")]
    return []


def _of_lesson(blocks: list[dict[str, Any]]) -> list[list[str]]:
    found, under = [], ""
    for block in blocks:
        under = block["title"] if block["type"] == "check" else under
        for at, heading, text in _cut(block.get("html", ""), under):
            under = heading
            if text:
                found.append([at, block.get("kind", "text"), heading, text])
    return found


def _cut(html: str, under: str) -> Iterator[tuple[str, str, str]]:
    """Yield (id, heading above, text) of each paragraph; of a heading the text is ""."""
    begins = list(_PIECES.finditer(html))
    ends = [*(match.start() for match in begins), len(html)][1:]
    for begin, end in zip(begins, ends, strict=True):
        text = text_in(html[begin.end() : end])
        if begin["heading"]:
            under = text
            yield "", under, ""
        elif text:
            yield begin["id"], under, text


def text_in(html: str) -> str:
    """Return the visible text, without source numbers.

    >>> text_in("<dt>Subject</dt><dd>Leave</dd>")
    'Subject Leave'
    """
    return _SPACES.sub(" ", unescape(strip_tags(without_sources(_SIDE_BY_SIDE.sub(" ", html))))).strip()


def as_searched(text: str) -> str:
    """Return the text in lower case, full-width characters as ASCII. Positions of characters stay the same."""
    return text.translate(_WIDE).lower()
