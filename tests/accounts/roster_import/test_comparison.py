"""What a list would change is said whole, and before anything does."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courseware.accounts.models import Membership, User
from courseware.accounts.people.offboarding import leave
from courseware.accounts.people.onboarding import add_person
from courseware.accounts.roster_import.comparison import needs_second_yes
from courseware.lib.dates import site_day
from tests.accounts.roster_import.company import make_teams, plan_of
from tests.making import join, make_admin, make_editor

pytestmark = pytest.mark.django_db
LEADER = Membership.Role.MANAGER


@pytest.fixture
def teams():
    return make_teams("Service", "Service/Day", "Service/Night", "Store", "Store/Day")


def person(number, name="Li Na", team=None, **fields):
    return add_person(name, staff_number=number, team=team, by=None, **fields)


def kinds(plan):
    return {kind: number for kind, number in plan.counts.items() if number}


def only_line(plan):
    [line] = [line for lines in plan.lines.values() for line in lines]
    return line


def codes(plan):
    return {line.line: [each.code for each in line.problems] for line in plan.lines["bad"]}


def test_who_is_unknown_joins_at_the_place_that_the_path_names(teams):
    line = only_line(plan_of(["a1", "Li Na", "LI@example.com", "service > night"]))
    assert (line.kind, line.line, line.team, line.role) == ("join", 2, teams["Service/Night"].pk, "learner")
    assert line.to == {"staff_number": "A1", "name": "Li Na", "email": "li@example.com"}


def test_who_is_as_the_list_says_is_counted_only(teams):
    li = person("A1", email="li@example.com", team=teams["Service/Day"])
    join(teams["Store"], li)  # a further team
    for row in (["A1", "Li Na", "li@example.com", "Store"], ["", "", "li@example.com", ""], ["a1", "", "", ""]):
        assert kinds(plan_of(row)) == {"unchanged": 1}


def test_moves_renames_and_new_addresses_are_one_line_of_a_person(teams):
    li = person("A1", email="li@example.com", team=teams["Service/Day"])
    line = only_line(plan_of(["A1", "Li Nan", "new@example.com", "Service/Night"]))
    assert (line.kind, line.person, line.name) == ("move", li.pk, "Li Na")
    assert line.was == {"name": "Li Na", "email": "li@example.com"}
    assert line.to == {"name": "Li Nan", "email": "new@example.com"}
    assert (line.teams_were, line.team) == ([teams["Service/Day"].pk], teams["Service/Night"].pk)


def test_who_is_known_by_the_address_alone_is_given_the_number(teams):
    li = add_person("Li Na", email="li@example.com", by=None)
    line = only_line(plan_of(["A1", "Li Na", "li@example.com", ""]))
    assert (line.kind, line.person, line.to) == ("change", li.pk, {"staff_number": "A1"})


def test_who_left_and_is_in_the_list_returns_and_who_is_said_to_have_left_does_not():
    headings, yesterday = ["工号", "离职日期"], (site_day() - timedelta(days=1)).isoformat()
    for number in ("A1", "A2"):
        leave(person(number), by=None)
    person("A3")
    plan = plan_of(["A1", ""], ["A2", yesterday], ["A3", yesterday], ["A4", yesterday], headings=[*headings])
    assert kinds(plan) | {"bad": 0} == {"return": 1, "leave": 1, "bad": 0, "unchanged": 1}
    assert codes(plan) == {5: ["no-name"]}
    assert only_line_of(plan, "leave").to == {"leaves_on": yesterday}


def only_line_of(plan, kind):
    [line] = plan.lines[kind]
    return line


def test_a_last_day_is_taken_back_by_an_empty_cell_of_its_column_and_by_nothing_else():
    person("A1", leaves_on=date(2100, 1, 31))
    assert kinds(plan_of(["A1"], headings=["工号"])) == {"unchanged": 1}
    line = only_line(plan_of(["A1", ""], headings=["工号", "离职日期"]))
    assert (line.kind, line.was, line.to) == ("change", {"leaves_on": "2100-01-31"}, {"leaves_on": None})


def test_only_the_list_of_the_whole_firm_lets_people_leave_and_never_staff_an_auditor_or_who_brings_it(teams):
    _listed, absent, hr, auditor = (person(number) for number in ("A1", "A2", "A3", "A4"))
    User.objects.filter(pk=auditor.pk).update(audits_until=site_day())
    make_admin()
    make_editor()
    leave(person("A5"), by=None)
    row = ["A1", "Li Na", "", ""]
    assert kinds(plan_of(row)) == {"unchanged": 1}
    plan = plan_of(row, is_complete=True, own=hr.pk)
    assert [line.person for line in plan.lines["leave"]] == [absent.pk]
    assert kinds(plan) == {"leave": 1, "unchanged": 1}


def test_nobody_leaves_for_a_bad_row(teams):
    for number, name in {"A1": "Li Na", "A2": "Wang Li", "A3": "Gone"}.items():
        person(number, name)
    bad_cells, bad_number = ["A1", "=1", "", "Nowhere"], ["—", "Wang Li", "", ""]
    plan = plan_of(bad_cells, bad_number, is_complete=True)
    assert [line.name for line in plan.lines["leave"]] == ["Gone"]
    nobody = plan_of(bad_cells, ["—", "", "", "Service"], is_complete=True)
    assert (nobody.lines["leave"], nobody.notes["nobody_leaves"]) == ([], True)


@pytest.mark.parametrize("row", [["A7", "Li Na", "li@example.com", ""], ["1.2E+10", "Li Na", "new@example.com", ""]])
def test_nobody_leaves_whose_number_is_another_or_cannot_be_read(teams, row):
    person("A1", "Li Na", email="li@example.com")
    person("A2", "Gone")
    plan = plan_of(row, is_complete=True)
    assert (plan.counts["bad"], [line.name for line in plan.lines["leave"]]) == (1, ["Gone"])


def test_an_unknown_team_is_a_bad_row_with_the_nearest_name_and_is_never_made(teams):
    line = only_line(plan_of(["A1", "Li Na", "", "Service/Nigth"]))
    assert codes(plan_of(["A1", "Li Na", "", "Service/Nigth"])) == {2: ["near-team"]}
    assert [(each.cell, each.stood) for each in line.problems] == [("D2", "Service/Nigth")]
    assert (line.offer, line.otherwise.team) == ("Service/Night", teams["Service/Night"].pk)
    far = plan_of(["A1", "Li Na", "", "Quality"], ["A2", "Wang", "", "Day"])
    assert codes(far) == {2: ["no-team"], 3: ["which-team"]}
    assert not any(line.otherwise for line in far.lines["bad"])
    assert "Service/Day, Store/Day" in far.lines["bad"][0].problems[0].words


def test_two_rows_of_one_person_are_both_bad_and_each_may_be_taken(teams):
    plan = plan_of(["A1", "Li Na", "", "Store"], ["A2", "Wang", "", ""], ["A1", "Li Na", "", "Service"])
    assert codes(plan) == {2: ["twice"], 4: ["twice"]}
    assert [line.otherwise.team for line in plan.lines["bad"]] == [teams["Store"].pk, teams["Service"].pk]
    assert kinds(plan_of(["A1", "Li", "", ""], ["a1", "Li", "", ""])) == {"join": 1, "unchanged": 1}


def test_an_address_belongs_to_one_person(teams):
    person("A9", "Wang Li", email="taken@example.com")
    plan = plan_of(
        ["A1", "Li Na", "one@example.com", ""],
        ["A2", "Li Nan", "one@example.com", ""],
        ["A3", "Li Nana", "taken@example.com", ""],
    )
    assert codes(plan) == {2: ["shared-address"], 3: ["shared-address"], 4: ["address-taken"]}
    assert [line.otherwise is not None for line in plan.lines["bad"]] == [True, True, False]


def test_a_number_that_one_row_gives_to_somebody_here_brings_in_nobody_new_by_another(teams):
    add_person("Li Na", email="li@example.com", by=None)
    plan = plan_of(["A1", "Na Li", "", ""], ["A1", "Li Na", "li@example.com", ""])
    assert codes(plan) == {2: ["twice"], 3: ["twice"]}


def test_a_change_of_staff_is_for_an_admin_and_what_is_right_already_is_no_fault():
    editor = make_editor(name="Editor")
    User.objects.filter(pk=editor.pk).update(staff_number="E1")
    assert codes(plan_of(["E1", "Other", "", ""])) == {2: ["ask-admin"]}
    assert kinds(plan_of(["E1", "Editor", "", ""])) == {"unchanged": 1}
    assert kinds(plan_of(["E1", "Other", "", ""], may_touch_staff=True)) == {"change": 1}


def test_nobody_changes_the_own_row(teams):
    hr = person("A1", team=teams["Store"])
    headings = ["工号", "团队", "姓名", "离职日期"]
    gone, moved, renamed = ["A1", "", "", "2026-01-01"], ["A1", "Service", "", ""], ["A1", "Store", "New", ""]
    for row in (gone, moved, renamed):
        assert codes(plan_of(row, headings=headings, own=hr.pk)) == {2: ["own-row"]}
        assert codes(plan_of(row, headings=headings)) == {}


def test_a_cell_that_cannot_be_read_makes_its_row_bad_and_a_row_of_nobody_too():
    plan = plan_of(["A1", "=1", "", ""], ["", "Li Na", "", ""], ["A2", "", "", ""])
    assert codes(plan) == {2: ["name"], 3: ["nobody"], 4: ["no-name"]}


def test_who_brings_the_list_gets_no_place_by_a_misspelt_team_either(teams):
    hr = person("H1")
    plan = plan_of(["H1", "Nihgt", "manager"], headings=["工号", "团队", "角色"], own=hr.pk)
    assert codes(plan) == {2: ["own-row", "near-team"]}
    assert only_line(plan).otherwise is None


def test_posts_are_known_by_their_titles_and_unknown_ones_are_named_once():
    headings = ["工号", "姓名", "岗位"]
    plan = plan_of(["A1", "Li", "电话"], ["A2", "Wang", "Cook"], headings=headings, job_roles={"电话": "phone"})
    assert [line.to.get("job_role") for line in plan.lines["join"]] == ["phone", None]
    assert plan.notes["job_roles"] == ["Cook"]


@pytest.mark.parametrize(("people", "absent", "asks"), [(10, 2, False), (10, 3, True), (60, 3, False), (59, 3, True)])
def test_many_leavers_want_a_second_yes(people, absent, asks):
    for number in range(people):
        person(f"A{number}")
    plan = plan_of(*([f"A{number}", "", "", ""] for number in range(absent, people)), is_complete=True)
    assert (plan.counts["leave"], needs_second_yes(plan.notes)) == (absent, asks)


def test_a_team_that_loses_its_only_lead_wants_a_second_yes_and_not_where_another_leads(teams):
    first, second = person("A1"), person("A2")
    join(teams["Store"], first, LEADER)
    headings, yesterday = ["工号", "离职日期", "团队", "角色", "姓名"], "2026-01-01"
    gone = ["A1", yesterday, "", "", ""]
    assert plan_of(gone, headings=headings).notes["alone"] == ["Store"]
    assert plan_of(["A1", "", "Service", "主管", ""], headings=headings).notes["alone"] == ["Store"]
    assert plan_of(gone, ["A3", "", "Store", "主管", "Wang"], headings=headings).notes["alone"] == []
    join(teams["Store"], second, LEADER)
    assert plan_of(gone, headings=headings).notes["alone"] == []
    assert plan_of(gone, ["A2", yesterday, "", "", ""], headings=headings).notes["alone"] == ["Store"]


def test_however_many_rows_there_are_the_firm_is_read_by_the_same_statements(teams):
    counts = []
    for number in (1, 3, 30):
        for extra in range(number):
            person(f"B{number}{extra}", team=teams["Store"])
        with CaptureQueriesContext(
            connection,
        ) as statements:
            plan_of(*([f"B{number}{extra}", "Li", "", "Service"] for extra in range(number)))
        counts.append(len(statements))
    assert counts[0] == counts[1] == counts[2] == 5
