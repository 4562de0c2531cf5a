"""Comparing a roster with the company: planned changes and bad rows."""

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
MANAGER = Membership.Role.MANAGER


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


def test_unknown_person_joins_team_of_path(teams):
    line = only_line(plan_of(["a1", "Li Na", "LI@example.com", "service > night"]))
    assert (line.kind, line.line, line.team, line.role) == ("join", 2, teams["Service/Night"].pk, "learner")
    assert line.to == {"staff_number": "A1", "name": "Li Na", "email": "li@example.com"}


def test_unchanged_people_are_only_counted(teams):
    li = person("A1", email="li@example.com", team=teams["Service/Day"])
    join(teams["Store"], li)  # a further team
    for row in (["A1", "Li Na", "li@example.com", "Store"], ["", "", "li@example.com", ""], ["a1", "", "", ""]):
        assert kinds(plan_of(row)) == {"unchanged": 1}


def test_move_rename_and_new_email_are_one_change(teams):
    li = person("A1", email="li@example.com", team=teams["Service/Day"])
    line = only_line(plan_of(["A1", "Li Nan", "new@example.com", "Service/Night"]))
    assert (line.kind, line.person, line.name) == ("move", li.pk, "Li Na")
    assert line.was == {"name": "Li Na", "email": "li@example.com"}
    assert line.to == {"name": "Li Nan", "email": "new@example.com"}
    assert (line.teams_were, line.team) == ([teams["Service/Day"].pk], teams["Service/Night"].pk)


def test_person_known_by_email_gets_staff_number(teams):
    li = add_person("Li Na", email="li@example.com", by=None)
    line = only_line(plan_of(["A1", "Li Na", "li@example.com", ""]))
    assert (line.kind, line.person, line.to) == ("change", li.pk, {"staff_number": "A1"})


def test_former_person_in_list_returns_unless_last_day_passed():
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


def test_only_empty_cell_clears_last_day():
    person("A1", leaves_on=date(2100, 1, 31))
    assert kinds(plan_of(["A1"], headings=["工号"])) == {"unchanged": 1}
    line = only_line(plan_of(["A1", ""], headings=["工号", "离职日期"]))
    assert (line.kind, line.was, line.to) == ("change", {"leaves_on": "2100-01-31"}, {"leaves_on": None})


def test_only_complete_list_deactivates_unlisted_people(teams):
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


def test_person_with_bad_row_is_not_deactivated(teams):
    for number, name in {"A1": "Li Na", "A2": "Wang Li", "A3": "Gone"}.items():
        person(number, name)
    bad_cells, bad_number = ["A1", "=1", "", "Nowhere"], ["—", "Wang Li", "", ""]
    plan = plan_of(bad_cells, bad_number, is_complete=True)
    assert [line.name for line in plan.lines["leave"]] == ["Gone"]
    nobody = plan_of(bad_cells, ["—", "", "", "Service"], is_complete=True)
    assert (nobody.lines["leave"], nobody.notes["nobody_leaves"]) == ([], True)


@pytest.mark.parametrize("row", [["A7", "Li Na", "li@example.com", ""], ["1.2E+10", "Li Na", "new@example.com", ""]])
def test_person_with_other_or_unreadable_number_is_not_deactivated(teams, row):
    person("A1", "Li Na", email="li@example.com")
    person("A2", "Gone")
    plan = plan_of(row, is_complete=True)
    assert (plan.counts["bad"], [line.name for line in plan.lines["leave"]]) == (1, ["Gone"])


def test_unknown_team_is_bad_row_with_suggestion(teams):
    line = only_line(plan_of(["A1", "Li Na", "", "Service/Nigth"]))
    assert codes(plan_of(["A1", "Li Na", "", "Service/Nigth"])) == {2: ["near-team"]}
    assert [(each.cell, each.stood) for each in line.problems] == [("D2", "Service/Nigth")]
    assert (line.offer, line.otherwise.team) == ("Service/Night", teams["Service/Night"].pk)
    far = plan_of(["A1", "Li Na", "", "Quality"], ["A2", "Wang", "", "Day"])
    assert codes(far) == {2: ["no-team"], 3: ["which-team"]}
    assert not any(line.otherwise for line in far.lines["bad"])
    assert "Service/Day, Store/Day" in far.lines["bad"][0].problems[0].words


def test_two_rows_of_one_person_are_bad_but_selectable(teams):
    plan = plan_of(["A1", "Li Na", "", "Store"], ["A2", "Wang", "", ""], ["A1", "Li Na", "", "Service"])
    assert codes(plan) == {2: ["twice"], 4: ["twice"]}
    assert [line.otherwise.team for line in plan.lines["bad"]] == [teams["Store"].pk, teams["Service"].pk]
    assert kinds(plan_of(["A1", "Li", "", ""], ["a1", "Li", "", ""])) == {"join": 1, "unchanged": 1}


def test_two_people_cannot_share_email(teams):
    person("A9", "Wang Li", email="taken@example.com")
    plan = plan_of(
        ["A1", "Li Na", "one@example.com", ""],
        ["A2", "Li Nan", "one@example.com", ""],
        ["A3", "Li Nana", "taken@example.com", ""],
    )
    assert codes(plan) == {2: ["shared-address"], 3: ["shared-address"], 4: ["address-taken"]}
    assert [line.otherwise is not None for line in plan.lines["bad"]] == [True, True, False]


def test_number_given_to_known_person_adds_nobody_else(teams):
    add_person("Li Na", email="li@example.com", by=None)
    plan = plan_of(["A1", "Na Li", "", ""], ["A1", "Li Na", "li@example.com", ""])
    assert codes(plan) == {2: ["twice"], 3: ["twice"]}


def test_only_admin_changes_staff():
    editor = make_editor(name="Editor")
    User.objects.filter(pk=editor.pk).update(staff_number="E1")
    assert codes(plan_of(["E1", "Other", "", ""])) == {2: ["ask-admin"]}
    assert kinds(plan_of(["E1", "Editor", "", ""])) == {"unchanged": 1}
    assert kinds(plan_of(["E1", "Other", "", ""], may_touch_staff=True)) == {"change": 1}


def test_own_row_is_refused(teams):
    hr = person("A1", team=teams["Store"])
    headings = ["工号", "团队", "姓名", "离职日期"]
    gone, moved, renamed = ["A1", "", "", "2026-01-01"], ["A1", "Service", "", ""], ["A1", "Store", "New", ""]
    for row in (gone, moved, renamed):
        assert codes(plan_of(row, headings=headings, own=hr.pk)) == {2: ["own-row"]}
        assert codes(plan_of(row, headings=headings)) == {}


def test_unreadable_cell_and_unidentified_person_are_bad_rows():
    plan = plan_of(["A1", "=1", "", ""], ["", "Li Na", "", ""], ["A2", "", "", ""])
    assert codes(plan) == {2: ["name"], 3: ["nobody"], 4: ["no-name"]}


def test_misspelt_team_in_own_row_has_no_suggestion(teams):
    hr = person("H1")
    plan = plan_of(["H1", "Nihgt", "manager"], headings=["工号", "团队", "角色"], own=hr.pk)
    assert codes(plan) == {2: ["own-row", "near-team"]}
    assert only_line(plan).otherwise is None


def test_job_roles_are_matched_by_title_and_unknown_ones_listed():
    headings = ["工号", "姓名", "岗位"]
    plan = plan_of(["A1", "Li", "电话"], ["A2", "Wang", "Cook"], headings=headings, job_roles={"电话": "phone"})
    assert [line.to.get("job_role") for line in plan.lines["join"]] == ["phone", None]
    assert plan.notes["job_roles"] == ["Cook"]


@pytest.mark.parametrize(("people", "absent", "asks"), [(10, 2, False), (10, 3, True), (60, 3, False), (59, 3, True)])
def test_many_departures_need_confirmation(people, absent, asks):
    for number in range(people):
        person(f"A{number}")
    plan = plan_of(*([f"A{number}", "", "", ""] for number in range(absent, people)), is_complete=True)
    assert (plan.counts["leave"], needs_second_yes(plan.notes)) == (absent, asks)


def test_team_losing_only_manager_needs_confirmation(teams):
    first, second = person("A1"), person("A2")
    join(teams["Store"], first, MANAGER)
    headings, yesterday = ["工号", "离职日期", "团队", "角色", "姓名"], "2026-01-01"
    gone = ["A1", yesterday, "", "", ""]
    assert plan_of(gone, headings=headings).notes["alone"] == ["Store"]
    assert plan_of(["A1", "", "Service", "主管", ""], headings=headings).notes["alone"] == ["Store"]
    assert plan_of(gone, ["A3", "", "Store", "主管", "Wang"], headings=headings).notes["alone"] == []
    join(teams["Store"], second, MANAGER)
    assert plan_of(gone, headings=headings).notes["alone"] == []
    assert plan_of(gone, ["A2", yesterday, "", "", ""], headings=headings).notes["alone"] == ["Store"]


@pytest.mark.slow
def test_comparison_needs_constant_number_of_statements(teams):
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
