"""Pages about teams and deputies, for HR and managers."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from courseware.accounts.models import Deputy, Membership, Team, User
from courseware.accounts.people.offboarding import leave
from courseware.accounts.permissions.permissions import people_managed_by
from courseware.accounts.teams.deputies import add_deputy, end_deputy
from courseware.audit_log.models import Event
from courseware.audit_log.record import subject_of
from courseware.learning.models import Enrollment
from courseware.learning.status.headcounts import Headcount
from tests.making import (
    days,
    join,
    make_admin,
    make_auditor,
    make_editor,
    make_enrollment,
    make_hr,
    make_team,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hr_signed_in")]
LEARNER, MANAGER = Membership.Role.LEARNER, Membership.Role.MANAGER


def address(team, rest=""):
    return f"/people/teams/{team.pk}/{rest}"


def log_of(subject):
    return list(Event.objects.filter(subject=subject).order_by("pk").values_list("verb", "data"))


def test_list_is_a_tree_with_managers_and_learner_counts(client):
    head = make_team("Head office", manager=make_user("Hu"))
    make_team("Night", parent=head, learners=2, manager=make_user("Ni"))
    day = make_team("Day", parent=head, learners=1, manager=make_user("Da"))
    make_team("Early", parent=day, manager=make_user("Ea"))
    other = make_team("Another", manager=make_user("An"))
    join(other, make_user("Bo"), MANAGER)
    join(other, make_user(is_active=False))
    rows = [
        (team.name, team.depth, team.managers, team.learners) for team in client.get("/people/teams/").context["page"]
    ]
    assert rows == [
        ("Another", 0, ["An", "Bo"], 0),
        ("Head office", 0, ["Hu"], 0),
        ("Day", 1, ["Da"], 1),
        ("Early", 2, ["Ea"], 0),
        ("Night", 1, ["Ni"], 2),
    ]


def test_team_is_added_changed_moved_and_logged(client, hr):
    head = make_team("Head office")
    made = client.post("/people/teams/new/", {"name": "Night", "parent": head.pk, "time_zone": "Asia/Shanghai"})
    team = Team.objects.get(name="Night")
    assert (made.url, team.parent, team.ancestors) == (address(team), head, f"/{head.pk}/")
    for _twice in range(2):
        client.post(address(team), {"name": "Late", "parent": "", "time_zone": ""})
    team.refresh_from_db()
    assert (team.name, team.parent, team.ancestors, team.time_zone) == ("Late", None, "/", "")
    assert log_of(subject_of(team)) == [
        ("team-added", {"parent": head.pk}),
        ("team-changed", {"fields": ["name", "parent", "time_zone"]}),
        ("team-moved", {"parent": None}),
    ]


@pytest.mark.parametrize(
    ("sent", "field"),
    [({"name": ""}, "name"), ({"time_zone": "Moon/Base"}, "time_zone"), ({"parent": "below"}, "parent")],
)
def test_invalid_team_is_refused(client, sent, field):
    team = make_team("Night")
    below = make_team("Below", parent=team)
    sent = {"name": "Night", "time_zone": "", "parent": ""} | sent
    refused = client.post(address(team), sent | ({"parent": below.pk} if sent["parent"] else {}))
    assert (refused.status_code, set(refused.context["form"].errors)) == (422, {field})
    team.refresh_from_db()
    assert (team.name, team.parent, team.time_zone) == ("Night", None, "")


def test_concurrent_move_of_team_is_kept(client, hr):
    before, now = make_team("Before"), make_team("Now")
    team = make_team("Night", parent=before)
    page = client.get(address(team))
    assert f'<input type="hidden" name="initial-parent" value="{before.pk}">' in page.text
    team.parent = now
    team.save()
    shown = {"name": "Night", "parent": before.pk, "time_zone": ""}
    shown |= {f"initial-{name}": value for name, value in shown.items()}
    client.post(address(team), shown | {"name": "Late"})
    team.refresh_from_db()
    assert (team.name, team.parent) == ("Late", now)
    own = make_team("Own")
    join(own, hr, MANAGER)
    client.post(address(team), shown | {"parent": own.pk, "initial-parent": own.pk})
    team.refresh_from_db()
    assert (team.name, team.parent) == ("Late", now)


def test_managers_are_added_and_removed_individually(client):
    team, second = make_team("Night"), make_user("Li Na", staff_number="A1")
    for _twice in range(2):
        client.post(address(team, "managers/"), {"person": "ａ１"})
    managers = team.memberships.filter(role=MANAGER)
    assert {membership.person for membership in managers} == {team.manager, second}
    first = managers.get(person=team.manager)
    for _twice in range(2):
        client.post(address(team, f"managers/{first.pk}/end/"))
    assert {membership.person for membership in managers.all()} == {second}
    assert [verb for verb, _data in log_of(subject_of(second))] == ["membership-added"]
    assert [verb for verb, _data in log_of(subject_of(team.manager))] == ["membership-removed"]


@pytest.mark.parametrize("make", [make_admin, make_editor, make_auditor, lambda: None])
def test_hr_cannot_make_staff_or_themselves_manager(client, hr, make):
    team, person = make_team("Night"), make() or hr
    refused = client.post(address(team, "managers/"), {"person": person.email})
    assert refused.context["manager_form"].errors == {
        "person": ["Only an admin can change this person’s data. Ask an admin."]
    }
    assert not team.memberships.filter(person=person).exists()
    membership = join(team, person, MANAGER)
    assert client.post(address(team, f"managers/{membership.pk}/end/")).status_code == 404
    assert team.memberships.filter(person=person).exists()


def test_learner_is_not_removed_as_manager(client):
    team = make_team(learners=1)
    membership = team.memberships.get(role=LEARNER)
    client.post(address(team, f"managers/{membership.pk}/end/"))
    assert Membership.objects.filter(pk=membership.pk).exists()


def test_hr_cannot_move_team_below_own_team(client, hr):
    own, other = make_team("Own"), make_team("Other")
    join(own, hr, MANAGER)
    deep = make_team("Deep", parent=own)
    for parent in (own, deep):
        refused = client.post(address(other), {"name": "Other", "parent": parent.pk, "time_zone": ""})
        assert (refused.status_code, set(refused.context["form"].errors)) == (422, {"parent"})
    assert client.post(address(deep), {"name": "Deeper", "parent": own.pk, "time_zone": ""}).status_code == 302


def headcount(team):
    return sum(Headcount.objects.filter(team=team.pk).values_list("number", flat=True))


def test_closing_team_moves_learners_and_keeps_records(client):
    head, to = make_team("Head office"), make_team("Day")
    team = make_team("Night", parent=head)
    below = make_team("Below", parent=team)
    learner, both = make_user("Lea"), make_user("Bo")
    for place in (team, to):
        join(place, both)
    join(team, learner)
    enrollment = make_enrollment(learner)
    assert "Below" in client.get(address(team, "close/")).text
    assert client.post(address(team, "close/")).context["form"].errors == {
        "to": ["Choose the team that the learners move to."]
    }
    assert client.post(address(team, "close/"), {"to": to.pk}).url == "/people/teams/"
    assert not Team.objects.filter(pk=team.pk).exists()
    below.refresh_from_db()
    assert (below.parent, below.ancestors) == (head, f"/{head.pk}/")
    assert {place.person for place in to.memberships.filter(role=LEARNER)} == {learner, both}
    assert Enrollment.objects.get(pk=enrollment.pk).learner == learner
    assert (headcount(to), headcount(team)) == (1, 0)
    people = sorted([learner.pk, both.pk, team.manager.pk])
    assert log_of(f"team:{team.pk}") == [("team-deleted", {"people": people})]
    assert [verb for verb, _data in log_of(subject_of(learner))] == ["membership-added", "membership-removed"]
    assert [verb for verb, _data in log_of(subject_of(both))] == ["membership-removed"]
    assert log_of(subject_of(below)) == [("team-moved", {"parent": head.pk})]


def test_team_without_learners_is_closed_directly(client, hr):
    team = make_team("Night")
    assert client.post(address(team, "close/")).status_code == 302
    assert not Team.objects.filter(pk=team.pk).exists()


@pytest.mark.parametrize("role", [LEARNER, MANAGER])
@pytest.mark.parametrize("make", [make_admin, make_editor, make_auditor, lambda: None])
def test_hr_cannot_close_team_of_staff_or_own_team(client, hr, make, role):
    team = make_team("Night")
    join(team, make() or hr, role)
    refused = client.post(address(team, "close/"), {"to": make_team().pk})
    assert (refused.status_code, set(refused.context["form"].errors)) == (422, {"__all__"})
    assert Team.objects.filter(pk=team.pk).exists()


def test_auditor_sees_teams_without_forms(client):
    team = make_team("Night", learners=1)
    client.force_login(make_auditor())
    for page in ("/people/teams/", address(team)):
        text = client.get(page).text
        assert "<form" not in text[text.index("<main") : text.index("</main>")]


# Deputies of managers, and changes of managers.


SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
FIRST, LAST = date(2026, 12, 1), date(2026, 12, 5)


def managed(person):
    return {each.name for each in User.objects.filter(pk__in=people_managed_by(User.objects.get(pk=person.pk)))}


@pytest.fixture
def team():
    team = make_team("Night", time_zone="Asia/Shanghai", manager=make_user("Ma"))
    join(team, make_user("Lea"))
    join(make_team("Below", parent=team), make_user("Bo"))
    join(make_team("Beside"), make_user("Bea"))
    return team


@pytest.fixture
def person(team):
    person = make_user("Su", email="su@example.com")
    add_deputy(team.manager, person, first_day=FIRST, last_day=LAST, by=team.manager)
    return person


def test_deputy_sees_people_from_first_to_last_day(person, team, time_machine):
    for at, seen in (
        (datetime(2026, 11, 30, 23, 59, tzinfo=SHANGHAI), set()),
        (datetime(2026, 12, 1, 0, 0, tzinfo=SHANGHAI), {"Lea", "Bo"}),
        (datetime(2026, 12, 5, 23, 59, tzinfo=SHANGHAI), {"Lea", "Bo"}),
        (datetime(2026, 12, 6, 0, 0, tzinfo=SHANGHAI), set()),
    ):
        time_machine.move_to(at, tick=False)
        assert managed(person) == seen, at
        assert managed(team.manager) == {"Lea", "Bo"}


def test_deputy_days_use_time_zone_of_each_team(person, team, time_machine):
    west = make_team("West", time_zone="Europe/Berlin", manager=team.manager)
    join(west, make_user("Wes"))
    time_machine.move_to(datetime(2026, 12, 1, 1, 0, tzinfo=SHANGHAI), tick=False)
    assert managed(person) == {"Lea", "Bo"}  # in Berlin it is still November
    time_machine.move_to(datetime(2026, 12, 5, 23, 0, tzinfo=BERLIN), tick=False)
    assert managed(person) == {"Wes"}


def test_deputy_of_deputy_or_former_manager_sees_nobody(person, team, time_machine):
    time_machine.move_to(datetime(2026, 12, 2, tzinfo=SHANGHAI), tick=False)
    third = make_user("Third")
    add_deputy(person, third, first_day=FIRST, last_day=LAST, by=person)
    assert managed(third) == set()
    leave(team.manager, by=None)
    assert managed(person) == set()


def test_deputy_with_own_team_sees_both(person, team, time_machine):
    time_machine.move_to(datetime(2026, 12, 2, tzinfo=SHANGHAI), tick=False)
    own = make_team("Own", manager=person)
    join(own, make_user("Olga"))
    assert managed(person) == {"Olga", "Lea", "Bo"}
    join(team, person, Membership.Role.MANAGER)  # twice the same team
    assert managed(person) == {"Olga", "Lea", "Bo"}


def test_deputy_is_logged_once_for_both_people(team, person):
    add_deputy(team.manager, person, first_day=FIRST, last_day=LAST, by=team.manager)
    deputy = Deputy.objects.get()
    for _twice in range(2):
        end_deputy(deputy, by=team.manager)
    data = {"manager": team.manager.pk, "deputy": person.pk, "from": "2026-12-01", "until": "2026-12-05"}
    for each in (team.manager, person):
        logged = Event.objects.filter(subject=subject_of(each)).order_by("pk").values_list("verb", "data")
        assert list(logged) == [("deputy-added", data), ("deputy-ended", data)]


def today_and(number):
    return days(number).date().isoformat()


@pytest.mark.slow
@pytest.mark.parametrize("by_hr", [False, True])
def test_manager_and_hr_add_and_end_deputy(client, team, by_hr):
    enrollment = make_enrollment(User.objects.get(name="Lea"))
    person = make_user("Su", email="su@example.com")
    address = f"/people/{team.manager.pk}/deputies/" if by_hr else "/team/deputies/"
    client.force_login(make_hr() if by_hr else team.manager)
    sent = {"person": "SU@example.com", "first_day": today_and(-2), "last_day": today_and(7)}
    assert [client.post(address, sent).url for _twice in range(2)] == [address, address]
    deputy = Deputy.objects.get()
    assert "Su" in client.get(address).text
    deputy_client = type(client)()
    deputy_client.force_login(person)
    assert "You are the deputy of Ma" in deputy_client.get("/team/").text
    assert deputy_client.post(f"/team/people/{enrollment.pk}/exempt/", {"reason": "Ill"}).status_code == 302
    assert deputy_client.get("/team/deputies/").status_code == 404
    assert client.post(f"{address}{deputy.pk}/end/").url == address
    assert deputy_client.get("/team/").status_code == 404
    client.force_login(team.manager)
    assert "is your deputy" not in client.get("/team/").text


def test_dashboard_of_manager_shows_deputy(client, team):
    add_deputy(team.manager, make_user("Su"), first_day=days(-2).date(), last_day=days(7).date(), by=team.manager)
    client.force_login(team.manager)
    assert "Su is your deputy" in client.get("/team/").text


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"person": "nobody@example.com"}, "person"),
        ({"person": "ma@example.com"}, "person"),
        ({"last_day": "2020-01-01"}, "last_day"),
        ({"first_day": "2099-01-02"}, "last_day"),
        ({"first_day": "soon"}, "first_day"),
    ],
)
def test_invalid_deputy_is_refused(client, team, changed, field):
    User.objects.filter(pk=team.manager.pk).update(email="ma@example.com")
    make_user(email="su@example.com")
    client.force_login(User.objects.get(pk=team.manager.pk))
    sent = {"person": "su@example.com", "first_day": "2098-01-01", "last_day": "2099-01-01"} | changed
    refused = client.post("/team/deputies/", sent)
    assert (refused.status_code, set(refused.context["form"].errors)) == (422, {field})
    assert not Deputy.objects.exists()


@pytest.mark.parametrize("make", [make_admin, make_editor, make_auditor, lambda: None])
def test_hr_cannot_add_themselves_or_staff_as_deputy(client, team, make):
    hr = make_hr()
    client.force_login(hr)
    person = make() or hr
    sent = {"person": person.email, "first_day": today_and(0), "last_day": today_and(7)}
    refused = client.post(f"/people/{team.manager.pk}/deputies/", sent)
    assert refused.context["form"].errors == {"person": ["Only an admin can change this person’s data. Ask an admin."]}
    if person != hr:  # and no deputy for them
        join(team, person, Membership.Role.MANAGER)
        assert client.post(f"/people/{person.pk}/deputies/", sent).status_code == 404
    assert not Deputy.objects.exists()


def test_deputy_of_another_manager_is_not_ended(client, person, team):
    other = make_team().manager
    client.force_login(other)
    assert client.post(f"/team/deputies/{Deputy.objects.get().pk}/end/").status_code == 404
    assert Deputy.objects.get().ended_at is None


def test_menu_shows_change_of_manager_at_once(client, team):
    person = make_user()
    client.force_login(person)
    assert "/team/" not in client.get("/").text
    membership = join(team, person, Membership.Role.MANAGER)
    assert "/team/" in client.get("/").text
    membership.delete()
    assert "/team/" not in client.get("/").text
    Membership.objects.create(team=team, person=person, role=Membership.Role.LEARNER)
    number = User.objects.get(pk=person.pk).teams_number
    assert number == 2  # unchanged for learners
