"""The generated demo company is consistent, and only made on a trial site."""

import pytest
from django.db import transaction
from django.utils import timezone

from benchmarks import demo_scale
from benchmarks.demo_company import IN_A_TEAM, DemoCompany
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

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.postgres_in_deep]
PEOPLE_IN_ALL = 150
IF_CHANGED = pytest.mark.only_if_changed("benchmarks/", "content/", "courseware/learning/", "courseware/reporting/")


@pytest.fixture(scope="module")
def company(demo_company, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        emails_before = OutgoingEmail.objects.count()
        grown = DemoCompany()
        for _number in grown.grow(PEOPLE_IN_ALL):
            pass
        grown.emails = OutgoingEmail.objects.count() - emails_before
    return grown


@IF_CHANGED
def test_records_and_audit_log_agree(company):
    assert list(differences()) == []
    assert list(alterations()) == []


@IF_CHANGED
def test_stored_totals_equal_dashboard_rows(company):
    at = timezone.now()
    for manager in User.objects.filter(memberships__role=Membership.Role.MANAGER):
        assert totals.headcount_totals(manager, None, None, at) == totals.counts(rows.dashboard_rows_of(manager), at)


@IF_CHANGED
def test_company_has_requested_size_managers_and_states(company):
    assert User.objects.count() == PEOPLE_IN_ALL
    assert not User.objects.filter(is_demo=False).exists()
    assert set(Enrollment.objects.newest().with_state().values_list("state", flat=True)) == set(State)
    assert 0 < people_managed_by(company.last_manager_of_team).count() <= IN_A_TEAM
    managers = Membership.objects.filter(role=Membership.Role.MANAGER, team__in=[team.pk for team in company.teams])
    assert managers.count() == len(company.teams) > 2
    assert not Team.objects.get(name="晚班组").children.exists()
    assert company.emails == 0


def test_company_is_added_only_to_demo_accounts():
    assert demo_scale.why_not() == ""
    make_user(is_demo=True)
    assert demo_scale.why_not() == ""
    make_user()
    assert demo_scale.why_not() == (
        "There is 1 person here who is no demo. A demo company is only made on a site of its own."
    )


def test_public_site_gets_no_demo_company(settings):
    settings.PLAIN_HTTP = False
    assert "PLAIN_HTTP" in demo_scale.why_not()


@IF_CHANGED
def test_growing_to_current_size_changes_nothing(company):
    before = User.objects.count(), Event.objects.count()
    assert list(company.grow(PEOPLE_IN_ALL)) == []
    assert (User.objects.count(), Event.objects.count()) == before
