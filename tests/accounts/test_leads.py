import pytest

from courseware.accounts.leads import lead_of
from courseware.accounts.models import Membership
from tests.making import join, make_team, make_user

pytestmark = pytest.mark.django_db


def test_the_lead_of_the_team_joined_first_else_of_the_nearest_above():
    firm = make_team()
    centre = make_team(parent=firm)
    shift = make_team(parent=centre)
    other = make_team()
    person = make_user()
    for team in (shift, other):
        join(team, person)
    assert lead_of(person).person == shift.manager
    Membership.objects.filter(team=shift, role=Membership.Role.MANAGER).delete()
    assert (lead_of(person).person, lead_of(person).team) == (centre.manager, centre)
    centre.manager.is_active = False
    centre.manager.save()
    assert lead_of(person).person == firm.manager


def test_of_several_leads_the_first_and_never_the_person():
    team = make_team()
    person, second = team.manager, make_user()
    join(team, person)
    assert lead_of(person) is None
    join(team, second, Membership.Role.MANAGER)
    assert lead_of(person).person == second
    learner = make_user()
    join(team, learner)
    assert lead_of(learner).person == person


def test_without_a_team_nobody_leads_and_leading_is_no_learning():
    assert lead_of(make_user()) is None
    assert lead_of(make_team(parent=make_team()).manager) is None


@pytest.mark.parametrize("leads", [1, 3])
def test_two_queries_whatever_the_number_of_leads(leads, django_assert_num_queries):
    team = make_team(learners=1)
    for _ in range(leads - 1):
        join(team, make_user(), Membership.Role.MANAGER)
    person = team.memberships.get(role=Membership.Role.LEARNER).person
    with django_assert_num_queries(2):
        assert lead_of(person).person == team.manager
