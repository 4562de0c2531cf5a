"""Auditors are made, and ended, by an admin."""

import pytest
from django.contrib.auth.models import Group

from courseware.accounts.models import User
from courseware.evidence.models import Event
from tests.making import make_admin, make_user

pytestmark = pytest.mark.django_db


def send(client, person, **changed):
    fields = {"name": person.name, "email": person.email, "is_active": "on"}
    fields |= {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    return client.post(f"/admin/accounts/user/{person.pk}/change/", fields | changed)


def test_an_auditor_is_not_made_without_a_last_day(client):
    client.force_login(make_admin())
    person, auditors = make_user(), Group.objects.get(name="Auditors").pk
    refused = send(client, person, groups=[auditors])
    assert refused.context["adminform"].form.errors == {"audits_until": ["An auditor needs a last day."]}
    assert not person.groups.exists()


def test_the_last_day_is_logged_and_ends_the_sessions(client):
    client.force_login(make_admin())
    person, auditors = make_user(), Group.objects.get(name="Auditors").pk
    assert send(client, person, groups=[auditors], audits_until="2026-12-31").status_code == 302
    assert send(client, person, groups=[auditors], audits_until="2026-12-01").status_code == 302
    logged = Event.objects.filter(verb="rights-changed", subject=f"person:{person.pk}").order_by("pk")
    assert [event.data for event in logged] == [
        {"groups": [[], [auditors]], "audits_until": [None, "2026-12-31"]},
        {"audits_until": ["2026-12-31", "2026-12-01"]},
    ]
    assert User.objects.get(pk=person.pk).session_number == 2


def test_nobody_gives_a_last_day_to_the_own_account(client):
    admin = make_admin()
    client.force_login(admin)
    assert send(client, admin, audits_until="2099-12-31").status_code == 302
    assert User.objects.get(pk=admin.pk).audits_until is None
