"""What is wrong with a text, and where: an id with fields; `messages` makes the sentence where it is shown."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from courseware.language.messages import LEVELS, Field, Level, sentence


@dataclass(frozen=True, init=False)
class Finding:
    """What is wrong: an id of `messages` and what its sentence names. A field that is None is not given."""

    id: str
    fields: tuple[tuple[str, Field], ...]
    level: Level

    def __init__(self, id: str, /, **fields: Field | None):
        """Raises KeyError where `messages` has no such id."""
        given = {name: value for name, value in fields.items() if value is not None}
        self.__dict__.update(id=id, fields=tuple(sorted(given.items())), level=LEVELS[id])

    @property
    def message(self) -> str:
        return sentence(self.id, dict(self.fields))


@dataclass(frozen=True)
class Problem:
    """Something an author has to mend. Only errors stop an import. Sorted by path, line, and what is said there."""

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

    def __lt__(self, other: "Problem") -> bool:
        mine, theirs = (self.path, self.line), (other.path, other.line)
        return mine < theirs or (mine == theirs and self.message < other.message)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant.

    Ids that differ in their numbers only are different things, not misspellings.
    """
    letters = _without_digits(word)
    others = sorted(one for one in known if _without_digits(one) != letters)
    return next(iter(difflib.get_close_matches(word, others, n=1, cutoff=0.7)), None)


def nearest_or_all(word: str, known: Iterable[str]) -> dict[str, Field]:
    """Fields for the end of a sentence: the word that was probably meant, else all there are."""
    known = tuple(known)
    near = nearest(word, known)
    return {"known": known} if near is None else {"nearest": near}


def _without_digits(word: str) -> str:
    return re.sub(r"\d", "", word)
