"""List of people: search, filters and visibility. Setup page of a new company."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from courseware.accounts.models import RosterImport, Team, User
from courseware.accounts.people.offboarding import leave
from courseware.assignments.models import AssignmentRule
from courseware.assignments.reminders.daily_reminders import remind_due
from courseware.assignments.rules import execution
from courseware.assignments.rules.certified_enrollments import end_certified
from courseware.hr.roster_import.nightly import apply_import
from courseware.learning.models import Enrollment
from courseware.reporting.integrity.check_all import differences
from tests.accounts.roster_import.files import csv_file
from tests.assignments.rules import make_rule
from tests.making import join, make_admin, make_auditor, make_editor, make_enrollment, make_team, make_user, sent_emails

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hr_signed_in")]


def names(client, **query):
    return [person.name for person in client.get("/people/", query).context["page"]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("zhang", ["Zhang Li", "Zhang Nan"]),
        ("ZHANG.NAN@example.com", ["Zhang Nan"]),
        ("ａ０１２", ["Zhang Li"]),
        ("A0", ["Zhang Li"]),
        ("nobody", []),
        ("%", []),
        ("\0", ["Hana", "Zhang Li", "Zhang Nan"]),  # ignored
    ],
)
def test_people_are_found_by_name_email_and_staff_number(client, words, found):
    make_user("Zhang Nan", email="zhang.nan@example.com")
    make_user("Zhang Li", email="z.li@example.com", staff_number="A012")
    assert names(client, words=words) == found


def test_status_filter_finds_active_former_and_never_signed_in(client, hr):
    here, gone, new = make_user("Here", last_login=timezone.now()), make_user("Gone"), make_user("New")
    leave(gone, by=hr)
    assert names(client) == ["Hana", "Here", "New"]
    assert names(client, status="left") == ["Gone"]
    assert names(client, status="never") == ["New"]
    assert names(client, status="all") == ["Gone", "Hana", "Here", "New"]
    assert names(client, status="nonsense", team="x") == ["Hana", "Here", "New"]
    assert (here.name, new.name) == ("Here", "New")


def test_team_filter_includes_subteams(client):
    top = make_team("Top", manager=make_user("Tom"))
    below = make_team("Below", parent=top, manager=make_user("Ben"))
    beside = make_team("Beside", manager=make_user("Bea"))
    for team, name in ((top, "Tia"), (below, "Bo"), (beside, "Bee")):
        join(team, make_user(name))
    assert names(client, team=top.pk) == ["Ben", "Bo", "Tia", "Tom"]
    assert names(client, team=below.pk) == ["Ben", "Bo"]


def test_hr_sees_only_names_of_staff_and_auditors(client, hr):
    shown = {"Ada": make_admin(name="Ada"), "Ed": make_editor(name="Ed"), "Aude": make_auditor(name="Aude")}
    page = client.get("/people/")
    assert {person.name for person in page.context["page"] if not person.is_shown} == set(shown)
    assert page.text.count("ask an admin") == len(shown)
    for person in shown.values():
        assert f"/people/{person.pk}/" not in page.text
        assert client.get(f"/people/{person.pk}/").status_code == 404


def test_auditor_in_hr_sees_everyone(client):
    both, admin = make_auditor(name="Both"), make_admin(name="Ada")
    both.groups.add(Group.objects.get(name="HR"))
    client.force_login(both)
    assert all(person.is_shown for person in client.get("/people/").context["page"])
    for person in (both, admin):
        assert client.get(f"/people/{person.pk}/").context["may_change"] is False


def test_pages_of_long_list_keep_filters(client):
    for number in range(51):
        make_user(f"Somebody {number:02}")
    first = client.get("/people/", {"words": "somebody"})
    assert len(first.context["page"].object_list) == 50
    assert "?words=somebody&amp;page=2" in first.text
    assert names(client, words="somebody", page=2) == ["Somebody 50"]


# Setup of a new company: certificates and rules in either order.


PAGE, EXTERNAL = "/people/first-day/", "/people/external-training/"
PEOPLE, CERTIFIED, TEAMS = 63, 42, 21


def bring_people(client):
    rows = [(f"A{each}", f"Person {each}", f"p{each}@example.com", f"Shift {each % TEAMS}") for each in range(PEOPLE)]
    file = SimpleUploadedFile("people.csv", csv_file(("工号", "姓名", "邮箱", "团队"), *rows))
    client.post("/people/import/", {"file": file})
    roster = RosterImport.objects.latest("pk")
    assert "21 teams do not exist yet: create them" in client.get(f"/people/import/{roster.pk}/").text
    client.post(f"/people/import/{roster.pk}/", {"creates_teams": "on"})
    apply_import.call(roster.pk)
    assert Team.objects.filter(name__startswith="Shift").count() == TEAMS


def switch_rule_on(client, course):
    terms = {"name": "New people", "course": course.pk, "role": "learner", "due": "start", "due_days": 14}
    terms |= {"acts_since": "2026-11-25", "opens": "days", "renewal": "whole", "renewal_days": 30}
    client.post("/rules/new/", terms)
    rule = AssignmentRule.objects.get()
    digest = client.get(f"/rules/{rule.pk}/").context["preview"].digest
    client.post(f"/rules/{rule.pk}/on/", {"digest": digest})
    execution.run_rules_soon.call(rule.pk)


def record_certificates(client):
    lines = [f"A{number},tea-room,2026-03-02,2027-11-15,Seen" for number in range(CERTIFIED)]
    shown = client.post(EXTERNAL, {"lines": "\n".join(["Staff number,Course,Trained on,Valid until,Proof", *lines])})
    page = BeautifulSoup(shown.content, "html.parser").main
    form = {name: shown.context["form"][name].value() or "" for name in ("lines", "course", "proof", "seen")}
    # Send checked boxes like a browser.
    form |= {each["name"]: each["value"] for each in page.select("[name=asked], [name=ends][checked]")}
    assert client.post(EXTERNAL, {**form, "act": "go"}).status_code == 302


ORDERS = {
    "certificates first": (record_certificates, switch_rule_on),
    "rule first": (switch_rule_on, record_certificates),
}


@pytest.mark.slow
@pytest.mark.usefixtures("real_sending_hours")
@pytest.mark.parametrize("order", ORDERS)
def test_certified_people_get_no_enrollment_or_email(client, course, order, time_machine):
    bring_people(client)
    for step in ORDERS[order]:
        step(client, course) if step is switch_rule_on else step(client)
    certified = set(
        User.objects.filter(staff_number__in=[f"A{n}" for n in range(CERTIFIED)]).values_list("pk", flat=True)
    )
    for number in range(0, 21):
        time_machine.move_to(timezone.now() + timedelta(days=1 if number else 0))
        end_certified(), execution.act(), remind_due(), sent_emails()
    open_now = set(Enrollment.objects.open().values_list("learner", flat=True))
    assert len(certified) == CERTIFIED and not open_now & certified
    assert len(open_now) == PEOPLE - CERTIFIED
    late = Enrollment.objects.in_state(Enrollment.State.OVERDUE)
    assert not late.filter(learner__in=certified).exists() and late.count() == PEOPLE - CERTIFIED
    sent = {address for email in sent_emails() for address in email.to}
    assert sent == {f"p{number}@example.com" for number in range(CERTIFIED, PEOPLE)}
    assert list(differences()) == []


def test_setup_page_shows_missing_and_done_steps(client, course):
    text = lambda: " ".join(BeautifulSoup(client.get(PAGE).content, "html.parser").main.get_text(" ").split())  # noqa: E731
    assert text().count("missing") == 3 and "if people have earlier certificates" in text()
    assert PAGE in client.get("/people/").text
    team = Team.objects.create(name="Night shift")
    person = User.objects.create_user(None, None, name="Wu Fan", staff_number="A1")
    join(team, person)
    assert "1 team has no manager, so nobody sees who is overdue in this team." in text()
    assert "1 learner is in a team. 1 person has no email address and no password" in text()
    assert text().count("missing") == 1
    make_rule(course)
    assert "missing" not in text() and "A rule is already on" in text()


def test_people_page_links_to_setup_of_new_company(client):
    enrollment = make_enrollment()
    assert PAGE in client.get("/people/").text
    Enrollment.objects.filter(pk=enrollment.pk).update(enrolled_at=timezone.now() - timedelta(days=31))
    assert PAGE not in client.get("/people/").text
    assert client.get(PAGE).status_code == 200
    client.force_login(make_auditor())
    assert PAGE not in client.get("/people/").text
