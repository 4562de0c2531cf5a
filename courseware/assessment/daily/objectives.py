"""The rule that the question of the day is about, and its wording (pure: no database, no request).

A rule is an objective that the person missed or that is critical. Its wordings are the questions on it. It is repeated
by objective, not by family: most families have a single question, which would come back in the same words.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from hashlib import sha256

from courseware.assessment.exams.variant_rotation import SeenVariants
from courseware.content.rendering.store import PageData
from courseware.course_format.questions.question_types import Question


@dataclass(frozen=True)
class Variant:
    """A question, and its bank or lesson."""

    page: PageData
    question: Question

    @property
    def is_of_lesson(self) -> bool:
        return self.page.kind == "lesson"


@dataclass(frozen=True)
class DailyObjective:
    """`missed`: families of the missed questions; `due_at`: None if the rule was never asked."""

    id: str
    wordings: tuple[Variant, ...]
    missed: frozenset[str]
    due_at: datetime | None

    def due_on(self, zone: tzinfo) -> date | None:
        return self.due_at.astimezone(zone).date() if self.due_at else None

    def is_due(self, day: date, zone: tzinfo) -> bool:
        return (self.due_on(zone) or day) <= day


def most_urgent(rules: Collection[DailyObjective], met: SeenVariants) -> DailyObjective:
    """Sort by: wording not seen for a quarter; asked before; earliest due; missed."""

    def urgency(rule: DailyObjective) -> tuple[bool, bool, float, bool]:
        is_seen = not any(met.is_new(each.question.id) for each in rule.wordings)
        return is_seen, rule.due_at is None, rule.due_at.timestamp() if rule.due_at else 0, not rule.missed

    return min(rules, key=urgency)  # of equals the first, in the order of the course


def variant_of(rule: DailyObjective, met: SeenVariants, seed: str) -> Variant:
    """The wording met longest ago; then of a bank, then of a missed family, then by `seed`."""

    def place(each: Variant) -> tuple[float, bool, bool, bytes]:
        question = each.question
        lot = sha256(f"{seed}:{question.id}".encode()).digest()
        return met.turn(question.id), each.is_of_lesson, question.family not in rule.missed, lot

    return min(rule.wordings, key=place)
