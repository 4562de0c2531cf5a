"""Marking pieces of a quoted text: all pieces are marked or none."""

from hypothesis import given
from hypothesis import strategies as st

from courseware.content.rendering.markable_text import cut_at_pieces, mark_pieces

ASKED = "<p>A cup, and what else?</p>"


def quote(html):
    return f"{ASKED}<blockquote><p>{html}</p></blockquote>"


def test_pieces_are_marked_only_in_quoted_text():
    text = quote('<strong>Ann</strong>: A\ncup, <a href="http://tea.example">tea.example</a>.')
    marked = mark_pieces(text, ["tea.example", "A cup"])
    assert cut_at_pieces(marked)[1::2] == ["A cup", "tea.example"]
    assert marked.startswith(ASKED) and 'href="http://tea.example"' in marked
    assert "".join(cut_at_pieces(marked)) == text.replace("A\ncup", "A cup")


def test_unmarkable_piece_leaves_text_unmarked():
    for html, pieces in (
        ("A <em>hot</em> cup", ["A hot", "cup"]),
        ("A hot cup", ["A hot", "hot cup"]),
        ("A cup", ["A cup", "no cup"]),
        ("A cup", ["A cup", ""]),
        ("cup, cup, A", ["cup", "A"]),
    ):
        assert mark_pieces(quote(html), pieces) == quote(html)


@given(st.text("ab <>/p", max_size=30), st.lists(st.text("ab <>", max_size=3), max_size=4))
def test_marking_keeps_other_text(html, pieces):
    marked = "".join(cut_at_pieces(mark_pieces(html, pieces)))
    assert "".join(marked.split()) == "".join(html.split())
