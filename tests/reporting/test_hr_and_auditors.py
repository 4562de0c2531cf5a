"""Which records HR and auditors can see and change."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from courseware.accounts.models import Membership, Team, User
from courseware.accounts.permissions.permissions import people_manageable_by
from courseware.audit_log.models import Event
from courseware.learning.manager_actions.manager_action import may_change
from courseware.learning.models import Enrollment
from courseware.learning.status.states import State
from courseware.reporting.dashboard import rows, totals
from courseware.reporting.dashboard.rows import dashboard_rows_of
from tests.making import (
    days,
    join,
    make_admin,
    make_auditor,
    make_course,
    make_editor,
    make_enrollment,
    make_hr,
    make_team,
    make_user,
)
from tests.reporting.dashboards import learner_of

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def cases():
    """Enrollments by kind of person."""
    make_course()
    team = make_team("Night shift")
    learner, managing_editor = make_user("Lea"), make_editor(name="Ed")
    join(team, learner)
    enrollments = {
        "learner": make_enrollment(learner),
        "no team": make_enrollment(make_user("Noa")),
        "editor": make_enrollment(managing_editor),
        "admin": make_enrollment(make_admin(name="Ada")),
        "superuser who is no staff": make_enrollment(make_user("Sue", is_superuser=True)),
        "HR": make_enrollment(make_hr(name="Hana")),
        "auditor": make_enrollment(make_auditor(name="Aude")),
    }
    return {name: Enrollment.objects.select_related("learner").get(pk=each.pk) for name, each in enrollments.items()}


def seen_by(user, cases):
    seen = set(Enrollment.objects.visible_to(user))
    return {name for name, enrollment in cases.items() if enrollment in seen}


def changed_by(user, cases):
    return {name for name in seen_by(user, cases) if may_change(user, cases[name])}


NO_STAFF = {"learner", "no team", "HR", "auditor"}


def manageable(user, cases):
    """By enrollment, and by person to enroll."""
    enrollments = set(Enrollment.objects.manageable_by(user))
    people = set(people_manageable_by(user))
    named = {name for name, enrollment in cases.items() if enrollment in enrollments}
    assert named - {"HR"} == {name for name, enrollment in cases.items() if enrollment.learner in people}
    return named


def test_hr_changes_all_but_staff_auditors_and_self(cases):
    hr = cases["HR"].learner
    assert seen_by(hr, cases) == NO_STAFF
    assert changed_by(hr, cases) == NO_STAFF - {"HR", "auditor"}
    assert manageable(hr, cases) == NO_STAFF - {"HR", "auditor"}


def test_hr_manages_former_auditor_from_next_day(cases, time_machine):
    User.objects.filter(pk=cases["auditor"].learner_id).update(audits_until=date(2026, 12, 31))
    time_machine.move_to(datetime(2026, 12, 31, 23, 59, tzinfo=SHANGHAI), tick=False)
    assert "auditor" not in manageable(cases["HR"].learner, cases)
    time_machine.move_to(datetime(2027, 1, 1, 0, 0, tzinfo=SHANGHAI), tick=False)
    assert "auditor" in manageable(cases["HR"].learner, cases)


def test_auditor_sees_everyone_and_changes_nothing(cases):
    auditor = cases["auditor"].learner
    assert seen_by(auditor, cases) == set(cases)
    assert changed_by(auditor, cases) == set()


def test_rights_of_two_roles_add_up(cases):
    membership = Membership.objects.get(role=Membership.Role.MANAGER)
    join(membership.team, cases["editor"].learner)
    hr, auditor = make_hr(), make_auditor()
    for person in (hr, auditor):
        join(membership.team, person, Membership.Role.MANAGER)
    assert (seen_by(hr, cases), changed_by(hr, cases)) == (NO_STAFF | {"editor"}, NO_STAFF - {"auditor"} | {"editor"})
    assert (seen_by(auditor, cases), changed_by(auditor, cases)) == (set(cases), {"learner", "editor"})


def test_inactive_person_sees_nothing(cases):
    for name in ("HR", "auditor", "admin"):
        person = cases[name].learner
        person.is_active = False
        person.save()
        assert seen_by(person, cases) == set()


@pytest.mark.slow
def test_auditor_access_ends_after_last_day_in_site_zone(cases, client, time_machine):
    make_auditor(name="Olga", email="olga@example.com", audits_until=date(2026, 12, 31))
    time_machine.move_to(datetime(2026, 12, 31, 23, 59, tzinfo=SHANGHAI), tick=False)
    assert pages_of("olga@example.com", client, cases) == {200}
    time_machine.move_to(datetime(2027, 1, 1, 0, 0, tzinfo=SHANGHAI), tick=False)
    assert pages_of("olga@example.com", client, cases) == {404}  # in the open session


def pages_of(email, client, cases):
    client.force_login(User.objects.get(email=email))
    person = reverse("reporting:person", args=[cases["learner"].pk])
    return {client.get(address).status_code for address in ("/team/", "/team/dashboard.csv", "/audit-log/", person)}


def test_auditor_needs_group_and_last_day(cases):
    assert seen_by(make_user(audits_until=date(2099, 1, 1)), cases) == set()
    without_a_day = make_user()
    without_a_day.groups.add(Group.objects.get(name="Auditors"))
    assert seen_by(without_a_day, cases) == set()


@pytest.mark.slow
def test_auditor_sees_no_forms_and_cannot_submit(cases, client):
    client.force_login(make_auditor())
    address = reverse("reporting:person", args=[cases["learner"].pk])
    assert 'class="card" method="post"' not in client.get(address).text
    assert client.post(f"{address}exempt/", {"reason": "Because"}).status_code == 404
    client.force_login(cases["HR"].learner)
    assert 'class="card" method="post"' in client.get(address).text


@pytest.mark.slow
def test_views_of_auditor_are_logged_once_a_day(cases, client):
    auditor = make_auditor()
    client.force_login(auditor)
    before = Event.objects.latest("pk").pk
    for _twice in range(2):
        for address in ("/team/", "/audit-log/", reverse("reporting:person", args=[cases["learner"].pk])):
            assert client.get(address).status_code == 200
    views = Event.objects.filter(pk__gt=before).values_list("actor", "verb", "subject")
    assert list(views) == [
        (auditor.pk, "dashboard-viewed", "dashboard"),
        (auditor.pk, "audit-log-viewed", "audit-log"),
        (auditor.pk, "record-viewed", f"enrollment:{cases['learner'].pk}"),
    ]


@pytest.mark.parametrize("make", [make_hr, make_auditor, make_admin])
@pytest.mark.parametrize("in_team", [False, True])
def test_headcount_totals_match_dashboard_rows(cases, make, in_team):
    person = make()
    team = Membership.objects.get(role=Membership.Role.MANAGER).team
    if in_team:
        for name in ("editor", "admin", "HR"):
            join(team, cases[name].learner)
    now = days(0)
    for chosen in (None, team):
        stored = totals.headcount_totals(person, chosen, None, now)
        assert stored == totals.counts(rows.dashboard_rows_of(person, team=chosen, at=now), now)
    assert stored.total > 0
    assert set(stored.states) == set(State)


@pytest.mark.slow
def test_audit_log_finds_events_of_one_person(cases, client):
    auditor, learner = make_auditor(), cases["learner"].learner
    client.force_login(make_admin())
    client.post(reverse("reporting:person", args=[cases["learner"].pk]) + "exempt/", {"reason": "Because"})
    client.force_login(auditor)
    found = client.get("/audit-log/", {"person": learner.email.upper()}).context["page"]
    assert {event.subject for event in found} == {f"enrollment:{cases['learner'].pk}"}
    assert [event.verb for event in client.get("/audit-log/", {"verb": "exempted"}).context["page"]] == ["exempted"]
    for nothing in ({"verb": "never"}, {"person": "nobody@example.com"}, {"subject": "\0"}):
        assert list(client.get("/audit-log/", nothing).context["page"]) == []


def test_manager_cannot_open_own_page_or_higher_teams(client, team):
    join(team, team.manager)
    own = make_enrollment(team.manager)
    below = make_team("Below", parent=team)
    above = learner_of(team)
    client.force_login(below.manager)
    assert client.get(f"/team/people/{above.pk}/").status_code == 404
    client.force_login(team.manager)
    assert client.get(f"/team/people/{own.pk}/").status_code == 404
    assert client.get(f"/team/people/{above.pk}/").status_code == 200


@pytest.mark.slow
def test_team_filter_shows_same_rows_as_whole_dashboard(team):
    below, beside = make_team("Below", parent=team), make_team("Beside")
    for each in (team, below, beside):
        learner_of(each)
    managing_hr = make_hr(name="Hana")
    for manager, place in ((team.manager, team), (managing_hr, below)):  # managers who also learn in a team
        join(place, manager)
        make_enrollment(manager)
    join(below, managing_hr, "manager")
    readers = [
        team.manager,
        below.manager,
        beside.manager,
        managing_hr,
        make_hr(name="Hugo"),
        make_admin(),
        make_auditor(),
    ]
    for reader in readers:
        for chosen in (team, below, beside):
            people = Membership.objects.filter(
                team__in=Team.objects.filter(pk=chosen.pk).with_subteams(), role="learner"
            )
            whole = {
                row for row in dashboard_rows_of(reader) if row.learner_id in people.values_list("person", flat=True)
            }
            assert {*dashboard_rows_of(reader, team=chosen)} == whole
    assert len(dashboard_rows_of(team.manager, team=team)) == 3  # 2 learners and the manager below, without the reader
    assert not dashboard_rows_of(below.manager, team=team).filter(learner__teams=team)
