import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from courseware.accounts.admin import PersonAdmin
from courseware.accounts.models import Membership, Team, User
from courseware.audit_log.models import Event
from courseware.audit_log.record import record
from courseware.notifications.models import OutgoingEmail
from tests.making import join, make_admin, make_editor, make_team, make_user, sent_emails

pytestmark = pytest.mark.django_db
PEOPLE, TEAMS = reverse("admin:accounts_user_changelist"), reverse("admin:accounts_team_changelist")


def no_memberships(**forms):
    return {"memberships-TOTAL_FORMS": len(forms), "memberships-INITIAL_FORMS": 0, **forms}


def log():
    return list(Event.objects.values_list("verb", "subject", "data"))


@pytest.fixture
def admin(client):
    admin = make_admin(email="admin@example.com", language="en")
    client.force_login(admin)
    return admin


def add(client, **fields):
    data = {"name": "Li Na", "email": "Li.Na@Example.com", "language": "en", **no_memberships(), **fields}
    return client.post(reverse("admin:accounts_user_add"), data)


def change(client, person, **fields):
    data = {"name": person.name, "email": person.email, "language": person.language, "is_active": "on"}
    return client.post(reverse("admin:accounts_user_change", args=[person.pk]), {**data, **no_memberships(), **fields})


def act(client, url, action, *rows):
    return client.post(url, {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True)


@pytest.mark.django_db(transaction=True)
def test_added_person_has_no_password_and_gets_link(admin, client):
    assert add(client, send_link="on").status_code == 302
    person = User.objects.get(email="li.na@example.com")
    assert not person.has_usable_password()
    assert [email.to for email in sent_emails()] == [["li.na@example.com"]]
    subject = f"person:{person.pk}"
    assert log() == [("person-added", subject, {}), ("invited", subject, {})]
    assert "1 link was sent." in client.get(PEOPLE).content.decode()


def test_no_link_is_sent_if_unticked(admin, client, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        add(client)
    assert sent_emails() == []


def test_person_and_email_are_saved_together(admin, client, monkeypatch):
    monkeypatch.setattr(PersonAdmin, "log_addition", lambda *args: 1 // 0)  # the last step of Django
    with pytest.raises(ZeroDivisionError):
        add(client, send_link="on")
    assert not User.objects.filter(email="li.na@example.com").exists()
    assert not OutgoingEmail.objects.exists()


def test_form_ignores_password(admin, client):
    person = make_user()
    for url in (reverse("admin:accounts_user_add"), reverse("admin:accounts_user_change", args=[person.pk])):
        assert 'name="password"' not in client.get(url).content.decode()
    before = person.password
    change(client, person, password="known", session_number="9", joined_at="2000-01-01")
    person.refresh_from_db()
    assert (person.password, person.session_number) == (before, 0)


def test_links_are_sent_to_selected_active_people(admin, client):
    one, closed = make_user("One"), make_user("Closed", is_active=False)
    page = act(client, PEOPLE, "send_link", one, closed).content.decode()
    assert [email.to for email in sent_emails()] == [[one.email]]
    assert "1 link was sent." in page
    assert "Closed cannot sign in" in page


def test_changed_rights_are_logged_and_end_sessions(admin, client):
    person = make_user()
    group = Group.objects.create(name="A group")
    person_client = type(client)()
    person_client.force_login(person)
    change(client, person, is_staff="on", groups=[group.pk])
    assert log() == [("rights-changed", f"person:{person.pk}", {"is_staff": [False, True], "groups": [[], [group.pk]]})]
    assert Event.objects.get().actor == admin
    assert person_client.get(reverse("account_change_password")).status_code == 302


@pytest.mark.parametrize(
    ("field", "value", "verbs"),
    [
        ("name", "Another name", []),
        ("email", "new@example.com", ["address-changed"]),
        ("extra_time", "2", ["practice-time-changed"]),
    ],
)
def test_changed_field_is_logged_without_value(admin, client, field, value, verbs):
    person = make_user()
    change(client, person, **{field: value})
    person.refresh_from_db()
    assert getattr(person, field) == value
    assert log() == [(verb, f"person:{person.pk}", {}) for verb in verbs]


def test_deactivation_ends_sessions(admin, client):
    one, other = make_user(), make_user()
    person_client = type(client)()
    person_client.force_login(one)
    change(client, one, is_active="")
    act(client, PEOPLE, "deactivate", other)
    assert set(User.objects.filter(is_active=False)) == {one, other}
    assert person_client.get(reverse("account_change_password")).status_code == 302
    assert [data for _, _, data in log()] == [{"is_active": [True, False]}] * 2


def test_admins_cannot_change_own_rights_or_extra_time(admin, client):
    rights = {"is_active": "", "is_superuser": "", "is_staff": "", "audits_until": "2099-12-31"}
    assert change(client, admin, **rights, extra_time="off").status_code == 302
    act(client, PEOPLE, "deactivate", admin)
    admin.refresh_from_db()
    assert admin.is_active and admin.is_staff and admin.is_superuser
    assert (admin.audits_until, admin.extra_time) == (None, "")
    assert log() == []


def test_admin_ends_all_sessions_of_person(admin, client):
    person = make_user()
    person_client = type(client)()
    person_client.force_login(person)
    act(client, PEOPLE, "end_sessions", person)
    assert log() == [("sessions-ended", f"person:{person.pk}", {})]
    assert person_client.get(reverse("account_change_password")).status_code == 302


def test_people_cannot_be_deleted(admin, client):
    person = make_user()
    assert client.post(reverse("admin:accounts_user_delete", args=[person.pk]), {"post": "yes"}).status_code == 403
    act(client, PEOPLE, "delete_selected", person)
    assert User.objects.filter(pk=person.pk).exists()


def test_membership_changes_are_logged_from_team_and_person(admin, client):
    team, person = Team.objects.create(name="Night shift"), make_user()
    url = reverse("admin:accounts_team_change", args=[team.pk])
    base = {"name": team.name, "time_zone": "", "parent": ""}
    form = {"memberships-0-person": person.pk, "memberships-0-role": "learner", "memberships-0-team": team.pk}
    client.post(url, base | {"memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 0} | form)
    membership = Membership.objects.get()
    form = {**form, "memberships-0-id": membership.pk, "memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 1}
    client.post(url, base | form | {"memberships-0-role": "manager"})
    person_form = {"memberships-0-team": team.pk, "memberships-0-role": "manager", "memberships-0-person": person.pk}
    change(client, person, **form | person_form | {"memberships-0-DELETE": "on"})
    subject = f"person:{person.pk}"
    assert log() == [
        ("membership-added", subject, {"team": team.pk, "role": "learner"}),
        ("membership-changed", subject, {"team": team.pk, "role": "manager"}),
        ("membership-removed", subject, {"team": team.pk, "role": "manager"}),
    ]
    assert not Membership.objects.exists()


def test_team_move_and_deletion_are_logged(admin, client):
    top, team, person = Team.objects.create(name="Top"), Team.objects.create(name="Night shift"), make_user()
    join(team, person)
    url = reverse("admin:accounts_team_change", args=[team.pk])
    membership = Membership.objects.get()
    forms = {
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": membership.pk,
        "memberships-0-team": team.pk,
        "memberships-0-person": person.pk,
        "memberships-0-role": "learner",
    }
    client.post(url, {"name": team.name, "parent": top.pk} | forms)
    client.post(reverse("admin:accounts_team_delete", args=[team.pk]), {"post": "yes"})
    subject = f"team:{team.pk}"
    assert log() == [("team-moved", subject, {"parent": top.pk}), ("team-deleted", subject, {"people": [person.pk]})]


def test_unknown_time_zone_is_refused(admin, client):
    response = client.post(
        reverse("admin:accounts_team_add"), {"name": "Top", "time_zone": "Mars/Olympus", **no_memberships()}
    )
    assert "not a time zone" in response.content.decode()


@pytest.mark.slow
def test_people_teams_and_events_are_for_superusers_only(client):
    team = make_team(learners=1)
    event = record("opened", subject="door:1")
    urls = [
        PEOPLE,
        TEAMS,
        reverse("admin:accounts_user_add"),
        reverse("admin:accounts_user_change", args=[team.manager.pk]),
        reverse("admin:accounts_team_change", args=[team.pk]),
        reverse("admin:audit_log_event_changelist"),
        reverse("admin:audit_log_event_change", args=[event.pk]),
        reverse("admin:auth_group_changelist"),
        reverse("admin:auth_group_change", args=[Group.objects.get(name="Editors").pk]),
    ]
    staff = make_user(is_staff=True)
    staff.user_permissions.set(Permission.objects.all())
    client.force_login(staff)
    assert [client.get(url).status_code for url in urls] == [403] * len(urls)
    client.force_login(make_admin())
    assert [client.get(url).status_code for url in urls] == [200] * len(urls)


def test_audit_log_is_read_only(admin, client):
    event = record("opened", actor=admin, subject="door:1", data={"key": 1})
    changelist = reverse("admin:audit_log_event_changelist")
    assert "door:1" in client.get(changelist, {"q": "door:1"}).content.decode()
    assert client.get(reverse("admin:audit_log_event_add")).status_code == 403
    for name in ("change", "delete"):
        url = reverse(f"admin:audit_log_event_{name}", args=[event.pk])
        assert client.post(url, {"post": "yes", "verb": "closed"}).status_code == 403
    act(client, changelist, "delete_selected", event)
    assert Event.objects.get().verb == "opened"


def test_changed_group_rights_are_logged_and_end_sessions(client):
    editor, other = make_editor(), make_admin()
    group, permission = Group.objects.get(name="Editors"), Permission.objects.get(codename="change_emergencycontact")
    before = sorted(group.permissions.values_list("pk", flat=True))
    sessions = [Client(), Client()]
    for session, person in zip(sessions, (editor, other), strict=True):
        session.force_login(person)
    admin = make_admin()
    client.force_login(admin)
    fields = {"name": group.name, "permissions": [*before, permission.pk]}
    for _ in range(2):  # the same again changes nothing
        assert client.post(f"/admin/auth/group/{group.pk}/change/", fields).status_code == 302
    [event] = Event.objects.filter(verb="rights-changed")
    assert (event.actor, event.subject) == (admin, f"person:{editor.pk}")
    assert event.data == {f"group:{group.pk}": [before, sorted([*before, permission.pk])]}
    assert [session.get("/admin/").status_code for session in sessions] == [302, 200]


def test_deleted_group_is_logged_for_each_member(client):
    editor, group = make_editor(), Group.objects.get(name="Editors")
    client.force_login(make_admin())
    assert client.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"}).status_code == 302
    event = Event.objects.get(verb="rights-changed")
    assert (event.subject, event.data) == (f"person:{editor.pk}", {"groups": [[group.pk], []]})


def test_auditor_needs_last_day(admin, client):
    person, auditors = make_user(), Group.objects.get(name="Auditors").pk
    refused = change(client, person, groups=[auditors])
    assert refused.context["adminform"].form.errors == {
        "audits_until": ["Enter the last day of access for this auditor."]
    }
    assert not person.groups.exists()


def test_changed_last_day_of_auditor_ends_sessions(admin, client):
    person, auditors = make_user(), Group.objects.get(name="Auditors").pk
    for day in ("2026-12-31", "2026-12-01"):
        assert change(client, person, groups=[auditors], audits_until=day).status_code == 302
    logged = Event.objects.filter(verb="rights-changed", subject=f"person:{person.pk}").order_by("pk")
    assert [event.data for event in logged] == [
        {"groups": [[], [auditors]], "audits_until": [None, "2026-12-31"]},
        {"audits_until": ["2026-12-31", "2026-12-01"]},
    ]
    assert User.objects.get(pk=person.pk).session_number == 2
