"""Answers to the daily question (practice: neither logged nor activity), and preferences for its delivery."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from courseware.accounts.models import User
from courseware.assessment.daily.selection import AskedToday, daily_of, enrollments_of_person
from courseware.assessment.exams.practice_sets import OtherQuestion
from courseware.assessment.models import DailyQuestionAnswer, DailyQuestionPreference
from courseware.audit_log.record import record
from courseware.learning.lessons.answers import question_of_form, store_new
from courseware.notifications.unsubscribe import opt_outs_of, resubscribe

if TYPE_CHECKING:
    from fsrs import Scheduler

LONGEST = 180  # days
DAILY_EMAIL = "daily-question"  # the email type, which `assignments` registers


@transaction.atomic
def answer_daily(
    person: User, asked: AskedToday, raw: list[str], *, revision: int, token: UUID, at: datetime | None = None
) -> DailyQuestionAnswer:
    """Grade and store today's answer, or return the stored one of the same form (`token`). `raw`, `revision` and
    exceptions: as in `practice_sets.answer`, without TooFast. Raise OtherQuestion unless `daily_of` still returns
    `asked`.
    """
    at = at or timezone.now()
    # Lock the person: one answer a day in all courses together.
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if stored := answer_of_form(person, token):
        return stored
    enrollment = asked.enrollment
    daily = daily_of(enrollments_of_person(person, at), enrollment.source_language, at)
    now = daily.asked if daily else None
    if now is None or (now.enrollment.pk, now.number, now.question_id) != (
        enrollment.pk,
        asked.number,
        asked.question_id,
    ):
        raise OtherQuestion(asked.question_id)
    question = question_of_form(now.enrollment.release, now.page, now.question_id, revision)
    response = question.clean(raw)
    is_right = bool(question.grade(response))
    memory, due_at = remember(memory_of(now), is_right=is_right, at=at)
    stored = DailyQuestionAnswer(
        enrollment=enrollment,
        day=at.astimezone(now.enrollment.zone).date(),
        number=now.number,
        objective=now.rule,
        release=now.enrollment.release,
        document_id=now.page.document_id,
        revision_id=now.page.revision_id,
        question=now.question_id,
        response=response,
        is_right=is_right,
        answered_at=at,
        token=token,
        memory=memory,
        due_at=due_at,
    )
    store_new(stored, OtherQuestion(asked.question_id))
    return stored


def answer_of_form(person: User, token: UUID) -> DailyQuestionAnswer | None:
    return DailyQuestionAnswer.objects.filter(token=token, enrollment__learner=person).first()


def memory_of(asked: AskedToday) -> dict | None:
    """Return the FSRS card after the person's last answer on the objective in the course; None without an answer."""
    enrollment = asked.enrollment
    rows = DailyQuestionAnswer.objects.filter(
        enrollment__learner=enrollment.learner_id, enrollment__course=enrollment.course_id, objective=asked.rule
    )
    return rows.order_by("pk").values_list("memory", flat=True).last()


def preference_of(person: User) -> DailyQuestionPreference:
    """Return the stored preference or an unsaved default. `by_email` is False after an unsubscribe. Two queries."""
    preference = DailyQuestionPreference.objects.filter(person=person).first() or DailyQuestionPreference(person=person)
    preference.by_email = preference.by_email and DAILY_EMAIL not in opt_outs_of(person)
    return preference


@transaction.atomic
def choose(person: User, *, by_email: bool, during_course: bool) -> None:
    """Store and log the person's preference if it changed; `by_email=True` ends an unsubscribe."""
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    preference = preference_of(person)
    if (preference.by_email, preference.during_course) == (by_email, during_course):
        return
    chosen = {"by_email": by_email, "during_course": during_course}
    DailyQuestionPreference.objects.update_or_create(person=person, defaults=chosen)
    if by_email:
        resubscribe(person, DAILY_EMAIL)
    record("daily-question-chosen", actor=person, subject=person, data=chosen)


def remember(memory: Mapping[str, Any] | None, *, is_right: bool, at: datetime) -> tuple[dict[str, Any], datetime]:
    """Return (memory, next due) after an answer at `at`. `memory`: of the previous answer, or None. Source: FSRS.

    >>> at = datetime(2026, 11, 27, tzinfo=UTC)
    >>> memory, first = remember(None, is_right=True, at=at)
    >>> _memory, second = remember(memory, is_right=True, at=first)
    >>> [(due_at - at).days for due_at in (first, second)]
    [2, 13]
    """
    from fsrs import Card, Rating  # importing takes 0.1 seconds

    card = Card.from_dict(cast(Any, memory)) if memory else Card(card_id=0, due=at)
    # The clock may have been set back.
    now = max(at, card.last_review or at).astimezone(UTC)
    card, _log = scheduler().review_card(card, Rating.Good if is_right else Rating.Again, now)
    return {**card.to_dict()}, card.due


@cache
def scheduler() -> "Scheduler":
    """Return the FSRS scheduler without learning steps (minutes): every interval is 1 to LONGEST days."""
    from fsrs import Scheduler

    return Scheduler(learning_steps=(), relearning_steps=(), maximum_interval=LONGEST, enable_fuzzing=False)
