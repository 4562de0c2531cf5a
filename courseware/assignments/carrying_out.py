"""Carry out the acts for today that a lead confirmed, in one transaction that first locks all enrollments by key."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone

from courseware.accounts.models import User
from courseware.assignments.models import HandReminding, Talk
from courseware.assignments.reminding_by_hand import LeftOut, Undone, remind, undo_reminding
from courseware.evidence.recording import NewEvent, record_many
from courseware.learning.adjusting import NotUndone, adjust, lines_in_hands_of, undo
from courseware.learning.adjustments import Adjustment
from courseware.learning.asking import take_back_refusals
from courseware.learning.day_requests import DayRequest
from courseware.learning.manager_actions.extension import Extend
from courseware.learning.manager_actions.manager_action import Refusal, Unadjusted
from courseware.learning.models import Enrollment
from courseware.lib.dates import due_instant, site_day

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

    reminding: HandReminding | None
    left_out: list[LeftOut]
    adjustments: list[Adjustment]
    refused: list[Unadjusted]
    talks: list[Talk]
    noted_before: list[Talk]

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
    runs = hold_runs(confirmed.runs)
    to_talk = [run for run in runs if run.pk in confirmed.talk and run.is_open]
    noted_before = list(talks_of_day(to_talk).values())
    talks, events = note_talks(to_talk, by=by)
    reminding, left_out = remind(set(confirmed.remind) - confirmed.extend.keys(), by=by)
    adjustments, refused = [], []
    for day in sorted(set(confirmed.extend.values())):
        own = [run for run in runs if confirmed.extend.get(run.pk) == day]
        later = [run for run in own if run.is_open and run.due_at and run.due_at > due_instant(day, run.zone)]
        refused += [Unadjusted(run.learner_id, Refusal.LATER) for run in later]
        extension = Adjustment(kind=Extend.kind, due_on=day, made_by=by)
        made, unadjusted = adjust([run for run in own if run not in later], extension)
        adjustments += [made] if made else []
        refused += unadjusted
    record_many(events)
    return Done(reminding, left_out, adjustments, refused, talks, noted_before)


@transaction.atomic
def take_back_acts(
    reminding: HandReminding | None,
    adjustments: Iterable[Adjustment],
    talks: Collection[Talk],
    refused: Collection[int] = (),
    *,
    by: User,
) -> TakenBack:
    """Undo, as far as possible, what `by` did with `carry_out`, and the refusals of requests for another day."""
    lines = {adjustment: list(lines_in_hands_of(by, adjustment)) for adjustment in adjustments}
    runs = {line.enrollment_id for own in lines.values() for line in own} | {talk.enrollment_id for talk in talks}
    hold_runs(runs.union(DayRequest.objects.filter(pk__in=refused).values_list("enrollment", flat=True)))
    events = take_back_talks(talks, by=by)
    letters = undo_reminding(reminding) if reminding else NO_LETTERS
    days = [(adjustment, *undo(adjustment, own, by=by)) for adjustment, own in lines.items()]
    record_many(events)
    return TakenBack(letters, days, len(events), take_back_refusals(refused, by=by))


def hold_runs(keys: Iterable[int]) -> list[Enrollment]:
    rows = Enrollment.objects.select_for_update(of=("self",), no_key=True).select_related("learner")
    return list(rows.filter(pk__in=list(keys)).with_zone().order_by("pk"))


def talks_of_day(runs: Collection[Enrollment]) -> dict[int, Talk]:
    """Key of enrollment → its talk noted on this day of the site, unless the learner has been active since."""
    acted_at = {run.pk: run.last_active_at for run in runs}
    found = Talk.objects.standing().filter(enrollment__in=acted_at).select_related("made_by")
    today = {talk.enrollment_id: talk for talk in found if site_day(talk.made_at) == site_day()}
    return {run: talk for run, talk in today.items() if talk.made_at >= (acted_at[run] or talk.made_at)}


def note_talks(runs: Collection[Enrollment], *, by: User) -> tuple[list[Talk], list[NewEvent]]:
    """(those that are new, what to log). The runs are locked; what is among `talks_of_day` is not noted again."""
    known = talks_of_day(runs)
    new = Talk.objects.bulk_create(Talk(enrollment=run, made_by=by) for run in runs if run.pk not in known)
    return new, [NewEvent("talk-noted", talk.enrollment, by, {"talk": talk.pk}, talk.made_at) for talk in new]


def take_back_talks(talks: Collection[Talk], *, by: User) -> list[NewEvent]:
    """What to log. Their runs are locked."""
    fresh = list(Talk.objects.standing().filter(pk__in=[talk.pk for talk in talks]).select_related("enrollment"))
    at = timezone.now()
    Talk.objects.filter(pk__in=[talk.pk for talk in fresh]).update(taken_back_at=at)
    return [NewEvent("talk-taken-back", talk.enrollment, by, {"talk": talk.pk}, at) for talk in fresh]
