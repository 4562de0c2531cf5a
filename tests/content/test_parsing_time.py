"""Parsing time is bounded by the length of the text, for texts built to be slow."""

import contextlib
import gc
import itertools
import time

import pytest

from courseware.content.releases.differences import changes
from courseware.content.releases.drafts import with_original_line_ends
from courseware.content.releases.revisions import make_file
from courseware.content.rendering.figures import svg_size
from courseware.content.rendering.markdown import Renderer
from courseware.course_format.checks import check
from courseware.course_format.checks.figures import check_figures
from courseware.course_format.parsing.blocks import split
from courseware.course_format.parsing.braces import cut_braces
from courseware.course_format.parsing.chinese import count_words
from courseware.course_format.parsing.frontmatter import Unreadable, decode, parse_front
from courseware.course_format.parsing.marked_text import blank_code, find_links, find_sources, plain
from courseware.course_format.parsing.parser import read
from courseware.course_format.parsing.speech import cut_speech
from courseware.course_format.simulations.conditions import UnreadableCondition, parse_condition
from tests.course_format.samples import COURSE

pytestmark = pytest.mark.slow

SIZE = 50_000  # bytes, about
LOOPS = 1000  # a text may take as long as this many loops over its characters, whatever the machine
NOISE = 0.1  # seconds; shorter times are too noisy to compare
TRIES = 3  # another process may use the same core

LESSON = "01-water/01-boiling.zh-hans.md"
FILES = {path: text.encode() for path, text in COURSE.items()}
FRONT = "---\nid: x\ntitle: x\nobjectives: []\n---\n\n"

TOKENS = [
    "`", "```", "~~~", "*", "**", "_", "[", "[^", "[a](", '[a](" ', "[a]:", "(", "<a ", "<!--", "&#", "\\", "> ",
    "> [!", "#", "{#a .", '{a="', "|", "| - ", "- ", "- [x] ", "1. ", "\t", "\n", "\r\n", "**a**：", "0,", "茶",
]  # fmt: skip


def filled(unit, size, end=""):
    return unit * (size // len(unit) + 1) + end


def wrapped(text, width, between="\n"):
    return between.join(text[start : start + width] for start in range(0, len(text), width))


FORMS = {
    "alone": lambda sign, size: filled(sign, size),
    "with a letter": lambda sign, size: filled(f"{sign}a", size),
    "a line each": lambda sign, size: filled(f"{sign} a\n", size),
    "in long paragraphs": lambda sign, size: wrapped(filled(f"{sign}a", size), 1_900, "\n\n"),
    "growing": lambda sign, size: "a".join(sign * n for n in range(1, int((2 * size / len(sign)) ** 0.5) + 1)),
}
SPECIAL = {
    "a deep list": lambda size: "\n".join("    " * depth + "- a" for depth in range(int((size / 2) ** 0.5))),
    "lists twenty deep": lambda size: "\n".join("    " * (line % 20) + "- a" for line in range(size // 43)),
    "a deep quote": lambda size: "\n".join("> " * depth + "a" for depth in range(int(size**0.5))),
    "quotes twenty deep": lambda size: "\n\n".join("> " * 20 + "a" for line in range(size // 43)),
    "a long table": lambda size: "| a | b |\n|---|---|\n" + filled("| a | b |\n", size),
    "a wide table": lambda size: "\n".join([filled("| a ", size // 3), filled("|---", size // 3)] * 2),
    "many tables": lambda size: filled("| a | b |\n|---|---|\n| a | b |\n\n", size),
    "fences never closed": lambda size: filled("~~~ a\nb\n\n", size),
    "headings without end": lambda size: filled("## a {#a .one}\n\n", size),
    "questions": lambda size: "".join(f"## a {{#q{n} .one}}\n\n- [ ] a\n  > b\n" for n in range(size // 35)),
    "unknown links": lambda size: "".join(f"[a](#kettel-{n:x}ing)\n\n" for n in range(size // 22)),
    "unknown sources": lambda size: "".join(f"a[^F-kettel-{n:x}]\n\n" for n in range(size // 18)),
    "unknown kinds": lambda size: "".join(f"## a {{#q{n} .sevreal{'x' * (n % 50)}}}\n\n" for n in range(size // 40)),
    "unknown callouts": lambda size: "".join(f"> [!rool{n:x}]\n> a\n\n" for n in range(size // 20)),
    "brackets within brackets": lambda size: filled("[" * 20 + "a" + "]" * 20 + "\n\n", size),
    "links within links": lambda size: filled("[a [b [c](#d)](#e)](#f) ", size),
}
SLOW_TEXTS = {
    f"{sign!r} {name}": (lambda size, sign=sign, form=form: form(sign, size))
    for sign, (name, form) in itertools.product(TOKENS, FORMS.items())
} | SPECIAL


def expecting(*exceptions):
    def decorate(parse):
        def call(text):
            with contextlib.suppress(*exceptions):
                parse(text)

        return call

    return decorate


def converted(text):
    """Render as HTML if the text can be decoded."""
    try:
        lines = decode(text.encode())
    except Unreadable:
        return
    Renderer().html("\n".join(lines))


def compared_with(other):
    def compare(text):
        changes(make_file("en", "a.md", text.encode()), make_file("en", "a.md", other(text).encode()))

    return compare


PARSERS = {
    "lines": expecting(Unreadable)(lambda text: decode(text.encode())),
    "front matter": expecting(Unreadable)(lambda text: parse_front(decode(f"---\nid: {text}\n---\n".encode()))),
    "a document": lambda text: read(LESSON, (FRONT + text).encode()),
    "the checker": lambda text: check(FILES | {LESSON: FILES[LESSON] + text.encode()}),
    "HTML": converted,
    "code": blank_code,
    "links": find_links,
    "sources": find_sources,
    "plain text": plain,
    "braces": cut_braces,
    "braces inside": lambda text: cut_braces(f"a {{{text}}}"),
    "blocks": split,
    "speech": cut_speech,
    "conditions": expecting(UnreadableCondition)(parse_condition),
    "words": lambda text: count_words(text, numbers=True),
    "the size of a figure": lambda text: svg_size(b"<svg " + text.encode()),
    "a figure": lambda text: list(check_figures({"media/a.svg": text.encode()})),
    "differences, one line more": compared_with(lambda text: f"a\n{text}\nb"),
    "differences, turned round": compared_with(lambda text: "\n".join(reversed(text.split("\n")))),
    "differences, every second line": compared_with(lambda text: "\n".join(text.split("\n")[::2])),
    "what a browser sent": lambda text: with_original_line_ends(f"x\n{text}\ny".encode(), text.encode()),
}


def cost(parse, text):
    """Return CPU seconds, the lower of 2 runs: the first may pay for lazy set-up."""
    times = []
    gc.disable()
    for _ in range(2):
        start = time.process_time()
        parse(text)
        times.append(time.process_time() - start)
        if times[0] < NOISE:
            break
    gc.enable()
    return min(times)


def loop(text):
    for _ in range(10):
        for sign in text:
            _ = sign


def share_of_limit(parse, text):
    """Return cost relative to the limit; both are timed in a row, so a slow machine slows both."""
    return cost(parse, text) / (cost(loop, text) * LOOPS / 10)


def is_slow(parse, text, longer):
    if cost(parse, text) < NOISE:
        return False
    return all(share_of_limit(parse, text) > 1 or cost(parse, longer) > 8 * cost(parse, text) for _ in range(TRIES))


def slow_texts():
    """Mark the cases: 1 in 10 runs in `make test`, 1 in 3 in `.ci/run`, all in `make deep`."""
    for number, (name, make_text) in enumerate(SLOW_TEXTS.items()):
        marks = [pytest.mark.slow] if number % 10 else []
        marks += [pytest.mark.deep] if number % 10 and number % 3 else []
        yield pytest.param(make_text, id=name, marks=marks)


@pytest.mark.parametrize("make_text", [*slow_texts()])
def test_parsing_time_is_bounded_by_text_length(make_text):
    text, longer = make_text(SIZE), make_text(4 * SIZE)
    assert [name for name, parse in PARSERS.items() if is_slow(parse, text, longer)] == []
