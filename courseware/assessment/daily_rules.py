"""Which rule the question of the day is about, and in which wording (pure: no database, no request).

A rule is an objective that somebody missed or that is critical; its wordings are the questions on it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from hashlib import sha256

from courseware.assessment.met_wordings import MetWordings
from courseware.content.compiled.serving import PageData
from courseware.language.questions import Question


@dataclass(frozen=True)
class Wording:
    """A question, and the bank or the lesson it stands in."""

    page: PageData
    question: Question

    @property
    def is_of_lesson(self) -> bool:
        return self.page.kind == "lesson"


@dataclass(frozen=True)
class DailyRule:
    """`missed` are the families of the questions on it that were missed; `due_at` is None where it was never asked."""

    id: str
    wordings: tuple[Wording, ...]
    missed: frozenset[str]
    due_at: datetime | None

    def due_on(self, zone: tzinfo) -> date | None:
        return self.due_at.astimezone(zone).date() if self.due_at else None

    def is_due(self, day: date, zone: tzinfo) -> bool:
        return (self.due_on(zone) or day) <= day


def most_urgent(rules: Collection[DailyRule], met: MetWordings) -> DailyRule:
    """Of rules that are due. First those with a wording that the quarter has not seen; what was learned before what is
    new, for it fades; what was missed before what is only critical.
    """

    def urgency(rule: DailyRule) -> tuple[bool, bool, float, bool]:
        is_seen = not any(met.is_new(each.question.id) for each in rule.wordings)
        return is_seen, rule.due_at is None, rule.due_at.timestamp() if rule.due_at else 0, not rule.missed

    return min(rules, key=urgency)  # of equals the first, in the order of the course


def wording_of(rule: DailyRule, met: MetWordings, seed: str) -> Wording:
    """The one whose turn it is; of several rather of a bank than of a lesson, and of a family that was
    missed. The rest is by lot, the same for the same `seed`.
    """

    def place(each: Wording) -> tuple[float, bool, bool, bytes]:
        question = each.question
        lot = sha256(f"{seed}:{question.id}".encode()).digest()
        return met.turn(question.id), each.is_of_lesson, question.family not in rule.missed, lot

    return min(rule.wordings, key=place)
