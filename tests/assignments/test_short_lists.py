"""What a short renewal asks for: what has changed, what was missed, and the exam."""

import pytest

from courseware.assignments.acting import short_lists
from courseware.content.models import Release
from courseware.learning.models import Completion
from courseware.simulations import running
from courseware.simulations.models import Run, Timing
from tests.assessment.exams import make_course as make_exam_course
from tests.assessment.exams import ready, sit
from tests.language.samples import make_files
from tests.making import days, make_course, make_enrollment, make_user
from tests.simulations.playing import BEST, RED, START, YELLOW, fresh, take
from tests.simulations.samples import KETTLE, simulation_files
from tests.world import complete_course

pytestmark = pytest.mark.django_db
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


@pytest.mark.parametrize("weight", Release.Weight.values)
def test_a_lesson_that_has_changed_by_more_than_a_minor_release_is_asked_for_until_it_is_done_again(weight):
    person = completed(make_course())
    course = released_anew(weight)
    assert short_lists([person.pk], course) == {
        person.pk: ["last-cup"] if weight == Release.Weight.MINOR else ["boiling", "last-cup"]
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
    begun = running.start(run, simulation, timing=Timing.OFF, at=START)
    Run.objects.filter(pk=begun.pk).update(flags=[])  # of chance
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
