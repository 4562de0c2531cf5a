"""Find links, figures and source marks in a line of Markdown, outside inline code."""

import re
from typing import NamedTuple

_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
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
    """The text with inline code replaced by spaces, so that positions stay the same."""
    return _CODE.sub(lambda match: " " * len(match[0]), text)


def find_links(text: str) -> list[Link]:
    return [Link(match[2], match[3], match[4] or "", match[1] == "!") for match in _LINK.finditer(blank_code(text))]


def find_sources(text: str) -> list[str]:
    """Ids of source marks such as `[^F-ID-02]`, in reading order."""
    return _SOURCE.findall(blank_code(text))


def plain(text: str) -> str:
    """The text without emphasis, source marks, link targets, quote and list marks."""
    text = _SOURCE.sub("", text)
    text = _LINK.sub(lambda match: match[2], text)
    return re.sub(r"[*_`]|^[ \t]*(?:>[ \t]?)+|^[ \t]*(?:[-*+]|\d+[.)])[ \t]+", "", text, flags=re.MULTILINE)
