"""Size limits of a text: the limit is allowed, one more is refused with its line before parsing."""

import pytest

from courseware.course_format.parsing.frontmatter import Unreadable, decode, parse_front

PAIRS = {
    "too-many-lines": ("a\n\n" * 1_999 + "a", "\na\n", 4_001),
    "too-many-fences": ("```\n\n" * 200, "~~~", 401),
    "line-too-long": ("茶" * 5_000, "茶", 1),
    "paragraph-too-long": ("a" * 3_999 + "\n" + ("a" * 3_999 + "\n") * 4, "a", 6),
    "too-many-brackets": ("[(" * 10, "[", 1),
    "too-many-marks": ("*_`\\" * 100, "*", 1),
    "nested-too-deep": ("> - " * 5, "> a", 1),
    "indented-too-far": (" " * 100, " a", 1),
}


@pytest.mark.parametrize("finding", PAIRS)
def test_text_above_limit_is_refused(finding):
    text, more, line = PAIRS[finding]
    assert decode(text.encode())
    with pytest.raises(Unreadable) as refused:
        decode((text + more).encode())
    assert (refused.value.finding.id, refused.value.line) == (finding, line)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10 + "]" * 10 + "[" * 10,  # closed
        "[" * 10 + "\n\n" + "[" * 10,  # in another paragraph
        "]" * 500 + ")" * 500,
        ("*_`\\" * 100 + "\n\n") * 3,
        ("a" * 4_999 + "\n\n") * 9,
        "-" * 200,  # a rule
        "- * " * 20,
        " " * 300,  # a blank line
    ],
)
def test_text_below_limit_is_accepted(text):
    assert decode(text.encode())


def test_front_matter_has_own_limit():
    values = "a: " + "b" * 4_000 + "\n\n"
    assert parse_front(["---", *(values * 4).replace("a:", "a: b").split("\n")[:2], "---"])
    with pytest.raises(Unreadable) as refused:
        parse_front(["---", *(values * 5).split("\n"), "---"])
    assert (refused.value.finding.id, refused.value.line) == ("front-matter-too-long", 1)
