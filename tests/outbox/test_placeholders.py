"""Own words: what may stand in braces, what is refused and how, and that all else comes out as it went in."""

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from courseware.outbox.placeholders import Placeholder, filled, mistakes_in

PLACEHOLDERS = {
    "name": Placeholder("the reader", lambda context: context["name"]),
    "day": Placeholder("the day", lambda context: context["day"]),
}
CONTEXT = {"name": "Ann", "day": ""}
WITHOUT_BRACES = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=200)


def fill(text, **context):
    return filled(text, PLACEHOLDERS, CONTEXT | context)


def test_each_placeholder_is_filled_wherever_it_stands():
    assert fill("{name}: dear {name}, by {day}.", day="Friday") == "Ann: dear Ann, by Friday."


@pytest.mark.parametrize(
    "text", ["{nme}", "{name.__class__}", "{name!r}", "{name:>9}", "{0}", "{}", "{ name }", "{Name}"]
)
def test_what_is_no_name_of_the_list_is_neither_filled_nor_allowed(text):
    assert fill(text) is None
    with translation.override("en"):
        assert mistakes_in(text, PLACEHOLDERS) == [
            f"{text} is not known in this letter. Expected one of: {{name}}, {{day}}"
        ]


def test_where_one_has_nothing_to_say_or_cannot_be_found_the_text_is_not_used(caplog):
    assert fill("by {day}") is None
    assert fill("by Friday, {name}", name="  \n ") is None
    assert filled("dear {name}", PLACEHOLDERS, {}) is None
    assert "placeholder name could not be filled in" in caplog.text


def test_what_is_filled_in_is_one_line_and_not_read_again():
    assert fill("dear {name}", name="{day}\r\nBcc: all@example.com") == "dear {day} Bcc: all@example.com"


@pytest.mark.parametrize("text", ["a } b", "{name", "{{name}}", "{a{name}", "}{"])
def test_a_brace_by_itself_is_refused(text):
    with translation.override("en"):
        [said] = mistakes_in(text, PLACEHOLDERS)
    assert said == f"“{text}” has a brace by itself. Expected two around the name of a placeholder."


def test_wide_braces_and_signs_that_cannot_be_read_are_refused_and_lines_and_tabs_are_not():
    with translation.override("en"):
        assert mistakes_in("亲爱的｛name｝：", PLACEHOLDERS) == [
            "“亲爱的｛name｝：” has wide braces. Expected narrow ones: { and }"
        ]
        assert mistakes_in("a\x07\x1b", PLACEHOLDERS) == [
            "It holds U+0007, U+001B, which no letter can show. Expected signs that can be read."
        ]
        assert mistakes_in("{name},\n\n\tby {day} 👩‍🚒", PLACEHOLDERS) == []


@given(WITHOUT_BRACES)
def test_any_text_without_braces_comes_out_as_it_went_in(text):
    assert fill(text) == text
