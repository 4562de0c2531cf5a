"""The rules of an exam about further attempts, in words, for the page before the start."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from django.utils.translation import ngettext

from courseware.content.compiled.serving import Outline, PageData

MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60


@dataclass(frozen=True)
class Term:
    """How the attempt with this number opens: `wait` after the one before ("" for at once), and after repeating what
    `after` names: "lessons", "simulations" or "".
    """

    number: int
    wait: str
    after: str


def retake_terms(exam: PageData, outline: Outline) -> Iterator[Term]:
    has_simulations = any(step.kind == "simulation" for step in outline.steps)
    for number, retake in zip(count(2), exam.data["retakes"]):
        # Nobody has to repeat simulations where the route has none.
        after = "" if retake["after"] == "simulations" and not has_simulations else retake["after"]
        yield Term(number, duration(retake["wait"]), after or "")


def duration(seconds: int | None) -> str:
    """In words, in the largest unit that gives a whole number, but a single day as 24 hours. "" for None and 0."""
    if not seconds:
        return ""
    if seconds % DAY == 0 and seconds > DAY:
        return ngettext("%(number)d day", "%(number)d days", seconds // DAY) % {"number": seconds // DAY}
    if seconds % HOUR == 0:
        return ngettext("%(number)d hour", "%(number)d hours", seconds // HOUR) % {"number": seconds // HOUR}
    return ngettext("%(number)d minute", "%(number)d minutes", seconds // MINUTE) % {"number": seconds // MINUTE}
