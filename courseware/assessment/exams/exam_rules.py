"""The terms of an exam: what it asks, and when further attempts open."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from django.utils.translation import ngettext

from courseware.assessment.exams.grading import points_needed
from courseware.content.rendering.store import Outline, PageData
from courseware.course_format.parsing.metadata import attempts_in_a_row

MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60


@dataclass(frozen=True)
class ExamRules:
    """`needed` right answers pass; the next attempt is number `number` of `allowed` in a row."""

    questions: int
    needed: int
    minutes: int
    has_limit: bool
    number: int
    allowed: int


def questions_in(exam: PageData) -> int:
    return sum(stratum["draw"] for stratum in exam.data["strata"])


def exam_rules_of(exam: PageData, submitted: int) -> ExamRules:
    """`submitted`: number of attempts so far."""
    questions, allowed = questions_in(exam), attempts_in_a_row(exam.data["retakes"])
    return ExamRules(
        questions=questions,
        needed=points_needed(questions, exam.data["pass_mark"]),
        minutes=exam.data["minutes"],
        has_limit=exam.data["time_limit"] is not None,
        number=submitted % allowed + 1,
        allowed=allowed,
    )


@dataclass(frozen=True)
class Term:
    """When attempt `number` opens: `wait` after the one before, and after repeating "lessons", "simulations" or ""."""

    number: int
    wait: str
    after: str


def retake_terms(exam: PageData, outline: Outline) -> Iterator[Term]:
    has_simulations = any(step.kind == "simulation" for step in outline.steps)
    for number, retake in zip(count(2), exam.data["retakes"]):
        # Without simulations on the route, none have to be repeated.
        after = "" if retake["after"] == "simulations" and not has_simulations else retake["after"]
        yield Term(number, duration(retake["wait"]), after or "")


def duration(seconds: int | None) -> str:
    """In words, in the largest whole unit (1 day as 24 hours); "" for None and 0."""
    if not seconds:
        return ""
    if seconds % DAY == 0 and seconds > DAY:
        return ngettext("%(number)d day", "%(number)d days", seconds // DAY) % {"number": seconds // DAY}
    if seconds % HOUR == 0:
        return ngettext("%(number)d hour", "%(number)d hours", seconds // HOUR) % {"number": seconds // HOUR}
    return ngettext("%(number)d minute", "%(number)d minutes", seconds // MINUTE) % {"number": seconds // MINUTE}
