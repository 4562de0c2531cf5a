"""What rules do: once, in batches, and the same for whoever looks at it."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from courseware.accounts.teams.teams import close_team
from courseware.assignments.models import RuleAction
from courseware.assignments.rules import execution
from courseware.assignments.rules.execution import short_lists
from courseware.assignments.rules.lifecycle import make_rule, switch_off, switch_on
from courseware.audit_log.models import Event
from courseware.audit_log.verify import verify
from courseware.content.models import Release
from courseware.learning.enrollments.enrollment import exempt
from courseware.learning.models import Completion, Enrollment
from courseware.reporting.integrity.check_all import differences
from courseware.simulations import attempts
from courseware.simulations.models import SimulationAttempt, TimeSetting
from tests.assessment.exams import make_course as make_exam_course
from tests.assessment.exams import ready, sit
from tests.assignments.rules import LEARNER, make_certified, make_version
from tests.assignments.rules import make_rule as rule_that_is
from tests.course_format.samples import make_files
from tests.making import days, join, make_course, make_enrollment, make_hr, make_team, make_user
from tests.simulations.playing import BEST, RED, START, YELLOW, fresh, take
from tests.simulations.samples import KETTLE, simulation_files
from tests.world import complete_course

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 30)


def enrolled_now():
    """Learner → last day, of all open runs."""
    return {run.learner: run.due_on for run in Enrollment.objects.open()}


def deeds():
    """(rule, person, deed, reason), of all that was done."""
    return {(each.rule_id, each.person, each.deed, each.why) for each in RuleAction.objects.all()}


def learners(team):
    return list(team.people.filter(memberships__role=LEARNER).order_by("pk"))


def test_a_rule_enrolls_whoever_fits_once_with_a_working_day_to_be_done_by(course):
    team, other = make_team(learners=2, time_zone="Europe/Berlin"), make_team(learners=1)
    rule = rule_that_is(course, team_id=team.pk, due="assignment", due_days=12)
    assert execution.act(MONDAY) == "enroll: 2"
    friday = date(2026, 12, 11)  # the twelfth day is a Saturday
    assert enrolled_now() == dict.fromkeys(learners(team), friday)
    midnight = datetime(2026, 12, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert set(Enrollment.objects.values_list("due_at", flat=True)) == {midnight}
    assert deeds() == {(rule.pk, person, "enroll", "never-learned") for person in learners(team)}
    assert learners(other)[0] not in enrolled_now()
    logged = Event.objects.filter(verb="enrolled")
    assert [(event.actor, event.data["rules"]) for event in logged] == [(None, [rule.pk])] * 2
    assert verify() is not None and not list(differences())


def test_of_two_rules_about_one_person_the_earlier_day_holds_and_both_say_so(course):
    team = make_team(learners=1)
    [person] = learners(team)
    late = rule_that_is(course, team_id=team.pk, due="assignment", due_days=28)
    early = rule_that_is(course, team_id=team.pk, due="assignment", due_days=7)
    execution.act(MONDAY)
    assert enrolled_now() == {person: MONDAY + timedelta(days=7)}
    assert set(RuleAction.objects.values_list("rule", "due_on")) == {
        (late.pk, MONDAY + timedelta(days=7)),
        (early.pk, MONDAY + timedelta(days=7)),
    }
    assert Event.objects.get(verb="enrolled").data["rules"] == [late.pk, early.pk]


def test_who_stops_fitting_is_excused_with_the_rule_as_reason_or_left_as_is(course):
    team = make_team(learners=1)
    [person] = learners(team)
    rule_that_is(course, team_id=team.pk, name="Night shift")
    execution.act(MONDAY)
    person.memberships.all().delete()
    assert (execution.act(MONDAY), len(enrolled_now())) == ("", 1)
    excusing = rule_that_is(course, team_id=team.pk, name="Day shift", excuses=True)
    assert execution.act(MONDAY) == ""  # another rule has begun the run
    RuleAction.objects.update(rule=excusing)
    assert execution.act(MONDAY) == "excuse: 1"
    run = Enrollment.objects.get()
    assert (run.is_open, run.exemption_reason) == (False, "No longer matches the rule “Day shift”.")
    assert execution.act(MONDAY) == ""
    assert not list(differences())


def test_who_completes_the_course_while_being_excused_keeps_nobody_else_from_it(course, monkeypatch):
    team = make_team(learners=2)
    rule_that_is(course, team_id=team.pk, excuses=True)
    execution.act(MONDAY)
    quick, other = learners(team)
    team.memberships.all().delete()

    def completed_before(run, *arguments, **options):
        if run.learner == quick and run.is_open:
            complete_course(run)
        return exempt(Enrollment.objects.get(pk=run.pk), *arguments, **options)

    monkeypatch.setattr(execution, "exempt", completed_before)
    assert execution.act(MONDAY) == "excuse: 1"
    assert Enrollment.objects.get(learner=other).exempted_at
    assert not RuleAction.objects.filter(person=quick, deed="excuse").exists()


def test_nobody_is_excused_whom_another_rule_is_about(course):
    team, other = make_team(learners=1), make_team()
    [person] = learners(team)
    rule_that_is(course, team_id=team.pk, excuses=True)
    execution.act(MONDAY)
    person.memberships.all().delete()
    join(other, person)
    rule_that_is(course, team_id=other.pk)
    assert (execution.act(MONDAY), list(enrolled_now())) == ("", [person])


def test_a_rule_about_a_team_that_was_closed_does_nothing_and_excuses_nobody(course):
    team, next_team = make_team(learners=1), make_team()
    rule_that_is(course, team_id=team.pk, excuses=True)
    execution.act(MONDAY)
    close_team(team, to=next_team, by=make_hr())
    assert (execution.act(MONDAY), len(enrolled_now())) == ("", 1)


def test_many_people_are_enrolled_in_batches_each_a_transaction_of_its_own(course, monkeypatch):
    monkeypatch.setattr(execution, "BATCH", 2)
    rule_that_is(course, team_id=make_team(learners=5).pk)
    create_enrollments, sizes = execution.create_enrollments, []
    monkeypatch.setattr(
        execution,
        "create_enrollments",
        lambda people, *rest: sizes.append(len(people)) or create_enrollments(people, *rest),
    )
    assert execution.act(MONDAY) == "enroll: 5"
    assert sizes == [2, 2, 1]


def test_switching_on_acts_at_once_and_only_by_that_rule(course):
    hr, team, other = make_hr(), make_team(learners=1), make_team(learners=1)
    rule = make_rule(course, make_version(team_id=team.pk, role=LEARNER), by=hr)
    waiting = rule_that_is(course, team_id=other.pk, name="Others")
    assert [switch_on(rule, by=hr), switch_on(rule, by=hr)] == [True, False]
    execution.act(rule=rule.pk)  # what was enqueued
    assert set(enrolled_now()) == set(learners(team))
    assert [switch_off(rule, by=hr), switch_off(rule, by=hr)] == [True, False]
    verbs = list(Event.objects.filter(subject=f"assignment-rule:{rule.pk}").values_list("verb", "actor"))
    assert verbs == [("rule-created", hr.pk), ("rule-enabled", hr.pk), ("rule-disabled", hr.pk)]
    assert waiting.assignments.count() == 0


# Renewals


def test_a_short_renewal_freezes_its_list_when_it_opens(course):
    team = make_team()
    make_certified(course, team, date(2027, 1, 15))
    rule_that_is(course, team_id=team.pk, renewal="short", renewal_days=30)
    execution.act(date(2026, 12, 16))
    assert Enrollment.objects.open().get().required == ["last-cup"]


def test_the_whole_course_is_renewed_where_one_of_two_rules_asks_for_it(course):
    team = make_team()
    make_certified(course, team, date(2027, 1, 15))
    for renewal in ("short", "whole"):
        rule_that_is(course, team_id=team.pk, renewal=renewal, renewal_days=30)
    execution.act(date(2026, 12, 16))
    assert Enrollment.objects.open().get().required is None


# What a short renewal asks for: what has changed, what was missed, and the exam.


LESSON = "01-water/01-boiling.en.md"
STOVE = "stove-fire"


def completed(course):
    run = make_enrollment(make_user(), course)
    complete_course(run)
    Completion.objects.filter(enrollment=run).update(completed_at=days(-9))
    return run.learner


def released_anew(weight):
    """The course, with another word in its lesson."""
    course = make_course({**make_files(), LESSON: make_files()[LESSON].replace(b"Walk away", b"Walk off")})
    course.current.entries.exclude(weight="").update(weight=weight)
    return course


def test_of_who_has_done_and_passed_all_it_is_the_exam_alone_and_of_a_stranger_all():
    course = make_course()
    person, stranger = completed(course), make_user()
    lists = short_lists([person.pk, stranger.pk], course)
    assert lists == {person.pk: ["last-cup"], stranger.pk: ["boiling", "last-cup"]}
    assert short_lists([], course) == {}


@pytest.mark.parametrize("weight", Release.Impact.values)
def test_a_lesson_that_has_changed_by_more_than_a_minor_release_is_asked_for_until_it_is_done_again(weight):
    person = completed(make_course())
    course = released_anew(weight)
    assert short_lists([person.pk], course) == {
        person.pk: ["last-cup"] if weight == Release.Impact.MINOR else ["boiling", "last-cup"]
    }
    Completion.objects.filter(enrollment__learner=person).update(completed_at=days(1))
    assert short_lists([person.pk], course) == {person.pk: ["last-cup"]}


@pytest.mark.parametrize(("right", "wanted"), [(4, ["last-cup"]), (2, ["boiling", "last-cup"])])
def test_the_lesson_on_what_the_passed_attempt_has_missed_is_asked_for(right, wanted):
    course = make_exam_course(pass_mark=50)
    run = ready(course)
    sit(run, points=right)
    assert short_lists([run.learner_id], course) == {run.learner_id: wanted}


@pytest.fixture
def two_simulations():
    """The kettle, and behind it in the route a stove that burns alike."""
    files = simulation_files(is_required=False)
    stove = {
        path.replace("03-kettle", "04-stove"): text.replace(KETTLE.encode(), STOVE.encode())
        for path, text in files.items()
        if "03-kettle" in path
    }
    return make_course(files | stove)


def play(run, simulation, choices):
    begun = attempts.start(run, simulation, timing=TimeSetting.OFF, at=START)
    SimulationAttempt.objects.filter(pk=begun.pk).update(flags=[])  # of chance
    begun = fresh(begun)
    for choice in choices:
        take(begun, choice)


@pytest.mark.parametrize(
    ("played", "worst"),
    [
        ([(KETTLE, BEST), (STOVE, YELLOW)], STOVE),
        ([(KETTLE, RED), (STOVE, YELLOW)], KETTLE),
        ([(KETTLE, RED), (KETTLE, BEST), (STOVE, YELLOW)], STOVE),  # by the best run of each
        ([(KETTLE, BEST), (STOVE, BEST)], KETTLE),  # of equals the first of the route
        ([(STOVE, BEST)], STOVE),  # one never played was not played worst
        ([], None),
    ],
)
def test_the_simulation_that_was_played_worst_is_asked_for(two_simulations, played, worst):
    person = completed(two_simulations)
    run, other = person.enrollments.get(), make_enrollment(make_user(), two_simulations)
    for simulation, choices in played:
        play(run, simulation, choices)
    play(other, KETTLE, RED)  # which is another person's
    wanted = [worst] if worst else []
    assert short_lists([person.pk], two_simulations) == {person.pk: [*wanted, "last-cup"]}
