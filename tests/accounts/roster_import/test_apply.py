"""Applying a compared roster: conflicts, repetition, new teams."""

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
from tests.accounts.roster_import.company import apply, bring_in, company_state, compared, make_teams, outcomes, plan_of
from tests.at_once import one_behind_the_other
from tests.examples import examples
from tests.making import days, join, make_admin, make_editor, make_hr, make_user, sent_emails
from tests.site.test_concurrent_logging import postgres  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def teams():
    return make_teams("Day", "Night")


def log_of(person):
    return list(Event.objects.filter(subject=subject_of(person)).order_by("pk").values_list("verb", flat=True))


def test_import_applies_and_logs_all_kinds_of_changes(teams):
    old = {number: add_person("Old", staff_number=number, team=teams["Day"], by=None) for number in ("A1", "A2", "A3")}
    leave(old["A3"], by=None)
    rows = ["A1", "New", "new@example.com", "Night"], ["A3", "Old", "", ""], ["A4", "Fresh", "", "Night"]
    assert outcomes(bring_in(*rows, is_complete=True)) == {"done": [4, 3, 2, "Old"]}
    assert company_state() == [
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


def test_part_locks_all_changed_memberships_before_first_change(teams, monkeypatch):
    people = [add_person("Old", staff_number=number, team=teams["Day"], by=None) for number in ("A1", "A2", "A3")]
    locked = []
    monkeypatch.setattr(applying, "lock_memberships_exclusive", lambda keys: locked.append(({*keys}, company_state())))
    before = company_state()
    bring_in(["A3", "Old", "", "Night"], ["A1", "Old", "", "Night"], ["A2", "Old", "", "Day"])
    assert locked == [({people[0].pk, people[2].pk}, before)]


def test_second_import_of_same_list_changes_nothing(teams):
    rows = ["A1", "Li", "li@example.com", "Day"], ["A2", "Wang", "", "Night"]
    bring_in(*rows)
    before = company_state(), Event.objects.count()
    again = bring_in(*rows, is_complete=True)
    assert again.counts == {"join": 0, "return": 0, "move": 0, "change": 0, "leave": 0, "bad": 0, "unchanged": 2}
    assert (company_state(), Event.objects.count()) == before


@pytest.mark.parametrize("known", [None, "2100-01-31", "2100-06-30"])
def test_returning_person_gets_last_day_of_list(known, teams):
    person = add_person("Li", staff_number="A1", by=None)
    User.objects.filter(pk=person.pk).update(is_active=False, leaves_on=known)
    bring_in(["A1", "2100-01-31"], headings=["工号", "离职日期"])
    person.refresh_from_db()
    assert (person.is_active, str(person.leaves_on)) == (True, "2100-01-31")


def test_changes_made_meanwhile_become_conflicts(teams):
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


def test_new_people_are_added_in_constant_statements(teams):
    def statements(*numbers):
        roster = compared(*([number, "王小明", f"{number}@example.com", "Night"] for number in numbers))
        begin_applying(roster, by=None)
        with CaptureQueriesContext(connection) as captured:
            apply_next(roster.pk)
        return [re.sub(r"\W.*", "", each["sql"], flags=re.DOTALL) for each in captured]

    assert statements("A1", "A2", "A3") == statements("B1")
    assert {row[2:] for row in company_state()} == {("王小明", True, (("Night", "learner"),))}
    assert {person.pk for person in found_by("wxm", User.objects.all())} == {*User.objects.values_list("pk", flat=True)}


def test_person_added_concurrently_becomes_conflict(teams, monkeypatch):
    roster = compared(*([number, "New", "", "Day"] for number in ("A1", "A2", "A3")))
    add_person("First", staff_number="A2", by=None)
    monkeypatch.setattr(onboarding, "names_here", lambda _people: set())  # uncommitted people are invisible
    done = apply(roster)
    assert outcomes(done) == {"done": [2, 4], "conflict": [3]}
    assert [(number, name) for number, _address, name, _here, _places in company_state()] == [
        ("A1", "New"),
        ("A2", "First"),
        ("A3", "New"),
    ]
    assert verify() == []


def test_new_staff_and_deleted_team_become_conflicts(teams):
    person = add_person("Old", staff_number="A1", by=None)
    roster = compared(["A1", "New", "", ""], ["A2", "Li", "", "Night"])
    User.objects.filter(pk=person.pk).update(is_staff=True)
    teams["Night"].delete()
    done = apply(roster)
    assert {line.conflict for line in outcome_lines(done, "conflict")} == {"ask-admin", "team-gone"}
    assert company_state() == [("A1", "", "Old", True, ())]


def test_change_already_made_is_reported_as_already(teams):
    person = add_person("Old", staff_number="A1", team=teams["Day"], by=None)
    roster = compared(["A1", "New", "", "Night"])
    User.objects.filter(pk=person.pk).update(name="New")
    move(person, teams["Night"], by=None)
    events = Event.objects.count()
    assert outcomes(apply(roster)) == {"already": [2]}
    assert Event.objects.count() == events


def test_bad_rows_are_skipped_unless_suggestion_is_accepted(teams):
    rows = ["A1", "Li", "", "Nihgt"], ["A2", "Wang", "", "Dya"], ["A3", "=1", "", ""]
    done = bring_in(*rows, take=[2, 4])
    assert outcomes(done) == {"done": [2], "left-out": [3, 4]}
    assert company_state() == [("A1", "", "Li", True, (("Night", "learner"),))]


def test_only_one_row_per_person_or_address_is_accepted(teams):
    one_person = ["A1", "Li", "", "Day"], ["A1", "Li", "", "Night"]
    roster = compared(*one_person, ["A2", "Wang", "w@example.com", ""], ["A3", "Zhao", "w@example.com", ""])
    for both in ([2, 3], [4, 5]):
        with pytest.raises(IdentifierTaken):
            begin_applying(roster, by=None, take=both)
    assert outcomes(apply(roster, take=[3, 4])) == {"done": [3, 4], "left-out": [2, 5]}


def test_many_departures_need_confirmation(teams):
    for number in range(3):
        add_person("Old", staff_number=f"A{number}", by=None)
    roster = compared(["B1", "New", "", ""], is_complete=True)
    with pytest.raises(NotSure):
        begin_applying(roster, by=None)
    assert not apply_next(roster.pk)
    assert User.objects.filter(is_active=True).count() == 3
    assert apply(roster).counts["leave"] == 3


def test_repeated_submit_and_worker_apply_each_row_once(teams):
    roster = compared(*([f"A{number}", "Li", "", "Day"] for number in range(120)))
    assert begin_applying(roster, by=None)
    assert not begin_applying(roster, by=None)
    assert apply_next(roster.pk)  # then the worker is killed
    assert User.objects.count() == 50
    apply(roster)
    assert (User.objects.count(), Event.objects.filter(verb="person-added").count()) == (120, 120)
    assert not apply_next(roster.pk)


def test_new_people_with_email_are_invited_once_if_requested(teams):
    admin = make_admin()
    for roster in (
        bring_in(["A1", "Li", "li@example.com", ""], ["A2", "Wang", "", ""], by=admin, invites=True),
        bring_in(["A3", "Zhao", "zhao@example.com", ""], by=admin),
    ):
        invite_new_people(roster)
        invite_new_people(roster)
    assert [letter.to for letter in sent_emails()] == [["li@example.com"]]
    assert Event.objects.filter(verb="invited").count() == 1


def test_old_address_is_notified_of_new_one(teams):
    add_person("Li", staff_number="A1", email="old@example.com", by=None)
    bring_in(["A1", "Li", "new@example.com", ""])
    assert [letter.to for letter in sent_emails()] == [["old@example.com"]]


def test_imports_are_deleted_after_90_days(teams):
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
# Each person once, and no address of another person.
TIDY_LISTS = st.lists(ROWS, min_size=1, max_size=9, unique_by=lambda row: row[0]).map(
    lambda rows: [[number, name, email and number + email, team] for number, name, email, team in rows]
)
FEW = settings(max_examples=examples(15))


@pytest.mark.slow
class EquivalentImports(TestCase):
    def setUp(self):
        make_teams("Day", "Night")

    def import_lists(self, *lists, **options):
        OutgoingEmail.objects.all().delete()
        User.objects.all().delete()
        for rows in lists:
            if rows:
                bring_in(*rows, **options)
        return company_state()

    @pytest.mark.slow
    @FEW
    @given(before=TIDY_LISTS, rows=ANY_LISTS, seed=st.integers(0, 99), whole=st.booleans())
    def test_result_does_not_depend_on_row_order(self, before, rows, seed, whole):
        mixed = random.Random(seed).sample(rows, len(rows))
        assert self.import_lists(before, rows, is_complete=whole) == self.import_lists(before, mixed, is_complete=whole)

    @pytest.mark.slow
    @FEW
    @given(before=TIDY_LISTS, rows=TIDY_LISTS, whole=st.booleans())
    def test_repeated_import_gives_same_result(self, before, rows, whole):
        assert self.import_lists(before, rows, is_complete=whole) == self.import_lists(
            before, rows, rows, is_complete=whole
        )

    @pytest.mark.slow
    @FEW
    @given(before=TIDY_LISTS, rows=TIDY_LISTS, cut=st.integers(0, 9))
    def test_import_in_two_parts_gives_same_result(self, before, rows, cut):
        assert self.import_lists(before, rows) == self.import_lists(before, rows[:cut], rows[cut:])


# Accounts are merged, or a merge is undone, between comparison and import.


@pytest.fixture
def kept():
    return make_user("王小明", staff_number="A12")


@pytest.fixture
def other():
    return make_user("王晓明", staff_number="B7")


def test_person_listed_by_alias_is_not_deactivated(kept, other):
    hr = make_hr(name="He Ran", staff_number="H1")
    roster = compared(["B7", "王晓明", "", ""], ["H1", "He Ran", "", ""], is_complete=True)
    merge(kept, other, by=hr)
    assert outcomes(apply(roster)) == {"conflict": ["王小明"]}
    assert User.objects.get(pk=kept.pk).is_active


def test_row_with_alias_of_undone_merge_becomes_conflict(kept, other, hr):
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
        "/".join([*(by_key[int(key)].name for key in team.ancestors.split("/") if key), team.name])
        for team in by_key.values()
    }


def test_import_creates_missing_teams(hr):
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


def test_teams_are_not_created_unticked_or_by_nightly_import(hr):
    row = ["A1", "Li Na", "", "Night shift"]
    assert outcomes(apply(compared(row, by=hr))) == {"left-out": [2]}
    assert outcomes(apply(compared(row), creates_teams=True)) == {"left-out": [2]}  # a nightly import has no user
    assert not Team.objects.exists()


def test_existing_people_move_to_new_team_with_role(hr):
    teams = make_teams("Day")
    person = add_person("Li Na", staff_number="A1", team=teams["Day"], by=None)
    headings = ["工号", "姓名", "团队", "角色"]
    roster = compared(["A1", "", "Quality", ""], ["A2", "Wang", "Quality", "主管"], headings=headings, by=hr)
    assert apply(roster, creates_teams=True).counts["move"] == 1
    assert person.teams.get().name == "Quality"
    assert Membership.objects.get(role=MANAGER).person.staff_number == "A2"


def test_similar_team_is_used_only_if_accepted(hr):
    make_teams("Night shift 1")
    rows = ["A1", "Li Na", "", "Night shift 2"], ["A2", "Wang", "", "Night shft 1"]
    roster = compared(*rows, by=hr)
    assert (roster.notes["in_new_teams"], roster.counts["bad"]) == (0, 2)
    apply(roster, take=[3], creates_teams=True)
    assert [(row[0], row[4]) for row in company_state() if row[0]] == [
        ("A1", (("Night shift 2", "learner"),)),
        ("A2", (("Night shift 1", "learner"),)),
    ]


def test_invalid_staff_and_own_rows_create_no_team(hr):
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


def test_ambiguous_teams_and_own_subteams_are_not_created(hr):
    teams = make_teams("Service", "Store")
    join(teams["Store"], hr, MANAGER)
    assert create_teams(["Service/Night", "Store/Night", "Service/Day", "x" * 121], hr).keys() == {
        "Service/Night",
        "Service/Day",
    }
    assert paths() == {"Service", "Store", "Service/Night", "Service/Day"}
    assert create_teams(["Store/Night"], make_admin()).keys() == {"Store/Night"}
    assert create_teams(["Night/Early"], hr) == {}  # below which of the two?


def test_teams_are_created_once_on_double_submit(hr):
    roster = compared(["A1", "Li Na", "", "Night"], by=hr)
    apply(roster, creates_teams=True)
    apply(roster, creates_teams=True)
    assert (Team.objects.count(), RosterImport.objects.get().counts["join"]) == (1, 1)


def test_known_teams_are_not_offered_as_new():
    make_teams("Service")
    assert plan_of(["A1", "Li Na", "", "Service"]).notes["new_teams"] == {}


def test_concurrent_imports_create_team_once(postgres, hr):  # noqa: F811
    lists = [compared([number, "Li Na", "", "Night shift"], by=hr) for number in ("A1", "A2")]
    first, second = (partial(begin_applying, each, by=hr, creates_teams=True) for each in lists)
    one_behind_the_other(first, second)
    assert Team.objects.count() == 1
