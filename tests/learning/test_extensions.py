"""A learner asks for another due day, a lead answers; what ends by itself, and what is taken back."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, transaction
from django.utils import timezone

from courseware.accounts.people.offboarding import leave
from courseware.audit_log.models import Event
from courseware.content.models import Course
from courseware.hr.people.account_merge import merge
from courseware.learning.due_dates.absence_shifts import record_absence
from courseware.learning.due_dates.extensions import (
    ExtensionAnswer,
    ExtensionNotAllowed,
    RequestNotOpen,
    answer_extension_request,
    last_request,
    request_extension,
    undo_refusals,
    withdraw_request,
)
from courseware.learning.enrollments.adjustments import enroll_people, undo
from courseware.learning.enrollments.enrollment import enroll, exempt, extend
from courseware.learning.manager_actions.manager_action import ActionRefusal
from courseware.learning.models import Adjustment, ExtensionRequest
from courseware.notifications.models import Notification, OutgoingEmail
from courseware.reporting.integrity.check_all import differences
from tests.making import days, join, letters, letters_after_undo, make_admin, make_enrollment, make_hr, make_user
from tests.world import complete_course, finish_lessons

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("course")]
DAY = timedelta(days=1)
GIVE, REFUSE = ExtensionAnswer("given"), ExtensionAnswer("refused", None, "We need you on Friday.")


def in_days(number):
    return timezone.localdate() + timedelta(days=number)


@pytest.fixture
def run(team):
    learner = make_user("Zoe", language="en")
    join(team, learner)
    return enroll(learner, Course.objects.get(), due_at=days(1), by=team.manager)


def asked(run, number=4, **fields):
    return request_extension(run, in_days(number), "Night shifts this week", **fields)


def told():
    """What is on record of runs, since they were begun."""
    events = Event.objects.filter(subject__startswith="enrollment:").exclude(verb="enrolled")
    return list(events.order_by("pk").values_list("verb", flat=True))


def standing(run):
    return list(ExtensionRequest.objects.standing(timezone.now()).filter(enrollment=run))


def state(run):
    last = last_request(run)
    return last.end, last.is_standing


def test_who_asks_has_one_request_however_often_it_is_sent(run):
    first = asked(run)
    assert asked(run) == first
    assert asked(run, 9).day == in_days(4)
    assert (first.why, standing(run), told()) == ("Night shifts this week", [first], ["extension-requested"])
    assert Event.objects.get(verb="extension-requested").data == {"request": first.pk, "day": in_days(4).isoformat()}


def test_nothing_is_asked_of_a_run_that_is_closed_has_no_day_or_has_a_later_one(team):
    late = {"due_at": days(-2)}
    runs = [
        make_enrollment(completed_at=days(-1), **late),
        make_enrollment(exempted_at=days(-1), **late),
        make_enrollment(),
        make_enrollment(due_at=days(9)),
    ]
    for run in runs:
        with pytest.raises(ExtensionNotAllowed):
            asked(run)
    assert (ExtensionRequest.objects.count(), told()) == (0, [])


def test_no_two_requests_of_one_run_can_wait_whatever_wrote_them(run):
    first = asked(run)
    with pytest.raises(IntegrityError, match=r"one_open_request_per_enrollment|UNIQUE"), transaction.atomic():
        ExtensionRequest.objects.create(
            enrollment=run, day=first.day, until=first.until, since=first.since, asked_at=timezone.now()
        )


def test_asked_is_again_only_after_an_answer_or_after_it_was_taken_back(run, team):
    first = asked(run)
    answer_extension_request(first.pk, REFUSE, by=team.manager)
    second = asked(run, 5)
    assert withdraw_request(run)
    assert not withdraw_request(run)
    third = asked(run, 6)
    assert list(ExtensionRequest.objects.values_list("pk", "end")) == [
        (first.pk, "refused"),
        (second.pk, "taken-back"),
        (third.pk, ""),
    ]
    assert told() == [
        "extension-requested",
        "extension-answered",
        "extension-requested",
        "extension-request-withdrawn",
        "extension-requested",
    ]
    assert list(differences()) == []


@pytest.mark.parametrize("pressed", ["given", "another"])
def test_the_day_that_was_asked_for_is_given_as_any_other_day(run, team, pressed):
    answer = ExtensionAnswer(pressed, in_days(4) if pressed == "another" else None)
    answered = answer_extension_request(asked(run).pk, answer, by=team.manager)
    run.refresh_from_db()
    line = run.adjustment_items.get()
    assert (answered.end, answered.ended_by, answered.given_on) == ("given", team.manager, in_days(4))
    assert (run.due_on, run.due_given_by) == (in_days(4), team.manager)
    assert (line.adjustment, line.made_at) == (answered.adjustment, answered.ended_at)
    assert told() == ["extension-requested", "extended", "extension-answered"]
    assert list(differences()) == []


def test_of_two_who_answer_the_second_finds_what_the_first_has_said(run, team):
    request = asked(run)
    answer_extension_request(request.pk, GIVE, by=team.manager)
    with pytest.raises(RequestNotOpen) as error:
        answer_extension_request(request.pk, REFUSE, by=make_user())
    assert (error.value.request.end, error.value.request.ended_by) == ("given", team.manager)
    assert (Adjustment.objects.count(), OutgoingEmail.objects.filter(kind="extension-answered").count()) == (1, 1)


def test_the_due_day_is_no_answer(run, team):
    extend(run, in_days(1), by=team.manager)
    with pytest.raises(RequestNotOpen) as error:
        answer_extension_request(asked(run).pk, ExtensionAnswer("another", in_days(1)), by=team.manager)
    assert error.value.why == ActionRefusal.UNCHANGED
    assert state(run) == ("", True)


def left(run, team):
    leave(run.learner, by=make_admin())


def merged(run, team):
    """The other account is further, so its run stands for the person."""
    other = enroll(make_user(), run.course, due_at=days(3), by=team.manager)
    finish_lessons(other)
    merge(run.learner, other.learner, by=make_admin())


ENDED_BY = {
    "completed": lambda run, team: complete_course(run),
    "excused": lambda run, team: exempt(run, "moved", by=team.manager),
    "another day given": lambda run, team: extend(run, in_days(2), by=team.manager),
    "a later day by an absence": lambda run, team: record_absence(
        run.learner, in_days(0), in_days(20), by=make_admin()
    ),
    "left": left,
    "merged": merged,
}


@pytest.mark.parametrize("how", ENDED_BY)
def test_it_ends_by_itself_and_is_answered_no_more(how, run, team):
    request = asked(run)
    ENDED_BY[how](run, team)
    assert (standing(run), state(run)) == ([], ("", False))
    before = told()
    with pytest.raises(RequestNotOpen):
        answer_extension_request(request.pk, GIVE, by=team.manager)
    assert not withdraw_request(run)
    assert told() == before
    assert list(differences()) == []


def test_it_ends_when_the_day_that_was_asked_for_is_over(run):
    request = asked(run)
    at = request.until
    assert list(ExtensionRequest.objects.standing(at - timedelta(seconds=1))) == [request]
    assert list(ExtensionRequest.objects.standing(at)) == []


def test_what_ended_it_taken_back_it_waits_again(run, team):
    request = asked(run)
    excuse = exempt(run, "moved", by=team.manager)
    assert standing(run) == []
    undo(excuse, list(excuse.lines.all()), by=team.manager)
    assert standing(run) == [request]


def test_asking_anew_ends_for_good_what_had_ended_by_itself(run, team):
    first = asked(run)
    extend(run, in_days(1), by=team.manager)
    second = asked(run, 5)
    first.refresh_from_db()
    assert (first.end, standing(run)) == ("lapsed", [second])
    assert list(differences()) == []


def test_a_day_that_was_given_is_taken_back_as_any_other_and_the_request_waits_again(run, team):
    request, due_at = asked(run), run.due_at
    answered = answer_extension_request(request.pk, GIVE, by=team.manager)
    undo(answered.adjustment, list(answered.adjustment.lines.all()), by=team.manager)
    run.refresh_from_db()
    request.refresh_from_db()
    assert (run.due_at, standing(run)) == (due_at, [request])
    assert (request.end, request.ended_at, request.ended_by, request.adjustment) == ("", None, None, None)
    assert told() == [
        "extension-requested",
        "extended",
        "extension-answered",
        "extension-undone",
        "extension-answer-undone",
    ]
    assert list(differences()) == []
    assert answer_extension_request(request.pk, REFUSE, by=team.manager).end == "refused"


def test_a_day_taken_back_after_the_learner_has_asked_anew_leaves_that_request_alone(run, team):
    answered = answer_extension_request(asked(run).pk, GIVE, by=team.manager)
    anew = asked(run, 8)
    undo(answered.adjustment, list(answered.adjustment.lines.all()), by=team.manager)
    assert list(ExtensionRequest.objects.values_list("pk", "end")) == [(answered.pk, "given"), (anew.pk, "")]
    assert list(differences()) == []


def refused(run, team, **fields):
    return answer_extension_request(asked(run).pk, REFUSE, by=team.manager, **fields)


def test_a_request_that_waits_again_is_the_one_the_learner_finds_also_beside_a_later_one_that_was_answered(run, team):
    first = asked(run)
    answered = answer_extension_request(first.pk, GIVE, by=team.manager)
    second = asked(run, 9)
    answer_extension_request(second.pk, REFUSE, by=team.manager)
    undo(answered.adjustment, list(answered.adjustment.lines.all()), by=team.manager)
    assert standing(run) == [first]
    assert last_request(run) == first
    assert asked(run, 6) == first
    assert undo_refusals([second.pk], by=team.manager) == 0
    assert withdraw_request(run)
    assert standing(run) == []
    assert list(differences()) == []


def test_who_has_said_no_takes_it_back_within_a_day_and_nobody_else_does(run, team):
    request = refused(run, team)
    other = make_user()
    join(team, other, "manager")
    assert undo_refusals([request.pk], by=other) == 0
    assert undo_refusals([request.pk], by=team.manager, at=request.ended_at + DAY + timedelta(seconds=1)) == 0
    assert undo_refusals([request.pk], by=team.manager) == 1
    assert undo_refusals([request.pk], by=team.manager) == 0
    assert standing(run) == [request]
    assert told() == ["extension-requested", "extension-answered", "extension-answer-undone"]


def test_a_no_stays_once_something_was_decided_or_asked_since(run, team):
    request = refused(run, team)
    asked(run, 6)
    assert undo_refusals([request.pk], by=team.manager) == 0
    withdraw_request(run)
    assert undo_refusals([request.pk], by=team.manager) == 0


def sent_about(subject):
    return [letter for letter in letters_after_undo() if subject in letter.subject]


def test_the_answer_is_told_by_one_letter_and_in_the_tray(run, team):
    answer_extension_request(
        asked(run).pk, ExtensionAnswer("another", in_days(2), "Friday is too late."), by=team.manager
    )
    assert not any("your due date is extended to" in letter.subject for letter in letters())  # for two minutes
    [letter] = sent_about("your due date is extended to")
    assert letter.to == [run.learner.email]
    assert "That date is not possible. Your new due date is" in letter.body
    assert "Friday is too late." in letter.body
    assert "Li Lin" in letter.body
    assert Notification.objects.get(kind="extension-answered").person == run.learner


def test_a_letter_that_is_true_no_more_is_not_sent(run, team):
    refused(run, team)
    extend(run, in_days(3), by=team.manager)
    assert sent_about("stays") == []
    letter = OutgoingEmail.objects.get(kind="extension-answered")
    assert (letter.state, letter.why.startswith("the answer was undone, or")) == ("skipped", True)


def test_an_answer_that_was_taken_back_is_told_in_the_tray_and_its_letter_is_not_sent(client, run, team):
    request = refused(run, team)
    undo_refusals([request.pk], by=team.manager)
    client.force_login(run.learner)
    assert "was undone. You will get a new answer" in client.get("/notifications/").content.decode()
    assert sent_about("stays") == []
    answer_extension_request(request.pk, GIVE, by=team.manager)
    assert len(sent_about("your due date is extended to")) == 1
    assert "was undone. You will get a new answer" not in client.get("/notifications/").content.decode()


FORGERIES = {
    "another day than was asked for": lambda row: {"day": row.day + DAY},
    "a yes that nobody said": lambda row: {"end": "refused", "adjustment": None},
    "a refusal that was taken back": lambda row: {"end": "taken-back", "adjustment": None},
    "another who has answered": lambda row: {"ended_by": make_user()},
    "another instant": lambda row: {"ended_at": row.ended_at + DAY},
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_request_that_was_changed_past_the_product_is_found(run, team, forgery):
    request = answer_extension_request(asked(run).pk, GIVE, by=team.manager)
    assert list(differences()) == []
    ExtensionRequest.objects.filter(pk=request.pk).update(**FORGERIES[forgery](request))
    assert any(f"request {request.pk}" in line for line in differences())


def test_a_request_that_vanished_is_found(run):
    asked(run)
    ExtensionRequest.objects.all().delete()
    assert ["nothing is kept of it" in line for line in differences()] == [True]


def test_an_enrollment_in_which_another_day_was_asked_for_is_not_removed(team):
    learner = make_user()
    made, _refused = enroll_people(
        [learner.pk], Adjustment(kind="enrolled", course=Course.objects.get(), due_on=in_days(2))
    )
    run = made.lines.get().enrollment
    asked(run)
    OutgoingEmail.objects.all().delete()
    done, left = undo(made, list(made.lines.all()), by=team.manager)
    run.refresh_from_db()
    assert (done, left, run.exemption_reason) == ([learner.pk], [], "enrolled by mistake")


def test_the_letter_goes_to_the_account_that_the_run_has_come_to(run, team):
    refused(run, team)
    other = make_user(language="en")
    merge(other, run.learner, by=make_admin())
    assert [letter.to for letter in sent_about("stays")] == [[other.email]]


@pytest.fixture
def late_run(client, team):
    return begin(client, team, days(-2))


def begin(client, team, due_at):
    learner = make_user("Zoe", language="en")
    join(team, learner)
    client.force_login(learner)
    return enroll(learner, Course.objects.get(), due_at=due_at, by=team.manager)


def page(run, end=""):
    return f"/learn/{run.course.identifier}/extension/{end}"


def words(response):
    return " ".join(BeautifulSoup(response.content, "html.parser").select_one("main").get_text(" ").split())


def ask(client, run, number=4, **fields):
    return client.post(page(run), {"due_on": in_days(number).isoformat(), "reason": ""} | fields, follow=True)


def said(response):
    found = BeautifulSoup(response.content, "html.parser").select(".messages li, [role=status], [role=alert]")
    return " ".join(" ".join(each.get_text(" ").split()) for each in found)


def test_a_day_is_asked_for_and_taken_back(client, late_run):
    answer = ask(client, late_run, reason="A sick child")
    assert "Li Lin can answer" in words(answer)
    request = ExtensionRequest.objects.get()
    assert (request.day, request.why) == (in_days(4), "A sick child")
    client.post(page(late_run, "withdraw/"))
    assert ExtensionRequest.objects.get().end == "taken-back"
    assert "You have no open request" in said(client.post(page(late_run, "withdraw/"), follow=True))


def test_the_form_sent_twice_asks_once_and_in_a_second_tab_for_another_day_says_which_one_waits(client, late_run):
    ask(client, late_run)
    assert "You asked to extend to" in said(ask(client, late_run))
    assert "already" in said(ask(client, late_run, 6))
    assert ExtensionRequest.objects.get().day == in_days(4)


@pytest.mark.parametrize(
    ("number", "fields", "why"),
    [
        (-1, {}, "This date is in the past"),
        (9999, {}, "Choose an earlier date"),
        (4, {"reason": "x" * 121}, "120"),
        (4, {"due_on": "soon"}, "valid date"),
        (4, {"due_on": ""}, "required"),
    ],
)
def test_what_cannot_be_given_cannot_be_asked_for(client, late_run, number, fields, why):
    answer = ask(client, late_run, number, **fields)
    assert answer.status_code == 422
    assert why in words(answer)
    assert not ExtensionRequest.objects.exists()


def test_a_day_that_is_no_later_than_the_due_day_is_none(client, team):
    run = begin(client, team, days(3))
    for number in (2, 3):
        assert "Choose a date after the due date" in words(ask(client, run, number))
    assert not ExtensionRequest.objects.exists()


def test_where_nothing_is_due_nothing_is_asked_for(client, team, late_run):
    exempt(late_run, "moved", by=team.manager)
    assert "This course has no due date" in words(client.get(page(late_run)))
    assert "This course has no due date" in words(ask(client, late_run))
    assert not ExtensionRequest.objects.exists()


def test_whoever_has_no_lead_reads_that_human_resources_answer(client, team):
    make_hr()
    learner = make_user(language="en")
    run = enroll(learner, Course.objects.get(), due_at=days(-2), by=team.manager)
    client.force_login(learner)
    assert "HR can answer" in words(ask(client, run))


def home(client):
    found = BeautifulSoup(client.get("/").content, "html.parser").select_one(".another-day")
    return found and " ".join(found.get_text(" ").split())


@pytest.mark.parametrize(("due", "is_offered"), [(-2, True), (2, True), (9, False), (None, False)])
def test_home_leads_there_when_the_due_day_is_near_or_over(client, team, due, is_offered):
    run = begin(client, team, due and days(due))
    words = (
        "Can’t make it in time? Tell Li Lin : Ask for an extension"
        if due == -2
        else "Can’t make it in time? Ask for an extension"
    )
    assert home(client) == (words if is_offered else None)
    link = BeautifulSoup(client.get(f"/learn/{run.course.identifier}/record/").content, "html.parser")
    assert bool(link.select(f'a[href="{page(run)}"]')) == (due is not None)


def test_home_says_what_became_of_it(client, team, late_run):
    request = request_extension(late_run, in_days(4))
    assert "The request has no answer yet" in home(client)
    answer_extension_request(request.pk, ExtensionAnswer("refused", None, "We need you."), by=team.manager)
    assert "was declined" in home(client)
    for address in (page(late_run), f"/learn/{late_run.course.identifier}/record/"):
        assert "Li Lin: declined: We need you." in words(client.get(address))
    request = request_extension(late_run, in_days(5))
    answer_extension_request(request.pk, ExtensionAnswer("given"), by=team.manager)
    assert home(client) is None  # there is time again
