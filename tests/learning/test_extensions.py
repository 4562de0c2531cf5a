"""Extension requests: request, answer, expiry and undo."""

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
from tests.making import days, emails_after_undo, join, make_admin, make_enrollment, make_hr, make_user, sent_emails
from tests.world import complete_course, finish_lessons

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("course")]
DAY = timedelta(days=1)
APPROVE, REFUSE = ExtensionAnswer("given"), ExtensionAnswer("refused", None, "We need you on Friday.")


def in_days(number):
    return timezone.localdate() + timedelta(days=number)


@pytest.fixture
def enrollment(team):
    learner = make_user("Zoe", language="en")
    join(team, learner)
    return enroll(learner, Course.objects.get(), due_at=days(1), by=team.manager)


def request_for(enrollment, number=4, **fields):
    return request_extension(enrollment, in_days(number), "Night shifts this week", **fields)


def verbs():
    """Verbs of enrollment events after enrolling."""
    events = Event.objects.filter(subject__startswith="enrollment:").exclude(verb="enrolled")
    return list(events.order_by("pk").values_list("verb", flat=True))


def pending(enrollment):
    return list(ExtensionRequest.objects.open_at(timezone.now()).filter(enrollment=enrollment))


def state(enrollment):
    last = last_request(enrollment)
    return last.end, last.is_open


def test_repeated_request_returns_first(enrollment):
    first = request_for(enrollment)
    assert request_for(enrollment) == first
    assert request_for(enrollment, 9).day == in_days(4)
    assert (first.why, pending(enrollment), verbs()) == ("Night shifts this week", [first], ["extension-requested"])
    assert Event.objects.get(verb="extension-requested").data == {"request": first.pk, "day": in_days(4).isoformat()}


def test_closed_undated_or_later_due_enrollment_allows_no_request(team):
    late = {"due_at": days(-2)}
    enrollments = [
        make_enrollment(completed_at=days(-1), **late),
        make_enrollment(exempted_at=days(-1), **late),
        make_enrollment(),
        make_enrollment(due_at=days(9)),
    ]
    for enrollment in enrollments:
        with pytest.raises(ExtensionNotAllowed):
            request_for(enrollment)
    assert (ExtensionRequest.objects.count(), verbs()) == (0, [])


def test_database_refuses_second_open_request(enrollment):
    first = request_for(enrollment)
    with pytest.raises(IntegrityError, match=r"one_open_request_per_enrollment|UNIQUE"), transaction.atomic():
        ExtensionRequest.objects.create(
            enrollment=enrollment, day=first.day, until=first.until, since=first.since, asked_at=timezone.now()
        )


def test_new_request_needs_answer_or_withdrawal_of_previous(enrollment, team):
    first = request_for(enrollment)
    answer_extension_request(first.pk, REFUSE, by=team.manager)
    second = request_for(enrollment, 5)
    assert withdraw_request(enrollment)
    assert not withdraw_request(enrollment)
    third = request_for(enrollment, 6)
    assert list(ExtensionRequest.objects.values_list("pk", "end")) == [
        (first.pk, "refused"),
        (second.pk, "taken-back"),
        (third.pk, ""),
    ]
    assert verbs() == [
        "extension-requested",
        "extension-answered",
        "extension-requested",
        "extension-request-withdrawn",
        "extension-requested",
    ]
    assert list(differences()) == []


@pytest.mark.parametrize("choice", ["given", "another"])
def test_approved_request_extends_like_manual_extension(enrollment, team, choice):
    answer = ExtensionAnswer(choice, in_days(4) if choice == "another" else None)
    answered = answer_extension_request(request_for(enrollment).pk, answer, by=team.manager)
    enrollment.refresh_from_db()
    item = enrollment.adjustment_items.get()
    assert (answered.end, answered.ended_by, answered.given_on) == ("given", team.manager, in_days(4))
    assert (enrollment.due_on, enrollment.due_given_by) == (in_days(4), team.manager)
    assert (item.adjustment, item.made_at) == (answered.adjustment, answered.ended_at)
    assert verbs() == ["extension-requested", "extended", "extension-answered"]
    assert list(differences()) == []


def test_second_answer_to_extension_request_returns_first(enrollment, team):
    request = request_for(enrollment)
    answer_extension_request(request.pk, APPROVE, by=team.manager)
    with pytest.raises(RequestNotOpen) as error:
        answer_extension_request(request.pk, REFUSE, by=make_user())
    assert (error.value.request.end, error.value.request.ended_by) == ("given", team.manager)
    assert (Adjustment.objects.count(), OutgoingEmail.objects.filter(kind="extension-answered").count()) == (1, 1)


def test_answer_with_unchanged_due_date_is_refused(enrollment, team):
    extend(enrollment, in_days(1), by=team.manager)
    with pytest.raises(RequestNotOpen) as error:
        answer_extension_request(request_for(enrollment).pk, ExtensionAnswer("another", in_days(1)), by=team.manager)
    assert error.value.why == ActionRefusal.UNCHANGED
    assert state(enrollment) == ("", True)


def leave_company(enrollment, team):
    leave(enrollment.learner, by=make_admin())


def merge_into_other(enrollment, team):
    """The other account has more progress, so its enrollment remains."""
    other = enroll(make_user(), enrollment.course, due_at=days(3), by=team.manager)
    finish_lessons(other)
    merge(enrollment.learner, other.learner, by=make_admin())


ENDED_BY = {
    "completed": lambda enrollment, team: complete_course(enrollment),
    "exempt": lambda enrollment, team: exempt(enrollment, "moved", by=team.manager),
    "another day given": lambda enrollment, team: extend(enrollment, in_days(2), by=team.manager),
    "a later day by an absence": lambda enrollment, team: record_absence(
        enrollment.learner, in_days(0), in_days(20), by=make_admin()
    ),
    "left": leave_company,
    "merged": merge_into_other,
}


@pytest.mark.parametrize("cause", ENDED_BY)
def test_request_expires_after_other_change_and_cannot_be_answered(cause, enrollment, team):
    request = request_for(enrollment)
    ENDED_BY[cause](enrollment, team)
    assert (pending(enrollment), state(enrollment)) == ([], ("", False))
    before = verbs()
    with pytest.raises(RequestNotOpen):
        answer_extension_request(request.pk, APPROVE, by=team.manager)
    assert not withdraw_request(enrollment)
    assert verbs() == before
    assert list(differences()) == []


def test_request_expires_after_requested_date(enrollment):
    request = request_for(enrollment)
    at = request.until
    assert list(ExtensionRequest.objects.open_at(at - timedelta(seconds=1))) == [request]
    assert list(ExtensionRequest.objects.open_at(at)) == []


def test_request_reopens_when_exemption_is_undone(enrollment, team):
    request = request_for(enrollment)
    exemption = exempt(enrollment, "moved", by=team.manager)
    assert pending(enrollment) == []
    undo(exemption, list(exemption.lines.all()), by=team.manager)
    assert pending(enrollment) == [request]


def test_new_request_closes_expired_one(enrollment, team):
    first = request_for(enrollment)
    extend(enrollment, in_days(1), by=team.manager)
    second = request_for(enrollment, 5)
    first.refresh_from_db()
    assert (first.end, pending(enrollment)) == ("lapsed", [second])
    assert list(differences()) == []


@pytest.mark.slow
def test_undoing_extension_reopens_request(enrollment, team):
    request, due_at = request_for(enrollment), enrollment.due_at
    answered = answer_extension_request(request.pk, APPROVE, by=team.manager)
    undo(answered.adjustment, list(answered.adjustment.lines.all()), by=team.manager)
    enrollment.refresh_from_db()
    request.refresh_from_db()
    assert (enrollment.due_at, pending(enrollment)) == (due_at, [request])
    assert (request.end, request.ended_at, request.ended_by, request.adjustment) == ("", None, None, None)
    assert verbs() == [
        "extension-requested",
        "extended",
        "extension-answered",
        "extension-undone",
        "extension-answer-undone",
    ]
    assert list(differences()) == []
    assert answer_extension_request(request.pk, REFUSE, by=team.manager).end == "refused"


@pytest.mark.slow
def test_undoing_extension_keeps_newer_request(enrollment, team):
    answered = answer_extension_request(request_for(enrollment).pk, APPROVE, by=team.manager)
    newer = request_for(enrollment, 8)
    undo(answered.adjustment, list(answered.adjustment.lines.all()), by=team.manager)
    assert list(ExtensionRequest.objects.values_list("pk", "end")) == [(answered.pk, "given"), (newer.pk, "")]
    assert list(differences()) == []


def refuse(enrollment, team, **fields):
    return answer_extension_request(request_for(enrollment).pk, REFUSE, by=team.manager, **fields)


@pytest.mark.slow
def test_reopened_request_takes_precedence_over_newer_answered_one(enrollment, team):
    first = request_for(enrollment)
    answered = answer_extension_request(first.pk, APPROVE, by=team.manager)
    second = request_for(enrollment, 9)
    answer_extension_request(second.pk, REFUSE, by=team.manager)
    undo(answered.adjustment, list(answered.adjustment.lines.all()), by=team.manager)
    assert pending(enrollment) == [first]
    assert last_request(enrollment) == first
    assert request_for(enrollment, 6) == first
    assert undo_refusals([second.pk], by=team.manager) == 0
    assert withdraw_request(enrollment)
    assert pending(enrollment) == []
    assert list(differences()) == []


def test_refusal_can_be_undone_within_1_day_by_its_author(enrollment, team):
    request = refuse(enrollment, team)
    other = make_user()
    join(team, other, "manager")
    assert undo_refusals([request.pk], by=other) == 0
    assert undo_refusals([request.pk], by=team.manager, at=request.ended_at + DAY + timedelta(seconds=1)) == 0
    assert undo_refusals([request.pk], by=team.manager) == 1
    assert undo_refusals([request.pk], by=team.manager) == 0
    assert pending(enrollment) == [request]
    assert verbs() == ["extension-requested", "extension-answered", "extension-answer-undone"]


def test_refusal_stays_after_later_request(enrollment, team):
    request = refuse(enrollment, team)
    request_for(enrollment, 6)
    assert undo_refusals([request.pk], by=team.manager) == 0
    withdraw_request(enrollment)
    assert undo_refusals([request.pk], by=team.manager) == 0


def emails_about(subject):
    return [email for email in emails_after_undo() if subject in email.subject]


def test_answer_sends_1_email_and_1_notification(enrollment, team):
    answer_extension_request(
        request_for(enrollment).pk, ExtensionAnswer("another", in_days(2), "Friday is too late."), by=team.manager
    )
    assert not any(
        "your due date is extended to" in email.subject for email in sent_emails()
    )  # held back for 2 minutes
    [email] = emails_about("your due date is extended to")
    assert email.to == [enrollment.learner.email]
    assert "That date is not possible. Your new due date is" in email.body
    assert "Friday is too late." in email.body
    assert "Li Lin" in email.body
    assert Notification.objects.get(kind="extension-answered").person == enrollment.learner


def test_outdated_answer_email_is_not_sent(enrollment, team):
    refuse(enrollment, team)
    extend(enrollment, in_days(3), by=team.manager)
    assert emails_about("stays") == []
    email = OutgoingEmail.objects.get(kind="extension-answered")
    assert (email.state, email.why.startswith("before this email was sent, the answer")) == ("skipped", True)


@pytest.mark.slow
def test_undone_answer_is_shown_in_inbox_and_not_emailed(client, enrollment, team):
    request = refuse(enrollment, team)
    undo_refusals([request.pk], by=team.manager)
    client.force_login(enrollment.learner)
    assert "was undone. You will get a new answer" in client.get("/notifications/").content.decode()
    assert emails_about("stays") == []
    answer_extension_request(request.pk, APPROVE, by=team.manager)
    assert len(emails_about("your due date is extended to")) == 1
    assert "was undone. You will get a new answer" not in client.get("/notifications/").content.decode()


FORGERIES = {
    "another day than was asked for": lambda row: {"day": row.day + DAY},
    "a yes that nobody said": lambda row: {"end": "refused", "adjustment": None},
    "a refusal that was taken back": lambda row: {"end": "taken-back", "adjustment": None},
    "another who has answered": lambda row: {"ended_by": make_user()},
    "another instant": lambda row: {"ended_at": row.ended_at + DAY},
}


@pytest.mark.slow
@pytest.mark.parametrize("forgery", FORGERIES)
def test_request_changed_past_log_is_reported(enrollment, team, forgery):
    request = answer_extension_request(request_for(enrollment).pk, APPROVE, by=team.manager)
    assert list(differences()) == []
    ExtensionRequest.objects.filter(pk=request.pk).update(**FORGERIES[forgery](request))
    assert any(f"request {request.pk}" in item for item in differences())


def test_deleted_request_is_reported(enrollment):
    request_for(enrollment)
    ExtensionRequest.objects.all().delete()
    assert ["no record of it exists" in item for item in differences()] == [True]


def test_enrollment_with_request_is_exempted_instead_of_removed(team):
    learner = make_user()
    adjustment, _refused = enroll_people(
        [learner.pk], Adjustment(kind="enrolled", course=Course.objects.get(), due_on=in_days(2))
    )
    enrollment = adjustment.lines.get().enrollment
    request_for(enrollment)
    OutgoingEmail.objects.all().delete()
    done, leave_company = undo(adjustment, list(adjustment.lines.all()), by=team.manager)
    enrollment.refresh_from_db()
    assert (done, leave_company, enrollment.exemption_reason) == ([learner.pk], [], "enrolled by mistake")


def test_answer_email_goes_to_merged_account(enrollment, team):
    refuse(enrollment, team)
    other = make_user(language="en")
    merge(other, enrollment.learner, by=make_admin())
    assert [email.to for email in emails_about("stays")] == [[other.email]]


@pytest.fixture
def late_enrollment(client, team):
    return enroll_signed_in(client, team, days(-2))


def enroll_signed_in(client, team, due_at):
    learner = make_user("Zoe", language="en")
    join(team, learner)
    client.force_login(learner)
    return enroll(learner, Course.objects.get(), due_at=due_at, by=team.manager)


def page(enrollment, end=""):
    return f"/learn/{enrollment.course.identifier}/extension/{end}"


def main_text(response):
    return " ".join(BeautifulSoup(response.content, "html.parser").select_one("main").get_text(" ").split())


def ask(client, enrollment, number=4, **fields):
    return client.post(page(enrollment), {"due_on": in_days(number).isoformat(), "reason": ""} | fields, follow=True)


def messages(response):
    found = BeautifulSoup(response.content, "html.parser").select(".messages li, [role=status], [role=alert]")
    return " ".join(" ".join(each.get_text(" ").split()) for each in found)


def test_learner_can_request_and_withdraw_extension(client, late_enrollment):
    answer = ask(client, late_enrollment, reason="A sick child")
    assert "Li Lin can answer" in main_text(answer)
    request = ExtensionRequest.objects.get()
    assert (request.day, request.why) == (in_days(4), "A sick child")
    client.post(page(late_enrollment, "withdraw/"))
    assert ExtensionRequest.objects.get().end == "taken-back"
    assert "You have no open extension request" in messages(
        client.post(page(late_enrollment, "withdraw/"), follow=True)
    )


def test_repeated_form_asks_once_and_other_date_is_refused(client, late_enrollment):
    ask(client, late_enrollment)
    assert "You asked to extend the due date to" in messages(ask(client, late_enrollment))
    assert "already" in messages(ask(client, late_enrollment, 6))
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
def test_invalid_date_or_reason_is_refused(client, late_enrollment, number, fields, why):
    answer = ask(client, late_enrollment, number, **fields)
    assert answer.status_code == 422
    assert why in main_text(answer)
    assert not ExtensionRequest.objects.exists()


def test_date_not_after_due_date_is_refused(client, team):
    enrollment = enroll_signed_in(client, team, days(3))
    for number in (2, 3):
        assert "Choose a date after the due date" in main_text(ask(client, enrollment, number))
    assert not ExtensionRequest.objects.exists()


def test_enrollment_without_due_date_offers_no_request(client, team, late_enrollment):
    exempt(late_enrollment, "moved", by=team.manager)
    assert "This course has no due date" in main_text(client.get(page(late_enrollment)))
    assert "This course has no due date" in main_text(ask(client, late_enrollment))
    assert not ExtensionRequest.objects.exists()


def test_learner_without_manager_is_told_hr_answers(client, team):
    make_hr()
    learner = make_user(language="en")
    enrollment = enroll(learner, Course.objects.get(), due_at=days(-2), by=team.manager)
    client.force_login(learner)
    assert "HR can answer" in main_text(ask(client, enrollment))


def home_panel(client):
    found = BeautifulSoup(client.get("/").content, "html.parser").select_one(".another-day")
    return found and " ".join(found.get_text(" ").split())


@pytest.mark.slow
@pytest.mark.parametrize(("due_in", "is_offered"), [(-2, True), (2, True), (9, False), (None, False)])
def test_home_offers_request_near_due_date(client, team, due_in, is_offered):
    enrollment = enroll_signed_in(client, team, due_in and days(due_in))
    main_text = (
        "Can’t finish in time? Tell Li Lin : Ask for an extension"
        if due_in == -2
        else "Can’t finish in time? Ask for an extension"
    )
    assert home_panel(client) == (main_text if is_offered else None)
    link = BeautifulSoup(client.get(f"/learn/{enrollment.course.identifier}/record/").content, "html.parser")
    assert bool(link.select(f'a[href="{page(enrollment)}"]')) == (due_in is not None)


@pytest.mark.slow
def test_home_shows_answer_to_request(client, team, late_enrollment):
    request = request_extension(late_enrollment, in_days(4))
    assert "The request has no answer yet" in home_panel(client)
    answer_extension_request(request.pk, ExtensionAnswer("refused", None, "We need you."), by=team.manager)
    assert "was declined" in home_panel(client)
    for address in (page(late_enrollment), f"/learn/{late_enrollment.course.identifier}/record/"):
        assert "Li Lin: declined: We need you." in main_text(client.get(address))
    request = request_extension(late_enrollment, in_days(5))
    answer_extension_request(request.pk, ExtensionAnswer("given"), by=team.manager)
    assert home_panel(client) is None  # the new due date is not near
