"""Suggested actions for a manager on Today, with confirmation and undo."""

import re
import uuid
from datetime import timedelta

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.utils import timezone
from django.utils.formats import date_format

from courseware.accounts.models import User
from courseware.assignments.follow_ups.follow_ups import answer_follow_up
from courseware.assignments.models import Conversation
from courseware.audit_log.models import Event
from courseware.content.models import Course
from courseware.learning.due_dates.absence_shifts import record_absence
from courseware.learning.lessons.answers import answer
from courseware.learning.models import Adjustment, Answer, Enrollment
from courseware.lib.dates import site_day
from courseware.notifications.models import DeliveryState, OutgoingEmail
from courseware.reporting.today import suggested_actions
from courseware.reporting.today.suggested_actions import suggested_actions_for
from tests.assessment.exams import ready, sit
from tests.assignments.follow_ups import completed, make_course_with_survey, survey_of
from tests.counting import statements
from tests.making import days, join, make_admin, make_enrollment, make_team, make_user, sent_emails
from tests.reporting.dashboards import learner_of, sign_in_another_manager
from tests.reporting.test_two_courses import make_second_course
from tests.world import outline_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("course")]


def suggested(team):
    return suggested_actions_for(team.manager, timezone.now(), counts_others=True)


def reminder_recipients(team):
    """State → recipients of the suggested reminders."""
    return {str(each.state): [person.name for person in each.people] for each in suggested(team).reminders}


def add_reminder(enrollment, state, **fields):
    data = {"subjects": [[enrollment.pk, None]], "by": None}
    return OutgoingEmail.objects.create(kind="reminder", person=enrollment.learner, data=data, state=state, **fields)


def boxes(client):
    """(name, value, ticked) of each checkbox on the page."""
    page = BeautifulSoup(client.get("/team/today/").content, "html.parser")
    return [(box["name"], box["value"], box.has_attr("checked")) for box in page.select(".today input[type=checkbox]")]


def queued():
    return sorted(
        OutgoingEmail.objects.filter(state=DeliveryState.QUEUED, kind="reminder").values_list("person__name", flat=True)
    )


def miss(enrollment, times=3, question="is-it-off"):
    step = outline_of(enrollment.course).step("boiling")
    for _each in range(times):
        answer(enrollment, step, question, ["0"], token=uuid.uuid4())


def test_reminders_are_suggested_for_overdue_and_due_soon(team):
    for name, fields in {
        "Late": {"due_at": days(-2), "started_at": days(-9)},
        "Later still": {"due_at": days(-1)},
        "Soon": {"due_at": days(2)},
        "Far": {"due_at": days(4)},
        "No day": {},
        "Done": {"due_at": days(-2), "completed_at": days(-1)},
        "Exempt": {"due_at": days(-2), "exempted_at": days(-1)},
    }.items():
        learner_of(team, name, **fields)
    left = learner_of(team, "Left", due_at=days(-2)).learner
    left.is_active = False
    left.save()
    learner_of(make_team(manager=make_user()), "Of another team", due_at=days(-2))
    own = Enrollment.objects.create(learner=team.manager, course=Enrollment.objects.first().course, due_at=days(-2))
    join(team, own.learner)
    assert reminder_recipients(team) == {"overdue": ["Late", "Later still"], "due-soon": ["Soon"]}
    assert [each.unopened for each in suggested(team).reminders] == [1, 1]
    assert suggested(team).others == 4  # Far, No day, Done, Exempt


def test_people_left_out_are_named_with_reason(team):
    late = {"due_at": days(-2)}
    enrollments = {
        why: learner_of(team, why.title(), **late) for why in ("away", "reminded", "waits", "turn", "three", "none")
    }
    no_address = enrollments.pop("none").learner
    no_address.email, no_address.staff_number = None, "A1"
    no_address.save()
    record_absence(enrollments["away"].learner, site_day(), site_day() + timedelta(days=1), by=make_admin())
    add_reminder(enrollments["reminded"], DeliveryState.SENT, ended_at=timezone.now() - timedelta(hours=19))
    add_reminder(enrollments["waits"], DeliveryState.QUEUED)
    fields = {"state": DeliveryState.SENT, "kind": "enrolled", "limit_category": "training"}
    OutgoingEmail.objects.create(person=enrollments["turn"].learner, sending_day=site_day(), **fields)
    for before in (1, 5, 13):
        OutgoingEmail.objects.create(
            person=enrollments["three"].learner, sending_day=site_day() - timedelta(days=before), **fields
        )
    free = learner_of(team, "Free", **late)
    add_reminder(free, DeliveryState.SENT, ended_at=timezone.now() - timedelta(hours=21))
    add_reminder(free, DeliveryState.SKIPPED, ended_at=timezone.now())
    for before in (1, 5, 14):
        OutgoingEmail.objects.create(person=free.learner, sending_day=site_day() - timedelta(days=before), **fields)
    assert reminder_recipients(team) == {"overdue": ["Free"]}
    assert [(each.why.value, each.number, each.names) for each in suggested(team).left_out] == [
        ("away", 1, "Away"),
        ("no-address", 1, "None"),
        ("reminded", 1, "Reminded"),
        ("turn", 2, "Turn, Three"),
        ("waits", 1, "Waits"),
    ]


def test_only_reminders_are_ticked_beforehand(client, team):
    soon = learner_of(team, "Soon", due_at=days(2))
    late = learner_of(team, "Late", due_at=days(-2))
    miss(late)
    [day] = [each.day for each in suggested(team).more_time]
    assert boxes(client) == [
        ("remind", f"{late.pk}", True),
        ("remind", f"{soon.pk}", True),
        ("extend", f"{soon.pk}:{day}", False),
        ("talk", f"{late.pk}", False),
    ]


def test_extension_is_suggested_for_unopened_courses(team):
    learner_of(team, "Begun", due_at=days(2), started_at=days(-1))
    learner_of(team, "Late", due_at=days(-1))
    learner_of(team, "Far", due_at=days(4))
    given = learner_of(team, "Given", due_at=days(2))
    Enrollment.objects.filter(pk=given.pk).update(due_given_at=days(-5))
    absent = learner_of(team, "Away", due_at=days(2))
    record_absence(absent.learner, site_day(), site_day(), by=make_admin())
    Enrollment.objects.filter(pk=absent.pk).update(due_at=days(2))
    enrollment = learner_of(team, "Unopened", due_at=days(2))
    [offered] = suggested(team).more_time
    assert (offered.name, offered.due_on) == ("Unopened", enrollment.due_on)
    assert offered.day >= enrollment.due_on + timedelta(days=3)
    assert offered.day.weekday() < 5 or offered.day == enrollment.due_on + timedelta(days=3)


@pytest.mark.slow
def test_confirmation_does_all_ticked_actions_with_undo(client, team):
    late, soon = learner_of(team, "Late", due_at=days(-2)), learner_of(team, "Soon", due_at=days(2))
    unopened = learner_of(team, "Unopened", due_at=days(2))
    miss(late)
    before, day = unopened.due_at, site_day() + timedelta(days=9)
    ticked = {"remind": [f"{late.pk}", f"{soon.pk}.{unopened.pk}"], "extend": f"{unopened.pk}:{day}", "talk": late.pk}
    answer_page = client.post("/team/today/", ticked, follow=True)
    assert answer_page.redirect_chain == [("/team/", 302)]
    text = " ".join(BeautifulSoup(answer_page.content, "html.parser").select_one(".messages").get_text(" ").split())
    assert "2 reminders are waiting to be sent." in text
    assert "The due date of Unopened is now" in text
    assert "Saved: you have talked to Late." in text
    assert queued() == ["Late", "Soon"]  # no reminder of the former due date
    unopened.refresh_from_db()
    assert unopened.due_on == day
    assert list(Conversation.objects.values_list("enrollment", flat=True)) == [late.pk]
    form = BeautifulSoup(answer_page.content, "html.parser").select_one(".messages form")
    fields = [
        (field["name"], field["value"]) for field in form.select("input") if field["name"] != "csrfmiddlewaretoken"
    ]
    assert sent_emails() == []  # for two minutes
    undone = client.post(form["action"], dict(fields), follow=True)
    assert "2 emails will not be sent." in undone.text and "The record of 1 conversation was undone." in undone.text
    assert "The change was undone for 1 person: Unopened." in undone.text
    unopened.refresh_from_db()
    assert (queued(), unopened.due_at, Conversation.objects.in_force().count()) == ([], before, 0)
    verbs = Event.objects.filter(verb__in=["extended", "extension-undone", "conversation-noted", "conversation-undone"])
    assert sorted(verbs.values_list("verb", flat=True)) == [
        "conversation-noted",
        "conversation-undone",
        "extended",
        "extension-undone",
    ]
    assert "undo-today" not in client.get("/team/").text and "/team/today/undo/" not in client.get("/team/").text


@pytest.mark.slow
def test_undo_stays_on_dashboard_while_emails_wait(client, team):
    late = learner_of(team, "Late", due_at=days(-2))
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client.post("/team/today/", {"remind": f"{late.pk}"}, follow=True)
        clock.shift(119)
        page = client.get("/team/?name=Late")
        assert "You can still undo the actions you just confirmed." in page.text
        assert BeautifulSoup(page.content, "html.parser").select_one(".messages form.undo")
        clock.shift(1)
        assert "/team/today/undo/" not in client.get("/team/").text


@pytest.mark.slow
def test_second_confirmation_names_who_acted_first(client, team):
    late = learner_of(team, "Late", due_at=days(-2))
    miss(late)
    ticked = {"remind": f"{late.pk}", "talk": late.pk}
    client.post("/team/today/", ticked, follow=True)
    again = client.post("/team/today/", ticked, follow=True)
    assert "Late: reminder sent by you, " in again.text and "Late: conversation recorded by you, " in again.text
    sign_in_another_manager(client, team)
    second = client.post("/team/today/", ticked, follow=True)
    assert "Late: reminder sent by Li Lin, " in second.text and "Late: conversation recorded by Li Lin, " in second.text
    assert "queued" not in second.text and "Undo" not in second.text
    assert (queued(), Conversation.objects.count()) == (["Late"], 1)


@pytest.mark.slow
def test_second_extension_names_who_gave_it(client, team):
    new, day = learner_of(team, "New", due_at=days(2)), site_day() + timedelta(days=9)
    ticked = {"extend": f"{new.pk}:{day}"}
    first = client.post("/team/today/", ticked, follow=True)
    assert "No new action was taken." not in first.text
    sign_in_another_manager(client, team)
    second = client.post("/team/today/", ticked, follow=True)
    by_other = f"New: due date extended to {date_format(day)} by Li Lin, "
    assert "No new action was taken." in second.text and by_other in second.text
    assert "needs no change" not in second.text
    earlier = client.post("/team/today/", {"extend": f"{new.pk}:{day - timedelta(days=1)}"}, follow=True)
    assert by_other in earlier.text
    assert Adjustment.objects.count() == 1


@pytest.mark.slow
def test_extension_by_other_manager_is_named_per_course(client, team):
    tea, aid = Course.objects.get(), make_second_course()
    new, day = learner_of(team, "New", course=tea, due_at=days(2)), site_day() + timedelta(days=9)
    other = make_enrollment(new.learner, aid, due_at=days(2))
    client.post("/team/today/", {"extend": f"{new.pk}:{day}"})
    sign_in_another_manager(client, team)
    both, by_other = (
        [f"{new.pk}:{day}", f"{other.pk}:{day}"],
        f"New: due date extended to {date_format(day)} by Li Lin, ",
    )
    second = client.post("/team/today/", {"extend": both}, follow=True)
    assert "The due date of New is now " in second.text and by_other in second.text
    assert "by you, " not in second.text
    third = client.post("/team/today/", {"extend": both}, follow=True)
    assert by_other in third.text and f"New: due date extended to {date_format(day)} by you, " in third.text


def test_automatic_reminder_is_named_as_waiting_or_sent(client, team):
    late, later = learner_of(team, "Late", due_at=days(-2)), learner_of(team, "Later", due_at=days(-1))
    ticked = {"remind": f"{late.pk}.{later.pk}"}
    add_reminder(late, DeliveryState.QUEUED)
    add_reminder(later, DeliveryState.SENT, ended_at=timezone.now())
    page = client.post("/team/today/", ticked, follow=True)
    assert "Late: the reminder will be sent automatically" in page.text
    assert "Later: the reminder was sent automatically, " in page.text


def test_people_who_finished_meanwhile_are_left_out(client, team):
    names = ("Late", "Done", "Exempt", "Left")
    _late, done, exempted, left = (learner_of(team, name, due_at=days(-2)) for name in names)
    [box] = [value for name, value, _ticked in boxes(client) if name == "remind"]
    Enrollment.objects.filter(pk=done.pk).update(completed_at=timezone.now())
    Enrollment.objects.filter(pk=exempted.pk).update(exempted_at=timezone.now())
    User.objects.filter(pk=left.learner_id).update(is_active=False)
    page = client.post(
        "/team/today/",
        {"remind": box, "talk": done.pk, "extend": f"{exempted.pk}:{site_day() + timedelta(days=9)}"},
        follow=True,
    )
    for text in (
        "1 reminder is waiting to be sent.",
        "Done: has completed the course",
        "Left: left the company",
        "Exempt: is exempt",
    ):
        assert text in page.text
    assert (queued(), Conversation.objects.count()) == (["Late"], 0)


@pytest.mark.parametrize(
    ("ticked", "said"),
    [
        ({}, "You selected nothing, so nothing was done."),
        ({"remind": "x.-1", "talk": "１"}, "You selected nothing, so nothing was done."),
        ({"extend": "1:2020-01-01"}, "This date is in the past."),
        ({"extend": "1:yesterday"}, "Enter a valid date."),
        ({"extend": "1"}, "This field is required."),
        ({"talk": list(range(1, 9))}, "You sent more actions than the page offers"),
        ({"remind": "1." * 501}, "You sent more actions than the page offers"),
        ({"remind": "999999999"}, "You do not manage any of these people"),
    ],
)
def test_invalid_actions_are_explained_and_ignored(client, team, ticked, said):
    learner_of(team, "Late", due_at=days(-2))
    page = client.post("/team/today/", ticked, follow=True)
    assert page.redirect_chain == [("/team/today/", 302)]
    assert said in page.text
    assert queued() == []


def test_only_own_people_can_be_changed(client, team):
    late = learner_of(team, "Late", due_at=days(-2))
    client.post("/team/today/", {"remind": f"{late.pk}"})
    message = OutgoingEmail.objects.get(kind="reminder")
    client.force_login(make_admin())  # admins answer unmanaged people: see test_extension_requests.py
    assert client.get("/team/today/").context["draft"].reminders == []
    assert client.post("/team/today/", {"talk": late.pk}).status_code == 302
    client.force_login(make_team(manager=make_user()).manager)
    assert client.post("/team/today/", {"talk": late.pk}).status_code == 302
    assert client.post("/team/today/undo/", {"reminding": 1}).status_code == 404
    assert (Conversation.objects.count(), OutgoingEmail.objects.get(kind="reminder").state) == (0, message.state)


def conversations(team):
    return [(each.name, f"{each.stuck.words} · {each.journey.words}") for each in suggested(team).talks]


@pytest.mark.slow
def test_repeated_failure_suggests_conversation_until_recorded(team):
    stuck, once = learner_of(team, "Stuck"), learner_of(team, "Once")
    miss(stuck)
    miss(once, times=1)
    learner_of(team, "Idle", started_at=days(-20), last_active_at=days(-20))
    assert conversations(team) == [("Stuck", "one question answered incorrectly 3 times · Boiling water")]
    conversation = Conversation.objects.create(enrollment=stuck, made_by=team.manager)
    assert conversations(team) == []
    miss(stuck, times=1)
    assert [name for name, _why in conversations(team)] == ["Stuck"]
    Conversation.objects.filter(pk=conversation.pk).update(made_at=timezone.now())
    assert conversations(team) == []
    Conversation.objects.filter(pk=conversation.pk).update(undone_at=timezone.now())
    assert [name for name, _why in conversations(team)] == ["Stuck"]


@pytest.mark.slow
def test_failed_exam_suggests_conversation_but_idleness_does_not(team):
    failed = ready(Course.objects.get(), due_at=days(9))
    join(team, failed.learner)
    sit(failed, points=0, at=days(-8))
    Enrollment.objects.filter(pk=failed.pk).update(last_active_at=days(-8))
    former = learner_of(team, "Former")
    miss(former)
    Answer.objects.filter(enrollment=former).update(question="gone")  # removed from the course
    Enrollment.objects.filter(pk=former.pk).update(last_active_at=days(-20))
    [(name, why)] = conversations(team)
    assert (name, why.partition(" · ")[0]) == (
        failed.learner.name,
        "no activity since the failed exam",
    )
    Conversation.objects.create(enrollment=failed, made_by=team.manager, made_at=days(-7))
    assert conversations(team) == []


@pytest.mark.slow
def test_reminders_above_limit_are_offered_next(client, team, monkeypatch):
    monkeypatch.setattr(suggested_actions, "REMINDERS_AT_ONCE", 2)
    for number in range(3):
        learner_of(team, f"Late {number}", due_at=days(-3 + number / 2))
    [late] = suggested(team).reminders
    assert (late.number, late.later, [each.name for each in late.people]) == (3, 1, ["Late 0", "Late 1"])
    page = client.get("/team/today/").text
    assert "Remind 3 overdue people" in page
    assert (
        "The 2 most urgent people get the reminder first. "
        "After that, this page suggests reminders for the other people." in page
    )
    client.post("/team/today/", {"remind": late.value})
    assert reminder_recipients(team) == {"overdue": ["Late 2"]}


@pytest.mark.slow
def test_only_most_urgent_reminders_are_suggested_above_limit(client, team, monkeypatch):
    monkeypatch.setattr(suggested_actions, "LOOKED_AT", 2)
    late = [learner_of(team, f"Late {number}", due_at=days(-3 + number / 2)) for number in range(2)]
    text = (
        "On this page, reminders are suggested only for the 2 most urgent due dates. The dashboard shows all due dates."
    )
    assert suggested(team).others == 0
    assert text not in client.get("/team/today/").text
    learner_of(team, "Least late", due_at=days(-1))
    soon = learner_of(team, "Soon", due_at=days(2))
    assert reminder_recipients(team) == {"overdue": ["Late 0", "Late 1"]}
    assert [each.run for each in suggested(team).more_time] == [soon.pk]
    assert suggested(team).others is None
    page = client.get("/team/today/").text
    assert text in page and "Remind 2 overdue people" in page
    for enrollment in late:
        add_reminder(enrollment, DeliveryState.QUEUED)
    Enrollment.objects.filter(pk=soon.pk).update(started_at=timezone.now())
    page = client.get("/team/today/").text
    assert text in page and "There is nothing to do today." not in page
    assert "Late 0, Late 1" in page


def test_person_late_in_two_courses_gets_one_email(client, team):
    tea, aid = Course.objects.get(), make_second_course()
    late = learner_of(team, "Late", course=tea, due_at=days(-2)).learner
    make_enrollment(late, aid, due_at=days(-1))
    [reminders] = suggested(team).reminders
    assert (reminders.number, reminders.later, len(reminders.recipients)) == (1, 0, 2)
    page = client.post("/team/today/", {"remind": reminders.value}, follow=True)
    assert "1 reminder is waiting to be sent." in page.text
    OutgoingEmail.objects.update(next_at=timezone.now())
    assert len(sent_emails()) == 1


@pytest.mark.slow
def test_follow_ups_are_offered_three_at_a_time(client, team):
    course = make_course_with_survey()
    done = [completed(team, f"Done {number}", days_ago=50 - number, course=course) for number in range(4)]
    page = BeautifulSoup(client.get("/team/today/").content, "html.parser")
    offered = [link["href"] for link in page.select(".today li a[href*=follow-ups]")]
    assert offered == [*(f"/team/follow-ups/{each.pk}/month-later/" for each in done[:3]), "/team/follow-ups/"]
    assert "A month later" in page.select_one(".today").text
    assert "1 more follow-up survey" in page.select_one(".today").text
    assert not page.select(".today form, .today input")
    assert suggested(team).others == 0
    for each in done:
        answer_follow_up(each, survey_of(each), None, by=team.manager)
    assert "There is nothing to do today." in client.get("/team/today/").text
    assert suggested(team).others == 4


@pytest.mark.slow
@pytest.mark.parametrize("people", [1, 3])
def test_query_count_is_independent_of_people(client, team, people):
    for _each in range(people):
        miss(learner_of(team, due_at=days(-2)))
        learner_of(team, due_at=days(2))
        add_reminder(learner_of(team, due_at=days(-2)), DeliveryState.QUEUED)
    client.get("/team/today/")
    assert statements(lambda: client.get("/team/today/"))["SELECT"] == 28


def test_dashboard_links_to_today_and_script_loads_part(client, team):
    learner_of(team, "Late", due_at=days(-2))
    link = BeautifulSoup(client.get("/team/").content, "html.parser").select_one("[hx-get]")
    assert (link["hx-get"], link.a["href"]) == ("/team/today/", "/team/today/")
    part = client.get("/team/today/", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith("<section") and not re.search("<html|<nav", part)
    client.force_login(make_admin())
    assert "/team/today/" not in client.get("/team/").text


def test_empty_today_says_so(client, team):
    learner_of(team, "Far", due_at=days(9))
    assert "There is nothing to do today." in client.get("/team/today/").text
