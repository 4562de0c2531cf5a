"""What rules do: once, in batches, and the same for whoever looks at it."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from courseware.accounts.teams import close_team
from courseware.assignments import acting
from courseware.assignments.models import Assignment
from courseware.assignments.switching import change_rule, make_rule, switch_off, switch_on
from courseware.evidence.models import Event
from courseware.evidence.verifying import verify
from courseware.learning.enrolling import enroll, waive
from courseware.learning.models import Enrollment
from courseware.reporting.consistency import differences
from tests.assignments.certified import make_certified
from tests.assignments.rules import LEARNER, make_version
from tests.assignments.rules import make_rule as rule_that_is
from tests.making import join, make_hr, make_team, make_user
from tests.world import complete_course

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 30)


def enrolled_now():
    """Learner → last day, of all open runs."""
    return {run.learner: run.due_on for run in Enrollment.objects.open()}


def deeds():
    """(rule, person, deed, reason), of all that was done."""
    return {(each.rule_id, each.person, each.deed, each.why) for each in Assignment.objects.all()}


def learners(team):
    return list(team.people.filter(memberships__role=LEARNER).order_by("pk"))


def test_a_rule_enrolls_whoever_fits_once_with_a_working_day_to_be_done_by(course):
    team, other = make_team(learners=2, time_zone="Europe/Berlin"), make_team(learners=1)
    rule = rule_that_is(course, team_id=team.pk, due="assignment", due_days=12)
    assert acting.act(MONDAY) == "enroll: 2"
    friday = date(2026, 12, 11)  # the twelfth day is a Saturday
    assert enrolled_now() == dict.fromkeys(learners(team), friday)
    midnight = datetime(2026, 12, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert set(Enrollment.objects.values_list("due_at", flat=True)) == {midnight}
    assert deeds() == {(rule.pk, person, "enroll", "never-learned") for person in learners(team)}
    assert learners(other)[0] not in enrolled_now()
    logged = Event.objects.filter(verb="enrolled")
    assert [(event.actor, event.data["rules"]) for event in logged] == [(None, [rule.pk])] * 2
    assert verify() is not None and not list(differences())


def test_a_rule_that_acts_again_does_nothing(course):
    rule_that_is(course, team_id=make_team(learners=2).pk)
    acting.act(MONDAY)
    before = enrolled_now(), deeds(), Event.objects.count()
    assert (acting.act(MONDAY), acting.act(MONDAY + timedelta(days=1))) == ("", "")
    assert (enrolled_now(), deeds(), Event.objects.count()) == before


def test_a_rule_that_is_off_or_acts_later_enrolls_nobody(course):
    team = make_team(learners=1)
    rule_that_is(course, is_on=False, team_id=team.pk)
    rule_that_is(course, team_id=team.pk, acts_since=MONDAY + timedelta(days=1))
    assert (acting.act(MONDAY), enrolled_now()) == ("", {})


def test_who_is_learning_who_is_excused_who_is_certified_and_who_left_is_left_alone(course):
    team = make_team()
    learning, excused, certified, left, new = (make_user(name) for name in ("L", "E", "C", "G", "N"))
    for person in (learning, excused, certified, left, new):
        join(team, person)
    due_at = timezone.now() + timedelta(days=3)
    enroll(learning, course, due_at=due_at)
    waive(enroll(excused, course), "Knows it", by=None)
    complete_course(enroll(certified, course))
    left.is_active = False
    left.save()
    rule_that_is(course, team_id=team.pk)
    acting.act()
    assert set(enrolled_now()) == {learning, new}
    assert Enrollment.objects.open().get(learner=learning).due_at == due_at


def test_of_two_rules_about_one_person_the_earlier_day_holds_and_both_say_so(course):
    team = make_team(learners=1)
    [person] = learners(team)
    late = rule_that_is(course, team_id=team.pk, due="assignment", due_days=28)
    early = rule_that_is(course, team_id=team.pk, due="assignment", due_days=7)
    acting.act(MONDAY)
    assert enrolled_now() == {person: MONDAY + timedelta(days=7)}
    assert set(Assignment.objects.values_list("rule", "due_on")) == {
        (late.pk, MONDAY + timedelta(days=7)),
        (early.pk, MONDAY + timedelta(days=7)),
    }
    assert Event.objects.get(verb="enrolled").data["rules"] == [late.pk, early.pk]


def test_who_stops_fitting_is_excused_with_the_rule_as_reason_or_left_as_is(course):
    team = make_team(learners=1)
    [person] = learners(team)
    rule_that_is(course, team_id=team.pk, name="Night shift")
    acting.act(MONDAY)
    person.memberships.all().delete()
    assert (acting.act(MONDAY), len(enrolled_now())) == ("", 1)
    excusing = rule_that_is(course, team_id=team.pk, name="Day shift", excuses=True)
    assert acting.act(MONDAY) == ""  # another rule has begun the run
    Assignment.objects.update(rule=excusing)
    assert acting.act(MONDAY) == "excuse: 1"
    run = Enrollment.objects.get()
    assert (run.is_open, run.waived_reason) == (False, "Does not fit the rule “Day shift” any more.")
    assert acting.act(MONDAY) == ""
    assert not list(differences())


def test_who_completes_the_course_while_being_excused_keeps_nobody_else_from_it(course, monkeypatch):
    team = make_team(learners=2)
    rule_that_is(course, team_id=team.pk, excuses=True)
    acting.act(MONDAY)
    quick, other = learners(team)
    team.memberships.all().delete()

    def completed_before(run, *arguments, **options):
        if run.learner == quick and run.is_open:
            complete_course(run)
        return waive(Enrollment.objects.get(pk=run.pk), *arguments, **options)

    monkeypatch.setattr(acting, "waive", completed_before)
    assert acting.act(MONDAY) == "excuse: 1"
    assert Enrollment.objects.get(learner=other).waived_at
    assert not Assignment.objects.filter(person=quick, deed="excuse").exists()


def test_nobody_is_excused_whom_another_rule_is_about(course):
    team, other = make_team(learners=1), make_team()
    [person] = learners(team)
    rule_that_is(course, team_id=team.pk, excuses=True)
    acting.act(MONDAY)
    person.memberships.all().delete()
    join(other, person)
    rule_that_is(course, team_id=other.pk)
    assert (acting.act(MONDAY), list(enrolled_now())) == ("", [person])


def test_a_rule_about_a_team_that_was_closed_does_nothing_and_excuses_nobody(course):
    team, next_team = make_team(learners=1), make_team()
    rule_that_is(course, team_id=team.pk, excuses=True)
    acting.act(MONDAY)
    close_team(team, to=next_team, by=make_hr())
    assert (acting.act(MONDAY), len(enrolled_now())) == ("", 1)


def test_many_people_are_enrolled_in_batches_each_a_transaction_of_its_own(course, monkeypatch):
    monkeypatch.setattr(acting, "BATCH", 2)
    rule_that_is(course, team_id=make_team(learners=5).pk)
    begin_runs, sizes = acting.begin_runs, []
    monkeypatch.setattr(
        acting, "begin_runs", lambda people, *rest: sizes.append(len(people)) or begin_runs(people, *rest)
    )
    assert acting.act(MONDAY) == "enroll: 5"
    assert sizes == [2, 2, 1]


def test_switching_on_acts_at_once_and_only_by_that_rule(course):
    hr, team, other = make_hr(), make_team(learners=1), make_team(learners=1)
    rule = make_rule(course, make_version(team_id=team.pk, role=LEARNER), by=hr)
    waiting = rule_that_is(course, team_id=other.pk, name="Others")
    assert [switch_on(rule, by=hr), switch_on(rule, by=hr)] == [True, False]
    acting.act(rule=rule.pk)  # what was enqueued
    assert set(enrolled_now()) == set(learners(team))
    assert [switch_off(rule, by=hr), switch_off(rule, by=hr)] == [True, False]
    verbs = list(Event.objects.filter(subject=f"assignmentrule:{rule.pk}").values_list("verb", "actor"))
    assert verbs == [("rule-made", hr.pk), ("rule-switched-on", hr.pk), ("rule-switched-off", hr.pk)]
    assert waiting.assignments.count() == 0


def test_a_changed_rule_is_a_new_version_and_the_same_words_are_none(course):
    hr = make_hr()
    rule = make_rule(course, make_version(), by=hr)
    change_rule(rule, make_version(), by=hr)
    change_rule(rule, make_version(due_days=30), by=hr)
    assert [(each.number, each.due_days) for each in rule.versions.all()] == [(1, 14), (2, 30)]
    rule.refresh_from_db()
    assert rule.current.number == 2
    assert list(Event.objects.filter(verb__startswith="rule-").values_list("verb", flat=True)) == [
        "rule-made",
        "rule-changed",
    ]


# Renewals


def test_a_renewal_opens_beside_the_certificate_and_is_due_with_its_last_day(course):
    team, until = make_team(), date(2027, 1, 15)
    person = make_certified(course, team, until)
    rule_that_is(course, team_id=team.pk, renewal="whole", renewal_days=30)
    assert acting.act(date(2026, 12, 15)) == ""
    assert acting.act(date(2026, 12, 16)) == "renew: 1"
    run = Enrollment.objects.open().get()
    assert (run.learner, run.due_on, run.renews_until, run.required) == (person, until, until, None)
    assert acting.act(date(2026, 12, 17)) == ""


def test_a_short_renewal_freezes_its_list_when_it_opens(course):
    team = make_team()
    make_certified(course, team, date(2027, 1, 15))
    rule_that_is(course, team_id=team.pk, renewal="short", renewal_days=30)
    acting.act(date(2026, 12, 16))
    assert Enrollment.objects.open().get().required == ["last-cup"]
    short = rule_that_is(course, team_id=team.pk, renewal="whole", renewal_days=60)
    assert short.assignments.count() == 0


def test_the_whole_course_is_renewed_where_one_of_two_rules_asks_for_it(course):
    team = make_team()
    make_certified(course, team, date(2027, 1, 15))
    for renewal in ("short", "whole"):
        rule_that_is(course, team_id=team.pk, renewal=renewal, renewal_days=30)
    acting.act(date(2026, 12, 16))
    assert Enrollment.objects.open().get().required is None
