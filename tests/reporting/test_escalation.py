"""Where the firm wants it, who leads the team above is told of people who are three working days late."""

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
from tests.making import join, letters, make_admin, make_enrollment, make_hr, make_team, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("letter_hours", "course")]
ZONE = ZoneInfo("Asia/Shanghai")
REFUSED = ExtensionAnswer("refused")
DUE_LONG_AGO = datetime(2026, 10, 1, tzinfo=ZONE)
DUE = date(2026, 12, 10)  # a Thursday: three working days later it is Tuesday


@pytest.fixture(autouse=True)
def tuesday(settings, time_machine):
    settings.HOLIDAY_CALENDAR, settings.TIME_ZONE = "", "Asia/Shanghai"
    settings.SITE_URL = "https://training.example.com"
    time_machine.move_to(datetime(2026, 12, 15, 5, 15, tzinfo=ZONE), tick=False)
    return time_machine


@pytest.fixture
def teams():
    """Firm, below it a centre that nobody leads, below it a shift."""
    firm = make_team("Firm", manager=make_user("Above", language="en"))
    centre = make_team("Centre", parent=firm)
    centre.memberships.all().delete()
    return firm, make_team("Shift", parent=centre, manager=make_user("Li Lin"))


@pytest.fixture
def wanted():
    switch_escalation(True, by=make_hr(name="HR", language="en"))


def late(team, name, due=DUE, **fields):
    person = make_user(name)
    join(team, person)
    enrolled = timezone.now() - timedelta(days=60)
    return make_enrollment(person, due_at=due_instant(due, ZONE), enrolled_at=enrolled, **fields)


def told():
    return list(
        OutgoingEmail.objects.filter(kind="escalation").order_by("pk").values_list("person__name", "state", "why")
    )


@pytest.mark.usefixtures("wanted")
def test_the_next_level_that_somebody_leads_is_told_once_in_one_letter(tuesday, teams, mailoutbox):
    firm, shift = teams
    late(shift, "Wang Ming")
    late(shift, "Zhao Lei")
    late(shift, "A day more", DUE - timedelta(days=7))
    late(shift, "Not yet so late", DUE + timedelta(days=1))
    late(shift, "Done", completed_at=timezone.now())
    late(firm, "Nobody above")
    assert [escalate(), escalate()] == ["emails: 3", ""]
    tuesday.move_to(datetime(2026, 12, 15, 8, tzinfo=ZONE), tick=False)
    letters()
    [letter] = [each for each in mailoutbox if "Nobody above" not in each.body]
    assert letter.to == [firm.manager.email]
    assert letter.subject == "2 people in the teams below you have been late for days"
    assert letter.body.partition("\n\nYou get this email")[0] == (
        "Hello Above,\n\nThese people have been late for 3 working days:\n"
        "– Wang Ming: “Rules of the tea room”, due on Thursday 10 December; manager: Li Lin\n"
        "– Zhao Lei: “Rules of the tea room”, due on Thursday 10 December; manager: Li Lin\n\n"
        "On the dashboard, you can see their progress:\nhttps://training.example.com/team/"
    )


@pytest.mark.usefixtures("wanted")
def test_of_who_leads_the_team_above_the_own_the_level_above_that_is_told(teams):
    shift = teams[1]
    shift.parent.memberships.create(person=late(shift, "Wang Ming").learner, role="manager")
    assert escalate() == "emails: 1"
    assert told() == [("Above", "queued", "")]


@pytest.mark.usefixtures("wanted")
def test_who_leads_the_person_already_is_no_next_level(teams):
    firm, shift = teams
    both = make_team("Below the firm", parent=firm, manager=make_user("Both"))
    join(firm, both.manager, role="manager")
    late(both, "Has another lead above")
    late(make_team("Above this one too", parent=shift, manager=shift.manager), "Has the firm above")
    late(shift.parent, "Has nobody above the firm")
    escalate()
    runs = {run.pk: run.learner.name for run in Enrollment.objects.select_related("learner")}
    told = {
        (runs[each.data["subjects"][0][0]], each.person.name)
        for each in OutgoingEmail.objects.filter(kind="escalation")
    }
    assert told == {
        ("Has another lead above", "Above"), ("Has the firm above", "Above"), ("Has the firm above", "Both"),
        ("Has nobody above the firm", "HR"),
    }  # fmt: skip


@pytest.mark.usefixtures("wanted")
def test_hr_is_told_of_people_without_a_senior_manager_in_one_email(tuesday, teams, course, mailoutbox):
    firm, shift = teams
    late(shift, "Has a senior manager")
    late(firm, "Nobody above")
    make_enrollment(make_user("In no team"), course, due_at=due_instant(DUE, ZONE), enrolled_at=DUE_LONG_AGO)
    make_enrollment(User.objects.get(name="HR"), course, due_at=due_instant(DUE, ZONE), enrolled_at=DUE_LONG_AGO)
    assert [escalate(), escalate()] == ["emails: 3", ""]
    tuesday.move_to(datetime(2026, 12, 15, 8, tzinfo=ZONE), tick=False)
    letters()
    [letter] = [each for each in mailoutbox if each.to == [User.objects.get(name="HR").email]]
    assert letter.subject == "2 people without a senior manager have been late for days"
    assert "– Nobody above: " in letter.body and "– In no team: " in letter.body
    assert "Has a senior manager" not in letter.body and "– HR: " not in letter.body
    assert "because you work in HR" in letter.body and "/unsubscribe/" in letter.body


@pytest.mark.usefixtures("wanted")
def test_a_person_who_left_hr_before_the_email_leaves_reads_nothing(tuesday, teams, mailoutbox):
    late(teams[0], "Nobody above")
    escalate()
    User.objects.get(name="HR").groups.clear()
    tuesday.move_to(datetime(2026, 12, 15, 8, tzinfo=ZONE), tick=False)
    letters()
    assert (told(), mailoutbox) == ([("HR", "skipped", escalation.SETTLED)], [])


def test_the_page_of_reminders_says_how_many_teams_have_no_senior_manager(client, teams):
    firm, shift = teams
    client.force_login(make_hr())

    def page():
        return client.get("/people/reminders/", headers={"accept-language": "en"}).text

    assert "no senior manager" not in page()  # no team has learners
    join(shift, make_user())
    assert "no senior manager" not in page()
    join(firm, make_user())
    assert "1 team has no senior manager: HR gets the email about its people." in page()
    join(make_team("Alone"), make_user())
    assert "2 teams have no senior manager: HR gets the email about their people." in page()
    leave(firm.manager, by=make_hr())
    assert "3 teams have no senior manager" in page()


@pytest.mark.usefixtures("wanted")
def test_of_who_asks_for_another_day_nobody_is_told_before_the_answer(tuesday, teams, mailoutbox):
    before, later = (request_extension(late(teams[1], name), date(2026, 12, 18)) for name in ("Wang Ming", "Zhao Lei"))
    other = late(teams[1], "Other")
    assert escalate() == "emails: 1"
    answer_extension_request(later.pk, REFUSED, by=teams[1].manager)
    assert escalate() == "emails: 1"
    asked_by_other = request_extension(other, date(2026, 12, 18))
    tuesday.move_to(datetime(2026, 12, 15, 8, tzinfo=ZONE), tick=False)
    letters()
    assert told() == [("Above", "skipped", ASKS), ("Above", "sent", "")]
    assert "Zhao Lei" in mailoutbox[0].body and "Other" not in mailoutbox[0].body
    for request in (before, asked_by_other):
        answer_extension_request(request.pk, REFUSED, by=teams[1].manager)
    tuesday.move_to(datetime(2026, 12, 16, 5, 15, tzinfo=ZONE), tick=False)
    assert [escalate(), escalate()] == ["emails: 2", ""]
    tuesday.move_to(datetime(2026, 12, 16, 8, tzinfo=ZONE), tick=False)
    mailoutbox.clear()
    letters()
    [body] = [letter.body for letter in mailoutbox if letter.to == [teams[0].manager.email]]
    assert "Other" in body and "Wang Ming" in body and "Zhao Lei" not in body


def test_nobody_is_told_before_the_firm_wants_it(teams):
    late(teams[1], "Wang Ming")
    assert (escalate(), told()) == ("", [])


@pytest.mark.usefixtures("wanted")
@pytest.mark.parametrize("what", ["excused", "another day", "left", "switched off"])
def test_what_was_settled_by_the_time_it_leaves_is_not_told(tuesday, teams, what):
    run = late(teams[1], "Wang Ming")
    escalate()
    if what == "excused":
        exempt(run, reason="long leave", by=make_admin())
    elif what == "another day":
        type(run).objects.write_many([moved(run)], ["due_at"])
    elif what == "left":
        leave(run.learner, by=make_hr())
    else:
        switch_escalation(False, by=make_hr())
    tuesday.move_to(datetime(2026, 12, 15, 8, tzinfo=ZONE), tick=False)
    letters()
    why = escalation.OFF if what == "switched off" else escalation.SETTLED
    assert told() == [("Above", "skipped", why)]


@pytest.mark.usefixtures("wanted")
def test_emails_to_one_reader_are_in_the_order_of_the_enrollments(teams):
    """The first of them is sent with the others in it."""
    earlier, person = make_user("Earlier account"), make_user("Earlier enrollment")
    runs = []
    for each in (person, earlier):
        join(teams[1], each)
        enrolled = timezone.now() - timedelta(days=60)
        runs.append(make_enrollment(each, due_at=due_instant(DUE, ZONE), enrolled_at=enrolled).pk)
    escalate()
    found = OutgoingEmail.objects.filter(kind="escalation").order_by("pk")
    assert [each.data["subjects"][0][0] for each in found] == runs


def moved(run):
    run.due_at = due_instant(DUE + timedelta(days=30), ZONE)
    return run


@pytest.mark.usefixtures("wanted")
@pytest.mark.parametrize("people", [1, 3])
def test_the_job_asks_as_many_queries_for_one_as_for_three(teams, people, django_assert_num_queries):
    for number in range(people):
        late(teams[1], f"Late {number}")
    with django_assert_num_queries(19):
        escalate()


def test_human_resources_switch_it_on_and_off_with_the_reminders(client):
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
