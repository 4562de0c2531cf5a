"""What an attempt must not show before its time, and what it goes on showing."""

import re

import pytest

from courseware.assessment.attempt_page import shown
from tests.assessment.exams import (
    asked,
    make_course,
    make_course_of_every_kind,
    ready,
    sit,
    start,
)
from tests.assessment.sitting import EXAM, form_of, page, save

pytestmark = pytest.mark.django_db


def everything_shown(client, attempt):
    """Every byte that an open attempt sends to its learner."""
    pages = [client.get(EXAM), client.get(f"/attempts/{attempt.pk}/review/")]
    for position in range(1, attempt.max_points + 1):
        pages += [client.get(page(attempt, position)), save(client, attempt, position, live=True, choice="0")]
    return "".join(each.text + str(each.headers) for each in pages)


def test_no_reason_and_no_word_of_a_key_leaves_the_server_before_it_may_be_seen(client, learner):
    attempt = start(ready(make_course_of_every_kind(), learner))
    bytes_shown = everything_shown(client, attempt)
    assert "Step A" in bytes_shown
    for _response, question in asked(attempt):
        for choice in question.choices:
            assert re.sub("<.*?>", "", choice.reason) not in bytes_shown
    assert "reason" not in bytes_shown
    assert "理由" not in bytes_shown


def test_forms_speak_of_choices_by_where_they_stand(client, learner):
    attempt = start(ready(make_course_of_every_kind(), learner))
    for response, question in asked(attempt):
        form = form_of(client.get(page(attempt, response.position)))
        places = list(range(len(question.choices)))
        if question.kind == "order":
            assert [select["name"] for select in form.select("select")] == [f"number-{place}" for place in places]
            assert [label.get_text(strip=True)[-1] for label in form.select(".ordering label")] != ["A", "B", "C"]
        elif question.kind == "sort":
            names = [field.select_one("input")["name"] for field in form.select(".sorting")]
            assert names == [f"group-{place}" for place in places]
        else:
            values = [field["value"] for field in form.select("[name=choice]")]
            assert (sorted(values) if question.kind == "mark" else values) == [str(place) for place in places]
        assert not form.select("[checked], [selected]")


@pytest.mark.parametrize("kind", ["one", "several", "mark", "sort"])
def test_a_question_looks_the_same_whatever_its_key_is(learner, kind):
    from dataclasses import replace

    attempt = start(ready(make_course_of_every_kind(), learner))
    response, question = next(pair for pair in asked(attempt) if pair[1].kind == kind)
    turned = [
        replace(choice, ticked=not choice.ticked, group=None if choice.group is None else 1 - choice.group)
        for choice in question.choices
    ]
    other = replace(question, choices=tuple(turned))
    assert other.key != question.key
    assert shown(other, response) == shown(question, response)


def test_before_a_pass_the_result_has_no_key_and_after_it_has(client, learner):
    course = make_course(questions=12, retakes="retakes:\n  - {wait: 0 min}\n")
    first = sit(ready(course, learner), points=0)
    text = client.get(f"/attempts/{first.pk}/result/").text
    for response, question in asked(first, "en"):
        chosen = question.choices[response.response[0]]
        for choice in question.choices:
            assert (choice.reason in text) is (choice is chosen)
            assert (choice.text in text) is (choice is chosen)
    assert "Not this." not in text
    sit(first.enrollment, points=4)
    text = client.get(f"/attempts/{first.pk}/result/").text
    for _response, question in asked(first, "en"):
        assert all(choice.reason in text and choice.text in text for choice in question.choices)
    assert text.count("The right one.") == 4
