"""Checks of figures: SVG with a text alternative, legible on a phone, loading nothing (WCAG 1.1.1, 1.4.4)."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from xml.parsers import expat

from courseware.course_format.diagnostic_messages import Field
from courseware.course_format.diagnostics import Diagnostic, Finding
from courseware.course_format.parsing.documents import MEDIA_FOLDER

# Units of the viewBox: 12 pixels on the narrowest screen, where 400 units take 320 pixels.
MIN_FONT_SIZE = 15

# Not needed in a picture, and blocked by the site's Content-Security-Policy.
_FORBIDDEN = ("script", "style", "foreignObject", "image", "animate", "animateMotion", "animateTransform", "set")
_SVG = "http://www.w3.org/2000/svg"
_PAINT_FROM_ELSEWHERE = re.compile(r"""url\(\s*+["']?+(?!#)""", re.IGNORECASE)

# How a file of each kind begins: pattern, name.
_BEGINNINGS = {
    ".avif": (rb".{4}ftypavi[fs]", "AVIF"),
    ".gif": (rb"GIF8[79]a", "GIF"),
    ".jpeg": (rb"\xff\xd8\xff", "JPEG"),
    ".jpg": (rb"\xff\xd8\xff", "JPEG"),
    ".png": (rb"\x89PNG\r\n\x1a\n", "PNG"),
    ".webp": (rb"RIFF.{4}WEBP", "WebP"),
}


def check_figures(files: Mapping[str, bytes]) -> Iterator[Diagnostic]:
    """Report faulty SVG files, and pictures of another kind than their suffix, in media/. `files`: path → content."""
    for path, body in sorted(files.items()):
        if not path.startswith(MEDIA_FOLDER):
            continue
        suffix = PurePosixPath(path).suffix
        if suffix == ".svg":
            yield from _Figure(path).read(body)
        elif suffix in _BEGINNINGS:
            beginning, kind = _BEGINNINGS[suffix]
            if not re.match(beginning, body, re.DOTALL):
                yield Diagnostic(path, 1, Finding("picture-of-another-kind", kind=kind))


class _Figure:
    def __init__(self, path: str):
        self.path = path
        self.found: list[Diagnostic] = []
        self.text: dict[str, str] = {}  # title and desc of the drawing → their text
        self.open: list[str] = []  # names of the elements that are open, outermost first

    def read(self, body: bytes) -> list[Diagnostic]:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = lambda name: self.open.pop()
        self.parser.CharacterDataHandler = self._take
        self.parser.StartDoctypeDeclHandler = lambda *_declared: self._say("drawing-with-doctype")
        self.parser.ProcessingInstructionHandler = lambda name, _data: self._say(
            "forbidden-element", element=f"?{name}"
        )
        try:
            self.parser.Parse(body, True)
        except expat.ExpatError as error:
            finding = Finding("drawing-unreadable", problem=expat.ErrorString(error.code))
            return [*self.found, Diagnostic(self.path, error.lineno, finding)]
        for name in ("title", "desc"):
            if not self.text.get(name, "").strip():
                self.found.append(Diagnostic(self.path, 1, Finding("drawing-without-words", element=name)))
        return self.found

    def _say(self, finding: str, /, **fields: Field) -> None:
        self.found.append(Diagnostic(self.path, self.parser.CurrentLineNumber, Finding(finding, **fields)))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.open.append(name)
        if len(self.open) == 1 and (name != "svg" or "viewBox" not in attributes):
            self._say("drawing-without-viewbox")
        if name in _FORBIDDEN or ":" in name:  # an element with a prefix belongs to another XML language
            self._say("forbidden-element", element=name)
        for key, value in attributes.items():
            self._check_attribute(key, value)

    def _check_attribute(self, key: str, value: str) -> None:
        if key == "style" or key.startswith("on") or (key == "xmlns" and value != _SVG):
            self._say("forbidden-attribute", attribute=key)
        elif (key.endswith("href") and not value.startswith("#")) or _PAINT_FROM_ELSEWHERE.search(value):
            self._say("drawing-asks-elsewhere", target=value)
        elif key == "font-size" and _number(value) < MIN_FONT_SIZE:
            self._say("small-letters", size=value, least=MIN_FONT_SIZE)

    def _take(self, data: str) -> None:
        if len(self.open) == 2 and self.open[1] in ("title", "desc"):
            self.text[self.open[1]] = self.text.get(self.open[1], "") + data


def _number(value: str) -> float:
    """Return a length in units of the viewBox; infinity for other units."""
    try:
        return float(value.removesuffix("px"))
    except ValueError:
        return float("inf")
