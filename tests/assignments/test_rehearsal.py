"""A rehearsal says what a rule then does, and writes nothing."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, ManagementUtility, call_command
from django.db import connection

from courseware.assignments import acting
from courseware.assignments.fitting import Because, Deed, Why
from courseware.assignments.models import Assignment
from courseware.assignments.rehearsal import rehearse_all, rehearse_rule
from courseware.learning.enrolling import enroll, waive
from tests.assignments.certified import make_certified
from tests.assignments.rules import make_rule
from tests.making import join, make_team, make_user
from tests.site.test_access import digests

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 30)


@pytest.fixture
def team(course):
    """Two who are new, one who is learning, one who is excused, and one whose certificate ends on 15 January."""
    team = make_team("Night shift", learners=2)
    for number in range(2):
        join(team, make_user())
        run = enroll(team.people.latest("pk"), course)
        if number:
            waive(run, "Knows it", by=None)
    make_certified(course, team, date(2027, 1, 15))
    make_team("Elsewhere", learners=3)
    return team


def read_only(execute, sql, params, many, context):
    assert sql.split()[0] == "SELECT", sql
    return execute(sql, params, many, context)


def groups(rehearsal):
    return {(group.words, str(group.because)): len(people) for group, people in rehearsal.acts.items()}


def test_a_rehearsal_names_whom_it_is_about_and_who_is_left_alone_and_why(course, team):
    rule = make_rule(course, is_on=False, team_id=team.pk, due="assignment", renewal="short", renewal_days=30)
    found = rehearse_rule(rule, MONDAY)
    assert groups(found) == {("is enrolled", "fits, and has not learned it yet"): 2}
    assert found.left == {Because(Why.IS_LEARNING): 1, Because(Why.IS_EXCUSED): 1}
    [(coming, people)] = found.coming.items()
    assert (coming.words, coming.opens_on, len(people)) == ("a short renewal opens", date(2026, 12, 16), 1)
    # Three elsewhere, the two managers, and nobody else.
    assert found.outside == {Because(Why.OTHER_TEAM): 4, Because(Why.OTHER_ROLE): 1}
    assert found.days == [
        (MONDAY, [("is enrolled", 2)]),
        (date(2026, 12, 14), [("due day", 2)]),
        (date(2026, 12, 16), [("a short renewal opens", 1)]),
    ]


def test_on_another_day_it_says_what_would_be_then(course, team):
    rule = make_rule(course, is_on=False, team_id=team.pk, due="assignment", renewal="short", renewal_days=30)
    assert groups(rehearse_rule(rule, date(2026, 12, 16))) == {
        ("is enrolled", "fits, and has not learned it yet"): 2,
        ("a short renewal opens", "is certified until 15 January 2027"): 1,
    }


def test_a_rehearsal_writes_nothing_and_asks_nothing_but_questions(course, team):
    rule = make_rule(course, team_id=team.pk, renewal="short", renewal_days=60, excuses=True)
    before = digests()
    with connection.execute_wrapper(read_only):
        rehearse_rule(rule, MONDAY)
        rehearse_all(MONDAY)
        call_command("rehearse", date=MONDAY, stdout=StringIO())
    assert digests() == before


@pytest.mark.parametrize("day", [MONDAY, date(2026, 12, 16), date(2027, 3, 1)])
def test_what_it_says_is_what_is_then_done(course, team, day):
    rule = make_rule(course, team_id=team.pk, renewal="short", renewal_days=30)
    said = {
        (person, group.deed.value, group.due.day)
        for group, people in rehearse_rule(rule, day).acts.items()
        for person in people
    }
    acting.act(day)
    assert said == set(Assignment.objects.values_list("person", "deed", "due_on"))
    assert not rehearse_rule(rule, day).acts


def test_it_reckons_with_the_other_rules_that_are_on(course, team):
    early = make_rule(course, team_id=team.pk, due="assignment", due_days=7)
    late = make_rule(course, is_on=False, team_id=team.pk, due="assignment", due_days=28)
    [(group, people)] = rehearse_rule(late, MONDAY).acts.items()
    assert (group.deed, group.due.day, group.others, len(people)) == (Deed.ENROLL, date(2026, 12, 7), (early,), 2)
    early.switched_on_at = None
    early.save()
    [group] = rehearse_rule(late, MONDAY).acts
    assert (group.due.day, group.others) == (date(2026, 12, 28), ())


def test_it_costs_the_same_statements_for_one_and_for_three_people(course, django_assert_num_queries):
    team = make_team(learners=1)
    rule = make_rule(course, team_id=team.pk)
    for learners in (0, 2):
        for _ in range(learners):
            join(team, make_user())
        with django_assert_num_queries(9):
            rehearse_rule(rule, MONDAY)


def test_the_digest_changes_with_what_would_be_done_and_with_nothing_else(course, team):
    rule = make_rule(course, team_id=team.pk)
    first = rehearse_rule(rule, MONDAY).digest
    join(make_team("A third one"), make_user())
    assert rehearse_rule(rule, MONDAY).digest == first
    join(team, make_user())
    assert rehearse_rule(rule, MONDAY).digest != first


def test_a_date_that_is_none_is_refused_in_a_sentence(capsys):
    with pytest.raises(SystemExit):
        ManagementUtility(["manage.py", "rehearse", "--date", "morgen"]).execute()
    assert "argument --date: morgen: expected a day such as 2027-03-01" in capsys.readouterr().err


def test_the_command_says_it_line_by_line(course, team):
    rule = make_rule(course, is_on=False, team_id=team.pk, due="assignment", name="New people")
    printed = StringIO()
    call_command("rehearse", date=MONDAY, rule=rule.pk, stdout=printed)
    first, second, *_rest = printed.getvalue().splitlines()
    assert first == f"{rule.pk} New people · 2026-11-30 · 2"
    assert second.startswith("  2 is enrolled · fits, and has not learned it yet · 2026-12-14 · Person ")
    printed = StringIO()
    call_command("rehearse", stdout=printed)
    assert printed.getvalue() == "No rule is switched on.\n"


def test_the_command_says_what_it_expected():
    with pytest.raises(CommandError, match=r"argument --date: tomorrow: expected a day such as 2027-03-01"):
        call_command("rehearse", "--date", "tomorrow")
    with pytest.raises(CommandError, match=r"There is no rule 9. There are: none."):
        call_command("rehearse", rule=9)
