"""Searchable paragraphs of a page and their ids."""

import re

from bs4 import BeautifulSoup

from courseware.content.rendering.pages import compile_page
from courseware.content.rendering.paragraphs import paragraphs_on
from courseware.course_format.course import read_course
from tests.course_format.samples import make_files

LESSON = "01-water/01-boiling.en.md"
TEXT = """## Before work {#before}

Pour it to *the* line.[^F-01]

- cold water
- a clean cup
  - not the blue one

| who | what |
|---|---|
| Ann | fills |

> [!say]
> I am on it.

### Not alone

> [!night]
> Be quiet.
"""


def lesson(language="en", text=TEXT):
    files = make_files()
    head, rest = files[LESSON].decode().split("\n## ", 1)
    course = read_course(files | {LESSON: f"{head}\n{text}\n## {rest}".encode()})
    return compile_page(course, {}, "boiling", language)


def page(identifier, language="en"):
    return compile_page(read_course(make_files()), {}, identifier, language)


def found(kind, data):
    return [(kind, under, text) for _at, kind, under, text in paragraphs_on(kind, data)]


def test_all_text_blocks_are_found_under_their_heading():
    assert found("lesson", lesson())[:8] == [
        ("text", "Before work", "Pour it to the line."),
        ("text", "Before work", "cold water"),
        ("text", "Before work", "a clean cup"),
        ("text", "Before work", "not the blue one"),
        ("text", "Before work", "who what"),
        ("text", "Before work", "Ann fills"),
        ("say", "Before work", "I am on it."),
        ("job-role", "Not alone", "Be quiet."),
    ]


def test_question_texts_are_not_searchable():
    data = lesson()
    texts = " ".join(text for _at, _kind, _under, text in paragraphs_on("lesson", data))
    for question in data["questions"].values():
        for choice in question["choices"]:
            for secret in filter(None, (choice["text"], choice["reason"])):
                assert BeautifulSoup(secret, "html.parser").get_text().strip() not in texts


def test_paragraph_ids_are_unique_and_ordered():
    html = "".join(block.get("html", "") for block in lesson()["blocks"])
    ids = re.findall(r' id="(p:[0-9]+)"', html)
    assert ids == [f"p:{number}" for number in range(1, len(ids) + 1)]
    assert [at for at, *_rest in paragraphs_on("lesson", lesson())] == [at for at in ids if has_text(html, at)]


def has_text(html, at):
    return bool(BeautifulSoup(html, "html.parser").find(id=at).get_text(strip=True))


def test_emergency_card_and_simulation_premise_are_searchable():
    assert found("card", page("card")) == [("card", "Fire", "Put the cup down and take the stairs.")]
    ((kind, under, text),) = found("simulation", page("drill"))
    assert (kind, under) == ("scene", "")
    assert text in BeautifulSoup(page("drill")["simulation"]["premise"], "html.parser").get_text()


def test_banks_exams_surveys_and_modules_are_not_searchable():
    for identifier, kind in (("last-cup", "exam"), ("voice", "survey"), ("m1", "module"), ("tea-room", "course")):
        assert paragraphs_on(kind, page(identifier)) == []
