import pytest
from django.core.exceptions import ValidationError

from courseware.accounts.models import Membership, Team
from courseware.accounts.permissions import people_managed_by, teams_managed_by
from tests.making import join, make_team, make_user

pytestmark = pytest.mark.django_db


def managed(person):
    return set(people_managed_by(person))


def test_a_manager_sees_the_learners_of_the_own_teams_and_of_all_below_and_nobody_else():
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


def test_managers_below_are_not_learners():
    top = make_team()
    below = make_team(parent=top)
    assert managed(top.manager) == set()
    join(below, below.manager)
    assert managed(top.manager) == {below.manager}


def test_the_own_record_is_not_among_them():
    team = make_team(learners=1)
    join(team, team.manager)
    assert team.manager not in managed(team.manager)
    assert len(managed(team.manager)) == 1


def test_a_learner_of_two_teams_is_counted_once():
    top = make_team()
    person = make_user()
    join(top, person)
    join(make_team(parent=top), person)
    assert [*people_managed_by(top.manager).distinct()] == [person]


def test_a_circle_of_teams_does_not_hang_the_page():
    first, second = make_team(learners=1), make_team(learners=1)
    Team.objects.filter(pk=first.pk).update(parent=second)
    Team.objects.filter(pk=second.pk).update(parent=first)
    assert teams_managed_by(first.manager) == {first.pk, second.pk}


def test_a_circle_of_teams_is_refused():
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


def test_a_manager_who_left_sees_nobody():
    team = make_team(learners=2)
    team.manager.is_active = False
    team.manager.save()
    assert teams_managed_by(team.manager) == set()
    assert managed(team.manager) == set()


@pytest.mark.parametrize("teams", [1, 3])
def test_the_number_of_queries_does_not_grow_with_the_teams(teams, django_assert_num_queries):
    top = below = make_team()
    for _ in range(teams):
        below = make_team(parent=below)
    with django_assert_num_queries(2):
        assert len(teams_managed_by(top.manager)) == teams + 1
