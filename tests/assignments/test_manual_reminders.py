"""A reminder to chosen people: who is left out and why, never twice, and taken back while it waits."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from courseware.assignments.manager_actions.daily_actions import (
    NO_REMINDERS,
    Confirmed,
    Undone,
    carry_out,
    left_out,
    remind,
    undo_actions,
    undo_reminding,
)
from courseware.assignments.models import Conversation, ManualReminder
from courseware.assignments.reminders.daily_reminders import enrollments_in
from courseware.audit_log.models import Event
from courseware.audit_log.record import subject_of
from courseware.learning.due_dates.absence_shifts import record_absence
from courseware.learning.enrollments.adjustments import adjust
from courseware.learning.manager_actions.extension import Extend
from courseware.learning.models import Adjustment
from courseware.lib.dates import site_day
from courseware.notifications.models import DeliveryState, OutgoingEmail
from tests.making import (
    days,
    join,
    letters,
    letters_after_undo,
    make_admin,
    make_enrollment,
    make_team,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("course")]


def run_of(team, name="", *, person=None, **fields):
    run = make_enrollment(person or make_user(name, language="en"), **fields)
    join(team, run.learner)
    return run


def queued():
    return list(
        OutgoingEmail.objects.filter(state=DeliveryState.QUEUED).order_by("pk").values_list("person__name", flat=True)
    )


def told(run, state, **fields):
    data = {"subjects": [[run.pk, None]], "by": None}
    return OutgoingEmail.objects.create(kind="reminder", person=run.learner, data=data, state=state, **fields)


def away(run):
    record_absence(run.learner, site_day(), site_day() + timedelta(days=1), by=make_admin())


def test_who_is_left_out_and_why_and_all_others_have_a_letter(team):
    with_day, without = run_of(team, "Ann", due_at=days(3)), run_of(team, "Bob")
    runs = {
        "own": run_of(team, person=team.manager),
        "away": run_of(team),
        "no-address": run_of(team, person=make_user(email="")),
        "reminded": run_of(team),
        "waits": run_of(team),
    }
    no_address = runs["no-address"].learner
    no_address.email, no_address.staff_number = None, "A1"
    no_address.save()
    away(runs["away"])
    told(runs["reminded"], DeliveryState.SENT, ended_at=timezone.now() - timedelta(hours=19))
    told(runs["waits"], DeliveryState.QUEUED)
    told(with_day, DeliveryState.SENT, ended_at=timezone.now() - timedelta(hours=21))
    told(without, DeliveryState.SKIPPED, ended_at=timezone.now())
    made, refused = remind([with_day.pk, without.pk, *(run.pk for run in runs.values())], by=team.manager)
    assert {each.why.value: each.run.pk for each in refused} == {why: run.pk for why, run in runs.items()}
    assert [message.person.name for message in made.sent()] == ["Ann", "Bob"]
    assert enrollments_in(message.data for message in made.sent()) == {with_day.pk, without.pk}


def test_a_second_press_and_a_second_manager_queue_nothing(team):
    run, other = run_of(team, "Ann"), make_user()
    assert remind([run.pk], by=team.manager)[0] is not None
    for by in (team.manager, other):
        made, refused = remind([run.pk], by=by)
        assert (made, [each.why.value for each in refused]) == (None, ["waits"])
    assert (queued(), ManualReminder.objects.count()) == (["Ann"], 1)
    letters_after_undo()
    assert [each.why.value for each in remind([run.pk], by=other)[1]] == ["reminded"]


def test_the_letter_is_signed_by_the_lead_and_speaks_also_where_no_day_is_set(team):
    remind([run_of(team, "Ann").pk], by=team.manager)
    [letter] = letters_after_undo()
    assert letter.subject == "“Rules of the tea room” is waiting for you"
    assert "Hello Ann,\n\n“Rules of the tea room” is not finished yet.\n" in letter.body
    assert "\nLi Lin\nManager of Night shift\n" in letter.body


def test_undone_while_it_waits_it_does_not_leave_and_may_be_sent_anew(team):
    one, other = run_of(team, "Ann"), run_of(team, "Bob")
    made, _refused = remind([one.pk, other.pk], by=team.manager)
    left = made.sent()[1]
    OutgoingEmail.objects.filter(pk=left.pk).update(state=DeliveryState.SENT, ended_at=timezone.now())
    assert [undo_reminding(made), undo_reminding(made)] == [Undone(1, 1, 0), Undone(0, 1, 0)]
    assert [(each.state, each.why) for each in made.sent()] == [
        ("skipped", "undone by the sender"),
        ("sent", ""),
    ]
    again, refused = remind([one.pk, other.pk], by=team.manager)
    assert [each.person.name for each in again.sent()] == ["Ann"]
    assert [each.why.value for each in refused] == ["reminded"]


def test_no_reminder_leaves_within_two_minutes(team):
    with time_machine.travel("2026-11-25T02:00Z", tick=False) as clock:
        remind([run_of(team, "Ann").pk], by=team.manager)
        clock.shift(119)
        assert letters() == []
        clock.shift(1)
        assert len(letters()) == 1


def test_what_is_being_sent_is_not_taken_back(team):
    made, _refused = remind([run_of(team, "Ann").pk], by=team.manager)
    made.sent().update(tries=1)
    assert undo_reminding(made) == Undone(0, 1, 0)


def test_undo_says_which_reminder_was_told_within_another_letter(client, team):
    run, other = run_of(team, "Ann"), run_of(team, "Bob")
    made, _refused = remind([run.pk, other.pk], by=team.manager)
    before = told(run, DeliveryState.QUEUED, address=run.learner.email)
    OutgoingEmail.objects.filter(pk=before.pk).update(next_at=days(-1))
    by_hand = made.sent().get(person=run.learner)
    OutgoingEmail.objects.filter(person=other.learner).update(next_at=days(1))
    letters()
    by_hand.refresh_from_db()
    assert by_hand.combined_into == before
    client.force_login(team.manager)
    page = client.post(f"/people/reminders/{made.pk}/undo/", follow=True).text
    assert "1 email will not be sent." in page
    assert "1 reminder was combined with another email, which was already sent or is being sent." in page
    assert [(each.state, each.combined_into) for each in made.sent()] == [("skipped", before), ("skipped", None)]


@pytest.mark.parametrize("people", [1, 3])
def test_it_is_asked_with_as_many_queries_for_one_as_for_three(team, people, django_assert_num_queries):
    runs = [run_of(team) for _ in range(people)]
    with django_assert_num_queries(4):
        left_out(runs, team.manager)


def test_the_board_leads_to_the_page_that_asks_and_it_to_what_was_queued_with_undo(client, team):
    run, done = run_of(team, "Ann"), run_of(team, "Cem", completed_at=days(-1))
    client.force_login(team.manager)
    asked = client.get("/people/actions/remind/", {"row": [run.pk, done.pk]})
    assert "For 1 person: Ann" in asked.text
    assert "Cem: has completed the course" in asked.text
    assert queued() == []
    answer = client.post("/people/actions/remind/", {"row": [run.pk, done.pk]}, follow=True)
    made = ManualReminder.objects.get()
    assert answer.redirect_chain == [(f"/people/reminders/{made.pk}/", 302)]
    assert "Cem: has completed the course" in answer.text
    assert "1 reminder" in answer.text
    assert queued() == ["Ann"]
    undone = client.post(f"/people/reminders/{made.pk}/undo/", follow=True)
    assert "1 email will not be sent." in undone.text
    assert "Undo" not in undone.text
    assert queued() == []


def test_somebody_elses_people_cannot_be_reminded_nor_the_letters_of_others_looked_at(client, team):
    run = run_of(team, "Ann")
    made, _refused = remind([run.pk], by=team.manager)
    client.force_login(make_team(manager=make_user()).manager)
    assert client.post("/people/actions/remind/", {"row": run.pk}).status_code == 422
    assert client.get(f"/people/reminders/{made.pk}/").status_code == 404
    assert client.post(f"/people/reminders/{made.pk}/undo/").status_code == 404
    assert queued() == ["Ann"]


def test_more_than_five_hundred_at_once_are_refused(client, team, monkeypatch):
    monkeypatch.setattr("courseware.assignments.manager_actions.views.MOST_AT_ONCE", 1)
    rows = [run_of(team).pk for _ in range(2)]
    client.force_login(team.manager)
    answer = client.post("/people/actions/remind/", {"row": rows})
    assert (answer.status_code, "Choose at most 1 people at a time." in answer.text) == (422, True)
    assert queued() == []


# What a lead confirmed for today is done together, once, and taken back together.


ACTS = ("extended", "extension-undone", "conversation-noted", "conversation-undone")


def waiting():
    return sorted(OutgoingEmail.objects.filter(state=DeliveryState.QUEUED).values_list("person__name", flat=True))


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
    assert logged() == [("extended", subject_of(soon)), ("conversation-noted", subject_of(stuck))]


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
    assert (logged(), Conversation.objects.count(), Adjustment.objects.count()) == (before, 1, 1)


def test_who_was_given_a_later_day_since_the_page_was_read_keeps_it(team):
    run = run_of(team, "Soon", due_at=days(1))
    offered, given = site_day() + timedelta(days=5), site_day() + timedelta(days=40)
    adjust([run], Adjustment(kind=Extend.kind, due_on=given, made_by=make_user()))
    made = carry_out(Confirmed([], {run.pk: offered}, []), by=team.manager)
    run.refresh_from_db()
    assert (run.due_on, bool(made), [each.why.value for each in made.refused]) == (given, False, ["later"])


def test_yesterdays_talk_is_another_one(team):
    run = run_of(team, "Stuck")
    Conversation.objects.create(enrollment=run, made_by=team.manager, made_at=days(-1))
    assert len(carry_out(Confirmed([], {}, [run.pk]), by=team.manager).talks) == 1


def test_all_is_taken_back_once(team):
    run, soon = run_of(team, "Late", due_at=days(-1)), run_of(team, "Soon", due_at=days(1))
    confirmed = Confirmed([run.pk], {soon.pk: site_day() + timedelta(days=9)}, [run.pk])
    made = carry_out(confirmed, by=team.manager)
    taken = undo_actions(made.reminding, made.adjustments, made.talks, by=team.manager)
    before = soon.due_at
    soon.refresh_from_db()
    assert (waiting(), soon.due_at, list(Conversation.objects.standing())) == ([], before, [])
    assert (taken.letters, [done for _act, done, _left in taken.days], taken.talks) == (
        Undone(not_sent=1, left=0, left_in_another=0), [[soon.learner_id]], 1,
    )  # fmt: skip
    again = undo_actions(made.reminding, made.adjustments, made.talks, by=team.manager)
    assert (again.letters, [done for _act, done, _left in again.days], again.talks) == (NO_REMINDERS, [[]], 0)
    assert [verb for verb, _subject in logged()] == [
        "extended",
        "conversation-noted",
        "extension-undone",
        "conversation-undone",
    ]
