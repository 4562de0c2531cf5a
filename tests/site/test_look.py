"""Vendored files are the ones that were packed, and the colours keep their contrasts in light and dark."""

import hashlib
import itertools
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "static"
VENDORED = STATIC / "vendor"
SHEETS = sorted((STATIC / "css").glob("*.css"))

TEXT, CONTROL = 4.5, 3.0  # WCAG 1.4.3, 1.4.11
GROUNDS = ("paper", "card")
DECORATION = {"rule"}  # lines that divide; nothing is told by them
ON_A_GROUND_OF_ITS_OWN = {"on-line"}

BLOCK = re.compile(r"([^{}]+)\{([^{}]*)\}")
TOKEN = re.compile(r"--([\w-]+):\s*(#[0-9a-f]{6})", re.IGNORECASE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def test_vendored_files_are_the_ones_that_were_packed():
    told = dict(reversed(line.split("  ./")) for line in (VENDORED / "SHA256SUMS").read_text().splitlines())
    there = {
        str(file.relative_to(VENDORED)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDORED.rglob("*")
        if file.is_file() and file.name != "SHA256SUMS"
    }
    assert there == told


def rules(sheet):
    """(selector, declarations: property → value) of every rule, those inside media queries too."""
    for selector, body in BLOCK.findall(COMMENT.sub("", sheet.read_text(encoding="utf-8"))):
        pairs = (line.split(":", 1) for line in body.split(";") if ":" in line)
        yield " ".join(selector.split()), {name.strip(): value.strip() for name, value in pairs}


def palettes():
    """The colours of each theme: light, dark as the device wants it, dark as chosen."""
    sheet = COMMENT.sub("", (STATIC / "css" / "site.css").read_text(encoding="utf-8"))
    found = [dict(TOKEN.findall(body)) for _selector, body in BLOCK.findall(sheet)]
    return [palette for palette in found if palette]


def luminance(colour):
    """Relative luminance of "#rrggbb", 0 to 1 (WCAG 2.2)."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def tokens(value, palette):
    return [name for name in re.findall(r"var\(--([\w-]+)", value) if name in palette]


def pairs(palette):
    """(where, foreground token, background token, contrast wanted), read from the rules of all sheets."""
    for sheet in SHEETS:
        for selector, declared in rules(sheet):
            where = f"{sheet.name}: {selector}"
            own = tokens(declared.get("background", "") + declared.get("background-color", ""), palette)
            for colour in tokens(declared.get("color", ""), palette):
                if own or colour not in ON_A_GROUND_OF_ITS_OWN:
                    yield from ((where, colour, ground, TEXT) for ground in own or GROUNDS)
            for name, value in declared.items():
                if re.match(r"border|outline|stroke|accent-color|box-shadow", name):
                    told = [
                        token for token in tokens(value, palette) if token not in DECORATION and token not in GROUNDS
                    ]
                    yield from ((where, *pair, CONTROL) for pair in itertools.product(told, GROUNDS))


@pytest.mark.parametrize("number", range(3))
def test_text_and_controls_stand_out(number):
    palette = palettes()[number]
    faint = {
        f"{where}: --{colour} on --{ground} is {contrast(palette[colour], palette[ground]):.2f}, expected {wanted}"
        for where, colour, ground, wanted in pairs(palette)
        if contrast(palette[colour], palette[ground]) < wanted
    }
    assert faint == set()


def test_dark_is_the_same_whether_the_device_or_the_reader_asks_for_it():
    light, by_device, by_choice = palettes()
    assert by_device == by_choice
    assert set(light) == set(by_device)


def test_contrast_is_counted_as_wcag_does():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
