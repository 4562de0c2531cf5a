"""Figures: SVG that says what it shows, stays legible on a phone, and asks nothing of anybody (WCAG 1.1.1, 1.4.4)."""

from collections.abc import Iterator, Mapping
from xml.parsers import expat

from courseware.language.documents import MEDIA_FOLDER, Problem

# Units of the viewBox. Figures are 400 wide and shown 320 wide on the narrowest screen: 15 become 12 pixels.
MIN_FONT_SIZE = 15

# What a picture never needs, and what the policy of the site would block.
_FORBIDDEN = ("script", "style", "foreignObject", "image", "animate")


def check_figures(files: Mapping[str, bytes]) -> Iterator[Problem]:
    for path, body in sorted(files.items()):
        if path.startswith(MEDIA_FOLDER) and path.endswith(".svg"):
            yield from _Figure(path).read(body)


class _Figure:
    """One SVG, read element by element, as only this reader tells lines."""

    def __init__(self, path: str):
        self.path = path
        self.found: list[Problem] = []
        self.text: dict[str, str] = {}  # title and desc of the drawing → their text
        self.open: list[str] = []  # the elements the parser stands in

    def read(self, body: bytes) -> list[Problem]:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = lambda name: self.open.pop()
        self.parser.CharacterDataHandler = self._take
        self.parser.StartDoctypeDeclHandler = lambda *declared: self._say("a figure has no document type")
        try:
            self.parser.Parse(body, True)
        except expat.ExpatError as error:
            message = f"cannot be read as SVG: {expat.ErrorString(error.code)}"
            return [*self.found, Problem(self.path, error.lineno, message)]
        for name in ("title", "desc"):
            if not self.text.get(name, "").strip():
                self.found.append(Problem(self.path, 1, f"no <{name}>; expected what the figure shows, in words"))
        return self.found

    def _say(self, message: str) -> None:
        self.found.append(Problem(self.path, self.parser.CurrentLineNumber, message))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.open.append(name)
        if len(self.open) == 1 and (name != "svg" or "viewBox" not in attributes):
            self._say("expected an <svg> with a viewBox, so that it grows and shrinks with the page")
        if name in _FORBIDDEN:
            self._say(f"<{name}> has no place in a figure")
        for key, value in attributes.items():
            self._check_attribute(key, value)

    def _check_attribute(self, key: str, value: str) -> None:
        if key == "style" or key.startswith("on"):
            self._say(f'"{key}" has no place in a figure; expected attributes such as fill="…"')
        elif key.endswith("href") and not value.startswith("#"):
            self._say(f'"{value[:40]}" is asked of somebody else; a figure is whole in itself')
        elif key == "font-size" and _number(value) < MIN_FONT_SIZE:
            self._say(f"text of {value} units, expected at least {MIN_FONT_SIZE}: it is read on a phone")

    def _take(self, data: str) -> None:
        if len(self.open) == 2 and self.open[1] in ("title", "desc"):
            self.text[self.open[1]] = self.text.get(self.open[1], "") + data


def _number(value: str) -> float:
    """A length in units of the viewBox; one in other units (em, %) counts as large enough."""
    try:
        return float(value.removesuffix("px"))
    except ValueError:
        return float("inf")
