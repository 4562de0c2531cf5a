"""Markdown to safe HTML, by an allow-list. The parser has cut out headings, callouts and figures before."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from xml.etree.ElementTree import Element

import nh3
from django.utils.html import escape, strip_tags
from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.fenced_code import FencedCodeExtension
from markdown.extensions.sane_lists import SaneListExtension
from markdown.extensions.tables import TableExtension
from markdown.inlinepatterns import InlineProcessor
from markdown.treeprocessors import Treeprocessor

TAGS = {
    "p", "br", "hr", "em", "strong", "code", "pre", "blockquote", "ul", "ol", "li", "a", "sup",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = {"a": {"href"}, "th": {"align"}, "td": {"align"}, "ol": {"start"}}
NOTE_REFERENCE = {"a": {"role": {"doc-noteref"}}}
BREAKING = TAGS - {"em", "strong", "a", "sup"} | {"div"}  # elements that end a line of text; code is left as it is
SCHEMES = {"https", "http", "mailto", "tel"}

# Features of Python-Markdown that docs/formats.md does not have.
UNUSED = {
    "preprocessors": ["html_block"],
    "blocks": ["hashheader", "setextheader"],
    "inline": ["html", "image_link", "image_reference", "short_image_ref", "automail"],
}

_MARKS = re.compile(r"\[\^([^\]\s]+)\]")
_HAN = r"\u2e80-\u30ff\u3100-\u312f\u31a0-\u31bf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
_CHINESE = re.compile(rf"[{_HAN}\U00020000-\U0003ffff]")
_QUOTES = "“”‘’…—·"  # punctuation that Chinese shares with other languages
_BREAK = re.compile(r"[ \t]*\n[ \t]*")


def nowhere(_identifier: str) -> None:
    """Resolve nothing: a link becomes text, a source mark disappears."""


@dataclass(frozen=True)
class Pointers:
    """`link`: URL for `(#id)`, by id; `mark`: number of a source, by its id. Both return None for an unknown id."""

    link: Callable[[str], str | None] = nowhere
    mark: Callable[[str], int | None] = nowhere


class Renderer:
    """Renders the Markdown of one page. Without `pointers`, links to ids become text, and source marks disappear. Not
    thread-safe, because Python-Markdown keeps state.
    """

    def __init__(self, pointers: Pointers | None = None):
        self._markdown = Markdown(
            output_format="html",
            extensions=[
                TableExtension(use_align_attribute=True),  # else it writes style=
                SaneListExtension(),
                FencedCodeExtension(),
                CourseExtension(pointers or Pointers()),
            ],
        )

    def html(self, text: str, name: str = "") -> str:
        """Return block-level HTML. `name` (plain text, or "") describes its tables to screen readers."""
        html = nh3.clean(
            self._markdown.reset().convert(text),
            tags=TAGS,
            attributes=ATTRIBUTES,
            tag_attribute_values=NOTE_REFERENCE,
            url_schemes=SCHEMES,
            link_rel=None,
            clean_content_tags=set(),
        )
        return scrolling_tables(html, name)

    def inline(self, text: str) -> str:
        """Return HTML. If the text is a single paragraph, there is no `<p>` around it."""
        html = self.html(text).strip()
        whole = re.fullmatch(r"<p>(.*)</p>", html, re.DOTALL)
        return whole[1] if whole and "<p>" not in whole[1] else html

    def plain(self, text: str) -> str:
        """Return the visible text of Markdown, without source marks."""
        return unescape(strip_tags(self.inline(_MARKS.sub("", text)))).strip()


def scrolling_tables(html: str, name: str) -> str:
    """Return HTML in which tables scroll. `html`: clean, each "<table>" is a tag. `name`: see `Renderer.html`."""
    # A wide table scrolls by itself, and can be scrolled by keyboard.
    region = f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(name)}"><table>'
    html = html.replace("<table>", region if name else '<div class="scroll"><table>')
    html = html.replace("</table>", "</table></div>")
    return html.replace("<th>", '<th scope="col">').replace("<th align", '<th scope="col" align')


class CourseExtension(Extension):
    def __init__(self, pointers: Pointers):
        super().__init__()
        self.pointers = pointers

    def extendMarkdown(self, md):
        for registry, names in (
            (md.preprocessors, UNUSED["preprocessors"]),
            (md.parser.blockprocessors, UNUSED["blocks"]),
            (md.inlinePatterns, UNUSED["inline"]),
        ):
            for name in names:
                registry.deregister(name)
        # Behind code (190) and escapes (180), before links (170 and less).
        md.inlinePatterns.register(SourceMarks(self.pointers.mark, md), "source_marks", 175)
        # Behind the inline processor (20), which makes the links; before prettify (10), which adds line breaks.
        md.treeprocessors.register(Links(self.pointers.link, md), "links", 16)
        md.treeprocessors.register(ChineseLines(md), "chinese_lines", 15)


class SourceMarks(InlineProcessor):
    """`[^F-ID-02]` becomes a number that links to the source below the page; adjacent marks share one <sup>."""

    def __init__(self, number_of, md):
        super().__init__(r"\s*\[\^[^\]\s]+\](?:\s*\[\^[^\]\s]+\])*", md)
        self.number_of = number_of

    def handleMatch(self, match, data):
        numbers = [number for mark in _MARKS.findall(match[0]) if (number := self.number_of(mark))]
        if not numbers:
            return "", match.start(0), match.end(0)
        sup = Element("sup")
        for number in numbers:
            link = Element("a", {"href": f"#source-{number}", "role": "doc-noteref"})
            link.text = str(number)
            link.tail = ", "
            sup.append(link)
        sup[-1].tail = ""
        return sup, match.start(0), match.end(0)


class Links(Treeprocessor):
    """Resolves `(#id)`. A link with an unknown id or a scheme that is not allowed becomes text."""

    def __init__(self, address_of, md):
        super().__init__(md)
        self.address_of = address_of

    def run(self, root):
        for link in root.iter("a"):
            if link.get("role"):
                continue  # a source mark
            target = link.attrib.pop("href", "")
            link.attrib.pop("title", None)
            address = self.address_of(target[1:]) if target.startswith("#") else target
            if address and (target.startswith("#") or target.partition(":")[0].lower() in SCHEMES):
                link.set("href", address)


class ChineseLines(Treeprocessor):
    """Removes line breaks between two Chinese characters, which browsers would show as spaces."""

    def run(self, root):
        for slots in flows(root):
            text = "".join(getattr(*slot) for slot in slots)
            gone = [match.span() for match in _BREAK.finditer(text) if is_between_chinese(text, *match.span())]
            position = len(text)
            for element, field in reversed(slots):  # from the end, so that earlier positions stay valid
                piece = getattr(element, field)
                position -= len(piece)
                for first, last in reversed(gone):
                    left, right = max(first - position, 0), min(last - position, len(piece))
                    if left < right:
                        piece = piece[:left] + piece[right:]
                setattr(element, field, piece)


def flows(root: Element) -> list[list[tuple[Element, str]]]:
    """Return the texts of a tree as (element, "text" or "tail"), one list per line of text."""
    lists: list[list[tuple[Element, str]]] = [[]]

    def visit(element: Element) -> None:
        if element.tag in BREAKING:
            lists.append([])
        if element.text and element.tag not in ("code", "pre"):
            lists[-1].append((element, "text"))
        for child in element if element.tag != "pre" else ():
            visit(child)
        if element.tag in BREAKING:
            lists.append([])
        if element.tail:
            lists[-1].append((element, "tail"))

    visit(root)
    return [slots for slots in lists if slots]


def is_between_chinese(text: str, start: int, end: int) -> bool:
    """Return `are_joined` of the characters before and after `text[start:end]`; False if one of them does not exist."""
    return start > 0 and end < len(text) and are_joined(text[start - 1], text[end])


def are_joined(left: str, right: str) -> bool:
    """Return whether no space belongs between two characters: Chinese ones, or a Chinese one and shared punctuation."""
    chinese = [bool(_CHINESE.fullmatch(sign)) for sign in (left, right)]
    return all(chinese) or (any(chinese) and (left in _QUOTES or right in _QUOTES))
