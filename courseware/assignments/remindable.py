"""Whom a reminder would reach today, of many runs in one statement: `reminding_by_hand` says it of rows at hand."""

from datetime import datetime

from django.db.models import Case, Count, Exists, OuterRef, Q, Value, When

from courseware.assignments.reminder_letter import APART, KIND
from courseware.assignments.reminding_by_hand import Unreminded
from courseware.learning.day_requests import DayRequest
from courseware.learning.not_asked import NotAskedReason
from courseware.lib.dates import site_day
from courseware.outbox.kinds import LetterSort
from courseware.outbox.letter_days import LIMITS, days_that_count
from courseware.outbox.models import Message, MessageState

SORT = LetterSort.TRAINING


def why_unreminded(at: datetime) -> Case:
    """Why the learner of an open run is not reminded at `at`, a value of Unreminded; "" for whoever is.

    Asked of the person and not of the run, for one letter tells of all courses; but another day is asked for in one.
    Days are those of the site: where the reader's is another one already, the letter waits for its turn when it leaves.
    """
    letters = Message.objects.filter(person=OuterRef("learner"), kind=KIND)
    return Case(
        When(~NotAskedReason.AWAY.is_absent(at), then=Value(Unreminded.AWAY.value)),
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
