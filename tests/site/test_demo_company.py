"""A demo firm of any size agrees with itself, and is only made on a site for trying out."""

import pytest
from django.db import transaction
from django.utils import timezone

from benchmarks import demo_scale
from benchmarks.demo_company import IN_A_TEAM, DemoFirm
from courseware.accounts.models import Membership, Team, User
from courseware.accounts.permissions.permissions import people_managed_by
from courseware.audit_log.models import Event
from courseware.audit_log.verify import alterations
from courseware.learning.models import Enrollment
from courseware.learning.status.states import State
from courseware.notifications.models import OutgoingEmail
from courseware.reporting.dashboard import rows, totals
from courseware.reporting.integrity.check_all import differences
from tests.making import make_user

pytestmark = pytest.mark.django_db
PEOPLE_IN_ALL = 150


@pytest.fixture(scope="module")
def firm(demo_company, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        told = OutgoingEmail.objects.count()
        grown = DemoFirm()
        for _number in grown.grow(PEOPLE_IN_ALL):
            pass
        grown.letters = OutgoingEmail.objects.count() - told
    return grown


@pytest.mark.exhaustive
def test_records_and_log_of_the_firm_agree(firm):
    assert list(differences()) == []
    assert list(alterations()) == []


@pytest.mark.exhaustive
def test_the_numbers_kept_above_its_boards_are_those_of_the_rows(firm):
    at = timezone.now()
    for lead in User.objects.filter(memberships__role=Membership.Role.MANAGER):
        assert totals.headcount_totals(lead, None, None, at) == totals.counts(rows.dashboard_rows_of(lead), at)


@pytest.mark.exhaustive
def test_it_has_as_many_as_were_asked_for_in_teams_with_a_lead_in_every_state_and_none_was_told(firm):
    assert User.objects.count() == PEOPLE_IN_ALL
    assert not User.objects.filter(is_demo=False).exists()
    assert set(Enrollment.objects.newest().with_state().values_list("state", flat=True)) == set(State)
    assert 0 < people_managed_by(firm.last_lead).count() <= IN_A_TEAM
    leads = Membership.objects.filter(role=Membership.Role.MANAGER, team__in=[team.pk for team in firm.teams])
    assert leads.count() == len(firm.teams) > 2
    assert not Team.objects.get(name="晚班组").children.exists()
    assert firm.letters == 0


def test_it_is_only_made_beside_people_who_are_demo_themselves():
    assert demo_scale.why_not() == ""
    make_user(is_demo=True)
    assert demo_scale.why_not() == ""
    make_user()
    assert demo_scale.why_not() == (
        "There is 1 person here who is no demo. A demo firm is only made on a site of its own."
    )


def test_a_site_that_others_can_reach_gets_no_demo_firm(settings):
    settings.PLAIN_HTTP = False
    assert "PLAIN_HTTP" in demo_scale.why_not()


def test_asked_for_as_many_as_there_are_it_changes_nothing(firm):
    before = User.objects.count(), Event.objects.count()
    assert list(firm.grow(PEOPLE_IN_ALL)) == []
    assert (User.objects.count(), Event.objects.count()) == before
