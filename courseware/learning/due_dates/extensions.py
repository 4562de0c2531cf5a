"""Extension requests and questions of learners to their managers. Each change is one transaction."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from courseware.accounts.models import User
from courseware.accounts.permissions.permissions import undecidable_ids
from courseware.audit_log.record import record, record_many
from courseware.learning.emails.extension import queue_answer_email
from courseware.learning.enrollments.adjustments import adjust
from courseware.learning.manager_actions import BY_KIND
from courseware.learning.manager_actions.extension import Extend, reopen
from courseware.learning.manager_actions.manager_action import ActionRefusal
from courseware.learning.models import Adjustment, Enrollment, ExtensionRequest, ManagerQuestion
from courseware.learning.status.completion import lock
from courseware.lib.dates import due_instant

End = ExtensionRequest.End
TAKEN_BACK_WITHIN = timedelta(days=1)


class ExtensionNotAllowed(Exception):
    """The enrollment is closed, has no due date, or is due on the requested day or later already."""


class RequestNotOpen(Exception):
    """The request cannot be answered. `request`: its current row. `why`: the refusal; None if it is no longer open."""

    def __init__(self, request: ExtensionRequest, why: ActionRefusal | None = None) -> None:
        super().__init__(request.pk, why)
        self.request, self.why = request, why


@dataclass(frozen=True)
class ExtensionAnswer:
    """A manager's answer. `end`: GIVEN, REFUSED or ANOTHER. `day`: the new due date with ANOTHER, else None. `words`:
    message for the learner.
    """

    end: ExtensionRequest.End
    day: date | None = None
    words: str = ""


def may_ask(enrollment: Enrollment) -> bool:
    """Whether the enrollment is open and has a due date."""
    return enrollment.is_open and enrollment.due_at is not None


def last_request(enrollment: Enrollment, at: datetime | None = None) -> ExtensionRequest | None:
    """Return the open request, else the latest one, else None, with `is_open` at `at` (default: now)."""
    return ExtensionRequest.objects.of(enrollment, at).order_by("-is_open", "-pk").first()


@transaction.atomic
def request_extension(
    enrollment: Enrollment, day: date, why: str = "", *, at: datetime | None = None
) -> ExtensionRequest:
    """Return the open request, even for another `day`; without one, create and log it. Raise `ExtensionNotAllowed`."""
    at = at or timezone.now()
    enrollment = lock(enrollment)
    until = due_instant(day, enrollment.zone)
    if not enrollment.is_open or enrollment.due_at is None or until <= enrollment.due_at:
        raise ExtensionNotAllowed(enrollment.pk)
    if (last := last_request(enrollment, at)) and last.is_open:
        return last
    ExtensionRequest.objects.filter(enrollment=enrollment, ended_at=None).update(end=End.LAPSED, ended_at=at)
    asked = {"day": day, "until": until, "since": enrollment.agreed_due_at, "why": why, "asked_at": at}
    new = ExtensionRequest.objects.create(enrollment=enrollment, **asked)
    data = {"request": new.pk, "day": day.isoformat()}
    record("extension-requested", actor=enrollment.learner, subject=enrollment, data=data, at=at)
    return new


@transaction.atomic
def withdraw_request(enrollment: Enrollment, *, at: datetime | None = None) -> bool:
    """Withdraw and log the open request. Return False without one."""
    at = at or timezone.now()
    enrollment = lock(enrollment)
    last = last_request(enrollment, at)
    if not last or not last.is_open:
        return False
    ended = {"end": End.TAKEN_BACK, "ended_at": at, "ended_by": enrollment.learner}
    ExtensionRequest.objects.filter(pk=last.pk).update(**ended)
    record(
        "extension-request-withdrawn", actor=enrollment.learner, subject=enrollment, data={"request": last.pk}, at=at
    )
    return True


@transaction.atomic
def answer_extension_request(
    key: int, answer: ExtensionAnswer, *, by: User, at: datetime | None = None
) -> ExtensionRequest:
    """Answer, log and return a request (id), email the learner, and extend unless refused. Does not check that `by`
    manages the learner. Raise `RequestNotOpen`, also if `by` is in a conflict of interest;
    `ExtensionRequest.DoesNotExist` for an unknown id.
    """
    at = at or timezone.now()
    enrollment = lock(ExtensionRequest.objects.select_related("enrollment").get(pk=key).enrollment)
    row = ExtensionRequest.objects.of(enrollment, at).get(pk=key)
    if not row.is_open:
        raise RequestNotOpen(row)
    if enrollment.learner_id in undecidable_ids(by):
        raise RequestNotOpen(row, ActionRefusal.OWN if enrollment.learner_id == by.pk else ActionRefusal.CONFLICT)
    row.end, row.ended_at, row.ended_by, row.words = answer.end, at, by, answer.words
    if answer.end != End.REFUSED:
        day = answer.day or row.day
        row.end = End.GIVEN if day == row.day else End.ANOTHER
        row.adjustment = Adjustment(kind=Extend.kind, due_on=day, reason=answer.words, made_by=by, made_at=at)
        if why := BY_KIND[row.adjustment.kind].refusal(row.adjustment, enrollment):
            raise RequestNotOpen(row, why)
        row.adjustment.save(force_insert=True)
    row.save()
    queue_answer_email(row, enrollment.learner, at)
    if row.adjustment:
        adjust([enrollment], row.adjustment, at=at)
    record("extension-answered", actor=by, subject=enrollment, data={"request": row.pk, "answer": row.end}, at=at)
    return row


def may_undo_refusal(request: ExtensionRequest, at: datetime | None = None) -> bool:
    """Whether `request` is a refusal, at most a day old and the last of an open enrollment. Runs at most one query."""
    if request.end != End.REFUSED or request.ended_at is None or not request.enrollment.is_open:
        return False
    is_last = not ExtensionRequest.objects.filter(enrollment=request.enrollment_id, pk__gt=request.pk).exists()
    return is_last and (at or timezone.now()) - request.ended_at <= TAKEN_BACK_WITHIN


@transaction.atomic
def undo_refusals(keys: Collection[int], *, by: User, at: datetime | None = None) -> int:
    """Reopen those of `keys` (ids of requests) that `by` refused, if `by` may still change the enrollment and
    `may_undo_refusal` is true. Return their number.
    """
    at = at or timezone.now()
    own = ExtensionRequest.objects.filter(pk__in=keys, ended_by=by, end=End.REFUSED)
    enrollments = Enrollment.objects.select_for_update(of=("self",), no_key=True).manageable_by(by)
    locked_ids = list(enrollments.filter(pk__in=own.values("enrollment")).order_by("pk").values_list("pk", flat=True))
    fresh = own.filter(enrollment__in=locked_ids).select_related("enrollment__learner")
    events = reopen([each for each in fresh if may_undo_refusal(each, at)], by=by, at=at)
    record_many(events)
    return len(events)


MOST_WAITING = 3  # open questions of one enrollment


class TooManyWaiting(Exception):
    """The enrollment has `MOST_WAITING` open questions."""


@transaction.atomic
def ask_manager(enrollment: Enrollment, text: str, *, at: datetime | None = None) -> ManagerQuestion:
    """Return and log a new question; return an open one with the same text instead. Raise `TooManyWaiting`."""
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
    """Mark a question (id) as answered, without checking `by`. Return False if it is not open."""
    question = ManagerQuestion.objects.select_for_update(no_key=True).filter(pk=key, answered_at=None).first()
    if question is None:
        return False
    question.answered_at, question.answered_by = timezone.now(), by
    question.save(update_fields=["answered_at", "answered_by"])
    record("manager-question-answered", actor=by, subject=question.enrollment, data={"question": key})
    return True
