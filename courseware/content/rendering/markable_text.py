"""Markable text: `<mark>` around each piece of a .mark question (docs/formats.md §5). Authors cannot write `<mark>`."""

import re
from collections.abc import Sequence
from itertools import pairwise

_PIECE = re.compile(r"<mark>(.*?)</mark>", re.DOTALL)


def mark_pieces(html: str, pieces: Sequence[str]) -> str:
    """Return `html` with each piece (HTML) in a `<mark>`. If there is a `<blockquote>`, only text from there on counts.
    Unchanged if pieces overlap, or one does not occur exactly once, as when it cuts through emphasis.
    """
    quoted = max(html.find("<blockquote>"), 0)
    spans = sorted((*span, piece) for piece in pieces for span in _places(html, piece, quoted))
    if len(spans) != len(pieces) or any(one[1] > other[0] for one, other in pairwise(spans)):
        return html
    for start, end, piece in reversed(spans):
        html = f"{html[:start]}<mark>{piece}</mark>{html[end:]}"
    return html


def _places(html: str, piece: str, quoted: int) -> list[tuple[int, int]]:
    pattern = re.compile(r"\s+".join(map(re.escape, piece.split())))
    found = [match.span() for match in pattern.finditer(html, quoted) if piece and not _is_in_tag(html, match.start())]
    return found if len(found) == 1 else []


def _is_in_tag(html: str, index: int) -> bool:
    return html.rfind("<", 0, index) > html.rfind(">", 0, index)


def cut_at_pieces(html: str) -> list[str]:
    """Split HTML with `<mark>` into text, piece, text, piece, …, text, without the tags."""
    return _PIECE.split(html)
