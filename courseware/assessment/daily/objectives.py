"""Objectives of daily questions: choose the objective and the variant that asks about it. Pure functions."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from hashlib import sha256

from courseware.assessment.exams.variant_rotation import SeenVariants
from courseware.content.rendering.store import PageData
from courseware.course_format.questions.question_types import Question


@dataclass(frozen=True)
class Variant:
    """A question and its bank or lesson."""

    page: PageData
    question: Question

    @property
    def is_of_lesson(self) -> bool:
        return self.page.kind == "lesson"


@dataclass(frozen=True)
class DailyObjective:
    """An objective to ask. `wordings`: at least 1; `missed`: variant groups answered wrong; `due_at`: None if new."""

    id: str
    wordings: tuple[Variant, ...]
    missed: frozenset[str]
    due_at: datetime | None

    def due_on(self, zone: tzinfo) -> date | None:
        return self.due_at.astimezone(zone).date() if self.due_at else None

    def is_due(self, day: date, zone: tzinfo) -> bool:
        """Return whether the objective is due on `day` in `zone`; one never asked is always due."""
        return (self.due_on(zone) or day) <= day


def most_urgent(objectives: Collection[DailyObjective], seen: SeenVariants) -> DailyObjective:
    """Return one of at least 1 `objectives`. Order: has a new variant; asked before; due earliest; has `missed`."""

    def urgency(objective: DailyObjective) -> tuple[bool, bool, float, bool]:
        is_seen = not any(seen.is_new(each.question.id) for each in objective.wordings)
        return (
            is_seen,
            objective.due_at is None,
            objective.due_at.timestamp() if objective.due_at else 0,
            not objective.missed,
        )

    return min(objectives, key=urgency)  # of equals the first in course order


def variant_of(objective: DailyObjective, seen: SeenVariants, seed: str) -> Variant:
    """Return a variant never seen, or else seen longest ago. Of equals one of a bank comes before one of a lesson, then
    one of a missed group; `seed`, any text, decides among the rest.
    """

    def sort_key(each: Variant) -> tuple[float, bool, bool, bytes]:
        question = each.question
        tie_break = sha256(f"{seed}:{question.id}".encode()).digest()
        return seen.turn(question.id), each.is_of_lesson, question.family not in objective.missed, tie_break

    return min(objective.wordings, key=sort_key)
