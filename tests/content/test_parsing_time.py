"""Texts made to keep a parser busy: none gets more than the time its length is worth."""

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

pytestmark = pytest.mark.long

SIZE = 50_000  # bytes, about
WALKS = 1000  # what a text is worth: as long as that many walks over it, sign by sign, on whatever machine this is
NOISE = 0.1  # seconds; shorter times are not compared with those of four times the text
TRIES = 3  # for another process may use the same core

LESSON = "01-water/01-boiling.zh-hans.md"
FILES = {path: text.encode() for path, text in COURSE.items()}
FRONT = "---\nid: x\ntitle: x\nobjectives: []\n---\n\n"

SIGNS = [
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
BOMBS = {
    f"{sign!r} {name}": (lambda size, sign=sign, form=form: form(sign, size))
    for sign, (name, form) in itertools.product(SIGNS, FORMS.items())
} | SPECIAL


def expecting(*exceptions):
    def decorate(parse):
        def call(text):
            with contextlib.suppress(*exceptions):
                parse(text)

        return call

    return decorate


def converted(text):
    """To HTML, as far as the reader lets it through."""
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
    """Seconds, the lower of two: the first run may pay for what is done once."""
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


def walk(text):
    for _ in range(10):
        for sign in text:
            _ = sign


def share_of_worth(parse, text):
    """Both are timed one right after the other: a machine that is slow or busy is so for both."""
    return cost(parse, text) / (cost(walk, text) * WALKS / 10)


def is_slow(parse, text, longer):
    if cost(parse, text) < NOISE:
        return False
    return all(share_of_worth(parse, text) > 1 or cost(parse, longer) > 8 * cost(parse, text) for _ in range(TRIES))


def chosen():
    """Each tenth in `make test`, a third in `.ci/run`, all of them in `make deep`."""
    for number, (name, bomb) in enumerate(BOMBS.items()):
        marks = [pytest.mark.exhaustive] if number % 10 else []
        marks += [pytest.mark.deep] if number % 10 and number % 3 else []
        yield pytest.param(bomb, id=name, marks=marks)


@pytest.mark.parametrize("bomb", [*chosen()])
def test_no_text_takes_longer_than_its_length_is_worth(bomb):
    text, longer = bomb(SIZE), bomb(4 * SIZE)
    assert [name for name, parse in PARSERS.items() if is_slow(parse, text, longer)] == []
