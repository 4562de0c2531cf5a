"""The numbers that are kept of each team and all below it are those of its people, whatever is done to either."""

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

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)


@pytest.fixture
def firm():
    """A over B over C, and D; somebody in each, somebody in B and D, somebody nowhere. Everybody has a run."""
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


def run_of(name):
    return Enrollment.objects.filter(learner__name=name).latest("pk")


def people_of(team):
    """Counted from the rows one by one; `above` is not asked. Who has left is among them."""
    below, found = [team], set()
    while below:
        each = below.pop()
        found |= set(each.memberships.filter(role="learner").values_list("person", flat=True))
        below += Team.objects.filter(parent=each)
    return found


def counted_by_hand(people, at):
    newest = {}
    for run in Enrollment.objects.order_by("pk"):
        if run.learner.is_active and (people is None or run.learner_id in people):
            newest[run.learner_id, run.course_id] = run.state_at(at)
    return {state: list(newest.values()).count(state) for state in State}


def assert_right():
    for at in (timezone.now(), timezone.now() + MONTH):
        for team in Team.objects.all():
            assert Headcount.objects.filter(team=team).told(at).states == counted_by_hand(people_of(team), at), team
        assert Headcount.objects.filter(team=None).told(at).states == counted_by_hand(None, at)
    assert list(enrollments.headcounts()) == []


def begin(firm):
    finish_lesson(run_of("in C"), outline_of(run_of("in C").course).step("boiling"))


def renew(firm):
    complete_course(run_of("in C"))
    enroll(run_of("in C").learner, run_of("in C").course, due_at=days(1))


def enroll_those_of_a(firm):
    join(firm["A"], make_user("new in A"))
    join(firm["C"], make_user("new in C"))
    enroll_next(begin_enrolling([firm["A"]], run_of("in A").course, due_on=timezone.localdate()), by=None)


def change_role(firm):
    Membership.objects.get(person__name="in C").delete()
    membership = Membership.objects.get(person__name="in B")
    membership.role = Membership.Role.MANAGER
    membership.save()


def change_team(firm):
    membership = Membership.objects.get(person__name="in C")
    membership.team = firm["D"]
    membership.save()


def give_away(firm):
    membership = Membership.objects.get(person__name="in C")
    membership.person = run_of("nowhere").learner
    membership.save()


def delete_a_team_of_somebody_who_leads_it_too(firm):
    join(firm["C"], run_of("in C").learner, Membership.Role.MANAGER)
    firm["C"].delete()


def leave_all_teams_of_a_branch_at_once(firm):
    join(firm["C"], run_of("in B and D").learner)
    Membership.objects.filter(person__name__in=["in B and D", "in A"]).delete()


def move(firm):
    team = Team.objects.get(name="B")
    team.parent = firm["D"]
    team.save()


def move_to_the_top(firm):
    team = Team.objects.get(name="C")
    team.parent = None
    team.save()


def leave_by_the_admin(firm):
    deactivate(run_of("in C").learner, by=None)


def come_back(firm):
    for name in ("in B and D", "nowhere"):
        offboarding.leave(run_of(name).learner, by=None)
        offboarding.come_back(run_of(name).learner, by=None)


def leave_and_be_moved(firm):
    person = run_of("in C").learner
    offboarding.leave(person, by=None)
    join(firm["D"], person)
    extend(run_of("in C"), timezone.localdate() - MONTH, by=None)
    firm["C"].memberships.all().delete()
    offboarding.come_back(person, by=None)


def move_a_team_of_somebody_who_left(firm):
    offboarding.leave(run_of("in C").learner, by=None)
    move(firm)


CHANGES = {
    "somebody begins": begin,
    "somebody completes the course": lambda firm: complete_course(run_of("in C")),
    "somebody is enrolled again": renew,
    "the due day moves": lambda firm: extend(run_of("in B and D"), timezone.localdate() - MONTH, by=None),
    "somebody is excused": lambda firm: [exempt(run_of("in B and D"), "on leave", by=None) for _ in range(2)],
    "somebody without a team is enrolled": lambda firm: enroll(make_user(), run_of("in A").course),
    "a team is enrolled": enroll_those_of_a,
    "somebody joins a second team": lambda firm: join(firm["D"], run_of("in C").learner),
    "somebody joins a team above": lambda firm: join(firm["A"], run_of("in C").learner),
    "somebody leads a team": lambda firm: join(firm["D"], run_of("in C").learner, Membership.Role.MANAGER),
    "somebody leaves one of two teams": lambda firm: firm["B"].memberships.filter(person__name="in B and D").delete(),
    "somebody leaves the only team": lambda firm: firm["C"].memberships.all().delete(),
    "a learner becomes a manager": change_role,
    "somebody changes the team": change_team,
    "a membership is given to somebody else": give_away,
    "a team is moved": move,
    "a team is moved to the top": move_to_the_top,
    "a team is deleted": lambda firm: Team.objects.get(name="C").delete(),
    "a team is deleted that somebody learns in and leads": delete_a_team_of_somebody_who_leads_it_too,
    "somebody leaves all teams of a branch at once": leave_all_teams_of_a_branch_at_once,
    "somebody leaves the firm": lambda firm: [
        offboarding.leave(run_of("in B and D").learner, by=None) for _ in range(2)
    ],
    "somebody without a team leaves the firm": lambda firm: offboarding.leave(run_of("nowhere").learner, by=None),
    "somebody is deactivated by an admin": leave_by_the_admin,
    "somebody comes back": come_back,
    "somebody leaves, is moved and comes back": leave_and_be_moved,
    "a team is moved whose learner has left": move_a_team_of_somebody_who_left,
    "a team is new": lambda firm: make_team("E", parent=firm["C"], learners=1),
}


def test_as_the_firm_is_made_each_team_has_its_people(firm):
    assert_right()
    now = timezone.now()
    numbers = {team: sum(Headcount.objects.filter(team=firm[team]).told(now).states.values()) for team in "ABCD"}
    assert numbers == {"A": 4, "B": 3, "C": 1, "D": 2}
    assert sum(Headcount.objects.filter(team=None).told(now).states.values()) == 6


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_numbers_follow(firm, change):
    change(firm)
    assert_right()


@pytest.mark.django_db(transaction=True)
def test_what_is_taken_back_is_not_counted(firm, monkeypatch):
    before = Headcount.objects.count()
    with pytest.raises(ValueError, match="the log is away"), monkeypatch.context() as patched:
        patched.setattr("courseware.learning.enrollments.adjustments.record_many", refuse)
        exempt(run_of("in A"), "on leave", by=None)
    assert Headcount.objects.count() == before
    assert_right()


def refuse(*args, **fields):
    raise ValueError("the log is away")


def test_adding_up_changes_no_number_and_leaves_one_row_a_place_however_often(firm):
    for _ in range(3):
        extend(run_of("in C"), timezone.localdate() + MONTH, by=None)
        extend(run_of("in C"), timezone.localdate(), by=None)
    before = Headcount.objects.count()
    for _ in range(2):
        headcount_updates.compact_headcounts()
        assert_right()
        rows = list(Headcount.objects.values_list("team", *HeadcountKey._fields, "number"))
        assert len({row[:-1] for row in rows}) == len(rows) < before
        assert 0 not in {row[-1] for row in rows}


def test_a_number_that_is_not_that_of_the_people_is_named_and_made_right_by_counting_anew(firm):
    row = Headcount.objects.filter(team=firm["A"]).latest("pk")
    Headcount.objects.filter(pk=row.pk).update(number=row.number + 2)
    Headcount.objects.filter(team=None).delete()
    at = f"{row.urgency:%Y-%m-%d}, not begun to what is counted"
    assert list(enrollments.headcounts()) == [
        f"the company, course {row.course_id}: {number:+} people at {urgency:%Y-%m-%d}, not begun to what is counted"
        for urgency, number in sorted((run.urgency, 1) for run in Enrollment.objects.all())
    ] + [f"team {firm['A'].pk}, course {row.course_id}: -2 people at {at}"]
    headcount_updates.compact_headcounts()
    assert_right()


def test_what_is_counted_in_the_moment_in_which_its_team_is_deleted_is_taken_and_forgotten_at_night(firm):
    row, gone = Headcount.objects.filter(team=firm["C"]).first(), firm["C"].pk
    firm["C"].delete()
    Headcount.objects.bulk_create([row])  # of a transaction that had seen the team
    connection.check_constraints()
    assert_right()
    headcount_updates.compact_headcounts()
    assert not Headcount.objects.filter(team_id=gone).exists()
    assert_right()


# On the board


def both_ways(user, team=None):
    now = timezone.now()
    counted = totals.counts(dashboard_rows.dashboard_rows_of(user, team=team), now)
    return totals.headcount_totals(user, team, None, now), counted


def test_managers_do_not_stand_on_their_own_board_by_what_is_kept_either(firm):
    manager = firm["A"].manager
    join(firm["C"], manager)
    make_enrollment(manager)
    kept, by_rows = both_ways(manager)
    assert kept == by_rows
    assert kept.total == 4


def test_who_leads_a_team_and_one_below_it_is_told_of_both_at_once(firm):
    join(firm["C"], firm["A"].manager, Membership.Role.MANAGER)
    kept, by_rows = both_ways(firm["A"].manager)
    assert kept == by_rows


def test_a_board_of_many_teams_reads_what_is_kept(client, firm, monkeypatch):
    monkeypatch.setattr(dashboard_rows, "MANY_TEAMS", 2)
    Headcount.objects.filter(team=firm["A"]).update(number=1000)
    client.force_login(firm["A"].manager)
    assert sum(counts_on(client.get("/team/").context).values()) > 1000
    assert sum(counts_on(client.get("/team/?name=in").context).values()) == 4
    client.force_login(firm["B"].manager)
    assert sum(counts_on(client.get("/team/").context).values()) == 3


def test_dashboard_of_many_rows_reads_the_headcounts_of_one_team_only(client, firm, monkeypatch):
    monkeypatch.setattr(dashboard_rows, "SORTED_BY_NAME", 2)
    Headcount.objects.exclude(team__in=[firm["A"], firm["C"]]).update(number=1000)
    viewers = [(make_admin(), 6000), (firm["B"].manager, 3000), (firm["D"].manager, 2)]  # D has 2 rows
    for viewer, number in viewers:
        client.force_login(viewer)
        assert sum(counts_on(client.get("/team/?days=due-14").context).values()) == number, viewer
    join(firm["D"], firm["B"].manager, Membership.Role.MANAGER)  # of two teams side by side the rows are counted
    client.force_login(firm["B"].manager)
    assert sum(counts_on(client.get("/team/?days=due-14").context).values()) == 4
