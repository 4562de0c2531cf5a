"""Vendored files are unchanged; colours keep their contrasts in light and dark mode."""

import hashlib
import itertools
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "static"
VENDORED = STATIC / "vendor"
SHEETS = sorted((STATIC / "css").glob("*.css"))
SITE_SHEETS = [sheet.name for sheet in SHEETS if sheet.name not in ("admin.css", "editor.css")]  # in Django's colours

TEXT, CONTROL = 4.5, 3.0  # WCAG 1.4.3, 1.4.11
BACKGROUNDS = ("paper", "card")
DECORATION = {"rule"}  # dividing lines without information
TOO_NEW = ("color-mix(", "@container", "@layer", "&", "dvh", "oklch(")  # for the oldest browsers of the README
WITH_OWN_BACKGROUND = {"on-line"}

BLOCK = re.compile(r"([^{}]+)\{([^{}]*)\}")
COLOUR = r"(#[0-9a-f]{6})"
TOKEN = re.compile(rf"--([\w-]+):\s*{COLOUR}", re.IGNORECASE)
LIGHT_DARK = re.compile(rf"--([\w-]+): light-dark\({COLOUR}, {COLOUR}\)", re.IGNORECASE)
SUPPORTED = "@supports (color: light-dark(#fff, #000))"
WITHIN = re.compile(r"\([^()]*(?:\([^()]*\)[^()]*)*\)")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def test_vendored_files_match_checksums():
    expected = dict(reversed(line.split("  ./")) for line in (VENDORED / "SHA256SUMS").read_text().splitlines())
    there = {
        str(file.relative_to(VENDORED)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDORED.rglob("*")
        if file.is_file() and file.name != "SHA256SUMS"
    }
    assert there == expected


def rules(sheet):
    """(selector, declarations: property → value) of every rule, those inside media queries too."""
    for selector, body in BLOCK.findall(COMMENT.sub("", sheet.read_text(encoding="utf-8"))):
        pairs = (line.split(":", 1) for line in body.split(";") if ":" in line)
        yield " ".join(selector.split()), {name.strip(): value.strip() for name, value in pairs}


def without_support(css):
    """CSS that a browser without `light-dark()` uses: all but the blocks that test for it."""
    kept, place = "", 0
    while (start := css.find(SUPPORTED, place)) >= 0:
        kept, depth, place = kept + css[place:start], 1, css.index("{", start) + 1
        while depth:
            depth += {"{": 1, "}": -1}.get(css[place], 0)
            place += 1
    return kept + css[place:]


def read(name):
    return COMMENT.sub("", (STATIC / "css" / name).read_text(encoding="utf-8"))


def palettes():
    """Colours of each look: without `light-dark()`, light, dark, and simulations."""
    css = read("site.css")
    outside = css.replace("@media print", SUPPORTED)  # what is printed is black on white
    both = LIGHT_DARK.findall(css)
    dark = {name: dark for name, _light, dark in both}
    return {
        "only light": dict(TOKEN.findall(without_support(outside))),
        "light": {name: light for name, light, _dark in both},
        "dark": dark,
        "floor": dark | dict(TOKEN.findall(read("simulations.css"))),
    }


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
                if own or colour not in WITH_OWN_BACKGROUND:
                    yield from ((where, colour, ground, TEXT) for ground in own or BACKGROUNDS)
            for name, value in declared.items():
                if re.match(r"border|outline|stroke|accent-color|box-shadow", name):
                    foregrounds = [
                        token
                        for token in tokens(value, palette)
                        if token not in DECORATION and token not in BACKGROUNDS
                    ]
                    yield from ((where, *pair, CONTROL) for pair in itertools.product(foregrounds, BACKGROUNDS))


@pytest.mark.parametrize("look", ["only light", "light", "dark", "floor"])
def test_text_and_controls_have_enough_contrast(look):
    palette = palettes()[look]
    faint = {
        f"{where}: --{colour} on --{ground} is {contrast(palette[colour], palette[ground]):.2f}, expected {wanted}"
        for where, colour, ground, wanted in pairs(palette)
        if contrast(palette[colour], palette[ground]) < wanted
    }
    assert faint == set()


def test_light_palette_is_same_in_old_browsers():
    assert palettes()["only light"] == palettes()["light"]


def test_old_browsers_know_every_token():
    defined = set(re.findall(r"(--[\w-]+):", without_support(read("site.css"))))
    used = {name for sheet in SITE_SHEETS for name in re.findall(r"var\((--[\w-]+)", read(sheet))}
    assert used
    assert used - defined == set()


@pytest.mark.parametrize("name", SITE_SHEETS)
def test_css_for_new_browsers_is_kept_apart(name):
    """One unknown selector invalidates its whole list."""
    css = without_support(read(name))
    lists = [WITHIN.sub("", selector).split(",") for selector, _body in BLOCK.findall(css)]
    assert [selectors for selectors in lists if len({":has" in selector for selector in selectors}) > 1] == []
    assert [word for word in TOO_NEW if word in css] == []


def test_contrast_follows_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
