"""Admin forms report rows that were deleted or added since the form was opened."""

from threading import Thread

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.urls import reverse

from courseware.accounts.admin import PersonAdmin, TeamAdmin
from courseware.accounts.models import Membership, Team, User
from courseware.audit_log.models import Event
from tests.making import make_admin, make_team, make_user


@pytest.fixture(autouse=True)
def signed_in(transactional_db, client):
    client.force_login(make_admin(email="admin@example.com"))


@pytest.fixture
def meanwhile(monkeypatch):
    """Run a change of another person once, just before this method of a class."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer, who begins before the form is read")

    def arrange(cls, name, act):
        method, acts = getattr(cls, name), [act]

        def wrapper(*args, **kwargs):
            if acts:
                thread = Thread(target=lambda work: (work(), connection.close()), args=[acts.pop()])
                thread.start()
                thread.join(60)
            return method(*args, **kwargs)

        monkeypatch.setattr(cls, name, wrapper)

    return arrange


def memberships(*rows):
    form = {"memberships-TOTAL_FORMS": len(rows), "memberships-INITIAL_FORMS": 0}
    for number, row in enumerate(rows):
        form |= {f"memberships-{number}-{name}": value for name, value in row.items()}
    return form


def row(model, key):
    return model.objects.filter(pk=key)


def errors_of(page):
    form, formsets = page.context["adminform"].form, page.context["inline_admin_formsets"]
    found = dict(form.errors)
    for formset in formsets:
        found |= {
            f"{number} {name}": messages
            for number, each in enumerate(formset.formset.errors)
            for name, messages in each.items()
        }
    return {name: list(messages) for name, messages in found.items()}


def send(client, page, form):
    """Errors of the form. Asserts that nothing changed and no success message is shown."""
    answer = client.post(page, form)
    assert answer.status_code == 200, answer.headers.get("Location")
    assert [str(message) for message in answer.context["messages"]] == []
    assert not Event.objects.exists()
    return errors_of(answer)


def test_deleted_parent_team_is_reported_at_field(client, meanwhile):
    team, parent = make_team("Tea"), Team.objects.create(name="House")
    meanwhile(Team, "clean", lambda: row(Team, parent.pk).delete())
    page = reverse("admin:accounts_team_change", args=[team.pk])
    found = send(client, page, {"name": "Coffee", "parent": parent.pk} | memberships())
    assert found == {"parent": ["This team was deleted in the meantime."]}
    assert list(Team.objects.values_list("name", "parent")) == [("Tea", None)]


def test_deleted_team_is_not_recreated(client, meanwhile):
    team = Team.objects.create(name="Tea")
    meanwhile(Team, "clean", lambda: row(Team, team.pk).delete())
    page = reverse("admin:accounts_team_change", args=[team.pk])
    found = send(client, page, {"name": "Coffee"} | memberships())
    assert found == {"__all__": ["This team was deleted in the meantime."]}
    assert not Team.objects.exists()


def test_deleted_team_of_membership_is_reported_in_row(client, meanwhile):
    team, person = Team.objects.create(name="Tea"), make_user("Before")
    meanwhile(PersonAdmin, "save_related", lambda: row(Team, team.pk).delete())
    form = {"name": "Now", "email": person.email, "is_active": "on", "language": person.language}
    found = send(
        client,
        reverse("admin:accounts_user_change", args=[person.pk]),
        form | memberships({"team": team.pk, "person": person.pk, "role": "learner"}),
    )
    assert found == {"0 team": ["Select a valid choice. That choice is not one of the available choices."]}
    assert (row(User, person.pk).get().name, Membership.objects.count()) == ("Before", 0)


def test_deleted_group_is_reported_at_field(client, meanwhile):
    group, person = Group.objects.create(name="Desk"), make_user("Before")
    meanwhile(PersonAdmin, "save_related", lambda: row(Group, group.pk).delete())
    form = {"name": "Now", "email": person.email, "is_active": "on", "language": person.language, "groups": group.pk}
    found = send(client, reverse("admin:accounts_user_change", args=[person.pk]), form | memberships())
    assert found == {"groups": [f"Select a valid choice. {group.pk} is not one of the available choices."]}
    assert row(User, person.pk).get().name == "Before"


def test_concurrent_membership_is_reported_in_row(client, meanwhile):
    team, person = Team.objects.create(name="Tea"), make_user()
    joins = {"team": team, "person": person, "role": "learner"}
    meanwhile(TeamAdmin, "save_related", lambda: Membership.objects.create(**joins))
    found = send(
        client,
        reverse("admin:accounts_team_change", args=[team.pk]),
        {"name": "Coffee"} | memberships(joins | {"team": team.pk, "person": person.pk}),
    )
    assert found == {"0 __all__": ["Another person added the same entry in the meantime."]}
    assert Membership.objects.count() == 1


@pytest.mark.parametrize("opened", ["team", "user"])
def test_membership_added_since_page_opened_is_reported(client, opened):
    team, person = Team.objects.create(name="Tea"), make_user("Before")
    Membership.objects.create(team=team, person=person, role="learner")
    joins = {"team": team.pk, "person": person.pk, "role": "learner"}
    page = reverse(f"admin:accounts_{opened}_change", args=[(team if opened == "team" else person).pk])
    fields = {"name": "Now", "email": person.email, "is_active": "on", "language": person.language}
    errors = send(client, page, fields | memberships(joins, joins | {"role": "manager"}))
    assert errors == {"0 __all__": ["Another person added the same entry in the meantime."]}
    assert Membership.objects.count() == 1


def test_team_with_new_subteam_is_not_deleted(client, meanwhile):
    team = Team.objects.create(name="Tea")
    meanwhile(TeamAdmin, "delete_model", lambda: Team.objects.create(name="Green", parent=row(Team, team.pk).get()))
    answer = client.post(reverse("admin:accounts_team_delete", args=[team.pk]), {"post": "yes"})
    assert answer.status_code == 200
    assert len(answer.context["protected"]) == 1
    assert [str(message) for message in answer.context["messages"]] == []
    assert set(Team.objects.values_list("name", flat=True)) == {"Tea", "Green"}
    assert not Event.objects.exists()
