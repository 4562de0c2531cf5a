"""Manual reminders and confirmed actions of the Today list: who is skipped, never twice, undo."""

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
    emails_after_undo,
    join,
    make_admin,
    make_enrollment,
    make_team,
    make_user,
    sent_emails,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("course")]


def enroll(team, name="", *, person=None, **fields):
    enrollment = make_enrollment(person or make_user(name, language="en"), **fields)
    join(team, enrollment.learner)
    return enrollment


def queued():
    return list(
        OutgoingEmail.objects.filter(state=DeliveryState.QUEUED).order_by("pk").values_list("person__name", flat=True)
    )


def add_reminder(enrollment, state, **fields):
    data = {"subjects": [[enrollment.pk, None]], "by": None}
    return OutgoingEmail.objects.create(kind="reminder", person=enrollment.learner, data=data, state=state, **fields)


def record_away(enrollment):
    record_absence(enrollment.learner, site_day(), site_day() + timedelta(days=1), by=make_admin())


def test_manual_reminder_skips_people_with_reason(team):
    with_day, without = enroll(team, "Ann", due_at=days(3)), enroll(team, "Bob")
    enrollments = {
        "own": enroll(team, person=team.manager),
        "away": enroll(team),
        "no-address": enroll(team, person=make_user(email="")),
        "reminded": enroll(team),
        "waits": enroll(team),
    }
    no_address = enrollments["no-address"].learner
    no_address.email, no_address.staff_number = None, "A1"
    no_address.save()
    record_away(enrollments["away"])
    add_reminder(enrollments["reminded"], DeliveryState.SENT, ended_at=timezone.now() - timedelta(hours=19))
    add_reminder(enrollments["waits"], DeliveryState.QUEUED)
    add_reminder(with_day, DeliveryState.SENT, ended_at=timezone.now() - timedelta(hours=21))
    add_reminder(without, DeliveryState.SKIPPED, ended_at=timezone.now())
    made, refused = remind([with_day.pk, without.pk, *(each.pk for each in enrollments.values())], by=team.manager)
    assert {each.why.value: each.run.pk for each in refused} == {why: each.pk for why, each in enrollments.items()}
    assert [message.person.name for message in made.sent()] == ["Ann", "Bob"]
    assert enrollments_in(message.data for message in made.sent()) == {with_day.pk, without.pk}


def test_repeated_reminder_is_not_queued(team):
    enrollment, other = enroll(team, "Ann"), make_user()
    assert remind([enrollment.pk], by=team.manager)[0] is not None
    for by in (team.manager, other):
        made, refused = remind([enrollment.pk], by=by)
        assert (made, [each.why.value for each in refused]) == (None, ["waits"])
    assert (queued(), ManualReminder.objects.count()) == (["Ann"], 1)
    emails_after_undo()
    assert [each.why.value for each in remind([enrollment.pk], by=other)[1]] == ["reminded"]


def test_reminder_without_due_date_is_signed_by_manager(team):
    remind([enroll(team, "Ann").pk], by=team.manager)
    [email] = emails_after_undo()
    assert email.subject == "Please take “Rules of the tea room”"
    assert "Hello Ann,\n\n“Rules of the tea room” is not finished yet.\n" in email.body
    assert "\nLi Lin\nManager of Night shift\n" in email.body


def test_undone_reminder_is_not_sent_and_can_be_repeated(team):
    one, other = enroll(team, "Ann"), enroll(team, "Bob")
    made, _refused = remind([one.pk, other.pk], by=team.manager)
    left = made.sent()[1]
    OutgoingEmail.objects.filter(pk=left.pk).update(state=DeliveryState.SENT, ended_at=timezone.now())
    assert [undo_reminding(made), undo_reminding(made)] == [Undone(1, 1, 0), Undone(0, 1, 0)]
    assert [(each.state, each.why) for each in made.sent()] == [
        ("skipped", "the sender undid the reminder"),
        ("sent", ""),
    ]
    again, refused = remind([one.pk, other.pk], by=team.manager)
    assert [each.person.name for each in again.sent()] == ["Ann"]
    assert [each.why.value for each in refused] == ["reminded"]


def test_reminder_is_held_for_2_minutes(team):
    with time_machine.travel("2026-11-25T02:00Z", tick=False) as clock:
        remind([enroll(team, "Ann").pk], by=team.manager)
        clock.shift(119)
        assert sent_emails() == []
        clock.shift(1)
        assert len(sent_emails()) == 1


def test_reminder_being_sent_cannot_be_undone(team):
    made, _refused = remind([enroll(team, "Ann").pk], by=team.manager)
    made.sent().update(tries=1)
    assert undo_reminding(made) == Undone(0, 1, 0)


def test_undo_reports_reminder_combined_with_another_email(client, team):
    enrollment, other = enroll(team, "Ann"), enroll(team, "Bob")
    made, _refused = remind([enrollment.pk, other.pk], by=team.manager)
    before = add_reminder(enrollment, DeliveryState.QUEUED, address=enrollment.learner.email)
    OutgoingEmail.objects.filter(pk=before.pk).update(next_at=days(-1))
    manual = made.sent().get(person=enrollment.learner)
    OutgoingEmail.objects.filter(person=other.learner).update(next_at=days(1))
    sent_emails()
    manual.refresh_from_db()
    assert manual.combined_into == before
    client.force_login(team.manager)
    page = client.post(f"/people/reminders/{made.pk}/undo/", follow=True).text
    assert "1 email will not be sent." in page
    assert "1 reminder was combined with another email, which was already sent or is being sent." in page
    assert [(each.state, each.combined_into) for each in made.sent()] == [("skipped", before), ("skipped", None)]


@pytest.mark.parametrize("people", [1, 3])
def test_check_takes_same_queries_for_1_and_3_people(team, people, django_assert_num_queries):
    enrollments = [enroll(team) for _ in range(people)]
    with django_assert_num_queries(4):
        left_out(enrollments, team.manager)


def test_dashboard_leads_to_confirmation_result_and_undo(client, team):
    enrollment, done = enroll(team, "Ann"), enroll(team, "Cem", completed_at=days(-1))
    client.force_login(team.manager)
    asked = client.get("/people/actions/remind/", {"row": [enrollment.pk, done.pk]})
    assert "This change is for 1 person: Ann" in asked.text
    assert "Cem: has completed the course" in asked.text
    assert queued() == []
    answer = client.post("/people/actions/remind/", {"row": [enrollment.pk, done.pk]}, follow=True)
    made = ManualReminder.objects.get()
    assert answer.redirect_chain == [(f"/people/reminders/{made.pk}/", 302)]
    assert "Cem: has completed the course" in answer.text
    assert "1 reminder" in answer.text
    assert queued() == ["Ann"]
    undone = client.post(f"/people/reminders/{made.pk}/undo/", follow=True)
    assert "1 email will not be sent." in undone.text
    assert "Undo" not in undone.text
    assert queued() == []


def test_manager_cannot_remind_people_of_other_teams(client, team):
    enrollment = enroll(team, "Ann")
    made, _refused = remind([enrollment.pk], by=team.manager)
    client.force_login(make_team(manager=make_user()).manager)
    assert client.post("/people/actions/remind/", {"row": enrollment.pk}).status_code == 422
    assert client.get(f"/people/reminders/{made.pk}/").status_code == 404
    assert client.post(f"/people/reminders/{made.pk}/undo/").status_code == 404
    assert queued() == ["Ann"]


def test_too_many_people_at_once_are_refused(client, team, monkeypatch):
    monkeypatch.setattr("courseware.assignments.manager_actions.views.MOST_AT_ONCE", 1)
    rows = [enroll(team).pk for _ in range(2)]
    client.force_login(team.manager)
    answer = client.post("/people/actions/remind/", {"row": rows})
    assert (answer.status_code, "Choose at most 1 people at a time." in answer.text) == (422, True)
    assert queued() == []


# Confirmed actions of the Today list.


ACTS = ("extended", "extension-undone", "conversation-noted", "conversation-undone")


def waiting():
    return sorted(OutgoingEmail.objects.filter(state=DeliveryState.QUEUED).values_list("person__name", flat=True))


def logged():
    """(verb, subject) of all logged actions."""
    return list(Event.objects.filter(verb__in=ACTS).order_by("pk").values_list("verb", "subject"))


def test_confirmed_actions_skip_reminder_after_extension(team):
    late, soon, stuck, done = (enroll(team, name, due_at=days(1)) for name in ("Late", "Soon", "Stuck", "Done"))
    done.completed_at = days(0)
    done.save()
    day = site_day() + timedelta(days=9)
    confirmed = Confirmed([late.pk, soon.pk, done.pk], {soon.pk: day}, [stuck.pk, done.pk])
    made = carry_out(confirmed, by=team.manager)
    assert waiting() == ["Late"]
    assert [(each.run, each.why.value) for each in made.left_out] == [(done, "completed")]
    assert [(each.due_on, each.lines.get().enrollment) for each in made.adjustments] == [(day, soon)]
    assert [conversation.enrollment for conversation in made.talks] == [stuck]
    assert logged() == [("extended", subject_of(soon)), ("conversation-noted", subject_of(stuck))]


def test_repeated_confirmation_changes_nothing(team):
    enrollment, soon = enroll(team, "Stuck", due_at=days(-1)), enroll(team, "Soon", due_at=days(1))
    confirmed = Confirmed([enrollment.pk], {soon.pk: site_day() + timedelta(days=9)}, [enrollment.pk])
    first = carry_out(confirmed, by=team.manager)
    before = logged()
    for by in (team.manager, make_user()):
        again = carry_out(confirmed, by=by)
        assert not again
        assert [each.why.value for each in again.left_out] == ["waits"]
        assert [each.why.value for each in again.refused] == ["unchanged"]
        assert again.noted_before == first.talks
    assert (logged(), Conversation.objects.count(), Adjustment.objects.count()) == (before, 1, 1)


def test_confirmed_extension_keeps_later_due_date(team):
    enrollment = enroll(team, "Soon", due_at=days(1))
    offered, given = site_day() + timedelta(days=5), site_day() + timedelta(days=40)
    adjust([enrollment], Adjustment(kind=Extend.kind, due_on=given, made_by=make_user()))
    made = carry_out(Confirmed([], {enrollment.pk: offered}, []), by=team.manager)
    enrollment.refresh_from_db()
    assert (enrollment.due_on, bool(made), [each.why.value for each in made.refused]) == (given, False, ["later"])


def test_conversation_can_be_noted_again_next_day(team):
    enrollment = enroll(team, "Stuck")
    Conversation.objects.create(enrollment=enrollment, made_by=team.manager, made_at=days(-1))
    assert len(carry_out(Confirmed([], {}, [enrollment.pk]), by=team.manager).talks) == 1


def test_confirmed_actions_are_undone_once(team):
    enrollment, soon = enroll(team, "Late", due_at=days(-1)), enroll(team, "Soon", due_at=days(1))
    confirmed = Confirmed([enrollment.pk], {soon.pk: site_day() + timedelta(days=9)}, [enrollment.pk])
    made = carry_out(confirmed, by=team.manager)
    undone = undo_actions(made.reminding, made.adjustments, made.talks, by=team.manager)
    before = soon.due_at
    soon.refresh_from_db()
    assert (waiting(), soon.due_at, list(Conversation.objects.in_force())) == ([], before, [])
    assert (undone.reminders, [done for _act, done, _left in undone.days], undone.talks) == (
        Undone(not_sent=1, left=0, left_in_another=0), [[soon.learner_id]], 1,
    )  # fmt: skip
    again = undo_actions(made.reminding, made.adjustments, made.talks, by=team.manager)
    assert (again.reminders, [done for _act, done, _left in again.days], again.talks) == (NO_REMINDERS, [[]], 0)
    assert [verb for verb, _subject in logged()] == [
        "extended",
        "conversation-noted",
        "extension-undone",
        "conversation-undone",
    ]
