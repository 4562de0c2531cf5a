"""Own words: what may stand in braces, what is refused and how, and that all else comes out as it went in."""

import pytest
from bs4 import BeautifulSoup
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from courseware.outbox.placeholders import Placeholder, filled, mistakes_in
from courseware.outbox.writing import WrittenLetter, letter_page

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
    found = fill("{name} by {day}", name="{day}\r\nBcc: all@example.com", day="{name}")
    assert found == "{day} Bcc: all@example.com by {name}"


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


@given(WITHOUT_BRACES)
def test_no_text_becomes_html_and_none_of_it_is_lost(text):
    page = BeautifulSoup(letter_page(WrittenLetter("Subject", text, {}, {}), "en"), "html.parser")
    assert {tag.name for tag in page.body.find_all(True)} <= {"p", "br", "a"}
    assert all(link["href"] == link.get_text() for link in page.find_all("a"))
    assert "".join(page.body.get_text().split()) == "".join(text.replace("\n-- \n", "\n").split())


def test_the_page_of_a_letter_has_its_paragraphs_and_links_only_where_a_line_is_an_address():
    words = "<b>Look</b> & learn:\nhttps://example.com/a?b=1&c=2\nor http://x.example behind words"
    body = f"Hello Ann,\n\n{words}\n\n-- \nThe firm\n"
    page = letter_page(WrittenLetter("A “<letter>”", body, {}, {}), "zh-Hans")
    assert '<html lang="zh-Hans">' in page
    assert "<title>A “&lt;letter&gt;”</title>" in page
    inside = page.partition("<body>")[2].partition("</body>")[0].split("\n")
    assert [line for line in inside if line] == [
        "<p>Hello Ann,</p>",
        "<p>&lt;b&gt;Look&lt;/b&gt; &amp; learn:<br>",
        '<a href="https://example.com/a?b=1&amp;c=2">https://example.com/a?b=1&amp;c=2</a><br>',
        "or http://x.example behind words</p>",
        "<p>The firm</p>",
    ]
