"""Adding, moving and deactivating people, and their return."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from courseware.accounts.models import Membership, User
from courseware.accounts.people.offboarding import come_back, deactivate_leavers, leave
from courseware.accounts.people.onboarding import add_person
from courseware.accounts.teams.memberships import move
from courseware.audit_log.models import Event
from courseware.audit_log.record import subject_of
from courseware.audit_log.verify import verify
from courseware.learning.status.headcounts import Headcount
from courseware.lib.dates import site_day
from tests.making import join, make_admin, make_enrollment, make_team, make_user

pytestmark = pytest.mark.django_db
LEARNER, MANAGER = Membership.Role.LEARNER, Membership.Role.MANAGER


def log_of(person):
    return list(Event.objects.filter(subject=subject_of(person)).order_by("pk").values_list("verb", "data"))


def memberships_of(person):
    return list(person.memberships.order_by("team__name", "role").values_list("team__name", "role"))


def people_counted(team):
    return sum(Headcount.objects.filter(team=team.pk).values_list("number", flat=True))


def test_added_person_gets_membership_and_log_entries():
    admin, team = make_admin(), make_team("Night")
    fields = {"language": "en", "job_role": "phone", "starts_on": date(2026, 12, 1)}
    person = add_person("  Zhang   Nan ", staff_number="ａ１", team=team, by=admin, **fields)
    person.refresh_from_db()
    assert (person.name, person.email, person.staff_number) == ("Zhang Nan", None, "A1")
    assert {name: getattr(person, name) for name in fields} == fields
    assert not person.has_usable_password()
    assert memberships_of(person) == [("Night", LEARNER)]
    assert log_of(person) == [
        ("person-added", {}),
        ("membership-added", {"team": team.pk, "role": "learner"}),
    ]
    assert {event.actor for event in Event.objects.filter(subject=subject_of(person))} == {admin}


@pytest.mark.parametrize("twin", [{"email": "ZHANG@example.com"}, {"staff_number": "a1"}])
def test_known_person_is_not_added_again(twin):
    add_person("Zhang Nan", email="zhang@example.com", staff_number="A1", by=None)
    before = User.objects.count(), Event.objects.count()
    with pytest.raises(ValidationError, match="Another account already has this"):
        add_person("Zhang Nan", by=None, **twin)
    assert (User.objects.count(), Event.objects.count()) == before


def test_moved_person_changes_team_and_headcounts_at_once():
    old, new, person = make_team("Old"), make_team("New"), make_user()
    join(old, person)
    join(old, person, MANAGER)
    make_enrollment(person)
    assert (people_counted(old), people_counted(new)) == (1, 0)

    assert move(person, new, by=None)
    assert memberships_of(person) == [("New", LEARNER), ("Old", MANAGER)]
    assert (people_counted(old), people_counted(new)) == (0, 1)
    assert log_of(person) == [
        ("membership-removed", {"team": old.pk, "role": "learner"}),
        ("membership-added", {"team": new.pk, "role": "learner"}),
    ]


def test_move_to_current_team_does_nothing():
    team, other, person = make_team(), make_team(), make_user()
    join(team, person)
    join(other, person)
    assert not move(person, team, by=None)
    assert person.memberships.count() == 2
    assert log_of(person) == []


def test_leaving_ends_sessions_and_management_but_not_membership(client):
    team, person = make_team("Night"), make_user()
    join(team, person)
    join(team, person, MANAGER)
    client.force_login(person)
    assert leave(person, by=None)
    assert (person.is_active, person.leaves_on) == (False, site_day())
    assert memberships_of(person) == [("Night", LEARNER)]
    assert client.get("/").status_code == 302
    assert log_of(person) == [
        ("rights-changed", {"is_active": [True, False]}),
        ("membership-removed", {"team": team.pk, "role": "manager"}),
    ]
    assert not leave(person, by=None)
    assert len(log_of(person)) == 2


def test_returning_person_keeps_membership_but_signs_in_again(client):
    team, person = make_team("Night"), make_user()
    join(team, person)
    client.force_login(person)
    leave(person, by=None)
    assert come_back(person, by=None)
    assert (person.is_active, person.leaves_on) == (True, None)
    assert memberships_of(person) == [("Night", LEARNER)]
    assert client.get("/").status_code == 302  # the old session stays ended
    assert log_of(person)[-1] == ("rights-changed", {"is_active": [False, True]})
    assert not come_back(person, by=None)
    assert len(log_of(person)) == 2
    assert verify() == []


def test_nightly_job_deactivates_people_after_last_day():
    yesterday, today = date.fromordinal(site_day().toordinal() - 1), site_day()
    gone, on_the_last_day = make_user(leaves_on=yesterday), make_user(leaves_on=today)
    admin, without_a_day = make_admin(leaves_on=yesterday), make_user()
    assert (deactivate_leavers(), deactivate_leavers()) == ("1", "0")
    everybody = [gone, on_the_last_day, admin, without_a_day]
    here = User.objects.filter(is_active=True, pk__in=[person.pk for person in everybody])
    assert set(here) == {on_the_last_day, admin, without_a_day}
    gone.refresh_from_db()
    assert gone.leaves_on == yesterday
