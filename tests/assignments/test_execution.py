"""Executing assignment rules: enrolling, exempting and renewing, once and in batches."""

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
from tests.assignments.rules import make_rule as create_rule
from tests.course_format.samples import make_files
from tests.making import days, join, make_course, make_enrollment, make_hr, make_team, make_user
from tests.simulations.playing import BEST, RED, START, YELLOW, fresh, take
from tests.simulations.samples import KETTLE, simulation_files
from tests.world import complete_course

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 30)


def enrolled_now():
    """Learner → due date, of all open enrollments."""
    return {enrollment.learner: enrollment.due_on for enrollment in Enrollment.objects.open()}


def actions():
    """(rule, person, kind, reason) of all rule actions."""
    return {(each.rule_id, each.person, each.kind, each.why) for each in RuleAction.objects.all()}


def learners(team):
    return list(team.people.filter(memberships__role=LEARNER).order_by("pk"))


def test_rule_enrolls_matching_people_once_due_on_working_day(course):
    team, other = make_team(learners=2, time_zone="Europe/Berlin"), make_team(learners=1)
    rule = create_rule(course, team_id=team.pk, due="assignment", due_days=12)
    assert execution.act(MONDAY) == "enroll: 2"
    friday = date(2026, 12, 11)  # the twelfth day is a Saturday
    assert enrolled_now() == dict.fromkeys(learners(team), friday)
    midnight = datetime(2026, 12, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert set(Enrollment.objects.values_list("due_at", flat=True)) == {midnight}
    assert actions() == {(rule.pk, person, "enroll", "never-learned") for person in learners(team)}
    assert learners(other)[0] not in enrolled_now()
    logged = Event.objects.filter(verb="enrolled")
    assert [(event.actor, event.data["rules"]) for event in logged] == [(None, [rule.pk])] * 2
    assert verify() is not None and not list(differences())


def test_earlier_due_date_of_2_rules_applies(course):
    team = make_team(learners=1)
    [person] = learners(team)
    late = create_rule(course, team_id=team.pk, due="assignment", due_days=28)
    early = create_rule(course, team_id=team.pk, due="assignment", due_days=7)
    execution.act(MONDAY)
    assert enrolled_now() == {person: MONDAY + timedelta(days=7)}
    assert set(RuleAction.objects.values_list("rule", "due_on")) == {
        (late.pk, MONDAY + timedelta(days=7)),
        (early.pk, MONDAY + timedelta(days=7)),
    }
    assert Event.objects.get(verb="enrolled").data["rules"] == [late.pk, early.pk]


@pytest.mark.slow
def test_only_exempting_rule_exempts_people_no_longer_matching(course):
    team = make_team(learners=1)
    [person] = learners(team)
    create_rule(course, team_id=team.pk, name="Night shift")
    execution.act(MONDAY)
    person.memberships.all().delete()
    assert (execution.act(MONDAY), len(enrolled_now())) == ("", 1)
    exempting = create_rule(course, team_id=team.pk, name="Day shift", exempts=True)
    assert execution.act(MONDAY) == ""  # another rule created the enrollment
    RuleAction.objects.update(rule=exempting)
    assert execution.act(MONDAY) == "exempt: 1"
    enrollment = Enrollment.objects.get()
    assert (enrollment.is_open, enrollment.exemption_reason) == (False, "No longer matches the rule “Day shift”.")
    assert execution.act(MONDAY) == ""
    assert not list(differences())


@pytest.mark.slow
def test_concurrent_completion_does_not_stop_other_exemptions(course, monkeypatch):
    team = make_team(learners=2)
    create_rule(course, team_id=team.pk, exempts=True)
    execution.act(MONDAY)
    quick, other = learners(team)
    team.memberships.all().delete()

    def completed_before(enrollment, *arguments, **options):
        if enrollment.learner == quick and enrollment.is_open:
            complete_course(enrollment)
        return exempt(Enrollment.objects.get(pk=enrollment.pk), *arguments, **options)

    monkeypatch.setattr(execution, "exempt", completed_before)
    assert execution.act(MONDAY) == "exempt: 1"
    assert Enrollment.objects.get(learner=other).exempted_at
    assert not RuleAction.objects.filter(person=quick, kind="exempt").exists()


def test_person_matched_by_another_rule_is_not_exempted(course):
    team, other = make_team(learners=1), make_team()
    [person] = learners(team)
    create_rule(course, team_id=team.pk, exempts=True)
    execution.act(MONDAY)
    person.memberships.all().delete()
    join(other, person)
    create_rule(course, team_id=other.pk)
    assert (execution.act(MONDAY), list(enrolled_now())) == ("", [person])


def test_rule_for_closed_team_does_nothing(course):
    team, next_team = make_team(learners=1), make_team()
    create_rule(course, team_id=team.pk, exempts=True)
    execution.act(MONDAY)
    close_team(team, to=next_team, by=make_hr())
    assert (execution.act(MONDAY), len(enrolled_now())) == ("", 1)


def test_people_are_enrolled_in_batches(course, monkeypatch):
    monkeypatch.setattr(execution, "BATCH", 2)
    create_rule(course, team_id=make_team(learners=5).pk)
    create_enrollments, sizes = execution.create_enrollments, []
    monkeypatch.setattr(
        execution,
        "create_enrollments",
        lambda people, *rest: sizes.append(len(people)) or create_enrollments(people, *rest),
    )
    assert execution.act(MONDAY) == "enroll: 5"
    assert sizes == [2, 2, 1]


def test_switching_on_executes_only_that_rule(course):
    hr, team, other = make_hr(), make_team(learners=1), make_team(learners=1)
    rule = make_rule(course, make_version(team_id=team.pk, role=LEARNER), by=hr)
    waiting = create_rule(course, team_id=other.pk, name="Others")
    assert [switch_on(rule, by=hr), switch_on(rule, by=hr)] == [True, False]
    execution.act(rule=rule.pk)  # the enqueued task
    assert set(enrolled_now()) == set(learners(team))
    assert [switch_off(rule, by=hr), switch_off(rule, by=hr)] == [True, False]
    verbs = list(Event.objects.filter(subject=f"assignment-rule:{rule.pk}").values_list("verb", "actor"))
    assert verbs == [("rule-created", hr.pk), ("rule-enabled", hr.pk), ("rule-disabled", hr.pk)]
    assert waiting.assignments.count() == 0


# Renewals


def test_short_renewal_stores_required_steps_when_opened(course):
    team = make_team()
    make_certified(course, team, date(2027, 1, 15))
    create_rule(course, team_id=team.pk, renewal="short", renewal_days=30)
    execution.act(date(2026, 12, 16))
    assert Enrollment.objects.open().get().required == ["last-cup"]


def test_full_renewal_overrides_short_renewal(course):
    team = make_team()
    make_certified(course, team, date(2027, 1, 15))
    for renewal in ("short", "whole"):
        create_rule(course, team_id=team.pk, renewal=renewal, renewal_days=30)
    execution.act(date(2026, 12, 16))
    assert Enrollment.objects.open().get().required is None


# Steps of a short renewal: changed lessons, missed topics and the exam.


LESSON = "01-water/01-boiling.en.md"
STOVE = "stove-fire"


def completed(course):
    enrollment = make_enrollment(make_user(), course)
    complete_course(enrollment)
    Completion.objects.filter(enrollment=enrollment).update(completed_at=days(-9))
    return enrollment.learner


def release_changed(impact):
    """Release the course with a changed lesson."""
    course = make_course({**make_files(), LESSON: make_files()[LESSON].replace(b"Walk away", b"Walk off")})
    course.current.entries.exclude(impact="").update(impact=impact)
    return course


def test_short_renewal_requires_only_exam_without_changes():
    course = make_course()
    person, stranger = completed(course), make_user()
    lists = short_lists([person.pk, stranger.pk], course)
    assert lists == {person.pk: ["last-cup"], stranger.pk: ["boiling", "last-cup"]}
    assert short_lists([], course) == {}


@pytest.mark.parametrize("impact", Release.Impact.values)
def test_short_renewal_requires_lesson_after_major_change(impact):
    person = completed(make_course())
    course = release_changed(impact)
    assert short_lists([person.pk], course) == {
        person.pk: ["last-cup"] if impact == Release.Impact.MINOR else ["boiling", "last-cup"]
    }
    Completion.objects.filter(enrollment__learner=person).update(completed_at=days(1))
    assert short_lists([person.pk], course) == {person.pk: ["last-cup"]}


@pytest.mark.parametrize(("right", "wanted"), [(4, ["last-cup"]), (2, ["boiling", "last-cup"])])
def test_short_renewal_requires_lesson_of_missed_questions(right, wanted):
    course = make_exam_course(pass_mark=50)
    enrollment = ready(course)
    sit(enrollment, points=right)
    assert short_lists([enrollment.learner_id], course) == {enrollment.learner_id: wanted}


@pytest.fixture
def two_simulations():
    """The kettle and, later in the course, a copy of it about a stove."""
    files = simulation_files(is_required=False)
    stove = {
        path.replace("03-kettle", "04-stove"): text.replace(KETTLE.encode(), STOVE.encode())
        for path, text in files.items()
        if "03-kettle" in path
    }
    return make_course(files | stove)


def play(enrollment, simulation, choices):
    begun = attempts.start(enrollment, simulation, timing=TimeSetting.OFF, at=START)
    SimulationAttempt.objects.filter(pk=begun.pk).update(flags=[])  # random
    begun = fresh(begun)
    for choice in choices:
        take(begun, choice)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("played", "worst"),
    [
        ([(KETTLE, BEST), (STOVE, YELLOW)], STOVE),
        ([(KETTLE, RED), (STOVE, YELLOW)], KETTLE),
        ([(KETTLE, RED), (KETTLE, BEST), (STOVE, YELLOW)], STOVE),  # the best attempt of each counts
        ([(KETTLE, BEST), (STOVE, BEST)], KETTLE),  # of equals the first in the course
        ([(STOVE, BEST)], STOVE),  # unplayed simulations do not count
        ([], None),
    ],
)
def test_short_renewal_requires_worst_simulation(two_simulations, played, worst):
    person = completed(two_simulations)
    enrollment, other = person.enrollments.get(), make_enrollment(make_user(), two_simulations)
    for simulation, choices in played:
        play(enrollment, simulation, choices)
    play(other, KETTLE, RED)  # of another person
    wanted = [worst] if worst else []
    assert short_lists([person.pk], two_simulations) == {person.pk: [*wanted, "last-cup"]}
