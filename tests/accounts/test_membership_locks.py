"""Locks on memberships: all people at once, in one order."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courseware.accounts import admin
from courseware.accounts.models import Team
from courseware.accounts.teams import teams
from courseware.accounts.teams.memberships import SLOTS, lock_memberships_exclusive, lock_memberships_shared
from tests.making import join, make_admin, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("hold", [lock_memberships_shared, lock_memberships_exclusive])
def test_people_are_locked_in_one_order_each_slot_once(hold):
    people = [5 + SLOTS, 9, 5, 7 + 3 * SLOTS]
    with CaptureQueriesContext(connection) as captured:
        hold(people)
        hold([])
    locked = [query["sql"].partition("unnest(")[2].partition("::")[0] for query in captured]
    assert locked == (["'{5,7,9}'"] if connection.vendor == "postgresql" else [])


@pytest.fixture
def locked(monkeypatch):
    found = []
    monkeypatch.setattr(admin, "lock_memberships_exclusive", found.append)
    return found


def form_of(team, *rows):
    """`rows`: (existing membership or None, person, whether to delete it)."""
    form = {"name": team.name, "memberships-TOTAL_FORMS": len(rows)}
    form["memberships-INITIAL_FORMS"] = sum(membership is not None for membership, *_ in rows)
    for number, (membership, person, goes) in enumerate(rows):
        fields = {"team": team.pk, "person": person.pk, "role": "learner", "id": membership.pk if membership else ""}
        fields |= {"DELETE": "on"} if goes else {}
        form |= {f"memberships-{number}-{name}": value for name, value in fields.items()}
    return form


def send(client, team, form):
    client.force_login(make_admin())
    assert client.post(reverse("admin:accounts_team_change", args=[team.pk]), form).status_code == 302
    return set(team.memberships.filter(role="learner").values_list("person__name", flat=True))


def test_form_locks_changed_memberships_before_first_change(client, locked):
    team = make_team("Tea")
    stays, goes, before, now, new = (make_user(name) for name in ("Stays", "Goes", "Before", "Now", "New"))
    there = [join(team, person) for person in (stays, goes, before)]
    form = form_of(team, *zip([*there, None], [stays, goes, now, new], [False, True, False, False], strict=True))
    assert send(client, team, form) == {"Stays", "Now", "New"}
    assert locked == [{goes.pk, before.pk, now.pk, new.pk}]


def test_form_without_membership_change_locks_nobody(client, locked):
    team, stays = make_team("Tea"), make_user("Stays")
    form = form_of(team, (join(team, stays), stays, False)) | {"name": "Coffee"}
    assert send(client, team, form) == {"Stays"}
    assert (locked, Team.objects.get().name) == ([set()], "Coffee")


def test_closing_team_locks_all_members_first(monkeypatch):
    team, to = make_team("Tea", learners=3), make_team("Coffee")
    people, locked = set(team.memberships.values_list("person", flat=True)), []
    monkeypatch.setattr(
        teams, "lock_memberships_exclusive", lambda keys: locked.append(({*keys}, to.memberships.count()))
    )
    teams.close_team(team, to=to, by=make_admin())
    assert locked == [(people, 1)]
    assert to.memberships.count() == 4


LOCKS = {
    "teams": 'FROM "accounts_team" ORDER BY',
    "people": 'FROM "accounts_user" WHERE "accounts_user"."id" IN',
    "places": "pg_advisory_xact_lock(",
}


def locks_in_order(act):
    with CaptureQueriesContext(connection) as captured:
        act()
    locks = [
        query["sql"] for query in captured if "FOR NO KEY UPDATE" in query["sql"] or LOCKS["places"] in query["sql"]
    ]
    found = [name for sql in locks for name, words in LOCKS.items() if words in sql]
    return list(dict.fromkeys(found))


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
def test_teams_people_and_memberships_are_locked_in_one_order(client):
    team, to, goes = make_team("Tea"), make_team("Coffee"), make_user()
    make_team(parent=team)
    management = join(team, goes, "manager")
    form = form_of(team, (management, goes, True)) | {"memberships-0-role": "manager", "parent": to.pk}
    assert locks_in_order(lambda: send(client, team, form)) == ["teams", "people", "places"]
    assert locks_in_order(lambda: teams.close_team(team, to=to, by=make_admin())) == ["teams", "people", "places"]
