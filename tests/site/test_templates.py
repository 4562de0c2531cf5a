"""Templates contain nothing inline and no untranslated text."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType

ROOT = Path(__file__).resolve().parents[2]
REPORT = "report"  # what `manage.py content_report` prints: a file by itself, in the checker's language

INLINE = {
    "a style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "an event handler": re.compile(r"\son\w+\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style", re.IGNORECASE),
    "a script without src": re.compile(r"<script(?![^>]*\ssrc=)", re.IGNORECASE),
    "a script as address": re.compile(r"javascript:", re.IGNORECASE),
    "an htmx handler": re.compile(r"\shx-on", re.IGNORECASE),
}
READ_ALOUD = {"alt", "aria-label", "aria-description", "placeholder", "title", "label"}
WORD = re.compile(r"[A-Za-z]{2,}|[\u4e00-\u9fff]")
SENTENCE = re.compile(r"[A-Z\u4e00-\u9fff].* ")  # in a data attribute, for a script to show
NAMES_OF_LANGUAGES = {"English", "中文"}  # each in its own language, whatever the page's is

# Between these stand translated words, notes, and names of classes.
OPENS_OTHER_WORDS = re.compile(r"blocktranslate|comment|block \w+_class")
CLOSES_OTHER_WORDS = re.compile(r"endblocktranslate|endcomment|endblock")


@pytest.fixture(scope="module")
def templates():
    """Path → text of each template."""
    files = sorted(file for file in (ROOT / "templates").rglob("*.*") if file.stem != REPORT)
    assert files
    return {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}


def test_templates_have_nothing_inline(templates):
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {what}"
        for name, text in templates.items()
        for what, pattern in INLINE.items()
        for match in pattern.finditer(text)
    ]
    assert found == []


class Words(HTMLParser):
    """Collects text that a reader sees or hears and that is written in the template."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.is_code = False  # words of the grammar of documents, the same in every language

    def handle_data(self, data):
        if not self.is_code:
            self.keep(data)

    def handle_endtag(self, tag):
        self.is_code = self.is_code and tag != "code"

    def handle_starttag(self, tag, attributes):
        self.is_code = self.is_code or tag == "code"
        for name, value in attributes:
            if name in READ_ALOUD or SENTENCE.match(value or ""):
                self.keep(value or "")

    def keep(self, text):
        text = " ".join(text.split())
        if WORD.search(text) and text not in NAMES_OF_LANGUAGES:
            self.found.append(text)


def own_wording(source: str) -> list[str]:
    """Text of a template outside of its tags, among them the translation tags."""
    kept, inside = [], False
    for token in Lexer(source).tokenize():
        if token.token_type == TokenType.BLOCK and OPENS_OTHER_WORDS.match(token.contents):
            inside = True
        elif token.token_type == TokenType.BLOCK and CLOSES_OTHER_WORDS.match(token.contents):
            inside = False
        elif token.token_type == TokenType.TEXT and not inside:
            kept.append(token.contents)
        else:
            kept.append("0")  # a tag may stand for an attribute's value
    words = Words()
    words.feed("".join(kept))
    words.close()
    return words.found


def test_templates_have_no_untranslated_text(templates):
    found = {name: own_wording(text) for name, text in templates.items()}
    assert {name: words for name, words in found.items() if words} == {}


def test_untranslated_text_is_found():
    source = """{% load i18n %}{# Notes for us #}{% block main_class %}narrow{% endblock %}
    <p class="soft {{ look }}" data-draft="q {{ key }}" data-failed="Try again">{% translate "Fine" %}</p>
    {% blocktranslate with name=user.name %}Fine, {{ name }}{% endblocktranslate %} <b>Not fine</b><img alt="A cat"> 字
    {% if language %}中文{% endif %}<code>.one</code>"""
    assert own_wording(source) == ["Try again", "Not fine", "A cat", "字 0中文0"]


def test_timestamps_have_no_microseconds(templates):
    """The filter date:"c" gives them, and HTML takes milliseconds at most in `datetime`."""
    assert [name for name, text in templates.items() if re.search(r"""\|date:['"]c['"]""", text)] == []
