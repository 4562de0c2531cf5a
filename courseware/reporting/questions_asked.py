"""Waiting questions of learners, for the manager's *Today*."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from courseware.learning.manager_questions import ManagerQuestion

SHOWN = 5  # at most, the oldest first


@dataclass(frozen=True)
class QuestionAsked:
    """`question`, `run` and `learner` are keys."""

    question: int
    run: int
    learner: int
    name: str
    text: str
    asked_at: datetime


@dataclass(frozen=True)
class QuestionsAsked:
    """`shown` are the oldest ones, `number` counts all."""

    shown: Sequence[QuestionAsked]
    number: int

    @property
    def beside(self) -> int:
        return self.number - len(self.shown)


def questions_asked(managed: QuerySet) -> QuestionsAsked:
    """Waiting questions of these people. Runs one query, a second one if not all are shown.

    Includes people about whom the manager cannot decide, because an answer decides nothing.
    """
    waiting = ManagerQuestion.objects.filter(answered_at=None, enrollment__course__current__isnull=False)
    waiting = waiting.filter(enrollment__learner__in=managed, enrollment__learner__is_active=True)
    waiting = waiting.order_by("pk")
    columns = "pk", "enrollment", "enrollment__learner", "enrollment__learner__name", "text", "asked_at"
    shown = [QuestionAsked(*row) for row in waiting.values_list(*columns)[: SHOWN + 1]]
    return QuestionsAsked(shown[:SHOWN], waiting.count() if len(shown) > SHOWN else len(shown))
