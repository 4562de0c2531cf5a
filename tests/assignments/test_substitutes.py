"""Who stands in for a manager, from day to day; and a change of lead, which is seen at once."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from courseware.accounts.leaving import leave
from courseware.accounts.models import Membership, User
from courseware.accounts.permissions import people_managed_by
from courseware.accounts.standing_in import end_substitute, name_substitute
from courseware.accounts.substitutes import Substitute
from courseware.evidence.models import Event
from courseware.evidence.recording import subject_of
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

pytestmark = pytest.mark.django_db
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
    name_substitute(team.manager, person, first_day=FIRST, last_day=LAST, by=team.manager)
    return person


def test_a_substitute_sees_whom_the_manager_sees_from_the_first_day_to_the_end_of_the_last(person, team, time_machine):
    for at, seen in (
        (datetime(2026, 11, 30, 23, 59, tzinfo=SHANGHAI), set()),
        (datetime(2026, 12, 1, 0, 0, tzinfo=SHANGHAI), {"Lea", "Bo"}),
        (datetime(2026, 12, 5, 23, 59, tzinfo=SHANGHAI), {"Lea", "Bo"}),
        (datetime(2026, 12, 6, 0, 0, tzinfo=SHANGHAI), set()),
    ):
        time_machine.move_to(at, tick=False)
        assert managed(person) == seen, at
        assert managed(team.manager) == {"Lea", "Bo"}


def test_the_days_are_those_of_each_team(person, team, time_machine):
    west = make_team("West", time_zone="Europe/Berlin", manager=team.manager)
    join(west, make_user("Wes"))
    time_machine.move_to(datetime(2026, 12, 1, 1, 0, tzinfo=SHANGHAI), tick=False)
    assert managed(person) == {"Lea", "Bo"}  # in Berlin it is still November
    time_machine.move_to(datetime(2026, 12, 5, 23, 0, tzinfo=BERLIN), tick=False)
    assert managed(person) == {"Wes"}


def test_nobody_stands_in_for_a_substitute_nor_for_who_has_left(person, team, time_machine):
    time_machine.move_to(datetime(2026, 12, 2, tzinfo=SHANGHAI), tick=False)
    third = make_user("Third")
    name_substitute(person, third, first_day=FIRST, last_day=LAST, by=person)
    assert managed(third) == set()
    leave(team.manager, by=None)
    assert managed(person) == set()


def test_who_leads_a_team_beside_has_the_sum(person, team, time_machine):
    time_machine.move_to(datetime(2026, 12, 2, tzinfo=SHANGHAI), tick=False)
    own = make_team("Own", manager=person)
    join(own, make_user("Olga"))
    assert managed(person) == {"Olga", "Lea", "Bo"}
    join(team, person, Membership.Role.MANAGER)  # twice the same team
    assert managed(person) == {"Olga", "Lea", "Bo"}


def test_it_is_logged_for_both_and_once(team, person):
    name_substitute(team.manager, person, first_day=FIRST, last_day=LAST, by=team.manager)
    substitute = Substitute.objects.get()
    for _twice in range(2):
        end_substitute(substitute, by=team.manager)
    data = {"lead": team.manager.pk, "substitute": person.pk, "from": "2026-12-01", "until": "2026-12-05"}
    for each in (team.manager, person):
        logged = Event.objects.filter(subject=subject_of(each)).order_by("pk").values_list("verb", "data")
        assert list(logged) == [("substitute-named", data), ("substitute-ended", data)]


def today_and(number):
    return days(number).date().isoformat()


@pytest.mark.parametrize("by_hr", [False, True])
def test_a_manager_and_human_resources_name_and_end_a_substitute(client, team, by_hr):
    run = make_enrollment(User.objects.get(name="Lea"))
    person = make_user("Su", email="su@example.com")
    address = f"/people/{team.manager.pk}/substitutes/" if by_hr else "/team/substitutes/"
    client.force_login(make_hr() if by_hr else team.manager)
    sent = {"person": "SU@example.com", "first_day": today_and(-2), "last_day": today_and(7)}
    assert [client.post(address, sent).url for _twice in range(2)] == [address, address]
    substitute = Substitute.objects.get()
    assert "Su" in client.get(address).text
    theirs = type(client)()
    theirs.force_login(person)
    assert "You stand in for Ma" in theirs.get("/team/").text
    assert theirs.post(f"/team/people/{run.pk}/excuse/", {"reason": "Ill"}).status_code == 302
    assert theirs.get("/team/substitutes/").status_code == 404
    assert client.post(f"{address}{substitute.pk}/end/").url == address
    assert theirs.get("/team/").status_code == 404
    client.force_login(team.manager)
    assert "stands in for you" not in client.get("/team/").text


def test_the_board_of_the_manager_says_who_stands_in(client, team):
    name_substitute(team.manager, make_user("Su"), first_day=days(-2).date(), last_day=days(7).date(), by=team.manager)
    client.force_login(team.manager)
    assert "Su stands in for you" in client.get("/team/").text


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
def test_what_cannot_be_is_refused_on_the_page_itself(client, team, changed, field):
    User.objects.filter(pk=team.manager.pk).update(email="ma@example.com")
    make_user(email="su@example.com")
    client.force_login(User.objects.get(pk=team.manager.pk))
    sent = {"person": "su@example.com", "first_day": "2098-01-01", "last_day": "2099-01-01"} | changed
    refused = client.post("/team/substitutes/", sent)
    assert (refused.status_code, set(refused.context["form"].errors)) == (422, {field})
    assert not Substitute.objects.exists()


@pytest.mark.parametrize("make", [make_admin, make_editor, make_auditor, lambda: None])
def test_human_resources_let_neither_themselves_nor_staff_stand_in(client, team, make):
    hr = make_hr()
    client.force_login(hr)
    person = make() or hr
    sent = {"person": person.email, "first_day": today_and(0), "last_day": today_and(7)}
    refused = client.post(f"/people/{team.manager.pk}/substitutes/", sent)
    assert refused.context["form"].errors == {"person": ["For this person, please ask an admin."]}
    if person != hr:  # nor anybody for them
        join(team, person, Membership.Role.MANAGER)
        assert client.post(f"/people/{person.pk}/substitutes/", sent).status_code == 404
    assert not Substitute.objects.exists()


def test_the_substitute_of_somebody_else_is_not_ended_under_the_own_address(client, person, team):
    other = make_team().manager
    client.force_login(other)
    assert client.post(f"/team/substitutes/{Substitute.objects.get().pk}/end/").status_code == 404
    assert Substitute.objects.get().ended_at is None


def test_a_change_of_lead_is_in_the_menu_at_the_next_page(client, team):
    person = make_user()
    client.force_login(person)
    assert "/team/" not in client.get("/").text
    place = join(team, person, Membership.Role.MANAGER)
    assert "/team/" in client.get("/").text
    place.delete()
    assert "/team/" not in client.get("/").text
    Membership.objects.create(team=team, person=person, role=Membership.Role.LEARNER)
    number = User.objects.get(pk=person.pk).teams_number
    assert number == 2  # who learns has no need of it
