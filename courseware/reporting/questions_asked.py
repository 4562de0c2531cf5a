"""Waiting questions of learners, for the manager's *Today*."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from courseware.learning.manager_questions import ManagerQuestion
from courseware.learning.models import EnrollmentQuerySet

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


def questions_asked(led: EnrollmentQuerySet) -> QuestionsAsked:
    """Waiting questions of the learners of these runs. Runs one query, a second one if not all are shown."""
    waiting = ManagerQuestion.objects.filter(answered_at=None)
    waiting = waiting.filter(enrollment__learner__in=led.order_by().values("learner")).order_by("pk")
    columns = "pk", "enrollment", "enrollment__learner", "enrollment__learner__name", "text", "asked_at"
    shown = [QuestionAsked(*row) for row in waiting.values_list(*columns)[: SHOWN + 1]]
    return QuestionsAsked(shown[:SHOWN], waiting.count() if len(shown) > SHOWN else len(shown))
