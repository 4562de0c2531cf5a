"""A list is applied as it was said, once; and lists come to the same firm however they are cut, mixed or repeated."""

import random
import re
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from courseware.accounts.models import Membership, RosterImport, Team, User
from courseware.accounts.people import onboarding
from courseware.accounts.people.offboarding import leave
from courseware.accounts.people.onboarding import add_person
from courseware.accounts.people.search import found_by
from courseware.accounts.roster_import import apply as applying
from courseware.accounts.roster_import.apply import (
    IdentifierTaken,
    NotSure,
    apply_next,
    begin_applying,
    delete_old_imports,
    invite_new_people,
    outcome_lines,
)
from courseware.accounts.roster_import.new_teams import create_teams
from courseware.accounts.teams.memberships import move
from courseware.audit_log.models import Event
from courseware.audit_log.record import subject_of
from courseware.audit_log.verify import verify
from courseware.hr.people.account_merge import merge, undo_merge
from courseware.notifications.models import OutgoingEmail
from tests.accounts.roster_import.company import apply, bring_in, compared, firm_as_it_is, make_teams, outcomes, plan_of
from tests.at_once import one_behind_the_other
from tests.examples import examples
from tests.making import days, join, letters, make_admin, make_editor, make_hr, make_user
from tests.site.test_chains import postgres  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def teams():
    return make_teams("Day", "Night")


def log_of(person):
    return list(Event.objects.filter(subject=subject_of(person)).order_by("pk").values_list("verb", flat=True))


def test_people_join_move_change_leave_and_return_as_the_list_says_and_the_log_says_it(teams):
    old = {number: add_person("Old", staff_number=number, team=teams["Day"], by=None) for number in ("A1", "A2", "A3")}
    leave(old["A3"], by=None)
    rows = ["A1", "New", "new@example.com", "Night"], ["A3", "Old", "", ""], ["A4", "Fresh", "", "Night"]
    assert outcomes(bring_in(*rows, is_complete=True)) == {"done": [4, 3, 2, "Old"]}
    assert firm_as_it_is() == [
        ("A1", "new@example.com", "New", True, (("Night", "learner"),)),
        ("A2", "", "Old", False, (("Day", "learner"),)),
        ("A3", "", "Old", True, (("Day", "learner"),)),
        ("A4", "", "Fresh", True, (("Night", "learner"),)),
    ]
    assert log_of(old["A1"])[2:] == ["address-changed", "person-changed", "membership-removed", "membership-added"]
    assert log_of(old["A2"])[2:] == ["rights-changed"]
    assert log_of(old["A3"])[2:] == ["rights-changed", "rights-changed"]
    assert log_of(User.objects.get(staff_number="A4")) == ["person-added", "membership-added"]
    assert verify() == []


def test_all_whose_memberships_a_part_of_the_list_changes_are_held_before_the_first(teams, monkeypatch):
    people = [add_person("Old", staff_number=number, team=teams["Day"], by=None) for number in ("A1", "A2", "A3")]
    held = []
    monkeypatch.setattr(applying, "lock_memberships_exclusive", lambda keys: held.append(({*keys}, firm_as_it_is())))
    before = firm_as_it_is()
    bring_in(["A3", "Old", "", "Night"], ["A1", "Old", "", "Night"], ["A2", "Old", "", "Day"])
    assert held == [({people[0].pk, people[2].pk}, before)]


def test_the_same_list_again_is_nothing(teams):
    rows = ["A1", "Li", "li@example.com", "Day"], ["A2", "Wang", "", "Night"]
    bring_in(*rows)
    before = firm_as_it_is(), Event.objects.count()
    again = bring_in(*rows, is_complete=True)
    assert again.counts == {"join": 0, "return": 0, "move": 0, "change": 0, "leave": 0, "bad": 0, "unchanged": 2}
    assert (firm_as_it_is(), Event.objects.count()) == before


@pytest.mark.parametrize("known", [None, "2100-01-31", "2100-06-30"])
def test_who_returns_until_a_day_has_it_as_the_last_one(known, teams):
    person = add_person("Li", staff_number="A1", by=None)
    User.objects.filter(pk=person.pk).update(is_active=False, leaves_on=known)
    bring_in(["A1", "2100-01-31"], headings=["工号", "离职日期"])
    person.refresh_from_db()
    assert (person.is_active, str(person.leaves_on)) == (True, "2100-01-31")


def test_what_was_changed_meanwhile_is_left_as_it_is_and_the_others_are_done(teams):
    numbers = ["A1", "A2", "A3", "A4"]
    people = {number: add_person("Old", staff_number=number, team=teams["Day"], by=None) for number in numbers}
    roster = compared(["A2", "New", "", "Night"], *([number, "New", "", ""] for number in ("A1", "A3", "A4", "A5")))
    User.objects.filter(pk=people["A1"].pk).update(name="Else")
    move(people["A2"], Team.objects.create(name="Third"), by=None)
    leave(people["A3"], by=None)
    add_person("First", staff_number="A5", by=None)
    done = apply(roster)
    assert {line.line: (line.conflict, line.field) for line in outcome_lines(done, "conflict")} == {
        2: ("changed", "team"),
        3: ("changed", "name"),
        4: ("gone", ""),
        6: ("here-already", ""),
    }
    assert [line.line for line in outcome_lines(done, "done")] == [5]
    names = dict(User.objects.values_list("staff_number", "name"))
    assert names == {"A1": "Else", "A2": "Old", "A3": "Old", "A4": "New", "A5": "First"}


def test_whoever_comes_in_by_a_part_of_the_list_comes_in_by_the_same_statements(teams):
    def statements(*numbers):
        roster = compared(*([number, "王小明", f"{number}@example.com", "Night"] for number in numbers))
        begin_applying(roster, by=None)
        with CaptureQueriesContext(connection) as captured:
            apply_next(roster.pk)
        return [re.sub(r"\W.*", "", each["sql"], flags=re.DOTALL) for each in captured]

    assert statements("A1", "A2", "A3") == statements("B1")
    assert {row[2:] for row in firm_as_it_is()} == {("王小明", True, (("Night", "learner"),))}
    assert {person.pk for person in found_by("wxm", User.objects.all())} == {*User.objects.values_list("pk", flat=True)}


def test_whoever_is_added_by_somebody_else_at_that_very_moment_is_left_alone_and_the_others_are_done(
    teams, monkeypatch
):
    roster = compared(*([number, "New", "", "Day"] for number in ("A1", "A2", "A3")))
    add_person("First", staff_number="A2", by=None)
    monkeypatch.setattr(onboarding, "names_here", lambda _people: set())  # what is not committed yet is not seen
    done = apply(roster)
    assert outcomes(done) == {"done": [2, 4], "conflict": [3]}
    assert [(number, name) for number, _address, name, _here, _places in firm_as_it_is()] == [
        ("A1", "New"),
        ("A2", "First"),
        ("A3", "New"),
    ]
    assert verify() == []


def test_who_became_staff_meanwhile_and_whose_team_is_gone_are_left_alone(teams):
    person = add_person("Old", staff_number="A1", by=None)
    roster = compared(["A1", "New", "", ""], ["A2", "Li", "", "Night"])
    User.objects.filter(pk=person.pk).update(is_staff=True)
    teams["Night"].delete()
    done = apply(roster)
    assert {line.conflict for line in outcome_lines(done, "conflict")} == {"ask-admin", "team-gone"}
    assert firm_as_it_is() == [("A1", "", "Old", True, ())]


def test_somebody_else_made_the_same_change_meanwhile(teams):
    person = add_person("Old", staff_number="A1", team=teams["Day"], by=None)
    roster = compared(["A1", "New", "", "Night"])
    User.objects.filter(pk=person.pk).update(name="New")
    move(person, teams["Night"], by=None)
    events = Event.objects.count()
    assert outcomes(apply(roster)) == {"already": [2]}
    assert Event.objects.count() == events


def test_bad_lines_are_left_out_unless_taken_as_offered(teams):
    rows = ["A1", "Li", "", "Nihgt"], ["A2", "Wang", "", "Dya"], ["A3", "=1", "", ""]
    done = bring_in(*rows, take=[2, 4])
    assert outcomes(done) == {"done": [2], "left-out": [3, 4]}
    assert firm_as_it_is() == [("A1", "", "Li", True, (("Night", "learner"),))]


def test_of_two_lines_of_one_person_or_address_one_is_taken(teams):
    one_person = ["A1", "Li", "", "Day"], ["A1", "Li", "", "Night"]
    roster = compared(*one_person, ["A2", "Wang", "w@example.com", ""], ["A3", "Zhao", "w@example.com", ""])
    for both in ([2, 3], [4, 5]):
        with pytest.raises(IdentifierTaken):
            begin_applying(roster, by=None, take=both)
    assert outcomes(apply(roster, take=[3, 4])) == {"done": [3, 4], "left-out": [2, 5]}


def test_without_a_second_yes_nothing_begins_where_many_leave(teams):
    for number in range(3):
        add_person("Old", staff_number=f"A{number}", by=None)
    roster = compared(["B1", "New", "", ""], is_complete=True)
    with pytest.raises(NotSure):
        begin_applying(roster, by=None)
    assert not apply_next(roster.pk)
    assert User.objects.filter(is_active=True).count() == 3
    assert apply(roster).counts["leave"] == 3


def test_a_second_press_begins_nothing_and_a_second_worker_does_nothing_twice(teams):
    roster = compared(*([f"A{number}", "Li", "", "Day"] for number in range(120)))
    assert begin_applying(roster, by=None)
    assert not begin_applying(roster, by=None)
    assert apply_next(roster.pk)  # and then the worker was killed
    assert User.objects.count() == 50
    apply(roster)
    assert (User.objects.count(), Event.objects.filter(verb="person-added").count()) == (120, 120)
    assert not apply_next(roster.pk)


def test_who_joins_with_an_address_is_invited_once_if_that_is_wanted(teams):
    admin = make_admin()
    for roster in (
        bring_in(["A1", "Li", "li@example.com", ""], ["A2", "Wang", "", ""], by=admin, invites=True),
        bring_in(["A3", "Zhao", "zhao@example.com", ""], by=admin),
    ):
        invite_new_people(roster)
        invite_new_people(roster)
    assert [letter.to for letter in letters()] == [["li@example.com"]]
    assert Event.objects.filter(verb="invited").count() == 1


def test_a_new_address_is_told_to_the_old_one(teams):
    add_person("Li", staff_number="A1", email="old@example.com", by=None)
    bring_in(["A1", "Li", "new@example.com", ""])
    assert [letter.to for letter in letters()] == [["old@example.com"]]


def test_lists_are_forgotten_after_a_while(teams):
    kept, old = compared(["A1", "Li", "", ""]), compared(["A1", "Li", "", ""])
    RosterImport.objects.filter(pk=old.pk).update(read_at=days(-91))
    assert (delete_old_imports(), delete_old_imports()) == ("1", "0")
    assert list(RosterImport.objects.all()) == [kept]


ROWS = st.tuples(
    st.integers(1, 9).map("A{}".format),
    st.sampled_from(["Li Na", "Wang", "Zhao"]),
    st.sampled_from(["", "one@example.com", "other@example.com", "third@example.com"]),
    st.sampled_from(["", "Day", "Night", "Nowhere"]),
).map(list)
ANY_LISTS = st.lists(ROWS, min_size=1, max_size=9)
# Everybody once, and no address that was somebody else's.
TIDY_LISTS = st.lists(ROWS, min_size=1, max_size=9, unique_by=lambda row: row[0]).map(
    lambda rows: [[number, name, email and number + email, team] for number, name, email, team in rows]
)
FEW = settings(max_examples=examples(15))


@pytest.mark.long
class ListsComeToTheSameFirm(TestCase):
    def setUp(self):
        make_teams("Day", "Night")

    def come_to(self, *lists, **options):
        OutgoingEmail.objects.all().delete()
        User.objects.all().delete()
        for rows in lists:
            if rows:
                bring_in(*rows, **options)
        return firm_as_it_is()

    @FEW
    @given(before=TIDY_LISTS, rows=ANY_LISTS, seed=st.integers(0, 99), whole=st.booleans())
    def test_in_whichever_order_the_rows_stand(self, before, rows, seed, whole):
        mixed = random.Random(seed).sample(rows, len(rows))
        assert self.come_to(before, rows, is_complete=whole) == self.come_to(before, mixed, is_complete=whole)

    @FEW
    @given(before=TIDY_LISTS, rows=TIDY_LISTS, whole=st.booleans())
    def test_however_often_it_is_brought(self, before, rows, whole):
        assert self.come_to(before, rows, is_complete=whole) == self.come_to(before, rows, rows, is_complete=whole)

    @FEW
    @given(before=TIDY_LISTS, rows=TIDY_LISTS, cut=st.integers(0, 9))
    def test_whole_or_in_two_pieces(self, before, rows, cut):
        assert self.come_to(before, rows) == self.come_to(before, rows[:cut], rows[cut:])


# A list that was compared, and then accounts were merged, or a merge undone, before somebody said yes to it.


@pytest.fixture
def kept():
    return make_user("王小明", staff_number="A12")


@pytest.fixture
def other():
    return make_user("王晓明", staff_number="B7")


def test_nobody_leaves_whose_other_name_is_in_the_list(kept, other):
    hr = make_hr(name="He Ran", staff_number="H1")
    roster = compared(["B7", "王晓明", "", ""], ["H1", "He Ran", "", ""], is_complete=True)
    merge(kept, other, by=hr)
    assert outcomes(apply(roster)) == {"conflict": ["王小明"]}
    assert User.objects.get(pk=kept.pk).is_active


def test_nobody_is_changed_by_a_row_with_a_name_that_is_somebody_elses_again(kept, other, hr):
    row = merge(kept, other, by=hr)
    roster = compared(["B7", "Wang Xiaoming", "", ""])
    undo_merge(row, by=hr)
    assert outcomes(apply(roster)) == {"conflict": [2]}
    assert User.objects.get(pk=kept.pk).name == "王小明"


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
    assert (Team.objects.count(), RosterImport.objects.get().counts["join"]) == (1, 1)


def test_a_list_that_names_known_teams_offers_nothing_to_create():
    make_teams("Service")
    assert plan_of(["A1", "Li Na", "", "Service"]).notes["new_teams"] == {}


def test_two_lists_at_once_create_the_first_team_once(postgres, hr):  # noqa: F811
    lists = [compared([number, "Li Na", "", "Night shift"], by=hr) for number in ("A1", "A2")]
    first, second = (partial(begin_applying, each, by=hr, creates_teams=True) for each in lists)
    one_behind_the_other(first, second)
    assert Team.objects.count() == 1
