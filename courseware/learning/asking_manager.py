"""Send a question to the manager, and mark it as answered. Each is one transaction and harmless when repeated."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from courseware.accounts.models import User
from courseware.evidence.recording import record
from courseware.learning.completing import lock
from courseware.learning.manager_questions import ManagerQuestion
from courseware.learning.models import Enrollment

MOST_WAITING = 3  # questions of one enrollment


class TooManyWaiting(Exception):
    """`MOST_WAITING` questions of the enrollment wait for an answer already."""


@transaction.atomic
def ask_manager(enrollment: Enrollment, text: str, *, at: datetime | None = None) -> ManagerQuestion:
    """Send a question. The same text sent twice is one question. Raises TooManyWaiting."""
    lock(enrollment)
    waiting = list(ManagerQuestion.objects.filter(enrollment=enrollment.pk, answered_at=None))
    if same := next((each for each in waiting if each.text == text), None):
        return same
    if len(waiting) >= MOST_WAITING:
        raise TooManyWaiting
    at = at or timezone.now()
    question = ManagerQuestion.objects.create(enrollment=enrollment, text=text, asked_at=at)
    data = {"question": question.pk}
    record("manager-asked", actor=enrollment.learner, subject=enrollment, data=data, at=at)
    return question


@transaction.atomic
def answer_question(key: int, *, by: User) -> bool:
    """Mark a question as answered. Returns whether it was still waiting."""
    question = ManagerQuestion.objects.select_for_update(no_key=True).filter(pk=key, answered_at=None).first()
    if question is None:
        return False
    question.answered_at, question.answered_by = timezone.now(), by
    question.save(update_fields=["answered_at", "answered_by"])
    record("manager-question-answered", actor=by, subject=question.enrollment, data={"question": key})
    return True
