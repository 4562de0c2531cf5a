import pytest
from django.core.exceptions import ValidationError

from courseware.accounts.models import Membership, Team, User
from courseware.accounts.permissions.permissions import people_managed_by, teams_managed_by
from courseware.accounts.teams.managers import manager_of
from courseware.reporting.integrity.enrollments import team_ancestors
from tests.making import join, make_team, make_user

pytestmark = pytest.mark.django_db


def managed(person):
    return set(User.objects.filter(pk__in=people_managed_by(person)))


def test_manager_sees_learners_of_own_teams_and_subteams():
    top = make_team(learners=1)
    below = make_team(learners=1, parent=top)
    deep = make_team(learners=1, parent=below)
    beside = make_team(learners=1)
    learners = {team: team.people.get(memberships__role=Membership.Role.LEARNER) for team in (top, below, deep, beside)}
    assert managed(top.manager) == {learners[top], learners[below], learners[deep]}
    assert managed(below.manager) == {learners[below], learners[deep]}
    assert managed(deep.manager) == {learners[deep]}
    assert managed(beside.manager) == {learners[beside]}
    assert managed(learners[top]) == set()


def test_managers_of_subteams_are_not_learners():
    top = make_team()
    below = make_team(parent=top)
    assert managed(top.manager) == set()
    join(below, below.manager)
    assert managed(top.manager) == {below.manager}


def test_own_record_is_excluded():
    team = make_team(learners=1)
    join(team, team.manager)
    assert team.manager not in managed(team.manager)
    assert len(managed(team.manager)) == 1


def test_learner_of_two_teams_is_counted_once():
    top = make_team()
    person = make_user()
    join(top, person)
    join(make_team(parent=top), person)
    assert [*User.objects.filter(pk__in=people_managed_by(top.manager))] == [person]


def test_manager_of_600_teams_sees_all_their_learners():
    head = make_user()
    Team.objects.bulk_create(Team(name=f"{number}") for number in range(600))
    managed_teams = list(Team.objects.all())
    Membership.objects.bulk_create(
        Membership(team=team, person=head, role=Membership.Role.MANAGER) for team in managed_teams
    )
    below = make_team(parent=make_team(learners=1, parent=managed_teams[7]), learners=1)
    beside = make_team(learners=1)
    learners = Membership.objects.filter(role=Membership.Role.LEARNER).exclude(team=beside)
    assert set(teams_managed_by(head)) == {*managed_teams, below, below.parent}
    assert managed(head) == {membership.person for membership in learners}
    assert len(managed(head)) == 2


def test_existing_team_cycle_does_not_hang():
    first, second = make_team(learners=1), make_team(learners=1)
    Team.objects.filter(pk=first.pk).update(parent=second)
    Team.objects.filter(pk=second.pk).update(parent=first)
    assert set(teams_managed_by(first.manager)) == {first}
    first.save()
    assert set(teams_managed_by(first.manager)) <= {first, second}


def test_team_cycle_is_refused():
    top = make_team()
    below = make_team(parent=top)
    deep = make_team(parent=below)
    for team, parent in [(top, deep), (top, below), (top, top), (below, deep)]:
        team.parent = parent
        with pytest.raises(ValidationError, match="belong to itself"):
            team.full_clean()
        team.refresh_from_db()
    deep.parent = top
    deep.full_clean()


def test_team_cycle_is_refused_after_concurrent_move():
    first, second = make_team(), make_team()
    first.parent = Team.objects.get(pk=second.pk)
    second.parent = first
    second.save()
    with pytest.raises(ValidationError, match="cannot belong to itself"):
        first.full_clean()


def test_former_manager_sees_nobody():
    team = make_team(learners=2)
    team.manager.is_active = False
    team.manager.save()
    assert set(teams_managed_by(team.manager)) == set()
    assert managed(team.manager) == set()


# Stored ancestors of teams


def chain(names, above=None):
    """Teams by name, each below the one before it."""
    teams = {}
    for name in names:
        above = teams[name] = make_team(name, parent=above)
    return teams


def below(team):
    return {each.name for each in Team.objects.filter(pk=team.pk).with_subteams()}


def test_moved_team_takes_its_subteams_along():
    company = chain("ABCD")
    other = make_team("E")
    make_team("B2", parent=company["A"])
    Team.objects.get(name="B").save()  # saved unchanged: nothing moves
    assert below(company["A"]) == {*"ABCD", "B2"}
    moved = Team.objects.get(name="B")
    moved.parent = other
    moved.save()
    assert (below(company["A"]), below(other), below(company["B"])) == ({"A", "B2"}, {*"EBCD"}, {*"BCD"})
    moved.parent = None
    moved.save()
    assert (below(other), below(company["B"]), below(company["D"])) == ({"E"}, {*"BCD"}, {"D"})
    assert list(team_ancestors()) == []


def test_new_subteam_follows_parent_moved_meanwhile():
    company, other = chain("AB"), make_team("E")
    Team.objects.filter(name="B").get()
    known_before = company["B"]
    moved = Team.objects.get(name="B")
    moved.parent = other
    moved.save()
    Team.objects.create(name="C", parent=known_before)
    assert (below(other), below(company["A"])) == ({*"EBC"}, {"A"})


def test_similar_team_keys_are_kept_apart():
    first, eleventh = (Team.objects.create(pk=pk, name=str(pk)) for pk in (900001, 9000011))
    Team.objects.create(name="below the second", parent=eleventh)
    assert below(first) == {"900001"}


def test_teams_with_wrong_ancestors_are_reported():
    top = make_team("A")
    (loose,) = Team.objects.bulk_create([Team(name="B", parent=top)])
    assert below(top) == {"A"}
    assert list(team_ancestors()) == [f"team {loose.pk}: path / as stored, /{top.pk}/ by the teams above it"]


def test_nearest_manager_of_first_team_is_chosen():
    company = make_team()
    centre = make_team(parent=company)
    shift = make_team(parent=centre)
    other = make_team()
    person = make_user()
    for team in (shift, other):
        join(team, person)
    assert manager_of(person).person == shift.manager
    Membership.objects.filter(team=shift, role=Membership.Role.MANAGER).delete()
    assert (manager_of(person).person, manager_of(person).team) == (centre.manager, centre)
    centre.manager.is_active = False
    centre.manager.save()
    assert manager_of(person).person == company.manager


def test_first_other_manager_is_chosen():
    team = make_team()
    person, second = team.manager, make_user()
    join(team, person)
    assert manager_of(person) is None
    join(team, second, Membership.Role.MANAGER)
    assert manager_of(person).person == second
    learner = make_user()
    join(team, learner)
    assert manager_of(learner).person == person


def test_person_who_learns_in_no_team_has_no_manager():
    assert manager_of(make_user()) is None
    assert manager_of(make_team(parent=make_team()).manager) is None


@pytest.mark.parametrize("leads", [1, 3])
def test_manager_is_found_in_2_queries(leads, django_assert_num_queries):
    team = make_team(learners=1)
    for _ in range(leads - 1):
        join(team, make_user(), Membership.Role.MANAGER)
    person = team.memberships.get(role=Membership.Role.LEARNER).person
    with django_assert_num_queries(2):
        assert manager_of(person).person == team.manager
