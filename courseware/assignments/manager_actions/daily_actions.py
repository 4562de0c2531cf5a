"""Daily actions of managers: execute and undo reminders and the confirmed actions of the Today list."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import models, transaction
from django.db.models import Case, Count, Exists, OuterRef, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from courseware.accounts.calendar.absences import last_absence_days
from courseware.accounts.models import User
from courseware.assignments.models import Conversation, ManualReminder
from courseware.assignments.reminders.daily_reminders import APART, KIND, asked_about, enrollments_in
from courseware.audit_log.record import NewEvent, record_many
from courseware.learning.due_dates.extensions import undo_refusals
from courseware.learning.enrollments.adjustments import NotUndone, adjust, items_manageable_by, undo
from courseware.learning.manager_actions.extension import Extend
from courseware.learning.manager_actions.manager_action import ActionRefusal, Unadjusted
from courseware.learning.models import Adjustment, Enrollment, ExtensionRequest
from courseware.learning.status.not_asked import REASONS, NotAskedReason, Reason, is_not_away, not_asked_reason
from courseware.lib.dates import due_instant, site_day
from courseware.notifications.email.delivery import deliver
from courseware.notifications.email.email_types import EmailCategory
from courseware.notifications.email.queue import HELD_FOR_UNDO, email_to
from courseware.notifications.email.sending_limits import LIMITS, days_that_count
from courseware.notifications.models import DeliveryState, OutgoingEmail

LOOKED_BACK = timedelta(days=30)  # longer than an email waits for its sending day
NOT_SENT = gettext_noop("the sender undid the reminder")


class NotReminded(models.TextChoices):
    """Why an open enrollment gets no reminder; further reasons: `not_asked`."""

    OWN = "own", _("another person must manage your own training")
    AWAY = "away", _("is away")
    NO_ADDRESS = "no-address", _("has no email address")
    ASKS = "asks", _("has asked for an extension; answer the request first")
    REMINDED = "reminded", _("was already reminded in the last 20 hours")
    WAITS = "waits", _("a reminder is already waiting to be sent")
    TURN = "turn", _("has already got the maximum number of emails for today")


@dataclass(frozen=True)
class LeftOut:
    run: Enrollment
    why: NotReminded | Reason

    @property
    def words(self) -> str:
        return str(REASONS[self.why].words if self.why in REASONS else NotReminded(self.why).label)


@dataclass(frozen=True)
class Undone:
    """Numbers of reminders. `left`: already sent or being sent; `left_in_another`: combined with another email."""

    not_sent: int
    left: int
    left_in_another: int


def left_out(enrollments: Collection[Enrollment], by: User) -> dict[int, NotReminded | Reason]:
    """Return enrollment id → reason why it gets no reminder from `by` now; enrollments that get one are missing.
    Permissions and email limits are not checked. Sets `away_until` of each enrollment. Runs four queries.
    """
    people = {enrollment.learner_id for enrollment in enrollments}
    away, emails = last_absence_days(people), OutgoingEmail.objects.filter(kind=KIND, person__in=people)
    waiting = enrollments_in(emails.filter(state=DeliveryState.QUEUED).values_list("data", flat=True))
    lately = emails.handed_over().filter(ended_at__gt=timezone.now() - APART)
    reminded = enrollments_in(lately.values_list("data", flat=True))
    asking = asked_about([enrollment.pk for enrollment in enrollments])
    found = {}
    for enrollment in enrollments:
        enrollment.away_until = away.get(enrollment.learner_id)
        not_asked = not_asked_reason(enrollment, ignoring={NotAskedReason.UNPUBLISHED})
        reasons: dict[NotReminded | Reason | None, bool] = {
            NotReminded.OWN: enrollment.learner_id == by.pk,
            not_asked: not_asked is not None,
            NotReminded.NO_ADDRESS: not enrollment.learner.email,
            NotReminded.ASKS: enrollment.pk in asking,
            NotReminded.REMINDED: enrollment.pk in reminded,
            NotReminded.WAITS: enrollment.pk in waiting,
        }
        if why := next((why for why, holds in reasons.items() if holds), None):
            found[enrollment.pk] = why
    return found


@transaction.atomic
def remind(keys: Iterable[int], *, by: User) -> tuple[ManualReminder | None, list[LeftOut]]:
    """Queue reminders for enrollments (`keys`: ids). Return (ManualReminder, or None without reminders; enrollments
    left out). The emails are sent after HELD_FOR_UNDO. The caller checks that `by` may change the enrollments.
    """
    rows = Enrollment.objects.select_for_update(of=("self",), no_key=True).select_related("learner")
    enrollments = list(rows.filter(pk__in=list(keys)).with_zone().order_by("pk"))  # simultaneous requests wait here
    why = left_out(enrollments, by)
    able = [enrollment for enrollment in enrollments if enrollment.pk not in why]
    leaves_at = timezone.now() + HELD_FOR_UNDO
    messages = OutgoingEmail.objects.bulk_create(by_hand(enrollment, by, leaves_at) for enrollment in able)
    refused = [LeftOut(enrollment, why[enrollment.pk]) for enrollment in enrollments if enrollment.pk in why]
    if not messages:
        return None, refused
    email_ids = [message.pk for message in messages]
    deliver.enqueue()
    return ManualReminder.objects.create(made_by=by, email_ids=email_ids), refused


def by_hand(enrollment: Enrollment, by: User, leaves_at: datetime) -> OutgoingEmail:
    day = enrollment.due_on.isoformat() if enrollment.due_at else None
    return email_to(enrollment.learner, KIND, data={"subjects": [[enrollment.pk, day]], "by": by.pk}, next_at=leaves_at)


def reminders_of(enrollments: Collection[Enrollment]) -> dict[int, OutgoingEmail]:
    """Return enrollment id → newest reminder, by hand or by schedule, of the last 30 days that was not skipped. The
    result also has other enrollments of the learners.
    """
    people = [enrollment.learner_id for enrollment in enrollments]
    emails = OutgoingEmail.objects.filter(kind=KIND, person__in=people, written_at__gt=timezone.now() - LOOKED_BACK)
    emails = emails.exclude(state=DeliveryState.SKIPPED).order_by("pk")
    return {enrollment: email for email in emails for enrollment, _day in email.data["subjects"]}


@transaction.atomic
def undo_reminding(reminding: ManualReminder) -> Undone:
    """Skip those emails of `reminding` that wait and were never tried. Return the numbers."""
    emails = reminding.sent().select_related(None).select_for_update(no_key=True)
    waiting = [message.pk for message in emails if message.may_be_taken_back]
    ended = {"state": DeliveryState.SKIPPED, "why": NOT_SENT, "ended_at": timezone.now()}
    OutgoingEmail.objects.filter(pk__in=waiting).update(**ended)
    left = emails.exclude(pk__in=waiting).exclude(state=DeliveryState.SKIPPED).count()
    return Undone(len(waiting), left, emails.exclude(combined_into=None).count())


SORT = EmailCategory.TRAINING


def reminder_refusal(at: datetime) -> Case:
    """Return an expression for open enrollments: a value of NotReminded (never OWN) at `at`, or "". Reminders about
    other enrollments of the learner also count as REMINDED or WAITS.
    """
    emails = OutgoingEmail.objects.filter(person=OuterRef("learner"), kind=KIND)
    return Case(
        When(~is_not_away(at), then=Value(NotReminded.AWAY.value)),
        When(Q(learner__email=None) | Q(learner__email=""), then=Value(NotReminded.NO_ADDRESS.value)),
        When(
            Exists(ExtensionRequest.objects.open_at(at).filter(enrollment=OuterRef("pk"))),
            then=Value(NotReminded.ASKS.value),
        ),
        When(Exists(emails.handed_over().filter(ended_at__gt=at - APART)), then=Value(NotReminded.REMINDED.value)),
        When(Exists(emails.filter(state=DeliveryState.QUEUED)), then=Value(NotReminded.WAITS.value)),
        When(has_had_its_emails(at), then=Value(NotReminded.TURN.value)),
        default=Value(""),
    )


def has_had_its_emails(at: datetime) -> Q:
    """Return a `Q` on enrollments: the learner has a training email for `at`'s day or later, or used up the limit."""
    today = site_day(at)
    reserved = OutgoingEmail.objects.filter(person=OuterRef("learner"), limit_category=SORT)
    of_days = reserved.filter(sending_day__range=days_that_count(today, SORT)).order_by().values("person")
    used_up = of_days.annotate(number=Count("pk")).filter(number__gte=LIMITS[SORT].emails)
    return Q(Exists(reserved.filter(sending_day__gte=today))) | Q(Exists(used_up))


NO_REMINDERS = Undone(not_sent=0, left=0, left_in_another=0)


@dataclass(frozen=True)
class Confirmed:
    """What the manager confirmed, by ids of enrollments; `extend`: id → new due date."""

    remind: Collection[int]
    extend: Mapping[int, date]
    talk: Collection[int]

    @property
    def runs(self) -> set[int]:
        return {*self.remind, *self.extend, *self.talk}


@dataclass(frozen=True)
class Done:
    """New results, and what was left out. `noted_before`: conversations of today that existed already."""

    reminding: ManualReminder | None
    left_out: list[LeftOut]
    adjustments: list[Adjustment]
    refused: list[Unadjusted]
    talks: list[Conversation]
    noted_before: list[Conversation]

    def __bool__(self) -> bool:
        return bool(self.reminding or self.adjustments or self.talks)


@dataclass(frozen=True)
class UndoResult:
    """Numbers of undone things. `days`: (adjustment, ids of learners undone, items not undone)."""

    reminders: Undone
    days: list[tuple[Adjustment, list[int], list[NotUndone]]]
    talks: int
    refusals: int


@transaction.atomic
def carry_out(confirmed: Confirmed, *, by: User) -> Done:
    """Record conversations (open enrollments only), extend due dates, and queue reminders for those not extended.
    Repetitions change nothing. The caller checks that `by` may change the enrollments.
    """
    enrollments = lock_enrollments(confirmed.runs)
    to_record = [each for each in enrollments if each.pk in confirmed.talk and each.is_open]
    noted_before = list(conversations_of_day(to_record).values())
    conversations, events = note_talks(to_record, by=by)
    reminding, left_out = remind(set(confirmed.remind) - confirmed.extend.keys(), by=by)
    adjustments, refused = [], []
    for day in sorted(set(confirmed.extend.values())):
        own = [each for each in enrollments if confirmed.extend.get(each.pk) == day]
        later = [each for each in own if each.is_open and each.due_at and each.due_at > due_instant(day, each.zone)]
        refused += [Unadjusted(each.learner_id, ActionRefusal.LATER) for each in later]
        extension = Adjustment(kind=Extend.kind, due_on=day, made_by=by)
        made, unadjusted = adjust([each for each in own if each not in later], extension)
        adjustments += [made] if made else []
        refused += unadjusted
    record_many(events)
    return Done(reminding, left_out, adjustments, refused, conversations, noted_before)


@transaction.atomic
def undo_actions(
    reminding: ManualReminder | None,
    adjustments: Iterable[Adjustment],
    conversations: Collection[Conversation],
    refused: Collection[int] = (),
    *,
    by: User,
) -> UndoResult:
    """Undo results of `carry_out` and declined extension requests (`refused`: their ids), as far as possible and as far
    as `by` manages the enrollments of `adjustments`. The caller checks that `by` made `reminding` and `conversations`.
    """
    items = {adjustment: list(items_manageable_by(by, adjustment)) for adjustment in adjustments}
    ids = {item.enrollment_id for own in items.values() for item in own} | {
        each.enrollment_id for each in conversations
    }
    lock_enrollments(ids.union(ExtensionRequest.objects.filter(pk__in=refused).values_list("enrollment", flat=True)))
    events = undo_conversations(conversations, by=by)
    reminders = undo_reminding(reminding) if reminding else NO_REMINDERS
    days = [(adjustment, *undo(adjustment, own, by=by)) for adjustment, own in items.items()]
    record_many(events)
    return UndoResult(reminders, days, len(events), undo_refusals(refused, by=by))


def lock_enrollments(keys: Iterable[int]) -> list[Enrollment]:
    """Lock and return enrollments (`keys`: ids), by id, with learner and zone. Unknown ids are ignored."""
    rows = Enrollment.objects.select_for_update(of=("self",), no_key=True).select_related("learner")
    return list(rows.filter(pk__in=list(keys)).with_zone().order_by("pk"))


def conversations_of_day(enrollments: Collection[Enrollment]) -> dict[int, Conversation]:
    """Return enrollment id → its conversation of today (site's date), unless the learner was active after it."""
    acted_at = {enrollment.pk: enrollment.last_active_at for enrollment in enrollments}
    found = Conversation.objects.in_force().filter(enrollment__in=acted_at).select_related("made_by")
    today = {each.enrollment_id: each for each in found if site_day(each.made_at) == site_day()}
    return {
        enrollment: each for enrollment, each in today.items() if each.made_at >= (acted_at[enrollment] or each.made_at)
    }


def note_talks(enrollments: Collection[Enrollment], *, by: User) -> tuple[list[Conversation], list[NewEvent]]:
    """Record a conversation about each enrollment that has none in `conversations_of_day`. The caller holds the locks.
    Return (new conversations, events to log).
    """
    known = conversations_of_day(enrollments)
    new = Conversation.objects.bulk_create(
        Conversation(enrollment=enrollment, made_by=by) for enrollment in enrollments if enrollment.pk not in known
    )
    return new, [NewEvent("conversation-noted", each.enrollment, by, {"talk": each.pk}, each.made_at) for each in new]


def undo_conversations(conversations: Collection[Conversation], *, by: User) -> list[NewEvent]:
    """Undo those conversations that still stand. The caller has locked their enrollments. Return the events to log."""
    fresh = list(
        Conversation.objects.in_force().filter(pk__in=[each.pk for each in conversations]).select_related("enrollment")
    )
    at = timezone.now()
    Conversation.objects.filter(pk__in=[each.pk for each in fresh]).update(undone_at=at)
    return [NewEvent("conversation-undone", each.enrollment, by, {"talk": each.pk}, at) for each in fresh]
