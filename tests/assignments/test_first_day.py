"""The first day of a company: teams, people, certificates and rules, in either order."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from courseware.accounts.models import Team, User
from courseware.accounts.rosters.roster import Roster
from courseware.assignments import acting
from courseware.assignments.certified_enrollments import end_certified
from courseware.assignments.models import AssignmentRule
from courseware.assignments.nightly_list import take_up
from courseware.assignments.reminding import remind_due
from courseware.learning.models import Enrollment
from courseware.reporting.consistency import differences
from tests.accounts.rosters.files import csv_file
from tests.assignments.rules import make_rule
from tests.making import join, letters, make_auditor, make_enrollment, make_team, make_user

pytestmark = pytest.mark.django_db
PAGE, OUTSIDE = "/people/first-day/", "/people/outside/"
PEOPLE, CERTIFIED, TEAMS = 63, 42, 21


@pytest.fixture
def signed_in(client, hr):
    User.objects.filter(pk=hr.pk).update(language="en")
    client.force_login(hr)
    return client


def bring_people(client):
    rows = [(f"A{each}", f"Person {each}", f"p{each}@example.com", f"Shift {each % TEAMS}") for each in range(PEOPLE)]
    file = SimpleUploadedFile("people.csv", csv_file(("工号", "姓名", "邮箱", "团队"), *rows))
    client.post("/people/import/", {"file": file})
    roster = Roster.objects.latest("pk")
    assert "21 teams do not exist yet: create them" in client.get(f"/people/import/{roster.pk}/").text
    client.post(f"/people/import/{roster.pk}/", {"creates_teams": "on"})
    take_up.call(roster.pk)
    assert Team.objects.filter(name__startswith="Shift").count() == TEAMS


def switch_rule_on(client, course):
    terms = {"name": "New people", "course": course.pk, "role": "learner", "due": "start", "due_days": 14}
    terms |= {"acts_since": "2026-11-25", "opens": "days", "renewal": "whole", "renewal_days": 30}
    client.post("/rules/new/", terms)
    rule = AssignmentRule.objects.get()
    digest = client.get(f"/rules/{rule.pk}/").context["rehearsal"].digest
    client.post(f"/rules/{rule.pk}/on/", {"digest": digest})
    acting.act_soon.call(rule.pk)


def record_certificates(client):
    lines = [f"A{number},tea-room,2026-03-02,2027-11-15,Seen" for number in range(CERTIFIED)]
    shown = client.post(OUTSIDE, {"lines": "\n".join(["Staff number,Course,Trained on,Valid until,Proof", *lines])})
    page = BeautifulSoup(shown.content, "html.parser").main
    form = {name: shown.context["form"][name].value() or "" for name in ("lines", "course", "proof", "seen")}
    # What the page has ticked is sent, as a browser does.
    form |= {each["name"]: each["value"] for each in page.select("[name=asked], [name=ends][checked]")}
    assert client.post(OUTSIDE, {**form, "act": "go"}).status_code == 302


ORDERS = {
    "certificates first": (record_certificates, switch_rule_on),
    "rule first": (switch_rule_on, record_certificates),
}


@pytest.mark.usefixtures("letter_hours")
@pytest.mark.parametrize("order", ORDERS)
def test_nobody_who_is_certified_is_in_a_renewal_or_gets_an_email(signed_in, course, order, time_machine):
    bring_people(signed_in)
    for step in ORDERS[order]:
        step(signed_in, course) if step is switch_rule_on else step(signed_in)
    certified = set(
        User.objects.filter(staff_number__in=[f"A{n}" for n in range(CERTIFIED)]).values_list("pk", flat=True)
    )
    for number in range(0, 21):
        time_machine.move_to(timezone.now() + timedelta(days=1 if number else 0))
        end_certified(), acting.act(), remind_due(), letters()
    open_now = set(Enrollment.objects.open().values_list("learner", flat=True))
    assert len(certified) == CERTIFIED and not open_now & certified
    assert len(open_now) == PEOPLE - CERTIFIED
    late = Enrollment.objects.in_state(Enrollment.State.OVERDUE)
    assert not late.filter(learner__in=certified).exists() and late.count() == PEOPLE - CERTIFIED
    sent = {address for letter in letters() for address in letter.to}
    assert sent == {f"p{number}@example.com" for number in range(CERTIFIED, PEOPLE)}
    assert list(differences()) == []


def test_the_page_says_what_is_missing_and_what_is_done(signed_in, course):
    text = lambda: " ".join(BeautifulSoup(signed_in.get(PAGE).content, "html.parser").main.get_text(" ").split())  # noqa: E731
    assert text().count("missing") == 3 and "if there are any" in text()
    assert PAGE in signed_in.get("/people/").text
    team = Team.objects.create(name="Night shift")
    person = User.objects.create_user(None, None, name="Wu Fan", staff_number="A1")
    join(team, person)
    assert "1 team has no manager: nobody sees who is late there." in text()
    assert "1 learner is in a team. 1 person has neither an email address nor a password" in text()
    assert text().count("missing") == 1
    make_rule(course)
    assert "missing" not in text() and "A rule is on already" in text()


def test_the_start_page_leads_to_it_as_long_as_the_company_is_new_and_only_those_who_bring_people_in(client, signed_in):
    enrollment = make_enrollment()
    assert PAGE in signed_in.get("/people/").text
    Enrollment.objects.filter(pk=enrollment.pk).update(enrolled_at=timezone.now() - timedelta(days=31))
    assert PAGE not in signed_in.get("/people/").text
    assert signed_in.get(PAGE).status_code == 200
    for person in (make_user(), make_team().manager, make_auditor()):
        client.force_login(person)
        assert client.get(PAGE).status_code == 404
    assert PAGE not in client.get("/people/").text
