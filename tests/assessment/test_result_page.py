"""Result of an exam attempt: what it shows before and after the keys may be seen."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.urls import reverse

from courseware.assessment.exams import attempts as attempting
from courseware.assessment.exams.grading import Score
from courseware.assessment.exams.result_page import result_of
from courseware.content.releases.course_import import import_course
from courseware.content.rendering import store
from courseware.learning.lessons.question_rendering import ShownChoice
from tests.assessment.exams import (
    BANK,
    MONDAY,
    answer,
    asked,
    every_kind_files,
    exam_files,
    make_course,
    make_course_of_every_kind,
    ready,
    right,
    sit,
    soup,
    start,
    wrong,
)
from tests.course_format.samples import make_files
from tests.world import outline_of

DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


def result(attempt):
    course = attempt.enrollment.course
    course.refresh_from_db()
    page = store.page(attempt.release, "last-cup", "zh-hans")
    outline_then = store.outline(attempt.release, "zh-hans")
    return result_of(attempt, page, outline_then, outline_of(course))


def test_missed_question_links_to_heading_that_teaches_it(client):
    """Without a heading, the link leads to the start of the lesson."""
    files = every_kind_files()
    bank = files[BANK["zh-hans"]]
    files[BANK["zh-hans"]] = bank.replace(b" .one objective=O1.1", b" .one section=seven objective=O1.1", 1)
    attempt = start(ready(import_course(files).course), at=MONDAY)
    answer(attempt, points=0, at=MONDAY)
    attempting.submit(attempt, at=MONDAY)
    client.force_login(attempt.enrollment.learner)
    page = soup(client.get(reverse("assessment:result", args=[attempt.pk])))
    step = reverse("learning:step", args=["tea-room", "boiling"])
    assert sorted(link["href"] for link in page.select(".taught a")) == [step] * 4 + [f"{step}#seven"]


def missed_of(attempt, kind):
    return next(each for each in result(attempt).missed if each.question.kind == kind)


def every_kind_missed(**exam):
    attempt = start(ready(make_course_of_every_kind(**exam)), at=MONDAY)
    answer(attempt, points=0, at=MONDAY)
    return attempting.submit(attempt, at=MONDAY)


def allow_one_more_attempt(monkeypatch):
    """Allow a second attempt, for which the small bank has no questions."""
    monkeypatch.setattr("courseware.assessment.exams.eligibility.attempts_in_a_row", lambda retakes: 2)


def test_result_before_pass_shows_only_own_choice_reason_and_lesson(monkeypatch):
    allow_one_more_attempt(monkeypatch)
    missed = missed_of(every_kind_missed(), "one")
    assert list(missed.question.choices) == [
        ShownChoice(missed.question.choices[0].value, "乙", is_chosen=True, reason="<p>单选理由乙。</p>")
    ]
    assert (missed.is_answered, missed.is_critical, missed.lesson.id) == (True, False, "boiling")


def test_multiple_choice_shows_own_choices_unmarked(monkeypatch):
    allow_one_more_attempt(monkeypatch)
    choices = missed_of(every_kind_missed(), "several").question.choices
    assert {(choice.html, choice.reason, choice.mark) for choice in choices} == {
        ("甲", "<p>多选理由甲。</p>", ""), ("乙", "<p>多选理由乙。</p>", ""),
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["order", "sort"])
def test_ordering_and_sorting_show_own_answer_without_reasons(kind, monkeypatch):
    allow_one_more_attempt(monkeypatch)
    attempt = every_kind_missed()
    choices = missed_of(attempt, kind).question.choices
    assert {(choice.mark, choice.reason, choice.belongs, choice.shift) for choice in choices} == {("", "", "", "")}
    if kind == "order":
        assert [(choice.number, choice.html) for choice in choices] == [(1, "丙步"), (2, "甲步"), (3, "乙步")]
    else:
        assert {choice.html: choice.group_html for choice in choices} == {"甲物": "热", "乙物": "热", "丙物": "冷"}


def test_open_question_shows_key_only_when_allowed(monkeypatch):
    attempt = attempting.submit(start(ready(make_course_of_every_kind())))
    missed = missed_of(attempt, "several")
    assert not missed.is_answered
    assert {(choice.html, choice.mark, choice.is_chosen) for choice in missed.question.choices} == {
        ("甲", "key", False), ("乙", "", False), ("丙", "key", False),
    }  # fmt: skip
    allow_one_more_attempt(monkeypatch)
    assert {each.question.choices for each in result(attempt).missed} == {()}


def test_last_attempt_shows_key_and_all_reasons():
    attempt = every_kind_missed()
    assert result(attempt).shows_keys
    marks = {choice.html: choice.mark for choice in missed_of(attempt, "one").question.choices}
    assert marks == {"甲": "key", "乙": "wrong"}
    for each in result(attempt).missed:
        assert all(choice.reason for choice in each.question.choices)
    order = missed_of(attempt, "order").question.choices
    assert [(choice.html, choice.number, choice.belongs) for choice in order] == [
        ("丙步", 1, "3"), ("甲步", 2, ""), ("乙步", 3, ""),
    ]  # fmt: skip


@pytest.mark.slow
def test_pass_reveals_keys_of_earlier_attempts():
    enrollment = ready(make_course(questions=12, retakes="retakes:\n  - {wait: 0 min}\n  - {wait: 0 min}\n"))
    first = sit(enrollment, points=0, at=MONDAY)
    assert not result(first).shows_keys
    second = sit(enrollment, points=4, at=MONDAY)
    assert (result(first).shows_keys, result(second).shows_keys) == (True, True)


def test_last_attempt_reveals_keys_of_its_row_only():
    enrollment = ready(make_course(questions=12, retakes="retakes:\n  - {wait: 0 min}\nreopens: 1 days\n"))
    attempts = [sit(enrollment, points=0, at=MONDAY + day * DAY) for day in (0, 0, 1)]
    assert [attempt.number for attempt in attempts] == [1, 2, 3]
    assert [result(attempt).shows_keys for attempt in attempts] == [True, True, False]


def test_result_shows_points_needed_and_score_per_objective():
    # Draw the whole bank, so that both objectives are asked.
    enrollment = ready(make_course(questions=5, draw=5, retakes="reopens: 7 days\n"))
    attempt = sit(enrollment, points=3, at=MONDAY)
    shown = result(attempt)
    [module] = shown.modules
    assert (shown.needed, module.title, module.score) == (4, "水", Score(3, 5))
    assert [text for text, _score in module.objectives] == ["<strong>烧</strong>一壶水", "<strong>关</strong>掉炉子"]
    for (_text, score), rule in zip(module.objectives, ("O1.1", "O1.2"), strict=True):
        responses = attempt.responses.filter(objective=rule)
        assert score == Score(responses.filter(is_right=True).count(), responses.count())
    assert [step.id for step in shown.lessons] == ["boiling"]
    assert [each.question.id for each in shown.missed] == [response.question for response, _ in asked(attempt)[3:]]


def test_missed_question_is_equal_at_any_position_until_answered():
    attempt = attempting.submit(start(ready(make_course()), at=MONDAY), at=MONDAY)
    missed = result(attempt).missed
    attempt.responses.update(position=F("position") + 100)
    assert result(attempt).missed == missed
    first, question = asked(attempt)[0]
    attempt.responses.filter(pk=first.pk).update(response=question.clean(wrong(question)))
    answered, *others = result(attempt).missed
    assert (answered != missed[0], others) == (True, list(missed[1:]))


def test_result_keeps_its_text_after_new_release():
    attempt = every_kind_missed()
    before = result(attempt)
    files = every_kind_files()
    changed = {path: body.replace("甲".encode(), "丁".encode()) for path, body in files.items()}
    import_course(changed)
    assert result(attempt) == before


def test_removed_lesson_is_not_linked():
    course = make_course()
    attempt = sit(ready(course), points=0, at=MONDAY)
    assert result(attempt).missed[0].lesson.id == "boiling"
    renamed = {
        path: body.replace(b"id: boiling", b"id: heating").replace(b"lessons: all", b"lessons: [heating]")
        for path, body in exam_files().items()
    }
    import_course(renamed)
    shown = result(attempt)
    assert ({each.lesson for each in shown.missed}, shown.lessons) == ({None}, ())


def test_result_names_missed_must_know_question():
    """The sample exam has a slot for a must-know question."""
    course = import_course(make_files()).course
    attempt = start(ready(course), at=MONDAY)
    critical = [response.is_critical for response in attempt.responses.all()]
    assert sorted(critical) == [False, True]
    for response, question in asked(attempt):
        if not question.critical:
            attempting.save(attempt, response.position, right(question), saves=0, at=MONDAY)
    shown = result(attempting.submit(attempt, at=MONDAY))
    assert [(each.is_critical, each.is_answered) for each in shown.missed] == [(True, False)]


@pytest.mark.slow
def test_pass_shows_all_questions_and_fail_only_missed_ones(client):
    course = make_course(questions=10, draw=4, pass_mark=50)
    failed = sit(ready(course), points=1, at=MONDAY)
    assert [len(each) for each in (result(failed).missed, result(failed).others)] == [3, 0]
    passed = sit(ready(course), points=3, at=MONDAY)
    pass_result = result(passed)
    assert [len(each) for each in (pass_result.missed, pass_result.others)] == [1, 3]
    ids = [each.question.id for each in (*pass_result.missed, *pass_result.others)]
    assert sorted(ids) == sorted(response.question for response in passed.responses.all())
    assert all(choice.reason for each in pass_result.others for choice in each.question.choices)
    client.force_login(passed.enrollment.learner)
    page = client.get(f"/attempts/{passed.pk}/result/", headers={"accept-language": "en"}).text
    assert "Questions you answered correctly, with explanations" in page
    client.force_login(failed.enrollment.learner)
    page = client.get(f"/attempts/{failed.pk}/result/", headers={"accept-language": "en"}).text
    assert "Questions you answered correctly, with explanations" not in page


def test_fail_links_first_lesson_and_exam_page_shows_pass_first(client):
    course = make_course()
    failed, passed = sit(ready(course), points=1), sit(ready(course))
    client.force_login(failed.enrollment.learner)
    next_step_box = soup(client.get(f"/attempts/{failed.pk}/result/")).select_one(".now")
    assert next_step_box.select_one(".btn")["href"] == "/learn/tea-room/boiling/?again=check"
    assert "Start with “Boiling water” (the check questions of 1 lesson, about 1 minute)" in " ".join(
        next_step_box.get_text().split()
    )
    assert [item.get_text(strip=True) for item in next_step_box.select("li")] == ["Boiling water"]
    client.force_login(passed.enrollment.learner)
    first = soup(client.get("/exam/tea-room/last-cup/")).select_one("h1 + *")
    assert " ".join(first.h2.get_text().split()) == "Passed · 4 / 4"
