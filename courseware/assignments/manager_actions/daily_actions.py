"""Reminders by a manager, and the acts for today that a manager confirmed: carried out and undone together.

Each locks all enrollments by key first, so the second of two managers of the same people finds what the first did. A
form names its enrollments; those that were completed, exempted or reminded since it was shown are left out.
"""

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

LOOKED_BACK = timedelta(days=30)  # longer than a letter waits for its turn
NOT_SENT = gettext_noop("undone by the sender")


class NotReminded(models.TextChoices):
    """Why an open enrollment gets no reminder (see also `not_asked`)."""

    OWN = "own", _("another person must manage your own training")
    AWAY = "away", _("is away")
    NO_ADDRESS = "no-address", _("has no email address")
    ASKS = "asks", _("has asked for an extension; answer the request first")
    REMINDED = "reminded", _("was reminded in the last 20 hours")
    WAITS = "waits", _("a reminder is already waiting")
    TURN = "turn", _("can get no more emails today")


@dataclass(frozen=True)
class LeftOut:
    run: Enrollment
    why: NotReminded | Reason

    @property
    def words(self) -> str:
        return str(REASONS[self.why].words if self.why in REASONS else NotReminded(self.why).label)


@dataclass(frozen=True)
class Undone:
    """How many reminders are not sent; how many have left or are leaving, as letters or within another letter."""

    not_sent: int
    left: int
    left_in_another: int


def left_out(runs: Collection[Enrollment], by: User) -> dict[int, NotReminded | Reason]:
    """Primary key of each enrollment that gets no reminder now → reason. Runs four queries."""
    people = {run.learner_id for run in runs}
    away, letters = last_absence_days(people), OutgoingEmail.objects.filter(kind=KIND, person__in=people)
    waiting = enrollments_in(letters.filter(state=DeliveryState.QUEUED).values_list("data", flat=True))
    lately = letters.handed_over().filter(ended_at__gt=timezone.now() - APART)
    reminded = enrollments_in(lately.values_list("data", flat=True))
    asking = asked_about([run.pk for run in runs])
    found = {}
    for run in runs:
        run.away_until = away.get(run.learner_id)
        not_asked = not_asked_reason(run, ignoring={NotAskedReason.UNPUBLISHED})
        reasons: dict[NotReminded | Reason | None, bool] = {
            NotReminded.OWN: run.learner_id == by.pk,
            not_asked: not_asked is not None,
            NotReminded.NO_ADDRESS: not run.learner.email,
            NotReminded.ASKS: run.pk in asking,
            NotReminded.REMINDED: run.pk in reminded,
            NotReminded.WAITS: run.pk in waiting,
        }
        if why := next((why for why, holds in reasons.items() if holds), None):
            found[run.pk] = why
    return found


@transaction.atomic
def remind(keys: Iterable[int], *, by: User) -> tuple[ManualReminder | None, list[LeftOut]]:
    """Queue a reminder of each of these enrollments, to leave after HELD_FOR_UNDO; None if nobody is reminded.

    `keys`: enrollments in the hands of `by`; not checked here.
    """
    rows = Enrollment.objects.select_for_update(of=("self",), no_key=True).select_related("learner")
    runs = list(rows.filter(pk__in=list(keys)).with_zone().order_by("pk"))  # two who press at once: one waits
    why = left_out(runs, by)
    able = [run for run in runs if run.pk not in why]
    leaves_at = timezone.now() + HELD_FOR_UNDO
    messages = OutgoingEmail.objects.bulk_create(by_hand(run, by, leaves_at) for run in able)
    refused = [LeftOut(run, why[run.pk]) for run in runs if run.pk in why]
    if not messages:
        return None, refused
    keys_of_letters = [message.pk for message in messages]
    deliver.enqueue()
    return ManualReminder.objects.create(made_by=by, letters=keys_of_letters), refused


def by_hand(run: Enrollment, by: User, leaves_at: datetime) -> OutgoingEmail:
    day = run.due_on.isoformat() if run.due_at else None
    return email_to(run.learner, KIND, data={"subjects": [[run.pk, day]], "by": by.pk}, next_at=leaves_at)


def reminders_of(runs: Collection[Enrollment]) -> dict[int, OutgoingEmail]:
    """Key of each of these runs → its newest reminder that waits, is leaving or has left lately. Runs one query."""
    people = [run.learner_id for run in runs]
    letters = OutgoingEmail.objects.filter(kind=KIND, person__in=people, written_at__gt=timezone.now() - LOOKED_BACK)
    letters = letters.exclude(state=DeliveryState.SKIPPED).order_by("pk")
    return {run: letter for letter in letters for run, _day in letter.data["subjects"]}


@transaction.atomic
def undo_reminding(reminding: ManualReminder) -> Undone:
    letters = reminding.sent().select_related(None).select_for_update(no_key=True)
    waiting = [message.pk for message in letters if message.may_be_taken_back]
    ended = {"state": DeliveryState.SKIPPED, "why": NOT_SENT, "ended_at": timezone.now()}
    OutgoingEmail.objects.filter(pk__in=waiting).update(**ended)
    left = letters.exclude(pk__in=waiting).exclude(state=DeliveryState.SKIPPED).count()
    return Undone(len(waiting), left, letters.exclude(combined_into=None).count())


SORT = EmailCategory.TRAINING


def why_unreminded(at: datetime) -> Case:
    """Why the learner of an open enrollment is not reminded at `at`: a value of Unreminded, or "".

    Asked of the person, as one email tells of all courses; a request for another day is about one. Days of the site.
    """
    letters = OutgoingEmail.objects.filter(person=OuterRef("learner"), kind=KIND)
    return Case(
        When(~is_not_away(at), then=Value(NotReminded.AWAY.value)),
        When(Q(learner__email=None) | Q(learner__email=""), then=Value(NotReminded.NO_ADDRESS.value)),
        When(
            Exists(ExtensionRequest.objects.standing(at).filter(enrollment=OuterRef("pk"))),
            then=Value(NotReminded.ASKS.value),
        ),
        When(Exists(letters.handed_over().filter(ended_at__gt=at - APART)), then=Value(NotReminded.REMINDED.value)),
        When(Exists(letters.filter(state=DeliveryState.QUEUED)), then=Value(NotReminded.WAITS.value)),
        When(has_had_its_emails(at), then=Value(NotReminded.TURN.value)),
        default=Value(""),
    )


def has_had_its_emails(at: datetime) -> Q:
    """One today, or as many as there may be in so many days: see `notifications.email.sending_limits`."""
    today = site_day(at)
    turns = OutgoingEmail.objects.filter(person=OuterRef("learner"), limit_category=SORT)
    of_days = turns.filter(sending_day__range=days_that_count(today, SORT)).order_by().values("person")
    used_up = of_days.annotate(number=Count("pk")).filter(number__gte=LIMITS[SORT].letters)
    return Q(Exists(turns.filter(sending_day__gte=today))) | Q(Exists(used_up))


NO_LETTERS = Undone(not_sent=0, left=0, left_in_another=0)


@dataclass(frozen=True)
class Confirmed:
    """Keys of runs in the hands of who confirms; `extend` has the last day that each gets."""

    remind: Collection[int]
    extend: Mapping[int, date]
    talk: Collection[int]

    @property
    def runs(self) -> set[int]:
        return {*self.remind, *self.extend, *self.talk}


@dataclass(frozen=True)
class Done:
    """What is new, and who was left out of what. `noted_before` are talks of today that somebody had noted already."""

    reminding: ManualReminder | None
    left_out: list[LeftOut]
    adjustments: list[Adjustment]
    refused: list[Unadjusted]
    talks: list[Conversation]
    noted_before: list[Conversation]

    def __bool__(self) -> bool:
        return bool(self.reminding or self.adjustments or self.talks)


@dataclass(frozen=True)
class TakenBack:
    letters: Undone
    days: list[tuple[Adjustment, list[int], list[NotUndone]]]
    talks: int
    refusals: int


@transaction.atomic
def carry_out(confirmed: Confirmed, *, by: User) -> Done:
    """Nobody who gets another day is reminded of the former one; a later day stays. Repeated, it changes nothing."""
    runs = lock_enrollments(confirmed.runs)
    to_talk = [run for run in runs if run.pk in confirmed.talk and run.is_open]
    noted_before = list(conversations_of_day(to_talk).values())
    talks, events = note_talks(to_talk, by=by)
    reminding, left_out = remind(set(confirmed.remind) - confirmed.extend.keys(), by=by)
    adjustments, refused = [], []
    for day in sorted(set(confirmed.extend.values())):
        own = [run for run in runs if confirmed.extend.get(run.pk) == day]
        later = [run for run in own if run.is_open and run.due_at and run.due_at > due_instant(day, run.zone)]
        refused += [Unadjusted(run.learner_id, ActionRefusal.LATER) for run in later]
        extension = Adjustment(kind=Extend.kind, due_on=day, made_by=by)
        made, unadjusted = adjust([run for run in own if run not in later], extension)
        adjustments += [made] if made else []
        refused += unadjusted
    record_many(events)
    return Done(reminding, left_out, adjustments, refused, talks, noted_before)


@transaction.atomic
def undo_actions(
    reminding: ManualReminder | None,
    adjustments: Iterable[Adjustment],
    talks: Collection[Conversation],
    refused: Collection[int] = (),
    *,
    by: User,
) -> TakenBack:
    """Undo, as far as possible, what `by` did with `carry_out`, and the refusals of requests for another day."""
    lines = {adjustment: list(items_manageable_by(by, adjustment)) for adjustment in adjustments}
    runs = {line.enrollment_id for own in lines.values() for line in own} | {talk.enrollment_id for talk in talks}
    lock_enrollments(runs.union(ExtensionRequest.objects.filter(pk__in=refused).values_list("enrollment", flat=True)))
    events = undo_conversations(talks, by=by)
    letters = undo_reminding(reminding) if reminding else NO_LETTERS
    days = [(adjustment, *undo(adjustment, own, by=by)) for adjustment, own in lines.items()]
    record_many(events)
    return TakenBack(letters, days, len(events), undo_refusals(refused, by=by))


def lock_enrollments(keys: Iterable[int]) -> list[Enrollment]:
    rows = Enrollment.objects.select_for_update(of=("self",), no_key=True).select_related("learner")
    return list(rows.filter(pk__in=list(keys)).with_zone().order_by("pk"))


def conversations_of_day(runs: Collection[Enrollment]) -> dict[int, Conversation]:
    """Key of enrollment → its talk noted on this day of the site, unless the learner has been active since."""
    acted_at = {run.pk: run.last_active_at for run in runs}
    found = Conversation.objects.standing().filter(enrollment__in=acted_at).select_related("made_by")
    today = {talk.enrollment_id: talk for talk in found if site_day(talk.made_at) == site_day()}
    return {run: talk for run, talk in today.items() if talk.made_at >= (acted_at[run] or talk.made_at)}


def note_talks(runs: Collection[Enrollment], *, by: User) -> tuple[list[Conversation], list[NewEvent]]:
    """(those that are new, what to log). The runs are locked; what is among `conversations_of_day` is not noted
    again."""
    known = conversations_of_day(runs)
    new = Conversation.objects.bulk_create(
        Conversation(enrollment=run, made_by=by) for run in runs if run.pk not in known
    )
    return new, [NewEvent("conversation-noted", talk.enrollment, by, {"talk": talk.pk}, talk.made_at) for talk in new]


def undo_conversations(talks: Collection[Conversation], *, by: User) -> list[NewEvent]:
    """What to log. Their runs are locked."""
    fresh = list(
        Conversation.objects.standing().filter(pk__in=[talk.pk for talk in talks]).select_related("enrollment")
    )
    at = timezone.now()
    Conversation.objects.filter(pk__in=[talk.pk for talk in fresh]).update(undone_at=at)
    return [NewEvent("conversation-undone", talk.enrollment, by, {"talk": talk.pk}, at) for talk in fresh]
