"""Readable colours: suggested colours have enough contrast everywhere; readable ones stay."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseware.branding.colours import DARK, LIGHT, colour_stylesheet, least_contrast, nearest_readable
from tests.site import test_stylesheets

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
TOKENS = re.compile(r"--(line|line-soft):light-dark\((#[0-9a-f]{6}),(#[0-9a-f]{6})\)")


def faint(look, tokens):
    """Return the colour pairs with too little contrast in this look if these tokens change."""
    palette = test_stylesheets.palettes()[look] | tokens
    return {
        (where, colour, ground)
        for where, colour, ground, wanted in test_stylesheets.pairs(palette)
        if test_stylesheets.contrast(palette[colour], palette[ground]) < wanted
    }


def tokens_of(light, dark):
    found = TOKENS.findall(colour_stylesheet(light, dark))
    return {name: one for name, one, _other in found}, {name: other for name, _one, other in found}


@pytest.mark.parametrize(
    "colour", ["#ffff00", "#ff0000", "#00ff00", "#0000ff", "#ffffff", "#000000", "#808080", "#c8102e"]
)
def test_suggested_colour_is_readable_in_every_rule(colour):
    light, dark = tokens_of(nearest_readable(colour, LIGHT), nearest_readable(colour, DARK))
    assert set(light) == {"line", "line-soft"}
    assert [faint("light", light), faint("only light", light), faint("dark", dark), faint("floor", dark)] == [set()] * 4


@given(COLOURS)
def test_readable_colour_is_kept_and_others_replaced(colour):
    for theme in (LIGHT, DARK):
        offered = nearest_readable(colour, theme)
        assert least_contrast(offered, theme) >= 4.5
        assert nearest_readable(offered, theme) == offered
        assert (offered == colour) is (least_contrast(colour, theme) >= 4.5)


def test_nearest_readable_colour_of_known_colours():
    assert nearest_readable("#0f5f73", LIGHT) == "#0f5f73"
    assert nearest_readable("#6cc3d5", DARK) == "#6cc3d5"
    assert nearest_readable("#777777", LIGHT) == "#6b6b6b"
    # By hand: 12 parts grey in 100 white; one step lighter has too little contrast.
    assert test_stylesheets.contrast("#6b6b6b", "#ededed") >= 4.5 > test_stylesheets.contrast("#6c6c6c", "#ededed")


def test_fallback_stylesheet_has_light_colour_only():
    before, _supports, _after = colour_stylesheet("#123456", "#abcdef").partition("@supports")
    assert before.startswith(":root{--line:#123456;")
    assert "#abcdef" not in before
