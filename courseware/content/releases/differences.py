"""Line-by-line differences between two texts."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from courseware.content.releases.revisions import File

BOM = "\ufeff"
# Lines, and pairs of equal lines. Beyond them, everything from the first to the last difference counts as changed.
MAX_COMPARED, MAX_PAIRS = 1_200, 40_000
LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Change:
    """A line that was replaced, added or removed. Numbers count from 1; None: not on this side."""

    old_number: int | None
    old: str
    new_number: int | None
    new: str

    @property
    def kind(self) -> str:
        if self.old_number is None:
            return "added"
        return "removed" if self.new_number is None else "changed"


def lines_of(body: bytes) -> list[str]:
    """Return the lines of a file, without line ends and BOM."""
    return LINE_END.split(body.decode(errors="replace").removeprefix(BOM))


def changes(old: File | None, new: File | None) -> list[Change]:
    """Return the lines that differ, in order. Line ends and BOM do not count. None: the file does not exist."""
    before, after = (lines_of(file.body) if file else [] for file in (old, new))
    differing = []
    left, right = 0, 0
    for start, new_start, size in equal_stretches(before, after):
        for one, other in zip_longest(range(left, start), range(right, new_start)):
            differing.append(change(before, one, after, other))
        left, right = start + size, new_start + size
    return differing


def equal_stretches(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield (index in `before`, index in `after`, length) of equal parts, in order. Parts of length 0 occur; the last
    one is (len(before), len(after), 0). Beyond MAX_COMPARED or MAX_PAIRS only the equal beginning and end are found.
    """
    shorter = min(len(before), len(after))
    head = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    rest = shorter - head
    tail = next((i for i in range(rest) if before[-1 - i] != after[-1 - i]), rest)
    yield 0, 0, head
    yield from (
        (start + head, new_start + head, size)
        for start, new_start, size in _matches(before[head : len(before) - tail], after[head : len(after) - tail])
    )
    yield len(before) - tail, len(after) - tail, tail
    yield len(before), len(after), 0


def _matches(before: Sequence[str], after: Sequence[str]) -> Sequence[tuple[int, int, int]]:
    counts = Counter(before)
    pairs = sum(counts[line] for line in after)
    if len(before) + len(after) > MAX_COMPARED or pairs > MAX_PAIRS:
        return []
    return SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()


def change(before: list[str], left: int | None, after: list[str], right: int | None) -> Change:
    """Return the change from line `left` of `before` to line `right` of `after`: indexes from 0, None for no line."""
    return Change(
        old_number=None if left is None else left + 1,
        old="" if left is None else before[left],
        new_number=None if right is None else right + 1,
        new="" if right is None else after[right],
    )
