"""Inline code, and links, source marks and plain text outside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseware.course_format.parsing.marked_text import Link, blank_code, find_links, find_sources, plain


@pytest.mark.parametrize(
    "text, blanked",
    [
        ("a `b` c", "a     c"),
        ("`a` b `c`", "    b    "),
        ("``a`b`` c", "        c"),  # a shorter run of backticks inside is part of the code
        ("`a``b` c", "       c"),  # so is a longer one
        ("``a`` `b` c", "          c"),
        ("`a", "`a"),  # never closed
        ("a``b", "a``b"),
        ("`a ``b", "`a ``b"),  # a longer run closes nothing
        ("``a `b", "`    b"),  # a shorter run closes with as many backticks as it has
        ("```a ``b`` c", "`      b`` c"),
        ("````a `b ``c ``d", "``         c ``d"),  # the longest one following wins, then the nearest
        ("`a ```b ``c", "`a `      c"),
        ("no code", "no code"),
        ("", ""),
    ],
)
def test_only_code_is_blanked(text, blanked):
    assert blank_code(text) == blanked


def test_code_ends_at_line_end():
    assert blank_code("`a\nb` c\n`d` e") == "`a\nb` c\n    e"


@given(st.text(alphabet="`a \n", max_size=30))
def test_blanking_keeps_positions_and_line_ends(text):
    blanked = blank_code(text)
    assert len(blanked) == len(text)
    assert [len(line) for line in blanked.split("\n")] == [len(line) for line in text.split("\n")]
    assert all(after in (before, " ") for before, after in zip(text, blanked, strict=True))


@pytest.mark.parametrize(
    "text, links",
    [
        ("[a](b)", [Link("a", "b", "", False)]),
        ('![a](b.svg "What it shows")', [Link("a", "b.svg", "What it shows", True)]),
        ("[a [b] c](#d) and [e](f_(g))", [Link("a [b] c", "#d", "", False), Link("e", "f_(g)", "", False)]),
        ("`[a](b)` [c](d)", [Link("c", "d", "", False)]),
        ("[a] (b)", []),
    ],
)
def test_links_outside_code_are_found(text, links):
    assert find_links(text) == links


def test_source_marks_outside_code_are_found_in_order():
    assert find_sources("a[^F-2] `[^F-3]` b[^F-1][^F-2]") == ["F-2", "F-1", "F-2"]


@pytest.mark.parametrize(
    "text, words",
    [
        ("**a** _b_ `c`", "a b c"),
        ("a[^F-1] [b](c)", "a b"),
        ("> > a\n  - b\n1. c\n2) d\n+ e", "a\nb\nc\nd\ne"),
        ("a - b > c 1. d", "a - b > c 1. d"),  # not markup in the middle of a line
    ],
)
def test_plain_text_has_no_markup(text, words):
    assert plain(text) == words
