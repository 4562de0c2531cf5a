"""Simulations as steps of a course: requirement, order and records."""

import pytest

from courseware.assessment.exams import attempts
from courseware.learning.status.progress import progress_of
from courseware.reporting.dashboard.timeline import timeline
from courseware.reporting.integrity.check_all import differences
from tests.simulations.playing import BEST, RED, begin, play
from tests.simulations.samples import KETTLE, make_player, make_simulation_course
from tests.world import answer_exam, complete_course, finish_lessons, outline_of, start_exam

pytestmark = pytest.mark.django_db


def progress(enrollment):
    return progress_of(enrollment, outline_of(enrollment.course))


def test_required_simulation_counts_and_comes_next():
    enrollment = make_player()
    finish_lessons(enrollment)
    found = progress(enrollment)
    assert (found.required, found.next_step.id) == (("boiling", KETTLE, "last-cup"), KETTLE)
    assert found.is_exam_open
    play(enrollment, RED)
    assert progress(enrollment).next_step.id == KETTLE
    play(enrollment, BEST)
    assert (progress(enrollment).next_step.id, progress(enrollment).percent) == ("last-cup", 66)


@pytest.mark.slow
def test_optional_simulation_blocks_nobody():
    make_simulation_course(is_required=False)
    enrollment = make_player()
    assert [step.id for step in outline_of(enrollment.course).steps if step.is_optional] == ["drill", KETTLE]
    finish_lessons(enrollment)
    assert progress(enrollment).next_step.id == "last-cup"
    complete_course(enrollment)
    enrollment.refresh_from_db()
    assert enrollment.completed_at


@pytest.mark.slow
def test_last_simulation_completes_course():
    enrollment = make_player()
    finish_lessons(enrollment)
    attempt = start_exam(enrollment)
    answer_exam(attempt)
    attempts.submit(attempt)
    enrollment.refresh_from_db()
    assert not enrollment.completed_at
    play(enrollment, RED)
    enrollment.refresh_from_db()
    assert not enrollment.completed_at
    play(enrollment, BEST)
    enrollment.refresh_from_db()
    assert enrollment.completed_at and enrollment.certificate
    assert list(differences()) == []


def test_record_and_timeline_show_endings_without_decisions(client):
    enrollment = make_player()
    play(enrollment, RED)
    begin(enrollment)
    client.force_login(enrollment.learner)
    page = client.get("/learn/tea-room/record/").content.decode()
    assert "Simulation attempt 1</a> · harm ·" in page and "Simulation attempt 2" not in page
    entries = [
        each
        for each in timeline(enrollment, outline_of(enrollment.course, "en"), enrollment.learner)
        if each.kind == "red"
    ]
    assert [(each.title, str(each.detail)) for each in entries] == [("The kettle is on fire", "harm")]
