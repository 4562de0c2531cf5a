"""Escalation emails about people who are 3 working days late."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from courseware.accounts.models import User
from courseware.accounts.people.offboarding import leave
from courseware.assignments.reminders.daily_reminders import ASKS
from courseware.assignments.reminders.schedules import switch_escalation
from courseware.learning.due_dates.extensions import ExtensionAnswer, answer_extension_request, request_extension
from courseware.learning.enrollments.enrollment import exempt
from courseware.learning.models import Enrollment
from courseware.lib.dates import due_instant
from courseware.notifications.models import OutgoingEmail
from courseware.reporting.emails import escalation
from courseware.reporting.emails.escalation import escalate
from tests.making import join, make_admin, make_enrollment, make_hr, make_team, make_user, sent_emails

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_sending_hours", "course")]
ZONE = ZoneInfo("Asia/Shanghai")
REFUSED = ExtensionAnswer("refused")
DUE_LONG_AGO = datetime(2026, 10, 1, tzinfo=ZONE)
DUE = date(2026, 12, 10)  # a Thursday; Tuesday is 3 working days later


@pytest.fixture(autouse=True)
def tuesday(settings, time_machine):
    settings.HOLIDAY_CALENDAR, settings.TIME_ZONE = "", "Asia/Shanghai"
    settings.SITE_URL = "https://training.example.com"
    time_machine.move_to(datetime(2026, 12, 15, 5, 15, tzinfo=ZONE), tick=False)
    return time_machine


@pytest.fixture
def teams():
    """A company team, below it a centre without a manager, below it a shift."""
    company = make_team("Firm", manager=make_user("Above", language="en"))
    centre = make_team("Centre", parent=company)
    centre.memberships.all().delete()
    return company, make_team("Shift", parent=centre, manager=make_user("Li Lin"))


@pytest.fixture
def escalation_on():
    switch_escalation(True, by=make_hr(name="HR", language="en"))


def late(team, name, due=DUE, **fields):
    person = make_user(name)
    join(team, person)
    enrolled = timezone.now() - timedelta(days=60)
    return make_enrollment(person, due_at=due_instant(due, ZONE), enrolled_at=enrolled, **fields)


def escalations():
    return list(
        OutgoingEmail.objects.filter(kind="escalation").order_by("pk").values_list("person__name", "state", "why")
    )


@pytest.mark.slow
@pytest.mark.usefixtures("escalation_on")
def test_senior_manager_gets_one_email_once(tuesday, teams, mailoutbox):
    company, shift = teams
    late(shift, "Wang Ming")
    late(shift, "Zhao Lei")
    late(shift, "A day more", DUE - timedelta(days=7))
    late(shift, "Not yet so late", DUE + timedelta(days=1))
    late(shift, "Done", completed_at=timezone.now())
    late(company, "Nobody above")
    assert [escalate(), escalate()] == ["emails: 3", ""]
    tuesday.move_to(datetime(2026, 12, 15, 8, tzinfo=ZONE), tick=False)
    sent_emails()
    [email] = [each for each in mailoutbox if "Nobody above" not in each.body]
    assert email.to == [company.manager.email]
    assert email.subject == "2 people in the teams below you have been late for several days"
    assert email.body.partition("\n\nYou get this email")[0] == (
        "Hello Above,\n\nThese people have been late for 3 working days:\n"
        "– Wang Ming: “Rules of the tea room”, due on Thursday 10 December; manager: Li Lin\n"
        "– Zhao Lei: “Rules of the tea room”, due on Thursday 10 December; manager: Li Lin\n\n"
        "On the dashboard, you can see their progress:\nhttps://training.example.com/team/"
    )


@pytest.mark.usefixtures("escalation_on")
def test_late_manager_is_reported_one_level_higher(teams):
    shift = teams[1]
    shift.parent.memberships.create(person=late(shift, "Wang Ming").learner, role="manager")
    assert escalate() == "emails: 1"
    assert escalations() == [("Above", "queued", "")]


@pytest.mark.usefixtures("escalation_on")
def test_own_manager_is_no_senior_manager(teams):
    company, shift = teams
    both = make_team("Below the company", parent=company, manager=make_user("Both"))
    join(company, both.manager, role="manager")
    late(both, "Has another manager above")
    late(make_team("Above this one too", parent=shift, manager=shift.manager), "Has the company above")
    late(shift.parent, "Has nobody above the company")
    escalate()
    enrollments = {row.pk: row.learner.name for row in Enrollment.objects.select_related("learner")}
    escalations = {
        (enrollments[each.data["subjects"][0][0]], each.person.name)
        for each in OutgoingEmail.objects.filter(kind="escalation")
    }
    assert escalations == {
        ("Has another manager above", "Above"), ("Has the company above", "Above"), ("Has the company above", "Both"),
        ("Has nobody above the company", "HR"),
    }  # fmt: skip


@pytest.mark.usefixtures("escalation_on")
def test_hr_gets_people_without_senior_manager(tuesday, teams, course, mailoutbox):
    company, shift = teams
    late(shift, "Has a senior manager")
    late(company, "Nobody above")
    make_enrollment(make_user("In no team"), course, due_at=due_instant(DUE, ZONE), enrolled_at=DUE_LONG_AGO)
    make_enrollment(User.objects.get(name="HR"), course, due_at=due_instant(DUE, ZONE), enrolled_at=DUE_LONG_AGO)
    assert [escalate(), escalate()] == ["emails: 3", ""]
    tuesday.move_to(datetime(2026, 12, 15, 8, tzinfo=ZONE), tick=False)
    sent_emails()
    [email] = [each for each in mailoutbox if each.to == [User.objects.get(name="HR").email]]
    assert email.subject == "2 people without a senior manager have been late for several days"
    assert "– Nobody above: " in email.body and "– In no team: " in email.body
    assert "Has a senior manager" not in email.body and "– HR: " not in email.body
    assert "because you work in HR" in email.body and "/unsubscribe/" in email.body


@pytest.mark.usefixtures("escalation_on")
def test_email_is_skipped_after_leaving_hr(tuesday, teams, mailoutbox):
    late(teams[0], "Nobody above")
    escalate()
    User.objects.get(name="HR").groups.clear()
    tuesday.move_to(datetime(2026, 12, 15, 8, tzinfo=ZONE), tick=False)
    sent_emails()
    assert (escalations(), mailoutbox) == ([("HR", "skipped", escalation.SETTLED)], [])


def test_reminders_page_counts_teams_without_senior_manager(client, teams):
    company, shift = teams
    client.force_login(make_hr())

    def page():
        return client.get("/people/reminders/", headers={"accept-language": "en"}).text

    assert "no senior manager" not in page()  # no team has learners
    join(shift, make_user())
    assert "no senior manager" not in page()
    join(company, make_user())
    assert "1 team has no senior manager, so HR gets the email about late people in this team." in page()
    join(make_team("Alone"), make_user())
    assert "2 teams have no senior manager, so HR gets the email about late people in these teams." in page()
    leave(company.manager, by=make_hr())
    assert "3 teams have no senior manager" in page()


@pytest.mark.slow
@pytest.mark.usefixtures("escalation_on")
def test_open_extension_request_delays_escalation(tuesday, teams, mailoutbox):
    before, later = (request_extension(late(teams[1], name), date(2026, 12, 18)) for name in ("Wang Ming", "Zhao Lei"))
    other = late(teams[1], "Other")
    assert escalate() == "emails: 1"
    answer_extension_request(later.pk, REFUSED, by=teams[1].manager)
    assert escalate() == "emails: 1"
    asked_by_other = request_extension(other, date(2026, 12, 18))
    tuesday.move_to(datetime(2026, 12, 15, 8, tzinfo=ZONE), tick=False)
    sent_emails()
    assert escalations() == [("Above", "skipped", ASKS), ("Above", "sent", "")]
    assert "Zhao Lei" in mailoutbox[0].body and "Other" not in mailoutbox[0].body
    for request in (before, asked_by_other):
        answer_extension_request(request.pk, REFUSED, by=teams[1].manager)
    tuesday.move_to(datetime(2026, 12, 16, 5, 15, tzinfo=ZONE), tick=False)
    assert [escalate(), escalate()] == ["emails: 2", ""]
    tuesday.move_to(datetime(2026, 12, 16, 8, tzinfo=ZONE), tick=False)
    mailoutbox.clear()
    sent_emails()
    [body] = [email.body for email in mailoutbox if email.to == [teams[0].manager.email]]
    assert "Other" in body and "Wang Ming" in body and "Zhao Lei" not in body


def test_escalation_is_off_by_default(teams):
    late(teams[1], "Wang Ming")
    assert (escalate(), escalations()) == ("", [])


@pytest.mark.usefixtures("escalation_on")
@pytest.mark.parametrize("what", ["exempt", "another day", "left", "switched off"])
def test_settled_escalation_is_skipped(tuesday, teams, what):
    enrollment = late(teams[1], "Wang Ming")
    escalate()
    if what == "exempt":
        exempt(enrollment, reason="long leave", by=make_admin())
    elif what == "another day":
        type(enrollment).objects.write_many([due_later(enrollment)], ["due_at"])
    elif what == "left":
        leave(enrollment.learner, by=make_hr())
    else:
        switch_escalation(False, by=make_hr())
    tuesday.move_to(datetime(2026, 12, 15, 8, tzinfo=ZONE), tick=False)
    sent_emails()
    why = escalation.OFF if what == "switched off" else escalation.SETTLED
    assert escalations() == [("Above", "skipped", why)]


@pytest.mark.usefixtures("escalation_on")
def test_emails_are_in_enrollment_order(teams):
    """The others are combined into the first one."""
    earlier, person = make_user("Earlier account"), make_user("Earlier enrollment")
    enrollments = []
    for each in (person, earlier):
        join(teams[1], each)
        enrolled = timezone.now() - timedelta(days=60)
        enrollments.append(make_enrollment(each, due_at=due_instant(DUE, ZONE), enrolled_at=enrolled).pk)
    escalate()
    found = OutgoingEmail.objects.filter(kind="escalation").order_by("pk")
    assert [each.data["subjects"][0][0] for each in found] == enrollments


def due_later(enrollment):
    enrollment.due_at = due_instant(DUE + timedelta(days=30), ZONE)
    return enrollment


@pytest.mark.usefixtures("escalation_on")
@pytest.mark.parametrize("people", [1, 3])
def test_query_count_is_independent_of_people(teams, people, django_assert_num_queries):
    for number in range(people):
        late(teams[1], f"Late {number}")
    with django_assert_num_queries(19):
        escalate()


def test_hr_switches_escalation_on_and_off(client):
    from courseware.assignments.models import EscalationSetting
    from courseware.assignments.reminders.schedules import is_escalated

    client.force_login(make_hr())
    page = client.get("/people/reminders/")
    assert "Email the senior manager about people" in page.text
    assert not is_escalated()
    for sent, is_on in (({"escalates": "on"}, True), ({"escalates": "on", "initial-escalates": "True"}, True)):
        client.post("/people/reminders/", sent)
        assert is_escalated() is is_on
    client.post("/people/reminders/", {"initial-escalates": "True"})
    assert not is_escalated()
    assert EscalationSetting.objects.count() == 2
