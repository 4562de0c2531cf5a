"""Line-by-line differences between two texts, for people to read."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from courseware.content.releases.revisions import File

BOM = "\ufeff"
LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Change:
    """A line that was replaced, added or removed. Numbers count from 1; None where the line is on one side only."""

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
    return LINE_END.split(body.decode(errors="replace").removeprefix(BOM))  # so line ends are no difference


def changes(old: File | None, new: File | None) -> list[Change]:
    before, after = (lines_of(file.body) if file else [] for file in (old, new))
    differing = []
    for tag, *places in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            old_start, old_end, new_start, new_end = places
            for left, right in zip_longest(range(old_start, old_end), range(new_start, new_end)):
                differing.append(change(before, left, after, right))
    return differing


def change(before: list[str], left: int | None, after: list[str], right: int | None) -> Change:
    return Change(
        old_number=None if left is None else left + 1,
        old="" if left is None else before[left],
        new_number=None if right is None else right + 1,
        new="" if right is None else after[right],
    )
