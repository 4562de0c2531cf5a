"""A list creates its teams only if the person who approves it ticks that."""

from functools import partial

import pytest

from courseware.accounts.joining import add_person
from courseware.accounts.models import Membership, Team, User
from courseware.accounts.rosters.applying import begin_applying
from courseware.accounts.rosters.new_teams import create_teams
from courseware.accounts.rosters.roster import Roster
from courseware.evidence.models import Event
from tests.accounts.rosters.firms import apply, compared, firm_as_it_is, make_teams, outcomes, plan_of
from tests.at_once import one_behind_the_other
from tests.making import join, make_admin, make_editor, make_hr
from tests.site.test_chains import postgres  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
MANAGER = Membership.Role.MANAGER


@pytest.fixture
def hr():
    return make_hr()


def paths():
    by_key = {team.pk: team for team in Team.objects.all()}
    return {
        "/".join([*(by_key[int(key)].name for key in team.above.split("/") if key), team.name])
        for team in by_key.values()
    }


def test_a_whole_firm_comes_in_with_its_teams(hr):
    rows = [[f"A{number}", "Li Na", "", f"Centre {number % 5}/Shift {number % 15}"] for number in range(30)]
    rows += [["B1", "Wang", "", "Centre 1"], ["B2", "Zhao", "", "shift 3"]]
    roster = compared(*rows, by=hr)
    assert (roster.counts["bad"], roster.notes["in_new_teams"], len(roster.notes["new_teams"])) == (32, 32, 20)
    assert [roster.notes["new_teams"][path] for path in ("Centre 0", "Centre 1", "Centre 3/Shift 3")] == [0, 1, 3]
    roster = apply(roster, creates_teams=True)
    assert (roster.notes["teams_created"], roster.counts["join"], roster.counts["bad"]) == (20, 32, 0)
    assert outcomes(roster).keys() == {"done"}
    assert User.objects.get(staff_number="B2").teams.get().parent.name == "Centre 3"
    assert User.objects.get(staff_number="B1").teams.get().parent is None
    assert Event.objects.filter(verb="team-added", actor=hr).count() == 20


def test_no_team_is_created_without_the_tick_or_by_a_nightly_list(hr):
    row = ["A1", "Li Na", "", "Night shift"]
    assert outcomes(apply(compared(row, by=hr))) == {"left-out": [2]}
    assert outcomes(apply(compared(row), creates_teams=True)) == {
        "left-out": [2]
    }  # a nightly list is brought by nobody
    assert not Team.objects.exists()


def test_existing_people_move_into_a_new_team_and_get_their_role(hr):
    teams = make_teams("Day")
    person = add_person("Li Na", staff_number="A1", team=teams["Day"], by=None)
    headings = ["工号", "姓名", "团队", "角色"]
    roster = compared(["A1", "", "Quality", ""], ["A2", "Wang", "Quality", "主管"], headings=headings, by=hr)
    assert apply(roster, creates_teams=True).counts["move"] == 1
    assert person.teams.get().name == "Quality"
    assert Membership.objects.get(role=MANAGER).person.staff_number == "A2"


def test_a_similar_team_is_used_if_ticked_and_otherwise_a_new_one_is_created(hr):
    make_teams("Night shift 1")
    rows = ["A1", "Li Na", "", "Night shift 2"], ["A2", "Wang", "", "Night shft 1"]
    roster = compared(*rows, by=hr)
    assert (roster.notes["in_new_teams"], roster.counts["bad"]) == (0, 2)
    apply(roster, take=[3], creates_teams=True)
    assert [(row[0], row[4]) for row in firm_as_it_is() if row[0]] == [
        ("A1", (("Night shift 2", "learner"),)),
        ("A2", (("Night shift 1", "learner"),)),
    ]


def test_rows_with_another_fault_and_rows_about_staff_or_oneself_create_no_team(hr):
    User.objects.filter(pk=hr.pk).update(staff_number="H1")
    editor = make_editor(staff_number="E1")
    rows = [
        ["=1", "Li Na", "", "New 1"],
        ["A2", "", "", "New 2"],
        ["A3", "Wang", "", "New 3"],
        ["A3", "Wang", "", "New 4"],
        ["H1", "", "", "New 5"],
        ["E1", "", "", "New 6"],
    ]
    roster = compared(*rows, by=hr, own=hr.pk)
    assert roster.notes["new_teams"] == {}
    apply(roster, creates_teams=True)
    assert not Team.objects.exists() and not editor.teams.exists()


def test_ambiguous_teams_and_teams_below_the_own_one_are_not_created(hr):
    teams = make_teams("Service", "Store")
    join(teams["Store"], hr, MANAGER)
    assert create_teams(["Service/Night", "Store/Night", "Service/Day", "x" * 121], hr).keys() == {
        "Service/Night",
        "Service/Day",
    }
    assert paths() == {"Service", "Store", "Service/Night", "Service/Day"}
    assert create_teams(["Store/Night"], make_admin()).keys() == {"Store/Night"}
    assert create_teams(["Night/Early"], hr) == {}  # below which of the two?


def test_teams_are_created_once_if_the_form_is_sent_twice(hr):
    roster = compared(["A1", "Li Na", "", "Night"], by=hr)
    apply(roster, creates_teams=True)
    apply(roster, creates_teams=True)
    assert (Team.objects.count(), Roster.objects.get().counts["join"]) == (1, 1)


def test_a_list_that_names_known_teams_offers_nothing_to_create():
    make_teams("Service")
    assert plan_of(["A1", "Li Na", "", "Service"]).notes["new_teams"] == {}


def test_two_lists_at_once_create_the_first_team_once(postgres, hr):  # noqa: F811
    lists = [compared([number, "Li Na", "", "Night shift"], by=hr) for number in ("A1", "A2")]
    first, second = (partial(begin_applying, each, by=hr, creates_teams=True) for each in lists)
    one_behind_the_other(first, second)
    assert Team.objects.count() == 1
