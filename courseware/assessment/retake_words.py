"""What an exam's document says about attempts, in the words of the page before the start."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from django.utils.translation import ngettext

from courseware.content.compiled.serving import Outline, PageData

MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60


@dataclass(frozen=True)
class Term:
    """When the attempt with this number opens: so long after the one before, and what has to be gone through again.

    `wait` is "" where there is none, `after` "lessons", "simulations" or "".
    """

    number: int
    wait: str
    after: str


def retake_terms(exam: PageData, outline: Outline) -> Iterator[Term]:
    """One for each attempt after the first. Simulations are asked for where the route has any."""
    has_simulations = any(step.kind == "simulation" for step in outline.steps)
    for number, retake in zip(count(2), exam.data["retakes"]):
        after = "" if retake["after"] == "simulations" and not has_simulations else retake["after"]
        yield Term(number, duration(retake["wait"]), after or "")


def duration(seconds: int | None) -> str:
    """As a person says it, in the largest unit that gives a whole number; a single day is 24 hours. "" for nothing."""
    if not seconds:
        return ""
    if seconds % DAY == 0 and seconds > DAY:
        return ngettext("%(number)d day", "%(number)d days", seconds // DAY) % {"number": seconds // DAY}
    if seconds % HOUR == 0:
        return ngettext("%(number)d hour", "%(number)d hours", seconds // HOUR) % {"number": seconds // HOUR}
    return ngettext("%(number)d minute", "%(number)d minutes", seconds // MINUTE) % {"number": seconds // MINUTE}
