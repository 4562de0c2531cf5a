"""Nobody can decide about their own record, directly or through a person whom they added or appointed."""

from datetime import date, timedelta

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.urls import reverse

from courseware.accounts.models import JoinRequest, Membership, User
from courseware.accounts.people.merge_checks import MergeRefusal
from courseware.accounts.people.onboarding import add_person
from courseware.accounts.roster_import.apply import DONE, LEFT_OUT, apply_next, begin_applying, outcome_lines
from courseware.accounts.roster_import.upload import store_upload
from courseware.accounts.sign_in.sign_in_codes import SignInCodeRefused, give_code, may_give_code, use_code
from courseware.accounts.teams.deputies import add_deputy
from courseware.accounts.teams.invite_links import answer_request, make_link
from courseware.accounts.teams.memberships import add_membership, change_profile
from courseware.assessment.models import ExternalTraining
from courseware.hr.people.account_merge import merge, why_not
from courseware.learning.due_dates.extensions import (
    ExtensionAnswer,
    RequestNotOpen,
    answer_extension_request,
    request_extension,
)
from courseware.learning.enrollments.enrollment import begin_enrolling, enroll_next, exempt, extend
from courseware.learning.models import AdjustmentItem, Enrollment, ExtensionRequest
from courseware.lib.dates import site_day
from tests.making import days, join, make_admin, make_auditor, make_enrollment, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db
MANAGER = Membership.Role.MANAGER
DUE = date(2027, 3, 4)


@pytest.fixture
def clerk(team):
    """A member of HR who is also a learner."""
    clerk = make_hr(name="Clerk")
    join(team, clerk)
    return clerk


@pytest.fixture
def enrollment(clerk):
    return make_enrollment(clerk, due_at=days(10))


def added_manager(clerk, team):
    """A manager account that the clerk made up."""
    invented = add_person("Invented", staff_number="X900", by=clerk)
    add_membership(invented, team, MANAGER, by=clerk)
    return invented


def profile_fields(person, **changed):
    current = {"name": person.name, "email": person.email or "", "staff_number": person.staff_number or ""}
    return current | {"language": "", "job_role": "", "starts_on": "", "leaves_on": ""} | changed


def manager_action(client, enrollment, address, **fields):
    return client.post(f"/team/people/{enrollment.pk}/{address}/", fields).status_code


def test_manager_added_by_hr_cannot_act_on_that_hr_member(client, clerk, team, enrollment):
    invented = added_manager(clerk, team)
    assert use_code("X900", give_code(invented, by=clerk))
    client.force_login(User.objects.get(pk=invented.pk))
    assert client.get(f"/team/people/{enrollment.pk}/").status_code == 200  # the record may be read
    assert manager_action(client, enrollment, "extend", due_on=DUE.isoformat()) == 404
    assert manager_action(client, enrollment, "exempt", reason="has done it elsewhere") == 404
    assert manager_action(client, enrollment, "extra-time", time="2") == 404
    assert client.post(f"/people/{clerk.pk}/absences/", {"last_day": DUE.isoformat()}).status_code == 404
    assert not AdjustmentItem.objects.exists()


@pytest.mark.parametrize("favor", ["code", "manager", "deputy", "address", "merge"])
def test_favor_within_90_days_is_a_conflict(favor, clerk, team, enrollment):
    with time_machine.travel(days(-200)):
        manager = add_person("Manager", staff_number="M1", by=clerk)
        if favor != "manager":
            add_membership(manager, team, MANAGER, by=clerk)
    assert extend(enrollment, DUE, by=User.objects.get(pk=manager.pk))
    match favor:
        case "code":
            give_code(manager, by=clerk)
        case "manager":
            add_membership(manager, team, MANAGER, by=clerk)
        case "deputy":
            colleague = make_user()
            join(team, colleague, MANAGER)
            add_deputy(colleague, manager, first_day=site_day(), last_day=site_day(), by=clerk)
        case "address":
            change_profile(manager, {"email": "clerk@example.net"}, by=clerk)
        case "merge":
            merge(manager, make_user(email="clerk@example.net"), by=clerk)
    fresh = User.objects.get(pk=manager.pk)
    assert exempt(enrollment, "done elsewhere", by=fresh) is None
    with time_machine.travel(days(90) + timedelta(minutes=1)):
        assert exempt(enrollment, "done elsewhere", by=User.objects.get(pk=manager.pk))


def test_person_cannot_act_on_approver_of_join_request(clerk, team, enrollment):
    with time_machine.travel(days(-200)):
        manager = add_person("Manager", staff_number="M1", by=make_hr())
    link = make_link(team, ends_at=days(1), uses=1, by=clerk)
    asked = [
        JoinRequest.objects.create(link=link, staff_number=each, name="Jo", asked_at=days(0)) for each in ("M1", "M2")
    ]
    assert answer_request(asked[0], True, by=clerk) and answer_request(asked[1], False, by=clerk)
    add_membership(manager, team, MANAGER, by=make_hr())
    assert exempt(enrollment, "done elsewhere", by=User.objects.get(pk=manager.pk)) is None


def test_manager_added_by_others_can_act(clerk, team, enrollment):
    manager = added_manager(make_hr(), team)
    assert extend(enrollment, DUE, by=manager)


def test_bulk_action_skips_person_in_conflict(client, clerk, team, enrollment):
    manager = added_manager(clerk, team)
    manager.language = "en"
    manager.save()
    other = make_enrollment(make_user("Somebody"), course=enrollment.course, due_at=days(10))
    join(team, other.learner)
    client.force_login(manager)
    fields = {"row": [enrollment.pk, other.pk], "due_on": DUE.isoformat(), "reason": ""}
    shown = client.get("/people/actions/extend/", {"row": [enrollment.pk, other.pk]}).content.decode()
    assert "made you a manager or a deputy, in the last 90 days" in shown
    client.post("/people/actions/extend/", fields)
    assert [line.learner for line in AdjustmentItem.objects.all()] == [other.learner]
    shown = client.get("/people/actions/enroll/", {"team": team.pk}).content.decode()
    assert "made you a manager or a deputy, in the last 90 days" in shown


def test_person_in_conflict_cannot_answer_extension_request(clerk, team, enrollment):
    manager = added_manager(clerk, team)
    asked = request_extension(enrollment, DUE)
    for end in (ExtensionRequest.End.GIVEN, ExtensionRequest.End.REFUSED):
        with pytest.raises(RequestNotOpen):
            answer_extension_request(asked.pk, ExtensionAnswer(end), by=manager)


def test_bulk_enrollment_skips_acting_admin(team):
    admin, learner, course = make_admin(), make_user(), make_enrollment().course
    join(team, admin)
    join(team, learner)
    order = enroll_next(begin_enrolling([team], course, due_on=None), by=admin)
    assert order.finished_at
    assert Enrollment.objects.filter(learner=learner).exists()
    assert not Enrollment.objects.filter(learner=admin).exists()


# The own record ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [make_hr, make_admin])
def test_nobody_changes_own_profile_or_teams(client, make, team):
    person = make(name="Myself")
    client.force_login(person)
    other = make_team()
    changed = profile_fields(person, name="Other", job_role="manager", starts_on="2027-01-01")
    assert client.post(f"/people/{person.pk}/edit/", changed).status_code == 404
    assert client.post(f"/people/{person.pk}/memberships/", {"team": other.pk, "role": "learner"}).status_code == 404
    assert client.get(f"/people/{person.pk}/external-training/").status_code == 404
    person.refresh_from_db()
    assert (person.name, person.job_role, person.starts_on) == ("Myself", "", None)
    assert not person.memberships.exists()


def test_admin_cannot_change_own_profile_or_teams_in_admin(client, team):
    admin = make_admin(name="Myself")
    client.force_login(admin)
    none = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    changed = {"name": "Other", "email": admin.email, "job_role": "manager", "starts_on": "2027-01-01"}
    client.post(f"/admin/accounts/user/{admin.pk}/change/", changed | none)
    one = {
        "memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 0,
        "memberships-0-team": team.pk, "memberships-0-person": admin.pk, "memberships-0-role": "learner",
    }  # fmt: skip
    own = client.post(f"/admin/accounts/user/{admin.pk}/change/", {"email": admin.email} | one)
    by_team = client.post(f"/admin/accounts/team/{team.pk}/change/", {"name": team.name} | one)
    assert [own.status_code, by_team.status_code] == [200, 200]  # the form comes back
    admin.refresh_from_db()
    assert (admin.name, admin.job_role, admin.starts_on) == ("Myself", "", None)
    assert not admin.memberships.exists()


def test_admin_cannot_enroll_themselves_in_admin(client, course):
    admin = make_admin()
    client.force_login(admin)
    address = "/admin/learning/enrollment/add/"
    assert client.post(address, {"learner": admin.pk, "course": course.pk, "due_on": ""}).status_code == 200
    assert not Enrollment.objects.exists()
    assert client.post(address, {"learner": make_user().pk, "course": course.pk, "due_on": ""}).status_code == 302


# Lists ---------------------------------------------------------------------------------------------------------------


def listed(*rows):
    return "\n".join(["Staff number,Name,E-mail,First day", *rows]).encode()


def apply(roster, by):
    begin_applying(roster, by=by)
    while apply_next(roster.pk):
        pass
    roster.refresh_from_db()
    return roster


def codes(roster):
    return [each.code for part in roster.parts.filter(kind="bad") for line in part.rows for each in line.problems]


def test_import_skips_uploader_and_people_in_conflict(team):
    old, new = make_hr(staff_number="H1"), add_person("New", staff_number="H2", by=None)
    make_hr_of(new, by=old)
    data = listed("H1,Other name,,", "H2,Other name,,", "H3,Newcomer,,2027-01-01")
    roster = apply(store_upload(data, "list.csv", by=new, is_complete=False), by=new)
    assert codes(roster) == ["conflict", "own-row"]
    assert [line.name for line in outcome_lines(roster, DONE)] == ["Newcomer"]
    assert len(outcome_lines(roster, LEFT_OUT)) == 2


def make_hr_of(person, *, by):
    give_code(person, by=by)
    person.groups.set(by.groups.all())


def test_import_skips_its_approver():
    uploader, approver = make_hr(staff_number="H1"), make_hr(staff_number="H2", name="Before")
    roster = apply(store_upload(listed("H2,After,,"), "list.csv", by=uploader, is_complete=False), by=approver)
    approver.refresh_from_db()
    assert approver.name == "Before"
    assert [line.conflict for line in outcome_lines(roster, "conflict")] == ["own-row"]


@pytest.mark.slow
def test_only_admin_imports_new_email_of_hr_member():
    colleague = make_hr(staff_number="H2", email="colleague@example.com", name="Colleague")
    roster = store_upload(listed("H2,Colleague,clerk@example.net,"), "list.csv", by=make_hr(), is_complete=False)
    assert codes(roster) == ["address-of-hr"]
    nightly = store_upload(listed("H2,Colleague,clerk@example.net,"), "list.csv", by=None, is_complete=False)
    assert codes(nightly) == ["address-of-hr"]
    apply(
        store_upload(listed("H2,Colleague,new@example.com,"), "list.csv", by=make_admin(), is_complete=False),
        make_admin(),
    )
    colleague.refresh_from_db()
    assert colleague.email == "new@example.com"


def test_external_training_import_skips_person_in_conflict(client, clerk, course):
    clerk.staff_number = "H1"
    clerk.save()
    new = add_person("New", staff_number="H2", language="en", by=clerk)
    new.groups.set(clerk.groups.all())
    client.force_login(new)
    text = f"Staff number,Course,Trained on,Proof\nH1,{course.identifier},2026-10-01,paper"
    shown = client.post("/people/external-training/", {"lines": text, "seen": text, "act": "go"})
    assert "Another person must make this change." in shown.content.decode()
    assert not ExternalTraining.objects.exists()


# Colleagues in HR ----------------------------------------------------------------------------------------------------


def test_only_admin_gives_sign_in_code_to_hr_member(hr):
    colleague = make_hr()
    with pytest.raises(SignInCodeRefused):
        give_code(colleague, by=hr)
    assert may_give_code(make_admin(), colleague)
    assert may_give_code(hr, make_user())


def test_code_from_before_joining_hr_is_invalid(hr):
    person = add_person("Soon in HR", staff_number="S1", by=None)
    code = give_code(person, by=hr)
    person.groups.set(hr.groups.all())
    assert use_code("S1", code) is None


def test_only_admin_changes_email_of_hr_member(client, hr):
    colleague = make_hr(email="colleague@example.com", name="Colleague")
    client.force_login(hr)
    changed = profile_fields(colleague, email="clerk@example.net", name="New name")
    assert client.post(f"/people/{colleague.pk}/edit/", changed).status_code == 302
    colleague.refresh_from_db()
    assert (colleague.email, colleague.name) == ("colleague@example.com", "New name")
    client.force_login(make_admin())
    client.post(f"/people/{colleague.pk}/edit/", profile_fields(colleague, email="new@example.com"))
    colleague.refresh_from_db()
    assert colleague.email == "new@example.com"


def test_only_admin_merges_account_of_hr_member(hr):
    colleague, other = make_hr(), make_user()
    assert why_not(colleague, other, hr) == why_not(other, colleague, hr) == MergeRefusal.ADMINS
    assert why_not(colleague, other, make_admin()) is None
    assert why_not(make_user(), other, hr) is None


# The list for auditors -----------------------------------------------------------------------------------------------


def test_only_auditors_see_conflicts_of_interest(client, clerk, team):
    added_manager(clerk, team)
    add_person("Only a learner", staff_number="L1", by=clerk)
    with time_machine.travel(days(-91)):
        add_membership(make_user("Long ago"), team, MANAGER, by=clerk)
    client.force_login(make_auditor(language="en"))
    page = BeautifulSoup(client.get(reverse("hr:conflicts")).content, "html.parser")
    rows = [[cell.text for cell in row.select("td")][:3] for row in page.select("tbody tr")]
    assert rows == [["Invented", "Clerk", "membership added"], ["Invented", "Clerk", "person added"]]
    client.force_login(clerk)
    assert client.get(reverse("hr:conflicts")).status_code == 404
