"""Exam rules for display: questions, pass mark, time limit, and when further attempts open."""

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
    """`needed`: right answers for a pass; `minutes`: usual duration; `number`: next attempt in its row of `allowed`."""

    questions: int
    needed: int
    minutes: int
    has_limit: bool
    number: int
    allowed: int


def questions_in(exam: PageData) -> int:
    return sum(section["draw"] for section in exam.data["strata"])


def exam_rules_of(exam: PageData, submitted: int) -> ExamRules:
    """Return the rules of the next attempt at an exam, not a pre-test. `submitted`: number of submitted attempts."""
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
    """When attempt `number` of a row opens: `wait` (translated text or "") after the attempt before, and after
    repeating what `after` says: "lessons", "simulations" or "".
    """

    number: int
    wait: str
    after: str


def retake_terms(exam: PageData, outline: Outline) -> Iterator[Term]:
    """Yield a Term for the second and each later attempt of a row: when it opens."""
    has_simulations = any(step.kind == "simulation" for step in outline.steps)
    for number, retake in zip(count(2), exam.data["retakes"]):
        # A course without simulations requires none.
        after = "" if retake["after"] == "simulations" and not has_simulations else retake["after"]
        yield Term(number, duration(retake["wait"]), after or "")


def duration(seconds: int | None) -> str:
    """Return the time as translated text in days (from 2), hours or minutes, the largest unit without a remainder, else
    in minutes, rounded down; "" for None and 0.
    """
    if not seconds:
        return ""
    if seconds % DAY == 0 and seconds > DAY:
        return ngettext("%(number)d day", "%(number)d days", seconds // DAY) % {"number": seconds // DAY}
    if seconds % HOUR == 0:
        return ngettext("%(number)d hour", "%(number)d hours", seconds // HOUR) % {"number": seconds // HOUR}
    return ngettext("%(number)d minute", "%(number)d minutes", seconds // MINUTE) % {"number": seconds // MINUTE}
