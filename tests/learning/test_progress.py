"""Progress: percentage, next step, open exam and progress tracker."""

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


def make_sample_outline():
    return make_outline(
        make_step("one"), make_step("two"), make_step("extra", is_required=False), make_step("exam", "exam"),
        make_step("survey", "survey", is_required=False, is_after_exam=True, minutes=None), exam_id="exam",
    )  # fmt: skip


@given(
    steps=st.lists(st.sampled_from(IDS), unique=True),
    required=st.lists(st.sampled_from(IDS)),
    done=st.sets(st.sampled_from(IDS)),
)
def test_percentage_is_between_0_and_100_for_any_release(steps, required, done):
    """Only steps that the current release requires are counted."""
    progress = progress_with(done, make_outline(*map(make_step, steps), required=tuple(required)))
    assert isinstance(progress.percent, int)
    assert 0 <= progress.percent <= 100
    assert (progress.percent == 100) == progress.is_all_done
    assert progress.done_count <= progress.total == len(set(required))


def test_percentage_is_rounded_down():
    steps = make_outline(*(make_step(name) for name in ("one", "two", "three")))
    assert [progress_with(done, steps).percent for done in ([], ["one"], ["one", "two"])] == [0, 33, 66]


def test_next_step_is_first_incomplete_one():
    assert progress_with([], make_sample_outline()).next_step.id == "one"
    assert progress_with(["one"], make_sample_outline()).next_step.id == "two"
    assert progress_with(["two"], make_sample_outline()).next_step.id == "one"
    assert progress_with(["one", "two", "extra", "exam"], make_sample_outline()).next_step.id == "survey"
    assert progress_with(["one", "two", "extra", "exam", "survey"], make_sample_outline()).next_step is None


def test_exam_opens_after_required_lessons():
    assert not progress_with(["one", "extra"], make_sample_outline()).is_exam_open
    assert progress_with(["one", "two"], make_sample_outline()).is_exam_open
    assert not progress_with(["one", "two"], make_outline(make_step("one"), make_step("two"))).is_exam_open


def make_outline_with_pre_test():
    start = make_step("start", "pre-check", is_required=False)
    return make_outline(start, make_step("one"), make_step("exam", "exam"), exam_id="exam", pre_check_id="start")


def test_pre_test_comes_first_until_learner_starts():
    assert progress_with([], make_outline_with_pre_test()).next_step.id == "start"
    assert progress_with([], make_outline_with_pre_test(), has_answered=True).next_step.id == "one"
    assert progress_with(["start"], make_outline_with_pre_test()).next_step.id == "one"
    assert progress_with(["one"], make_outline_with_pre_test()).next_step.id == "exam"
    assert progress_with(["retired"], make_outline_with_pre_test()).next_step.id == "one"
    assert progress_with(["one", "exam"], make_outline_with_pre_test()).next_step is None


def test_pre_test_is_open_until_first_completion():
    assert progress_with([], make_outline_with_pre_test()).is_pre_check_open
    assert progress_with([], make_outline_with_pre_test(), has_answered=True).is_pre_check_open
    assert not progress_with(["start"], make_outline_with_pre_test()).is_pre_check_open
    assert not progress_with(["one"], make_outline_with_pre_test()).is_pre_check_open
    assert not progress_with([], make_sample_outline()).is_pre_check_open


def test_pre_test_is_not_counted():
    progress = progress_with(["start"], make_outline_with_pre_test())
    assert (progress.done_count, progress.total, progress.percent) == (0, 2, 0)
    [module] = tracker_modules(make_outline_with_pre_test(), progress, "one")
    assert (module.is_done, module.done_count, len(module.counting)) == (False, 0, 2)


def test_course_without_required_steps_has_no_percentage():
    progress = progress_with(["one"], make_outline(make_step("one"), required=()))
    assert (progress.percent, progress.is_all_done) == (0, False)


def test_module_counts_required_steps_and_minutes():
    outline = make_sample_outline()
    [module] = tracker_modules(outline, progress_with(["one", "two", "exam"], outline), "survey")
    assert (module.is_done, module.is_here, module.done_count, module.minutes) == (True, True, 3, 9)
    assert outline.minutes_left(progress_with(["one"], outline).done) == 6


def test_modules_count_same_steps_as_course():
    outline = make_sample_outline()
    progress = progress_with(["one", "extra", "survey"], outline)
    modules = tracker_modules(outline, progress, "")
    assert sum(module.done_count for module in modules) == progress.done_count == 1
    assert sum(len(module.counting) for module in modules) == progress.total == 3


def test_job_role_is_chosen_one_or_that_of_company():
    outline, unknown, day_learner = (
        make_outline(tracks={"day": "Day", "night": "Night"}),
        User(job_role="gone"),
        User(job_role="day"),
    )
    modules = [
        job_role_of(Enrollment(job_role=job_role, learner=learner), outline)
        for job_role in ("", "night", "gone")
        for learner in (unknown, day_learner)
    ]
    assert modules == ["", "day", "night", "night", "", "day"]
    assert job_role_of(Enrollment(learner=day_learner), make_outline()) == ""


def test_check_question_without_job_role_is_asked_of_all():
    check = (CheckQuestion("all", (), ("all",)), CheckQuestion("night", ("night",), ("night", "again")))
    step = Step("one", "lesson", "One", 3, 1, "m1", True, False, check, ())
    assert (step.check_for("day"), step.check_for("night")) == (check[:1], check)
