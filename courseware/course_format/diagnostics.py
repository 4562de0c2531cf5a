"""Diagnostics: issues that the course checker reports, each with file, line and finding."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from courseware.course_format.diagnostic_messages import LEVELS, Field, Level, sentence


@dataclass(frozen=True, init=False)
class Finding:
    """A message id of `diagnostic_messages` and the fields of its sentence. Fields that are None are left out."""

    id: str
    fields: tuple[tuple[str, Field], ...]
    level: Level

    def __init__(self, id: str, /, **fields: Field | None):
        """Raise `KeyError` for an unknown id."""
        given = {name: value for name, value in fields.items() if value is not None}
        self.__dict__.update(id=id, fields=tuple(sorted(given.items())), level=LEVELS[id])

    @property
    def message(self) -> str:
        return sentence(self.id, dict(self.fields))


@dataclass(frozen=True)
class Diagnostic:
    """An issue that the author has to correct. `line` counts from 1. Sorted by path, line and message."""

    path: str
    line: int
    finding: Finding

    @property
    def level(self) -> Level:
        return self.finding.level

    @cached_property
    def message(self) -> str:
        return self.finding.message

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"

    def __lt__(self, other: "Diagnostic") -> bool:
        mine, theirs = (self.path, self.line), (other.path, other.line)
        return mine < theirs or (mine == theirs and self.message < other.message)


MAX_COMPARED = 40  # characters; a longer word is no misspelling of an id


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` most likely misspells, or None. Words equal but for digits do not count."""
    if len(word) > MAX_COMPARED:
        return None
    letters = _without_digits(word)
    # Ids that differ in their numbers only are different things, not misspellings.
    others = sorted(other for other in known if _without_digits(other) != letters)
    return next(iter(difflib.get_close_matches(word, others, n=1, cutoff=0.7)), None)


def nearest_or_all(word: str, known: Iterable[str]) -> dict[str, Field]:
    """Return the fields for `NEAREST_OR_ALL` of `diagnostic_messages`: the nearest known word, else all known words."""
    known = tuple(known)
    near = nearest(word, known)
    return {"known": known} if near is None else {"nearest": near}


def _without_digits(word: str) -> str:
    return re.sub(r"\d", "", word)
