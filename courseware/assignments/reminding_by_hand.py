"""Reminders that a manager sends to chosen people now: who is left out and why, and how they are taken back.

Of two managers of the same people the second waits for the first, and finds that a reminder waits.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import Case, Count, Exists, OuterRef, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from courseware.accounts.absences import last_days_away
from courseware.accounts.models import User
from courseware.assignments.models import HandReminding
from courseware.assignments.reminder_letter import APART, KIND, asked_about, runs_in
from courseware.learning.day_requests import DayRequest
from courseware.learning.models import Enrollment
from courseware.learning.not_asked import REASONS, NotAskedReason, Reason, is_not_away, not_asked_reason
from courseware.lib.dates import site_day
from courseware.outbox.delivering import deliver
from courseware.outbox.kinds import LetterSort
from courseware.outbox.letter_days import LIMITS, days_that_count
from courseware.outbox.models import Message, MessageState
from courseware.outbox.telling import HELD_FOR_UNDO, email_to

LOOKED_BACK = timedelta(days=30)  # longer than a letter waits for its turn
NOT_SENT = gettext_noop("taken back by who had sent it")


class Unreminded(models.TextChoices):
    """Why no reminder is sent although the enrollment asks for something, or because the learner is away."""

    OWN = "own", _("one’s own training is looked after by somebody else")
    AWAY = "away", _("is away")
    NO_ADDRESS = "no-address", _("has no address")
    ASKS = "asks", _("asks for another day: answer that first")
    REMINDED = "reminded", _("was reminded within a day")
    WAITS = "waits", _("a reminder waits already")
    TURN = "turn", _("may not be written to today")


@dataclass(frozen=True)
class LeftOut:
    run: Enrollment
    why: Unreminded | Reason

    @property
    def words(self) -> str:
        return str(REASONS[self.why].words if self.why in REASONS else Unreminded(self.why).label)


@dataclass(frozen=True)
class Undone:
    """How many reminders are not sent; how many have left or are leaving, as letters or within another letter."""

    not_sent: int
    left: int
    left_in_another: int


def left_out(runs: Collection[Enrollment], by: User) -> dict[int, Unreminded | Reason]:
    """Key of each run of which nobody is to be reminded now → why. Runs four queries."""
    people = {run.learner_id for run in runs}
    away, letters = last_days_away(people), Message.objects.filter(kind=KIND, person__in=people)
    waiting = runs_in(letters.filter(state=MessageState.QUEUED).values_list("data", flat=True))
    lately = letters.handed_over().filter(ended_at__gt=timezone.now() - APART)
    reminded = runs_in(lately.values_list("data", flat=True))
    asking = asked_about([run.pk for run in runs])
    found = {}
    for run in runs:
        run.away_until = away.get(run.learner_id)
        not_asked = not_asked_reason(run, ignoring={NotAskedReason.UNPUBLISHED})
        reasons: dict[Unreminded | Reason | None, bool] = {
            Unreminded.OWN: run.learner_id == by.pk,
            not_asked: not_asked is not None,
            Unreminded.NO_ADDRESS: not run.learner.email,
            Unreminded.ASKS: run.pk in asking,
            Unreminded.REMINDED: run.pk in reminded,
            Unreminded.WAITS: run.pk in waiting,
        }
        if why := next((why for why, holds in reasons.items() if holds), None):
            found[run.pk] = why
    return found


@transaction.atomic
def remind(keys: Iterable[int], *, by: User) -> tuple[HandReminding | None, list[LeftOut]]:
    """Queue a reminder of each of these enrollments, to leave after HELD_FOR_UNDO; None if nobody is reminded."""
    rows = Enrollment.objects.select_for_update(of=("self",), no_key=True).select_related("learner")
    runs = list(rows.filter(pk__in=list(keys)).with_zone().order_by("pk"))  # two who press at once: one waits
    why = left_out(runs, by)
    able = [run for run in runs if run.pk not in why]
    leaves_at = timezone.now() + HELD_FOR_UNDO
    messages = Message.objects.bulk_create(by_hand(run, by, leaves_at) for run in able)
    refused = [LeftOut(run, why[run.pk]) for run in runs if run.pk in why]
    if not messages:
        return None, refused
    keys_of_letters = [message.pk for message in messages]
    deliver.enqueue()
    return HandReminding.objects.create(made_by=by, letters=keys_of_letters), refused


def by_hand(run: Enrollment, by: User, leaves_at: datetime) -> Message:
    day = run.due_on.isoformat() if run.due_at else None
    return email_to(run.learner, KIND, data={"subjects": [[run.pk, day]], "by": by.pk}, next_at=leaves_at)


def reminders_of(runs: Collection[Enrollment]) -> dict[int, Message]:
    """Key of each of these runs → its newest reminder that waits, is leaving or has left lately. Runs one query."""
    people = [run.learner_id for run in runs]
    letters = Message.objects.filter(kind=KIND, person__in=people, written_at__gt=timezone.now() - LOOKED_BACK)
    letters = letters.exclude(state=MessageState.SKIPPED).order_by("pk")
    return {run: letter for letter in letters for run, _day in letter.data["subjects"]}


@transaction.atomic
def undo_reminding(reminding: HandReminding) -> Undone:
    letters = reminding.sent().select_related(None).select_for_update(no_key=True)
    waiting = [message.pk for message in letters if message.may_be_taken_back]
    ended = {"state": MessageState.SKIPPED, "why": NOT_SENT, "ended_at": timezone.now()}
    Message.objects.filter(pk__in=waiting).update(**ended)
    left = letters.exclude(pk__in=waiting).exclude(state=MessageState.SKIPPED).count()
    return Undone(len(waiting), left, letters.exclude(told_in=None).count())


SORT = LetterSort.TRAINING


def why_unreminded(at: datetime) -> Case:
    """Why the learner of an open enrollment is not reminded at `at`: a value of Unreminded, or "".

    Asked of the person, as one email tells of all courses; a request for another day is about one. Days of the site.
    """
    letters = Message.objects.filter(person=OuterRef("learner"), kind=KIND)
    return Case(
        When(~is_not_away(at), then=Value(Unreminded.AWAY.value)),
        When(Q(learner__email=None) | Q(learner__email=""), then=Value(Unreminded.NO_ADDRESS.value)),
        When(
            Exists(DayRequest.objects.standing(at).filter(enrollment=OuterRef("pk"))), then=Value(Unreminded.ASKS.value)
        ),
        When(Exists(letters.handed_over().filter(ended_at__gt=at - APART)), then=Value(Unreminded.REMINDED.value)),
        When(Exists(letters.filter(state=MessageState.QUEUED)), then=Value(Unreminded.WAITS.value)),
        When(has_had_its_letters(at), then=Value(Unreminded.TURN.value)),
        default=Value(""),
    )


def has_had_its_letters(at: datetime) -> Q:
    """One today, or as many as there may be in so many days: see `outbox.letter_days`."""
    today = site_day(at)
    turns = Message.objects.filter(person=OuterRef("learner"), turn_sort=SORT)
    of_days = turns.filter(turn_on__range=days_that_count(today, SORT)).order_by().values("person")
    used_up = of_days.annotate(number=Count("pk")).filter(number__gte=LIMITS[SORT].letters)
    return Q(Exists(turns.filter(turn_on__gte=today))) | Q(Exists(used_up))
