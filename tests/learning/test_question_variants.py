"""Question variants: they replace a question missed twice, and either counts."""

from types import SimpleNamespace

import pytest
from django.urls import reverse

from courseware.assessment.exams import eligibility
from courseware.assessment.exams.eligibility import WorkSinceAttempt
from courseware.content.rendering import store
from courseware.learning.lessons.answer_history import wording_asked
from courseware.learning.models import Answer
from courseware.learning.status.completion import asked_of, waiting_in
from courseware.reporting.dashboard.stuck import Obstacle, is_current_obstacle
from courseware.reporting.statistics.group_statistics import GroupStatistic
from courseware.reporting.statistics.missed_objectives import missed_in
from courseware.reporting.statistics.questions import question_splits
from tests.course_format.samples import make_files
from tests.learning.lesson_pages import LESSON, answer_url, practise, sent, soup_of, try_it
from tests.making import make_course, make_enrollment

pytestmark = pytest.mark.django_db

ZH, EN = "01-water/01-boiling.zh-hans.md", "01-water/01-boiling.en.md"
OTHER_ZH = """
### 火还开着吗？ {#is-it-on .one objective=O1.2 family=is-it-off}

你要出门。

- [x] 先看一眼
  > 看了才知道。
- [ ] 凭记性
  > 记性会骗人。
"""
OTHER_EN = """
### Is it still on? {#is-it-on}

You are leaving.

- [x] Look first
  > Only looking tells.
- [ ] Trust your memory
  > Memory cheats.
"""


@pytest.fixture
def enrollment(db):
    files = make_files()
    course = make_course(files | {ZH: files[ZH] + OTHER_ZH.encode(), EN: files[EN] + OTHER_EN.encode()})
    return make_enrollment(course=course)


def step_of(enrollment):
    return store.outline(enrollment.course.current, "en").step("boiling")


def page_of(client, enrollment, **params):
    client.force_login(enrollment.learner)
    return soup_of(client.get(LESSON, params))


def test_variant_is_asked_after_second_miss_in_place_of_first(client, enrollment):
    step = step_of(enrollment)
    assert [(each.id, each.wordings) for each in step.check] == [("is-it-off", ("is-it-off", "is-it-on"))]
    assert "is-it-on" not in asked_of(enrollment, store.page(enrollment.release, "boiling", "en"))
    for misses in range(2):
        page = page_of(client, enrollment)
        assert "Is it still on?" not in page.text and len(page.select("#lesson-dots .check")) == 1
        try_it(enrollment, "is-it-off", ["0"])
        assert misses == len(page.select("#q-is-it-off.missed"))
    block = page_of(client, enrollment).select_one("#q-is-it-off")
    assert "Is it off?" in block.text and "Good." in block.text  # with all reasons, as after every second miss
    [form] = block.select("form")
    assert form["action"] == answer_url("is-it-on") and form["hx-target"] == "#q-is-it-off"
    assert "You are leaving." in form.text and "with a reworded question" in block.select_one("summary").text


def test_right_answer_to_variant_counts_for_question(client, enrollment):
    practise(enrollment)
    step = step_of(enrollment)
    page = store.page(enrollment.release, "boiling", "en")
    for _ in range(2):
        try_it(enrollment, "is-it-off", ["0"])
    assert waiting_in(enrollment, step, page) == ("is-it-off",)
    client.force_login(enrollment.learner)
    wrong = client.post(answer_url("is-it-on"), sent("0", "1"))
    assert soup_of(wrong).select_one("#q-is-it-off #again-is-it-off[open] .invalid-feedback")
    options = page_of(client, enrollment).select("#again-is-it-off .choices label")
    [value] = [each.input["value"] for each in options if each.text == "Look first"]
    answered = client.post(answer_url("is-it-on"), sent(value))
    assert answered.headers["location"] == f"{LESSON}#q-is-it-off"
    assert waiting_in(enrollment, step, page) == ()
    shown = page_of(client, enrollment)
    assert "Lesson done" in shown.select_one("#lesson-state").text
    assert shown.select_one("#lesson-dots .check.right") and "Is it still on?" in shown.select_one("#q-is-it-off").text


def test_last_variant_stays_until_right():
    def after(*answers):
        rows = [Answer(question=question, is_right=is_right) for question, is_right in answers]
        return wording_asked(("a", "b"), rows)

    miss = ("a", False)
    assert (after(), after(miss), after(miss, miss)) == ("a", "a", "b")
    assert after(miss, ("a", True)) == "a"
    assert after(miss, miss, ("b", False), ("b", False), ("b", False)) == "b"


def test_statistics_list_first_variant_only(enrollment):
    page = store.page(enrollment.release, "boiling", "en")
    splits = question_splits(enrollment.course.documents.get(identifier="boiling"), page, GroupStatistic.objects.all())
    assert "is-it-on" not in {split.question.id for split in splits}
    assert "is-it-off" in {split.question.id for split in splits}


def test_retake_check_accepts_either_variant(enrollment, monkeypatch):
    monkeypatch.setattr(eligibility, "missed_lessons", lambda *_: ("boiling",))
    attempt, outline = SimpleNamespace(enrollment=enrollment), store.outline(enrollment.course.current, "en")

    def to_revisit(*right):
        return eligibility.lessons_to_revisit(
            attempt, WorkSinceAttempt(right={("boiling", each) for each in right}), outline
        )

    assert to_revisit() == to_revisit("what-first") == ("boiling",)
    assert to_revisit("is-it-off") == to_revisit("is-it-on") == ()


def test_missed_last_variant_counts_as_obstacle_and_missed_objective(enrollment):
    outline = store.outline(enrollment.course.current, "en")
    learner_progress = SimpleNamespace(outline=outline, progress=SimpleNamespace(done=()))
    assert [is_current_obstacle(Obstacle("boiling", each), learner_progress) for each in ("is-it-off", "is-it-on")] == [
        False,
        True,
    ]
    assert missed_in(enrollment.course, outline, ["boiling"]) == set()
    try_it(enrollment, "is-it-on", ["1"])
    assert missed_in(enrollment.course, outline, ["boiling"]) == {enrollment.pk}


def test_offline_copy_shows_first_variant_and_valid_links(client, enrollment):
    client.force_login(enrollment.learner)
    offline_copy = soup_of(client.get(reverse("learner_home:offline-copy"), headers={"accept-language": "en"}))
    params = [each.get_text() for each in offline_copy.select("article p.soft")]
    assert any("Is it off?" in each for each in params)
    assert not any("Is it still on?" in each for each in params)
    assert offline_copy.select_one("link[href*='css/screens.css']")
    assert all(offline_copy.find(id=link["href"][1:]) for link in offline_copy.select("a[href^='#']"))
