"""What a lead confirmed for today is done together, once, and taken back together."""

from datetime import timedelta

import pytest

from courseware.assignments.carrying_out import NO_LETTERS, Confirmed, carry_out, take_back_acts
from courseware.assignments.models import Talk
from courseware.assignments.reminding_by_hand import Undone
from courseware.evidence.models import Event
from courseware.evidence.recording import subject_of
from courseware.learning.adjusting import adjust
from courseware.learning.adjustments import Adjustment
from courseware.learning.manager_actions.extension import Extend
from courseware.lib.dates import site_day
from courseware.outbox.models import Message, MessageState
from tests.making import days, join, make_enrollment, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("course")]
ACTS = ("extended", "extension-undone", "talk-noted", "talk-taken-back")


def run_of(team, name="", **fields):
    run = make_enrollment(make_user(name), **fields)
    join(team, run.learner)
    return run


def waiting():
    return sorted(Message.objects.filter(state=MessageState.QUEUED).values_list("person__name", flat=True))


def logged():
    """(verb, subject) of all that was logged of these acts."""
    return list(Event.objects.filter(verb__in=ACTS).order_by("pk").values_list("verb", "subject"))


def test_all_is_done_and_who_has_another_day_is_not_reminded_of_the_former_one(team):
    late, soon, stuck, done = (run_of(team, name, due_at=days(1)) for name in ("Late", "Soon", "Stuck", "Done"))
    done.completed_at = days(0)
    done.save()
    day = site_day() + timedelta(days=9)
    confirmed = Confirmed([late.pk, soon.pk, done.pk], {soon.pk: day}, [stuck.pk, done.pk])
    made = carry_out(confirmed, by=team.manager)
    assert waiting() == ["Late"]
    assert [(each.run, each.why.value) for each in made.left_out] == [(done, "completed")]
    assert [(each.due_on, each.lines.get().enrollment) for each in made.adjustments] == [(day, soon)]
    assert [talk.enrollment for talk in made.talks] == [stuck]
    assert logged() == [("extended", subject_of(soon)), ("talk-noted", subject_of(stuck))]


def test_repeated_by_whomever_it_changes_nothing_and_tells_what_was_there(team):
    run, soon = run_of(team, "Stuck", due_at=days(-1)), run_of(team, "Soon", due_at=days(1))
    confirmed = Confirmed([run.pk], {soon.pk: site_day() + timedelta(days=9)}, [run.pk])
    first = carry_out(confirmed, by=team.manager)
    before = logged()
    for by in (team.manager, make_user()):
        again = carry_out(confirmed, by=by)
        assert not again
        assert [each.why.value for each in again.left_out] == ["waits"]
        assert [each.why.value for each in again.refused] == ["unchanged"]
        assert again.noted_before == first.talks
    assert (logged(), Talk.objects.count(), Adjustment.objects.count()) == (before, 1, 1)


def test_who_was_given_a_later_day_since_the_page_was_read_keeps_it(team):
    run = run_of(team, "Soon", due_at=days(1))
    offered, given = site_day() + timedelta(days=5), site_day() + timedelta(days=40)
    adjust([run], Adjustment(kind=Extend.kind, due_on=given, made_by=make_user()))
    made = carry_out(Confirmed([], {run.pk: offered}, []), by=team.manager)
    run.refresh_from_db()
    assert (run.due_on, bool(made), [each.why.value for each in made.refused]) == (given, False, ["later"])


def test_yesterdays_talk_is_another_one(team):
    run = run_of(team, "Stuck")
    Talk.objects.create(enrollment=run, made_by=team.manager, made_at=days(-1))
    assert len(carry_out(Confirmed([], {}, [run.pk]), by=team.manager).talks) == 1


def test_all_is_taken_back_once(team):
    run, soon = run_of(team, "Late", due_at=days(-1)), run_of(team, "Soon", due_at=days(1))
    confirmed = Confirmed([run.pk], {soon.pk: site_day() + timedelta(days=9)}, [run.pk])
    made = carry_out(confirmed, by=team.manager)
    taken = take_back_acts(made.reminding, made.adjustments, made.talks, by=team.manager)
    before = soon.due_at
    soon.refresh_from_db()
    assert (waiting(), soon.due_at, list(Talk.objects.standing())) == ([], before, [])
    assert (taken.letters, [done for _act, done, _left in taken.days], taken.talks) == (
        Undone(not_sent=1, left=0, left_in_another=0), [[soon.learner_id]], 1,
    )  # fmt: skip
    again = take_back_acts(made.reminding, made.adjustments, made.talks, by=team.manager)
    assert (again.letters, [done for _act, done, _left in again.days], again.talks) == (NO_LETTERS, [[]], 0)
    assert [verb for verb, _subject in logged()] == ["extended", "talk-noted", "extension-undone", "talk-taken-back"]
