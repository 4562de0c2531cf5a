"""Whose records human resources and auditors see, and what they may do to them."""

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
def firm():
    """Enrollments of one of each kind of people, by what they are."""
    make_course()
    team = make_team("Night shift")
    learner, leading_editor = make_user("Lea"), make_editor(name="Ed")
    join(team, learner)
    runs = {
        "learner": make_enrollment(learner),
        "no team": make_enrollment(make_user("Noa")),
        "editor": make_enrollment(leading_editor),
        "admin": make_enrollment(make_admin(name="Ada")),
        "superuser who is no staff": make_enrollment(make_user("Sue", is_superuser=True)),
        "HR": make_enrollment(make_hr(name="Hana")),
        "auditor": make_enrollment(make_auditor(name="Aude")),
    }
    return {name: Enrollment.objects.select_related("learner").get(pk=run.pk) for name, run in runs.items()}


def seen_by(user, firm):
    seen = set(Enrollment.objects.visible_to(user))
    return {name for name, run in firm.items() if run in seen}


def changed_by(user, firm):
    return {name for name in seen_by(user, firm) if may_change(user, firm[name])}


NO_STAFF = {"learner", "no team", "HR", "auditor"}


def in_hand(user, firm):
    """By runs, and by people to enroll in a course."""
    runs = set(Enrollment.objects.manageable_by(user))
    people = set(people_manageable_by(user))
    named = {name for name, run in firm.items() if run in runs}
    assert named - {"HR"} == {name for name, run in firm.items() if run.learner in people}
    return named


def test_human_resources_see_everybody_but_staff_and_change_nothing_of_who_audits_or_their_own(firm):
    hr = firm["HR"].learner
    assert seen_by(hr, firm) == NO_STAFF
    assert changed_by(hr, firm) == NO_STAFF - {"HR", "auditor"}
    assert in_hand(hr, firm) == NO_STAFF - {"HR", "auditor"}


def test_who_audits_no_more_is_in_the_hands_of_human_resources_from_the_day_after(firm, time_machine):
    User.objects.filter(pk=firm["auditor"].learner_id).update(audits_until=date(2026, 12, 31))
    time_machine.move_to(datetime(2026, 12, 31, 23, 59, tzinfo=SHANGHAI), tick=False)
    assert "auditor" not in in_hand(firm["HR"].learner, firm)
    time_machine.move_to(datetime(2027, 1, 1, 0, 0, tzinfo=SHANGHAI), tick=False)
    assert "auditor" in in_hand(firm["HR"].learner, firm)


def test_an_auditor_sees_everybody_and_changes_nothing(firm):
    auditor = firm["auditor"].learner
    assert seen_by(auditor, firm) == set(firm)
    assert changed_by(auditor, firm) == set()


def test_who_is_two_things_has_the_sum_and_no_more(firm):
    lead = Membership.objects.get(role=Membership.Role.MANAGER)
    join(lead.team, firm["editor"].learner)
    hr, auditor = make_hr(), make_auditor()
    for person in (hr, auditor):
        join(lead.team, person, Membership.Role.MANAGER)
    assert (seen_by(hr, firm), changed_by(hr, firm)) == (NO_STAFF | {"editor"}, NO_STAFF - {"auditor"} | {"editor"})
    assert (seen_by(auditor, firm), changed_by(auditor, firm)) == (set(firm), {"learner", "editor"})


def test_who_may_no_longer_sign_in_sees_nothing(firm):
    for name in ("HR", "auditor", "admin"):
        person = firm[name].learner
        person.is_active = False
        person.save()
        assert seen_by(person, firm) == set()


def test_an_auditor_is_one_to_the_end_of_the_last_day_by_the_clock_of_the_site(firm, client, time_machine):
    make_auditor(name="Olga", email="olga@example.com", audits_until=date(2026, 12, 31))
    time_machine.move_to(datetime(2026, 12, 31, 23, 59, tzinfo=SHANGHAI), tick=False)
    assert pages_of("olga@example.com", client, firm) == {200}
    time_machine.move_to(datetime(2027, 1, 1, 0, 0, tzinfo=SHANGHAI), tick=False)
    assert pages_of("olga@example.com", client, firm) == {404}  # in the session that was open


def pages_of(email, client, firm):
    client.force_login(User.objects.get(email=email))
    person = reverse("reporting:person", args=[firm["learner"].pk])
    return {client.get(address).status_code for address in ("/team/", "/team/dashboard.csv", "/audit-log/", person)}


def test_without_the_group_or_without_a_last_day_nobody_audits(firm):
    assert seen_by(make_user(audits_until=date(2099, 1, 1)), firm) == set()
    without_a_day = make_user()
    without_a_day.groups.add(Group.objects.get(name="Auditors"))
    assert seen_by(without_a_day, firm) == set()


def test_an_auditor_finds_no_forms_and_is_refused_where_they_lead(firm, client):
    client.force_login(make_auditor())
    address = reverse("reporting:person", args=[firm["learner"].pk])
    assert 'class="card" method="post"' not in client.get(address).text
    assert client.post(f"{address}exempt/", {"reason": "Because"}).status_code == 404
    client.force_login(firm["HR"].learner)
    assert 'class="card" method="post"' in client.get(address).text


def test_every_look_of_an_auditor_is_logged_once_a_day(firm, client):
    auditor = make_auditor()
    client.force_login(auditor)
    before = Event.objects.latest("pk").pk
    for _twice in range(2):
        for address in ("/team/", "/audit-log/", reverse("reporting:person", args=[firm["learner"].pk])):
            assert client.get(address).status_code == 200
    looks = Event.objects.filter(pk__gt=before).values_list("actor", "verb", "subject")
    assert list(looks) == [
        (auditor.pk, "dashboard-viewed", "dashboard"),
        (auditor.pk, "audit-log-viewed", "audit-log"),
        (auditor.pk, "record-viewed", f"enrollment:{firm['learner'].pk}"),
    ]


@pytest.mark.parametrize("make", [make_hr, make_auditor, make_admin])
@pytest.mark.parametrize("in_team", [False, True])
def test_the_numbers_kept_above_the_board_are_those_of_its_rows(firm, make, in_team):
    person = make()
    team = Membership.objects.get(role=Membership.Role.MANAGER).team
    if in_team:
        for name in ("editor", "admin", "HR"):
            join(team, firm[name].learner)
    now = days(0)
    for chosen in (None, team):
        kept = totals.headcount_totals(person, chosen, None, now)
        assert kept == totals.counts(rows.dashboard_rows_of(person, team=chosen, at=now), now)
    assert kept.total > 0
    assert set(kept.states) == set(State)


def test_the_log_finds_what_was_done_to_one_person(firm, client):
    auditor, learner = make_auditor(), firm["learner"].learner
    client.force_login(make_admin())
    client.post(reverse("reporting:person", args=[firm["learner"].pk]) + "exempt/", {"reason": "Because"})
    client.force_login(auditor)
    found = client.get("/audit-log/", {"person": learner.email.upper()}).context["page"]
    assert {event.subject for event in found} == {f"enrollment:{firm['learner'].pk}"}
    assert [event.verb for event in client.get("/audit-log/", {"verb": "waived"}).context["page"]] == ["waived"]
    for nothing in ({"verb": "never"}, {"person": "nobody@example.com"}, {"subject": "\0"}):
        assert list(client.get("/audit-log/", nothing).context["page"]) == []


def test_a_manager_finds_no_page_of_the_own_record_nor_of_people_above(client, team):
    join(team, team.manager)
    own = make_enrollment(team.manager)
    below = make_team("Below", parent=team)
    above = learner_of(team)
    client.force_login(below.manager)
    assert client.get(f"/team/people/{above.pk}/").status_code == 404
    client.force_login(team.manager)
    assert client.get(f"/team/people/{own.pk}/").status_code == 404
    assert client.get(f"/team/people/{above.pk}/").status_code == 200


def test_the_board_of_one_team_shows_what_the_whole_board_shows_of_its_people(team):
    below, beside = make_team("Below", parent=team), make_team("Beside")
    for each in (team, below, beside):
        learner_of(each)
    leading_hr = make_hr(name="Hana")
    for leader, place in ((team.manager, team), (leading_hr, below)):  # who learns where others lead, too
        join(place, leader)
        make_enrollment(leader)
    join(below, leading_hr, "manager")
    readers = [
        team.manager,
        below.manager,
        beside.manager,
        leading_hr,
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
                run for run in dashboard_rows_of(reader) if run.learner_id in people.values_list("person", flat=True)
            }
            assert {*dashboard_rows_of(reader, team=chosen)} == whole
    assert len(dashboard_rows_of(team.manager, team=team)) == 3  # two learners and who leads below, without oneself
    assert not dashboard_rows_of(below.manager, team=team).filter(learner__teams=team)
