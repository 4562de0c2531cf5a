"""Page of a person for HR: what can be changed, and what cannot."""

import re
from datetime import date

import pytest
from django.core import mail

from courseware.accounts.models import Membership, User
from courseware.accounts.sign_in.account_notices import notify
from courseware.accounts.sign_in.invitations import invite
from courseware.assessment.models import Certificate
from courseware.audit_log.models import Event
from courseware.audit_log.record import record, subject_of
from courseware.notifications.models import OutgoingEmail
from tests.making import (
    join,
    make_admin,
    make_auditor,
    make_editor,
    make_enrollment,
    make_team,
    make_user,
    sent_emails,
)
from tests.world import complete_course

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hr_signed_in")]
LEARNER, MANAGER = Membership.Role.LEARNER, Membership.Role.MANAGER


def address(person, rest=""):
    return f"/people/{person.pk}/{rest}"


def profile_fields(person, **changed):
    current = {"name": person.name, "email": person.email or "", "staff_number": person.staff_number or ""}
    return current | {"language": "", "job_role": "", "starts_on": "", "leaves_on": ""} | changed


def log_of(person):
    return list(Event.objects.filter(subject=subject_of(person)).order_by("pk").values_list("verb", "data"))


def memberships_of(person):
    return sorted(person.memberships.values_list("team__name", "role"))


def test_new_email_is_announced_to_old_and_not_logged(client):
    person = make_user("Li Na", email="old@example.com")
    sent = client.post(address(person, "edit/"), profile_fields(person, email="New@Example.com", job_role="phone"))
    assert sent.status_code == 302
    person.refresh_from_db()
    assert (person.email, person.job_role) == ("new@example.com", "phone")
    assert log_of(person) == [("person-changed", {"fields": ["email", "job_role"]}), ("address-changed", {})]
    assert [message.to for message in sent_emails()] == [["old@example.com"]]


def test_unchanged_profile_saves_nothing(client, hr):
    person = make_user("Li Na")
    assert client.post(address(person, "edit/"), profile_fields(person)).status_code == 302
    assert log_of(person) == []
    assert sent_emails() == mail.outbox == []


@pytest.mark.parametrize("email", ["right@example.com", ""])
def test_waiting_links_go_to_new_email_only(client, hr, email):
    person = make_user("Li Na", email="wrong@example.com", password=None, staff_number="A7", language="en")
    invite(person, by=hr)
    notify(person, "password-set")
    client.post(address(person, "edit/"), profile_fields(person, email=email))
    sent = sent_emails()
    assert [message.to for message in sent if "/accounts/password/" in message.body] == ([[email]] if email else [])
    assert [message.to for message in sent if "/accounts/password/" not in message.body] == [["wrong@example.com"]] * 2


def test_concurrent_changes_of_others_stay(client, hr):
    person = make_user(
        "Li Na", email="old@example.com", staff_number="A7", leaves_on=date(2030, 1, 31), job_role="phone"
    )
    page = client.get(address(person, "edit/"))
    sent = dict(re.findall(r'name="(initial-\w+)" value="([^"]*)"', page.text))
    sent |= {name.removeprefix("initial-"): value for name, value in sent.items()}
    User.objects.filter(pk=person.pk).update(email="new@example.com", leaves_on=None)
    assert client.post(address(person, "edit/"), sent | {"name": "Li Nan", "job_role": ""}).status_code == 302
    person.refresh_from_db()
    assert (person.name, person.email, person.leaves_on, person.job_role) == ("Li Nan", "new@example.com", None, "")
    assert log_of(person) == [("person-changed", {"fields": ["job_role", "name"]})]


def test_first_email_is_not_announced(client):
    person = make_user("Li Na")
    User.objects.filter(pk=person.pk).update(email=None, staff_number="A1")
    person.refresh_from_db()
    client.post(address(person, "edit/"), profile_fields(person, email="li@example.com"))
    assert User.objects.get(pk=person.pk).email == "li@example.com"
    assert sent_emails() == []


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"email": "taken@example.com"}, "email", "Another account already has this email address."),
        ({"staff_number": "ａ１"}, "staff_number", "Another account already has this staff number."),
        ({"starts_on": "2026-12-02", "leaves_on": "2026-12-01"}, "leaves_on", "The last day is before the first day."),
        ({"email": "", "staff_number": ""}, "__all__", "Enter an email address or a staff number."),
    ],
)
def test_invalid_profile_is_refused_and_input_kept(client, changed, field, words):
    make_user(email="taken@example.com", staff_number="A1")
    person = make_user("Li Na")
    refused = client.post(address(person, "edit/"), profile_fields(person, name="Li Nana", **changed))
    assert refused.status_code == 422
    assert refused.context["form"].errors == {field: [words]}
    assert 'value="Li Nana"' in refused.text
    assert User.objects.get(pk=person.pk).name == "Li Na"


def test_move_replaces_membership_and_add_keeps_it(client, hr):
    person, day = make_user(), make_team("Day")
    night = make_team("Night")
    join(day, person)
    client.post(address(person, "memberships/"), {"team": night.pk, "role": LEARNER, "act": "add"})
    assert memberships_of(person) == [("Day", LEARNER), ("Night", LEARNER)]
    late = make_team("Late")
    client.post(address(person, "memberships/"), {"team": late.pk, "role": LEARNER, "act": "move"})
    assert memberships_of(person) == [("Late", LEARNER)]
    client.post(address(person, "memberships/"), {"team": late.pk, "role": MANAGER})
    assert memberships_of(person) == [("Late", LEARNER), ("Late", MANAGER)]
    as_manager = person.memberships.get(role=MANAGER)
    for _twice in range(2):
        client.post(address(person, f"memberships/{as_manager.pk}/end/"))
    assert memberships_of(person) == [("Late", LEARNER)]
    assert [verb for verb, _data in log_of(person)].count("membership-removed") == 3


def test_membership_of_another_person_is_not_ended(client):
    team = make_team(learners=1)
    membership = team.memberships.get(role=LEARNER)
    client.post(address(make_user(), f"memberships/{membership.pk}/end/"))
    assert Membership.objects.filter(pk=membership.pk).exists()


def test_former_person_cannot_become_manager(client, hr):
    team, person = make_team("Night"), make_user(is_active=False)
    for act in ("move", "add"):
        sent = client.post(address(person, "memberships/"), {"team": team.pk, "role": MANAGER, "act": act})
        assert (sent.status_code, list(sent.context["form"].errors)) == (422, ["role"])
        client.post(address(person, "memberships/"), {"team": team.pk, "role": LEARNER, "act": act})
    assert memberships_of(person) == [("Night", LEARNER)]


def test_membership_without_team_is_refused(client):
    person = make_user("Li Na")
    refused = client.post(address(person, "memberships/"), {"role": "chief"})
    assert (refused.status_code, set(refused.context["form"].errors)) == (422, {"team", "role"})
    assert "Li Na" in refused.text


def test_leaving_signs_out_and_return_reactivates(client, hr):
    person = make_user()
    for _twice in range(2):
        client.post(address(person, "leave/"))
    person.refresh_from_db()
    assert (person.is_active, person.session_number) == (False, 1)
    client.post(address(person, "return/"))
    person.refresh_from_db()
    assert (person.is_active, person.leaves_on) == (True, None)


def test_person_without_records_is_deleted_with_waiting_emails(client):
    person, team = make_user("Twice"), make_team()
    join(team, person)
    waiting = OutgoingEmail.objects.create(kind="invitation", person=person, address=person.email)
    assert "Delete Twice?" in client.get(address(person, "remove/")).text
    assert User.objects.filter(pk=person.pk).exists()
    assert client.post(address(person, "remove/")).url == "/people/"
    assert not User.objects.filter(pk=person.pk).exists()
    waiting.refresh_from_db()
    assert (waiting.person, waiting.state) == (None, "skipped")
    assert log_of(person)[-1] == ("person-deleted", {"teams": [team.pk]})
    assert client.post(address(person, "remove/")).status_code == 404


def signed_in(person):
    User.objects.filter(pk=person.pk).update(last_login="2026-01-01T00:00Z")


def acted(person):
    Event.objects.create(chain="x", place=1, at="2026-01-01T00:00Z", verb="x", subject="x", actor=person, digest="x")


@pytest.mark.parametrize("has_record", [make_enrollment, signed_in, acted])
def test_person_with_records_is_not_deleted(client, has_record):
    person = make_user()
    waiting = OutgoingEmail.objects.create(kind="invitation", person=person, address=person.email)
    has_record(person)
    client.post(address(person, "remove/"))
    assert User.objects.filter(pk=person.pk).exists()
    waiting.refresh_from_db()
    assert (waiting.person, waiting.state) == (person, "queued")


def test_page_shows_courses_certificates_and_audit_log(client, hr):
    enrollment = make_enrollment(make_user("Li Na"))
    complete_course(enrollment)
    client.post(address(enrollment.learner, "edit/"), profile_fields(enrollment.learner, job_role="phone"))
    page = client.get(address(enrollment.learner))
    assert [each.label.label for each in page.context["runs"]] == ["completed"]
    assert f"/team/people/{enrollment.pk}/" in page.text
    assert [each.holds for each in page.context["certificates"]] == [True]
    assert [event.verb for event in page.context["events"]] == ["person-changed"]
    assert ("record-viewed", {}) in log_of(enrollment.learner)


def test_auditor_sees_page_without_forms(client):
    person = make_user("Li Na")
    client.force_login(make_auditor())
    page = client.get(address(person))
    assert page.status_code == 200
    main = page.text[page.text.index("<main") : page.text.index("</main>")]
    assert "<form" not in main


ACTS = ("edit/", "memberships/", "memberships/1/end/", "leave/", "return/", "remove/")


@pytest.mark.parametrize("make", [make_admin, make_editor, make_auditor, lambda: make_user(is_superuser=True)])
def test_hr_cannot_change_staff_or_auditors(client, make):
    person, team = make(), make_team()
    before = User.objects.filter(pk=person.pk).values().get()
    for rest in ACTS:
        sent = profile_fields(person, name="X", email="x@example.com", team=team.pk, role=MANAGER)
        assert client.post(address(person, rest), sent).status_code == 404, rest
    assert User.objects.filter(pk=person.pk).values().get() == before
    assert memberships_of(person) == []


def test_hr_cannot_change_own_membership_or_activity(client, hr):
    team = make_team()
    for rest in ACTS[1:]:
        assert client.post(address(hr, rest), {"team": team.pk, "role": MANAGER}).status_code == 404, rest
    assert memberships_of(hr) == []
    hr.refresh_from_db()
    assert hr.is_active
    assert client.get(address(hr)).status_code == 200


RIGHTS = {
    "is_staff": "on", "is_superuser": "on", "groups": ["1", "2", "3"], "user_permissions": ["1", "2"],
    "audits_until": "2099-12-31", "password": "x", "is_active": "", "session_number": "7", "extra_time": "off",
    "is_demo": "on", "joined_at": "2020-01-01",
}  # fmt: skip


def test_extra_fields_are_ignored(client):
    person = make_user("Li Na")
    before = User.objects.filter(pk=person.pk).values().get() | {"name": "New"}
    sent = client.post(address(person, "edit/"), profile_fields(person, name="New", **RIGHTS))
    assert sent.status_code == 302
    assert User.objects.filter(pk=person.pk).values().get() == before
    assert not person.groups.exists() and not person.user_permissions.exists()


def test_page_shows_joining_by_invite_link(client, hr):
    by_link, other = make_user(), make_user()
    record("invite-link-used", actor=by_link, subject=by_link, data={"link": 1})
    assert "Joined the team by invite link" in client.get(address(by_link)).content.decode()
    assert "Joined the team by invite link" not in client.get(address(other)).content.decode()


# Email log, and revoking certificates.


def make_email(person, **fields):
    return OutgoingEmail.objects.create(kind="invitation", person=person, address=person.email, **fields)


def test_email_log_lists_and_filters_all_but_staff(client):
    first, second = make_user("Li Na", email="li@example.com"), make_user("Wu")
    make_email(first, state="sent")
    make_email(second, state="skipped", why="the person can no longer sign in")
    for staff in (make_admin(), make_editor(), make_user(is_superuser=True)):
        make_email(staff)
    OutgoingEmail.objects.create(kind="no-account", person=None, address="stranger@example.com")
    found = client.get("/people/emails/")
    assert [each.person for each in found.context["page"]] == [second, first]
    assert "the person can no longer sign in" in found.text
    assert [each.person for each in client.get("/people/emails/", {"state": "sent"}).context["page"]] == [first]
    by_address = client.get("/people/emails/", {"address": "LI@example.com"})
    assert [each.person for each in by_address.context["page"]] == [first]
    User.objects.filter(pk=second.pk).update(staff_number="A0012")
    for typed in ("A0012", " ａ００１２"):
        by_number = client.get("/people/emails/", {"address": typed})
        assert [each.person for each in by_number.context["page"]] == [second]
    assert len(client.get("/people/emails/", {"address": "A001"}).context["page"].object_list) == 0
    for wrong in ({"state": "x"}, {"address": "\0"}):
        assert len(client.get("/people/emails/", wrong).context["page"].object_list) == 2


def test_email_log_does_not_link_to_auditors(client, hr):
    auditor = make_auditor()
    make_email(auditor)
    found = client.get("/people/emails/")
    assert [each.person for each in found.context["page"]] == [auditor]
    assert f"/people/{auditor.pk}/" not in found.text


def certificate_of(person):
    enrollment = make_enrollment(person)
    complete_course(enrollment)
    return Certificate.objects.get(enrollment=enrollment)


def test_certificate_is_revoked_once_with_reason(client, hr):
    certificate = certificate_of(make_user("Li Na"))
    address = f"/people/certificates/{certificate.pk}/revoke/"
    holder = f"/people/{certificate.enrollment.learner_id}/"
    assert address in client.get(holder).text
    assert client.post(address, {"reason": " "}).status_code == 422
    for reason in ("Somebody else sat the exam", "Another reason"):
        assert client.post(address, {"reason": reason}).url == holder
    certificate.refresh_from_db()
    assert (certificate.revoked_by, certificate.revocation_reason) == (hr, "Somebody else sat the exam")
    assert Event.objects.filter(verb="certificate-revoked").count() == 1
    assert address not in client.get(holder).text
    assert "Somebody else sat the exam" in client.get(address).text


@pytest.mark.parametrize("make", [make_admin, make_editor, make_auditor, lambda: None])
def test_hr_cannot_revoke_staff_auditor_or_own_certificate(client, hr, make):
    certificate = certificate_of(make() or hr)
    address = f"/people/certificates/{certificate.pk}/revoke/"
    assert client.get(address).status_code == client.post(address, {"reason": "X"}).status_code == 404
    certificate.refresh_from_db()
    assert certificate.revoked_at is None
