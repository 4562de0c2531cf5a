"""Headcounts of each team equal a count of its people after every change."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from courseware.accounts.models import Membership, Team
from courseware.accounts.people import offboarding
from courseware.accounts.permissions.role_changes import deactivate
from courseware.learning.enrollments.enrollment import begin_enrolling, enroll, enroll_next, exempt, extend
from courseware.learning.models import Enrollment
from courseware.learning.status import headcount_updates
from courseware.learning.status.headcounts import Headcount, HeadcountKey
from courseware.learning.status.states import State
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.dashboard import totals
from courseware.reporting.integrity import enrollments
from tests.making import days, join, make_admin, make_course, make_enrollment, make_team, make_user
from tests.reporting.dashboards import counts_on
from tests.world import complete_course, finish_lesson, outline_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
MONTH = timedelta(days=30)


@pytest.fixture
def teams():
    """Teams A > B > C, and D. One learner in each, one in B and D, one in none; all are enrolled."""
    make_course()
    teams = {"A": make_team("A")}
    teams["B"] = make_team("B", parent=teams["A"])
    teams["C"] = make_team("C", parent=teams["B"])
    teams["D"] = make_team("D")
    for name, places in {"in A": "A", "in B": "B", "in C": "C", "in D": "D", "in B and D": "BD", "nowhere": ""}.items():
        person = make_user(name)
        for place in places:
            join(teams[place], person)
        make_enrollment(person, due_at=days(9))
    return teams


def newest(name):
    return Enrollment.objects.filter(learner__name=name).latest("pk")


def people_of(team):
    """Learners of the team and its subteams, read without `ancestors`; includes former people."""
    below, found = [team], set()
    while below:
        each = below.pop()
        found |= set(each.memberships.filter(role="learner").values_list("person", flat=True))
        below += Team.objects.filter(parent=each)
    return found


def count_rows(people, at):
    newest = {}
    for enrollment in Enrollment.objects.order_by("pk"):
        if enrollment.learner.is_active and (people is None or enrollment.learner_id in people):
            newest[enrollment.learner_id, enrollment.course_id] = enrollment.state_at(at)
    return {state: list(newest.values()).count(state) for state in State}


def assert_right():
    for at in (timezone.now(), timezone.now() + MONTH):
        for team in Team.objects.all():
            assert Headcount.objects.filter(team=team).told(at).states == count_rows(people_of(team), at), team
        assert Headcount.objects.filter(team=None).told(at).states == count_rows(None, at)
    assert list(enrollments.headcounts()) == []


def start_course(teams):
    finish_lesson(newest("in C"), outline_of(newest("in C").course).step("boiling"))


def renew(teams):
    complete_course(newest("in C"))
    enroll(newest("in C").learner, newest("in C").course, due_at=days(1))


def enroll_team_a(teams):
    join(teams["A"], make_user("new in A"))
    join(teams["C"], make_user("new in C"))
    enroll_next(begin_enrolling([teams["A"]], newest("in A").course, due_on=timezone.localdate()), by=None)


def change_role(teams):
    Membership.objects.get(person__name="in C").delete()
    membership = Membership.objects.get(person__name="in B")
    membership.role = Membership.Role.MANAGER
    membership.save()


def change_team(teams):
    membership = Membership.objects.get(person__name="in C")
    membership.team = teams["D"]
    membership.save()


def transfer_membership(teams):
    membership = Membership.objects.get(person__name="in C")
    membership.person = newest("nowhere").learner
    membership.save()


def delete_team_of_learning_manager(teams):
    join(teams["C"], newest("in C").learner, Membership.Role.MANAGER)
    teams["C"].delete()


def leave_all_teams_of_branch(teams):
    join(teams["C"], newest("in B and D").learner)
    Membership.objects.filter(person__name__in=["in B and D", "in A"]).delete()


def move(teams):
    team = Team.objects.get(name="B")
    team.parent = teams["D"]
    team.save()


def move_to_the_top(teams):
    team = Team.objects.get(name="C")
    team.parent = None
    team.save()


def deactivate_by_admin(teams):
    deactivate(newest("in C").learner, by=None)


def leave_and_return(teams):
    for name in ("in B and D", "nowhere"):
        offboarding.leave(newest(name).learner, by=None)
        offboarding.come_back(newest(name).learner, by=None)


def leave_move_and_return(teams):
    person = newest("in C").learner
    offboarding.leave(person, by=None)
    join(teams["D"], person)
    extend(newest("in C"), timezone.localdate() - MONTH, by=None)
    teams["C"].memberships.all().delete()
    offboarding.come_back(person, by=None)


def move_team_of_former_learner(teams):
    offboarding.leave(newest("in C").learner, by=None)
    move(teams)


CHANGES = {
    "somebody begins": start_course,
    "somebody completes the course": lambda teams: complete_course(newest("in C")),
    "somebody is enrolled again": renew,
    "the due day moves": lambda teams: extend(newest("in B and D"), timezone.localdate() - MONTH, by=None),
    "somebody is exempt": lambda teams: [exempt(newest("in B and D"), "on leave", by=None) for _ in range(2)],
    "somebody without a team is enrolled": lambda teams: enroll(make_user(), newest("in A").course),
    "a team is enrolled": enroll_team_a,
    "somebody joins a second team": lambda teams: join(teams["D"], newest("in C").learner),
    "somebody joins a team above": lambda teams: join(teams["A"], newest("in C").learner),
    "somebody leads a team": lambda teams: join(teams["D"], newest("in C").learner, Membership.Role.MANAGER),
    "somebody leaves one of two teams": lambda teams: teams["B"].memberships.filter(person__name="in B and D").delete(),
    "somebody leaves the only team": lambda teams: teams["C"].memberships.all().delete(),
    "a learner becomes a manager": change_role,
    "somebody changes the team": change_team,
    "a membership is given to somebody else": transfer_membership,
    "a team is moved": move,
    "a team is moved to the top": move_to_the_top,
    "a team is deleted": lambda teams: Team.objects.get(name="C").delete(),
    "a team is deleted that somebody learns in and leads": delete_team_of_learning_manager,
    "somebody leaves all teams of a branch at once": leave_all_teams_of_branch,
    "somebody leaves the company": lambda teams: [
        offboarding.leave(newest("in B and D").learner, by=None) for _ in range(2)
    ],
    "somebody without a team leaves the company": lambda teams: offboarding.leave(newest("nowhere").learner, by=None),
    "somebody is deactivated by an admin": deactivate_by_admin,
    "somebody comes back": leave_and_return,
    "somebody leaves, is moved and comes back": leave_move_and_return,
    "a team is moved whose learner has left": move_team_of_former_learner,
    "a team is new": lambda teams: make_team("E", parent=teams["C"], learners=1),
}


def test_initial_headcounts_are_right(teams):
    assert_right()
    now = timezone.now()
    numbers = {team: sum(Headcount.objects.filter(team=teams[team]).told(now).states.values()) for team in "ABCD"}
    assert numbers == {"A": 4, "B": 3, "C": 1, "D": 2}
    assert sum(Headcount.objects.filter(team=None).told(now).states.values()) == 6


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_headcounts_follow_change(teams, change):
    change(teams)
    assert_right()


@pytest.mark.django_db(transaction=True)
def test_rolled_back_change_is_not_counted(teams, monkeypatch):
    before = Headcount.objects.count()
    with pytest.raises(ValueError, match="the log is away"), monkeypatch.context() as patched:
        patched.setattr("courseware.learning.enrollments.adjustments.record_many", fail)
        exempt(newest("in A"), "on leave", by=None)
    assert Headcount.objects.count() == before
    assert_right()


def fail(*args, **fields):
    raise ValueError("the log is away")


def test_compacting_keeps_numbers_and_1_row_per_key(teams):
    for _ in range(3):
        extend(newest("in C"), timezone.localdate() + MONTH, by=None)
        extend(newest("in C"), timezone.localdate(), by=None)
    before = Headcount.objects.count()
    for _ in range(2):
        headcount_updates.compact_headcounts()
        assert_right()
        rows = list(Headcount.objects.values_list("team", *HeadcountKey._fields, "number"))
        assert len({row[:-1] for row in rows}) == len(rows) < before
        assert 0 not in {row[-1] for row in rows}


def test_wrong_headcount_is_reported_and_repaired(teams):
    row = Headcount.objects.filter(team=teams["A"]).latest("pk")
    Headcount.objects.filter(pk=row.pk).update(number=row.number + 2)
    Headcount.objects.filter(team=None).delete()
    at = f"{row.urgency:%Y-%m-%d}, not started in its totals"
    assert list(enrollments.headcounts()) == [
        f"the company, course {row.course_id}: {number:+} people with {urgency:%Y-%m-%d}, not started in its totals"
        for urgency, number in sorted((enrollment.urgency, 1) for enrollment in Enrollment.objects.all())
    ] + [f"team {teams['A'].pk}, course {row.course_id}: -2 people with {at}"]
    headcount_updates.compact_headcounts()
    assert_right()


def test_headcount_of_deleted_team_is_ignored_and_removed(teams):
    row, deleted_id = Headcount.objects.filter(team=teams["C"]).first(), teams["C"].pk
    teams["C"].delete()
    Headcount.objects.bulk_create([row])  # from a transaction that still saw the team
    connection.check_constraints()
    assert_right()
    headcount_updates.compact_headcounts()
    assert not Headcount.objects.filter(team_id=deleted_id).exists()
    assert_right()


# On the dashboard


def totals_by_headcounts_and_rows(user, team=None):
    now = timezone.now()
    by_rows = totals.counts(dashboard_rows.dashboard_rows_of(user, team=team), now)
    return totals.headcount_totals(user, team, None, now), by_rows


def test_manager_is_not_counted_on_own_dashboard(teams):
    manager = teams["A"].manager
    join(teams["C"], manager)
    make_enrollment(manager)
    by_headcounts, by_rows = totals_by_headcounts_and_rows(manager)
    assert by_headcounts == by_rows
    assert by_headcounts.total == 4


def test_manager_of_team_and_subteam_sees_both_once(teams):
    join(teams["C"], teams["A"].manager, Membership.Role.MANAGER)
    by_headcounts, by_rows = totals_by_headcounts_and_rows(teams["A"].manager)
    assert by_headcounts == by_rows


def test_dashboard_of_many_teams_reads_headcounts(client, teams, monkeypatch):
    monkeypatch.setattr(dashboard_rows, "MANY_TEAMS", 2)
    Headcount.objects.filter(team=teams["A"]).update(number=1000)
    client.force_login(teams["A"].manager)
    assert sum(counts_on(client.get("/team/").context).values()) > 1000
    assert sum(counts_on(client.get("/team/?name=in").context).values()) == 4
    client.force_login(teams["B"].manager)
    assert sum(counts_on(client.get("/team/").context).values()) == 3


def test_dashboard_of_many_rows_reads_headcounts_of_one_team_only(client, teams, monkeypatch):
    monkeypatch.setattr(dashboard_rows, "SORTED_BY_NAME", 2)
    Headcount.objects.exclude(team__in=[teams["A"], teams["C"]]).update(number=1000)
    viewers = [(make_admin(), 6000), (teams["B"].manager, 3000), (teams["D"].manager, 2)]  # D has 2 rows
    for viewer, number in viewers:
        client.force_login(viewer)
        assert sum(counts_on(client.get("/team/?days=due-14").context).values()) == number, viewer
    join(teams["D"], teams["B"].manager, Membership.Role.MANAGER)  # rows of 2 separate teams are counted
    client.force_login(teams["B"].manager)
    assert sum(counts_on(client.get("/team/?days=due-14").context).values()) == 4
