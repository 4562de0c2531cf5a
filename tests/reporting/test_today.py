"""What a lead is offered for today, with its reasons; one confirmation for all of it, and undo."""

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
from tests.assignments.sheets import completed, make_course_with_sheet, sheet_of
from tests.counting import statements
from tests.making import days, join, letters, make_admin, make_enrollment, make_team, make_user
from tests.reporting.dashboards import learner_of, sign_in_another_manager
from tests.reporting.test_two_courses import make_second_course
from tests.world import outline_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("course")]


def drafted(team):
    return suggested_actions_for(team.manager, timezone.now(), counts_others=True)


def addressees(team):
    """State → whom the drafted letters are for."""
    return {str(each.state): [person.name for person in each.people] for each in drafted(team).letters}


def told(run, state, **fields):
    data = {"subjects": [[run.pk, None]], "by": None}
    return OutgoingEmail.objects.create(kind="reminder", person=run.learner, data=data, state=state, **fields)


def boxes(client):
    """(name, value, whether it is ticked) of each box, as the page offers them."""
    page = BeautifulSoup(client.get("/team/today/").content, "html.parser")
    return [(box["name"], box["value"], box.has_attr("checked")) for box in page.select(".today input[type=checkbox]")]


def queued():
    return sorted(
        OutgoingEmail.objects.filter(state=DeliveryState.QUEUED, kind="reminder").values_list("person__name", flat=True)
    )


def miss(run, times=3, question="is-it-off"):
    step = outline_of(run.course).step("boiling")
    for _each in range(times):
        answer(run, step, question, ["0"], token=uuid.uuid4())


def test_letters_are_drafted_to_who_is_overdue_or_due_within_three_days_and_to_nobody_else(team):
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
    assert addressees(team) == {"overdue": ["Late", "Later still"], "due-soon": ["Soon"]}
    assert [each.unopened for each in drafted(team).letters] == [1, 1]
    assert drafted(team).others == 4  # Far, No day, Done, Excused


def test_who_is_left_out_of_the_letters_is_named_with_the_reason(team):
    late = {"due_at": days(-2)}
    runs = {
        why: learner_of(team, why.title(), **late) for why in ("away", "reminded", "waits", "turn", "three", "none")
    }
    no_address = runs.pop("none").learner
    no_address.email, no_address.staff_number = None, "A1"
    no_address.save()
    record_absence(runs["away"].learner, site_day(), site_day() + timedelta(days=1), by=make_admin())
    told(runs["reminded"], DeliveryState.SENT, ended_at=timezone.now() - timedelta(hours=19))
    told(runs["waits"], DeliveryState.QUEUED)
    turns = {"state": DeliveryState.SENT, "kind": "enrolled", "limit_category": "training"}
    OutgoingEmail.objects.create(person=runs["turn"].learner, sending_day=site_day(), **turns)
    for before in (1, 5, 13):
        OutgoingEmail.objects.create(
            person=runs["three"].learner, sending_day=site_day() - timedelta(days=before), **turns
        )
    free = learner_of(team, "Free", **late)
    told(free, DeliveryState.SENT, ended_at=timezone.now() - timedelta(hours=21))
    told(free, DeliveryState.SKIPPED, ended_at=timezone.now())
    for before in (1, 5, 14):
        OutgoingEmail.objects.create(person=free.learner, sending_day=site_day() - timedelta(days=before), **turns)
    assert addressees(team) == {"overdue": ["Free"]}
    assert [(each.why.value, each.number, each.names) for each in drafted(team).left_out] == [
        ("away", 1, "Away"),
        ("no-address", 1, "None"),
        ("reminded", 1, "Reminded"),
        ("turn", 2, "Turn, Three"),
        ("waits", 1, "Waits"),
    ]


def test_a_letter_is_ticked_beforehand_and_a_changed_day_or_a_talk_never(client, team):
    soon = learner_of(team, "Soon", due_at=days(2))
    late = learner_of(team, "Late", due_at=days(-2))
    miss(late)
    [day] = [each.day for each in drafted(team).more_time]
    assert boxes(client) == [
        ("remind", f"{late.pk}", True),
        ("remind", f"{soon.pk}", True),
        ("extend", f"{soon.pk}:{day}", False),
        ("talk", f"{late.pk}", False),
    ]


def test_more_time_is_offered_to_who_has_not_opened_the_course_up_to_a_working_day(team):
    learner_of(team, "Begun", due_at=days(2), started_at=days(-1))
    learner_of(team, "Late", due_at=days(-1))
    learner_of(team, "Far", due_at=days(4))
    given = learner_of(team, "Given", due_at=days(2))
    Enrollment.objects.filter(pk=given.pk).update(due_given_at=days(-5))
    away = learner_of(team, "Away", due_at=days(2))
    record_absence(away.learner, site_day(), site_day(), by=make_admin())
    Enrollment.objects.filter(pk=away.pk).update(due_at=days(2))
    run = learner_of(team, "Unopened", due_at=days(2))
    [offered] = drafted(team).more_time
    assert (offered.name, offered.due_on) == ("Unopened", run.due_on)
    assert offered.day >= run.due_on + timedelta(days=3)
    assert offered.day.weekday() < 5 or offered.day == run.due_on + timedelta(days=3)


def test_one_confirmation_does_all_that_was_ticked_and_says_so_with_undo(client, team):
    late, soon = learner_of(team, "Late", due_at=days(-2)), learner_of(team, "Soon", due_at=days(2))
    unopened = learner_of(team, "Unopened", due_at=days(2))
    miss(late)
    before, day = unopened.due_at, site_day() + timedelta(days=9)
    ticked = {"remind": [f"{late.pk}", f"{soon.pk}.{unopened.pk}"], "extend": f"{unopened.pk}:{day}", "talk": late.pk}
    answer_page = client.post("/team/today/", ticked, follow=True)
    assert answer_page.redirect_chain == [("/team/", 302)]
    said = " ".join(BeautifulSoup(answer_page.content, "html.parser").select_one(".messages").get_text(" ").split())
    assert "2 reminders are queued." in said
    assert "The due date of Unopened is now" in said
    assert "Conversation recorded with Late." in said
    assert queued() == ["Late", "Soon"]  # who has another day is not reminded of the former one
    unopened.refresh_from_db()
    assert unopened.due_on == day
    assert list(Conversation.objects.values_list("enrollment", flat=True)) == [late.pk]
    form = BeautifulSoup(answer_page.content, "html.parser").select_one(".messages form")
    fields = [
        (field["name"], field["value"]) for field in form.select("input") if field["name"] != "csrfmiddlewaretoken"
    ]
    assert letters() == []  # for two minutes
    undone = client.post(form["action"], dict(fields), follow=True)
    assert "2 emails will not be sent." in undone.text and "1 conversation undone." in undone.text
    assert "Undone for 1 person: Unopened." in undone.text
    unopened.refresh_from_db()
    assert (queued(), unopened.due_at, Conversation.objects.standing().count()) == ([], before, 0)
    verbs = Event.objects.filter(verb__in=["extended", "extension-undone", "conversation-noted", "conversation-undone"])
    assert sorted(verbs.values_list("verb", flat=True)) == [
        "conversation-noted",
        "conversation-undone",
        "extended",
        "extension-undone",
    ]
    assert "undo-today" not in client.get("/team/").text and "/team/today/undo/" not in client.get("/team/").text


def test_undo_stays_on_the_dashboard_while_the_emails_wait(client, team):
    late = learner_of(team, "Late", due_at=days(-2))
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client.post("/team/today/", {"remind": f"{late.pk}"}, follow=True)
        clock.shift(119)
        page = client.get("/team/?name=Late")
        assert "You can still undo the actions you just confirmed." in page.text
        assert BeautifulSoup(page.content, "html.parser").select_one(".messages form.undo")
        clock.shift(1)
        assert "/team/today/undo/" not in client.get("/team/").text


def test_a_second_press_sends_nothing_and_says_who_has_sent_it_and_when(client, team):
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


def test_who_confirms_second_reads_who_has_given_the_day_and_that_nothing_was_done_twice(client, team):
    new, day = learner_of(team, "New", due_at=days(2)), site_day() + timedelta(days=9)
    ticked = {"extend": f"{new.pk}:{day}"}
    first = client.post("/team/today/", ticked, follow=True)
    assert "No new action was taken." not in first.text
    sign_in_another_manager(client, team)
    second = client.post("/team/today/", ticked, follow=True)
    by_other = f"New: extended to {date_format(day)} by Li Lin, "
    assert "No new action was taken." in second.text and by_other in second.text
    assert "needs no change" not in second.text
    earlier = client.post("/team/today/", {"extend": f"{new.pk}:{day - timedelta(days=1)}"}, follow=True)
    assert by_other in earlier.text
    assert Adjustment.objects.count() == 1


def test_a_day_of_one_course_that_somebody_has_given_is_told_also_of_who_gets_one_in_another_just_now(client, team):
    tea, aid = Course.objects.get(), make_second_course()
    new, day = learner_of(team, "New", course=tea, due_at=days(2)), site_day() + timedelta(days=9)
    other_run = make_enrollment(new.learner, aid, due_at=days(2))
    client.post("/team/today/", {"extend": f"{new.pk}:{day}"})
    sign_in_another_manager(client, team)
    both, by_other = [f"{new.pk}:{day}", f"{other_run.pk}:{day}"], f"New: extended to {date_format(day)} by Li Lin, "
    second = client.post("/team/today/", {"extend": both}, follow=True)
    assert "The due date of New is now " in second.text and by_other in second.text
    assert "by you, " not in second.text
    third = client.post("/team/today/", {"extend": both}, follow=True)
    assert by_other in third.text and f"New: extended to {date_format(day)} by you, " in third.text


def test_of_a_reminder_of_a_plan_it_is_said_whether_it_waits_or_has_left(client, team):
    late, later = learner_of(team, "Late", due_at=days(-2)), learner_of(team, "Later", due_at=days(-1))
    ticked = {"remind": f"{late.pk}.{later.pk}"}
    told(late, DeliveryState.QUEUED)
    told(later, DeliveryState.SENT, ended_at=timezone.now())
    page = client.post("/team/today/", ticked, follow=True)
    assert "Late: the reminder is sent automatically" in page.text
    assert "Later: the reminder was sent automatically, " in page.text


def test_who_has_finished_meanwhile_is_left_out_and_named(client, team):
    names = ("Late", "Done", "Exempt", "Left")
    _late, done, excused, left = (learner_of(team, name, due_at=days(-2)) for name in names)
    [box] = [value for name, value, _ticked in boxes(client) if name == "remind"]
    Enrollment.objects.filter(pk=done.pk).update(completed_at=timezone.now())
    Enrollment.objects.filter(pk=excused.pk).update(exempted_at=timezone.now())
    User.objects.filter(pk=left.learner_id).update(is_active=False)
    page = client.post(
        "/team/today/",
        {"remind": box, "talk": done.pk, "extend": f"{excused.pk}:{site_day() + timedelta(days=9)}"},
        follow=True,
    )
    for said in (
        "1 reminder is queued.",
        "Done: has completed the course",
        "Left: left the company",
        "Exempt: is exempt",
    ):
        assert said in page.text
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
def test_what_cannot_be_meant_is_said_and_does_nothing(client, team, ticked, said):
    learner_of(team, "Late", due_at=days(-2))
    page = client.post("/team/today/", ticked, follow=True)
    assert page.redirect_chain == [("/team/today/", 302)]
    assert said in page.text
    assert queued() == []


def test_only_the_own_people_are_touched(client, team):
    late = learner_of(team, "Late", due_at=days(-2))
    client.post("/team/today/", {"remind": f"{late.pk}"})
    message = OutgoingEmail.objects.get(kind="reminder")
    client.force_login(make_admin())  # who may answer whom nobody leads: see test_extension_requests.py
    assert client.get("/team/today/").context["draft"].letters == []
    assert client.post("/team/today/", {"talk": late.pk}).status_code == 302
    client.force_login(make_team(manager=make_user()).manager)
    assert client.post("/team/today/", {"talk": late.pk}).status_code == 302
    assert client.post("/team/today/undo/", {"reminding": 1}).status_code == 404
    assert (Conversation.objects.count(), OutgoingEmail.objects.get(kind="reminder").state) == (0, message.state)


def talks(team):
    return [(each.name, f"{each.stuck.words} · {each.journey.words}") for each in drafted(team).talks]


def test_who_fails_again_and_again_is_to_be_talked_with_until_that_was_done_and_again_after_a_new_miss(team):
    stuck, once = learner_of(team, "Stuck"), learner_of(team, "Once")
    miss(stuck)
    miss(once, times=1)
    learner_of(team, "Idle", started_at=days(-20), last_active_at=days(-20))
    assert talks(team) == [("Stuck", "one question answered incorrectly 3 times · Boiling water")]
    talk = Conversation.objects.create(enrollment=stuck, made_by=team.manager)
    assert talks(team) == []
    miss(stuck, times=1)
    assert [name for name, _why in talks(team)] == ["Stuck"]
    Conversation.objects.filter(pk=talk.pk).update(made_at=timezone.now())
    assert talks(team) == []
    Conversation.objects.filter(pk=talk.pk).update(undone_at=timezone.now())
    assert [name for name, _why in talks(team)] == ["Stuck"]


def test_who_failed_the_exam_and_stopped_is_to_be_talked_with_and_who_has_merely_stopped_is_not(team):
    failed = ready(Course.objects.get(), due_at=days(9))
    join(team, failed.learner)
    sit(failed, points=0, at=days(-8))
    Enrollment.objects.filter(pk=failed.pk).update(last_active_at=days(-8))
    former = learner_of(team, "Former")
    miss(former)
    Answer.objects.filter(enrollment=former).update(question="gone")  # which the course asks no more
    Enrollment.objects.filter(pk=former.pk).update(last_active_at=days(-20))
    [(name, why)] = talks(team)
    assert (name, why.partition(" · ")[0]) == (failed.learner.name, "exam failed, no activity since")
    Conversation.objects.create(enrollment=failed, made_by=team.manager, made_at=days(-7))
    assert talks(team) == []


def test_of_more_than_fit_the_first_are_named_and_the_rest_is_offered_next(client, team, monkeypatch):
    monkeypatch.setattr(suggested_actions, "LETTERS_AT_ONCE", 2)
    for number in range(3):
        learner_of(team, f"Late {number}", due_at=days(-3 + number / 2))
    [late] = drafted(team).letters
    assert (late.number, late.later, [each.name for each in late.people]) == (3, 1, ["Late 0", "Late 1"])
    page = client.get("/team/today/").text
    assert "Remind 3 overdue people" in page
    assert "The 2 most urgent people come first. The other people are offered next." in page
    client.post("/team/today/", {"remind": late.value})
    assert addressees(team) == {"overdue": ["Late 2"]}


def test_where_very_many_are_late_letters_are_drafted_from_the_most_urgent_and_the_page_says_so(
    client, team, monkeypatch
):
    monkeypatch.setattr(suggested_actions, "LOOKED_AT", 2)
    late = [learner_of(team, f"Late {number}", due_at=days(-3 + number / 2)) for number in range(2)]
    said = "Reminders are suggested only for the 2 most urgent due dates. The dashboard shows all of them."
    assert drafted(team).others == 0
    assert said not in client.get("/team/today/").text
    learner_of(team, "Least late", due_at=days(-1))
    soon = learner_of(team, "Soon", due_at=days(2))
    assert addressees(team) == {"overdue": ["Late 0", "Late 1"]}
    assert [each.run for each in drafted(team).more_time] == [soon.pk]
    assert drafted(team).others is None
    page = client.get("/team/today/").text
    assert said in page and "Remind 2 overdue people" in page
    for run in late:
        told(run, DeliveryState.QUEUED)
    Enrollment.objects.filter(pk=soon.pk).update(started_at=timezone.now())
    page = client.get("/team/today/").text
    assert said in page and "There is nothing to do today." not in page
    assert "Late 0, Late 1" in page


def test_a_person_late_in_two_courses_is_one_person_who_gets_one_letter(client, team):
    tea, aid = Course.objects.get(), make_second_course()
    late = learner_of(team, "Late", course=tea, due_at=days(-2)).learner
    make_enrollment(late, aid, due_at=days(-1))
    [drafted_letters] = drafted(team).letters
    assert (drafted_letters.number, drafted_letters.later, len(drafted_letters.recipients)) == (1, 0, 2)
    said = client.post("/team/today/", {"remind": drafted_letters.value}, follow=True)
    assert "1 reminder is queued." in said.text
    OutgoingEmail.objects.update(next_at=timezone.now())
    assert len(letters()) == 1


def test_a_look_after_the_course_is_offered_by_its_address_three_at_a_time_and_counts_as_something_to_do(client, team):
    course = make_course_with_sheet()
    done = [completed(team, f"Done {number}", days_ago=50 - number, course=course) for number in range(4)]
    page = BeautifulSoup(client.get("/team/today/").content, "html.parser")
    offered = [link["href"] for link in page.select(".today li a[href*=follow-ups]")]
    assert offered == [*(f"/team/follow-ups/{run.pk}/month-later/" for run in done[:3]), "/team/follow-ups/"]
    assert "A month later" in page.select_one(".today").text
    assert "1 more follow-up" in page.select_one(".today").text
    assert not page.select(".today form, .today input")
    assert drafted(team).others == 0
    for run in done:
        answer_follow_up(run, sheet_of(run), None, by=team.manager)
    assert "There is nothing to do today." in client.get("/team/today/").text
    assert drafted(team).others == 4


@pytest.mark.parametrize("people", [1, 3])
def test_it_is_drafted_with_as_many_statements_for_one_as_for_three(client, team, people):
    for _each in range(people):
        miss(learner_of(team, due_at=days(-2)))
        learner_of(team, due_at=days(2))
        told(learner_of(team, due_at=days(-2)), DeliveryState.QUEUED)
    client.get("/team/today/")
    assert statements(lambda: client.get("/team/today/"))["SELECT"] == 28


def test_the_board_leads_there_by_a_plain_link_and_its_script_fetches_the_part(client, team):
    learner_of(team, "Late", due_at=days(-2))
    link = BeautifulSoup(client.get("/team/").content, "html.parser").select_one("[hx-get]")
    assert (link["hx-get"], link.a["href"]) == ("/team/today/", "/team/today/")
    part = client.get("/team/today/", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith("<section") and not re.search("<html|<nav", part)
    client.force_login(make_admin())
    assert "/team/today/" not in client.get("/team/").text


def test_nothing_to_do_says_so(client, team):
    learner_of(team, "Far", due_at=days(9))
    assert "There is nothing to do today." in client.get("/team/today/").text
