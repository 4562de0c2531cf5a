from hypothesis import given
from hypothesis import strategies as st

from courseware.accounts.models import User
from courseware.content.rendering.store import CheckQuestion, Outline, OutlineModule, Step
from courseware.learning.models import Enrollment
from courseware.learning.status.progress import job_role_of, progress_with
from courseware.learning.status.progress_tracker import tracker_modules

IDS = [f"doc-{number}" for number in range(8)]


def make_step(identifier, kind="lesson", *, is_required=True, is_after_exam=False, minutes=3):
    return Step(identifier, kind, identifier.title(), minutes, 1, "m1", is_required, is_after_exam, (), ())


def make_outline(*steps, required=None, exam_id=None, tracks=None, pre_check_id=None):
    required = tuple(step.id for step in steps if step.is_required) if required is None else required
    return Outline(
        "course", "Course", "en", tracks or {}, required, None, exam_id, None, None,
        (OutlineModule("m1", 1, "Module", steps, {}),), {}, pre_check_id,
    )  # fmt: skip


def a_route():
    return make_outline(
        make_step("one"), make_step("two"), make_step("extra", is_required=False), make_step("exam", "exam"),
        make_step("survey", "survey", is_required=False, is_after_exam=True, minutes=None), exam_id="exam",
    )  # fmt: skip


@given(
    route=st.lists(st.sampled_from(IDS), unique=True),
    required=st.lists(st.sampled_from(IDS)),
    done=st.sets(st.sampled_from(IDS)),
)
def test_percent_is_whole_and_never_more_than_a_hundred_over_any_releases(route, required, done):
    """Whatever was required when it was done: only what the release of today requires is counted."""
    progress = progress_with(done, make_outline(*map(make_step, route), required=tuple(required)))
    assert isinstance(progress.percent, int)
    assert 0 <= progress.percent <= 100
    assert (progress.percent == 100) == progress.is_all_done
    assert progress.done_count <= progress.total == len(set(required))


def test_percent_is_rounded_down_also_where_the_nearest_is_above():
    route = make_outline(*(make_step(name) for name in ("one", "two", "three")))
    assert [progress_with(done, route).percent for done in ([], ["one"], ["one", "two"])] == [0, 33, 66]


def test_go_on_at_the_first_step_of_the_route_that_is_not_done():
    assert progress_with([], a_route()).next_step.id == "one"
    assert progress_with(["one"], a_route()).next_step.id == "two"
    assert progress_with(["two"], a_route()).next_step.id == "one"
    assert progress_with(["one", "two", "extra", "exam"], a_route()).next_step.id == "survey"
    assert progress_with(["one", "two", "extra", "exam", "survey"], a_route()).next_step is None


def test_the_exam_opens_when_the_required_lessons_are_done_and_not_before():
    assert not progress_with(["one", "extra"], a_route()).is_exam_open
    assert progress_with(["one", "two"], a_route()).is_exam_open
    assert not progress_with(["one", "two"], make_outline(make_step("one"), make_step("two"))).is_exam_open


def with_pre_check():
    start = make_step("start", "pre-check", is_required=False)
    return make_outline(start, make_step("one"), make_step("exam", "exam"), exam_id="exam", pre_check_id="start")


def test_the_pre_check_comes_first_for_who_has_done_and_answered_nothing():
    assert progress_with([], with_pre_check()).next_step.id == "start"
    assert progress_with([], with_pre_check(), has_answered=True).next_step.id == "one"
    assert progress_with(["start"], with_pre_check()).next_step.id == "one"
    assert progress_with(["one"], with_pre_check()).next_step.id == "exam"
    assert progress_with(["retired"], with_pre_check()).next_step.id == "one"
    assert progress_with(["one", "exam"], with_pre_check()).next_step is None


def test_the_pre_check_stays_open_until_something_is_done():
    assert progress_with([], with_pre_check()).is_pre_check_open
    assert progress_with([], with_pre_check(), has_answered=True).is_pre_check_open
    assert not progress_with(["start"], with_pre_check()).is_pre_check_open
    assert not progress_with(["one"], with_pre_check()).is_pre_check_open
    assert not progress_with([], a_route()).is_pre_check_open


def test_the_pre_check_is_in_no_number():
    progress = progress_with(["start"], with_pre_check())
    assert (progress.done_count, progress.total, progress.percent) == (0, 2, 0)
    [station] = tracker_modules(with_pre_check(), progress, "one")
    assert (station.is_done, station.done_count, len(station.counting)) == (False, 0, 2)


def test_nothing_required_is_no_percent_and_not_all_done():
    progress = progress_with(["one"], make_outline(make_step("one"), required=()))
    assert (progress.percent, progress.is_all_done) == (0, False)


def test_a_station_is_done_and_lasts_by_what_counts_there():
    outline = a_route()
    [station] = tracker_modules(outline, progress_with(["one", "two", "exam"], outline), "survey")
    assert (station.is_done, station.is_here, station.done_count, station.minutes) == (True, True, 3, 9)
    assert outline.minutes_left(progress_with(["one"], outline).done) == 6


def test_stations_count_what_the_course_counts():
    outline = a_route()
    progress = progress_with(["one", "extra", "survey"], outline)
    found = tracker_modules(outline, progress, "")
    assert sum(station.done_count for station in found) == progress.done_count == 1
    assert sum(len(station.counting) for station in found) == progress.total == 3


def test_the_post_is_the_chosen_one_else_the_one_the_firm_knows_and_never_one_that_the_course_lacks():
    outline, unknown, by_day = (
        make_outline(tracks={"day": "Day", "night": "Night"}),
        User(job_role="gone"),
        User(job_role="day"),
    )
    found = [
        job_role_of(Enrollment(job_role=job_role, learner=learner), outline)
        for job_role in ("", "night", "gone")
        for learner in (unknown, by_day)
    ]
    assert found == ["", "day", "night", "night", "", "day"]
    assert job_role_of(Enrollment(learner=by_day), make_outline()) == ""


def test_a_check_question_without_tracks_is_asked_of_all():
    check = (CheckQuestion("all", (), ("all",)), CheckQuestion("night", ("night",), ("night", "again")))
    step = Step("one", "lesson", "One", 3, 1, "m1", True, False, check, ())
    assert (step.check_for("day"), step.check_for("night")) == (check[:1], check)
