"""Several at once, each with a connection of its own."""

import pytest

from courseware.evidence.models import Event
from courseware.learning.models import Completion
from courseware.simulations import running
from courseware.simulations.models import Decision, Run, Timing
from tests.assessment.exams import at_once
from tests.simulations.playing import begin, fresh, play, take
from tests.simulations.samples import KETTLE, make_player

pytestmark = pytest.mark.django_db(transaction=True)


def test_twenty_starts_at_once_begin_one_run():
    enrollment = make_player()
    begun = at_once(lambda _: running.start(enrollment, KETTLE, timing=Timing.OFF))
    assert {run.pk for run in begun} == {Run.objects.get().pk}
    assert Event.objects.filter(verb="run-started").count() == 1


def test_of_twenty_different_decisions_at_once_one_counts_and_all_are_told_it():
    run = begin(make_player())
    trails = at_once(lambda number: running.decide(run, 1, number % 3))
    decision = Decision.objects.get()
    assert {trail.steps[0].place for trail in trails} == {decision.place}


def test_twenty_last_decisions_at_once_end_the_run_once():
    run = begin(make_player(), flags=[])
    take(run, 0), take(run, 0)
    trails = at_once(lambda _: running.decide(run, 3, 0, [0, 1]))
    assert {trail.ending.id for trail in trails} == {"calm-end"}
    assert (Completion.objects.count(), Event.objects.filter(verb="run-finished").count()) == (1, 1)


def test_twenty_branches_at_once_are_one():
    run = play(make_player())
    begun = at_once(lambda _: running.try_branch(fresh(run), 1))
    assert len({branch.pk for branch in begun}) == 1
