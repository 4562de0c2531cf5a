"""Rendering of questions: forms, reasons, marks and option order."""

import re
from dataclasses import replace
from hashlib import sha256

import pytest
from django.utils.datastructures import MultiValueDict
from hypothesis import given
from hypothesis import strategies as st

from courseware.course_format.questions.question_types import Choice, Mark, One, Open, Order, Several, Sort
from courseware.learning.lessons.question_rendering import (
    OtherOrder,
    ask,
    ask_again,
    drawn_with,
    order_of,
    raw_response,
    reveals_all,
    show,
)


class ShownAnswer:
    def __init__(self, response, is_right):
        self.response, self.is_right = response, is_right


def choices(*ticked):
    return tuple(Choice(f"choice {place}", f"reason {place}", tick) for place, tick in enumerate(ticked))


ONE = One("one", "Title", "<p>Stem</p>", choices(False, True, False))
SCALE = One("scale", "Title", "", choices(False, True, False), numbered=True)
SEVERAL = Several("several", "Title", "", choices(True, False, True))
MARK = Mark("mark", "Title", "", choices(True, False, False))
CLUES = Mark("clues", "Title", "", choices(True, True, False, False))
ORDER = Order("order", "Title", "", choices(False, False, False))
MEMBERS = tuple(Choice(f"member {place}", f"reason {place}", group=group) for place, group in enumerate((0, 1, 1)))
SORT = Sort("sort", "Title", "", MEMBERS, groups=("hot", "cold"))
MANY = One("many", "", "", choices(True, *[False] * 9))
OPEN = Open("open", "Title", "", ())
EVERY_KIND = [ONE, SCALE, SEVERAL, MARK, ORDER, SORT, OPEN]


def make_answers(question, *responses):
    return [ShownAnswer(response, question.grade(response)) for response in responses]


def reasons(shown):
    return sorted(choice.reason for choice in shown.choices if choice.reason)


def marks(shown):
    return {choice.html: choice.mark for choice in shown.choices if choice.mark}


@pytest.mark.parametrize("question", EVERY_KIND, ids=lambda question: question.id)
@pytest.mark.parametrize("number", [0, 1, 5])
def test_form_shows_no_reason_and_no_mark(question, number):
    shown = ask(question, enrollment_id=7, tries=number)
    assert reasons(shown) == []
    assert marks(shown) == {}
    assert {choice.belongs for choice in shown.choices} <= {""}


@pytest.mark.parametrize(
    "question, response, expected_reasons, expected_marks",
    [
        (ONE, [0], ["reason 0"], {"choice 0": "wrong"}),
        (SEVERAL, [0, 1], ["reason 0", "reason 1"], {"choice 0": "right", "choice 1": "wrong"}),
        (SEVERAL, [0], ["reason 0"], {"choice 0": "right"}),
        (MARK, [2], ["reason 2"], {"choice 2": "wrong"}),
        (
            ORDER, [0, 2, 1], ["reason 1"],
            {"choice 0": "right", "choice 1": "wrong", "choice 2": "right"},
        ),
        (SORT, [0, 0, 1], ["reason 1"], {"member 0": "right", "member 1": "wrong", "member 2": "right"}),
    ],
    ids=["one", "several with a wrong one", "several with one missing", "mark", "order", "sort"],
)  # fmt: skip
def test_first_miss_shows_reasons_of_chosen_options_only(question, response, expected_reasons, expected_marks):
    shown = show(question, 7, make_answers(question, response))
    assert shown.outcome == "missed"
    assert reasons(shown) == expected_reasons
    assert marks(shown) == expected_marks
    assert {choice.belongs for choice in shown.choices} == {""}


@pytest.mark.parametrize("responses", [([0], [2]), ([1],), ([0], [1])], ids=["two misses", "right", "miss, right"])
def test_all_reasons_are_shown_after_right_answer_or_second_miss(responses):
    shown = show(ONE, 7, make_answers(ONE, *responses))
    assert reasons(shown) == ["reason 0", "reason 1", "reason 2"]
    assert marks(shown)["choice 1"] in {"key", "right"}


def marked(shown):
    """(mark and right position of each marked option, number of missing ones)"""
    return {choice.html: choice.mark + choice.belongs for choice in shown.choices if choice.mark}, shown.missing


@pytest.mark.parametrize(
    "question, response, first, second",
    [
        (
            CLUES, [0, 3],
            ({"choice 0": "right", "choice 3": "wrong"}, 1),
            ({"choice 0": "right", "choice 1": "key", "choice 3": "wrong"}, 0),
        ),
        (
            SORT, [0, 0, 1],
            ({"member 0": "right", "member 1": "wrong", "member 2": "right"}, 0),
            ({"member 0": "right", "member 1": "wrongcold", "member 2": "right"}, 0),
        ),
        (
            ORDER, [0, 2, 1],
            ({"choice 0": "right", "choice 2": "right", "choice 1": "wrong"}, 0),
            ({"choice 0": "right", "choice 2": "right", "choice 1": "wrong2"}, 0),
        ),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)  # fmt: skip
def test_first_miss_hides_missing_options_until_second_or_practice(question, response, first, second):
    once, twice = make_answers(question, response), make_answers(question, response, response)
    assert marked(show(question, 7, once)) == first
    assert marked(show(question, 7, twice)) == second
    assert marked(show(question, 7, once, is_practice=True)) == second
    one = make_answers(ONE, [0])
    assert marked(show(ONE, 7, one, is_practice=True)) == marked(show(ONE, 7, one))  # only the 3 types above


def test_retry_of_ordering_and_sorting_starts_from_last_answer():
    for question, response in ((ORDER, [2, 0, 1]), (SORT, [0, 0, 1])):
        again = ask_again(question, 7, make_answers(question, response))
        assert (again.is_form, again.outcome, again.drawn_with) == (True, "missed", drawn_with())
        assert marked(again)[0] == marked(show(question, 7, make_answers(question, response)))[0]
        name = "number" if question is ORDER else "group"
        fields = {f"{name}-{each.value}": [str(each.number or each.group)] for each in again.choices}
        sent = MultiValueDict(fields | {"drawn_with": [again.drawn_with]})
        assert question.clean(raw_response(question, 7, again.tries, sent)) == response


QUOTE = "<p>A <mark>choice 0</mark> and <mark>choice 1</mark>, <mark>choice 2</mark>.</p>"
TEXT = f"<p>Which?</p><blockquote>{QUOTE}</blockquote>"


def test_marked_passages_are_options_in_place():
    shown = ask(replace(MARK, stem=TEXT), 7, 0)
    pieces = [piece.choice.html if piece.choice else None for piece in shown.passage]
    assert pieces == [None, "choice 0", None, "choice 1", None, "choice 2", None]
    assert "".join(piece.html for piece in shown.passage) == re.sub("</?mark>", "", TEXT)
    listed = show(replace(MARK, stem=TEXT), 7, make_answers(MARK, [2], [1])).told
    assert [(choice.html, choice.mark) for choice in listed] == [
        ("choice 1", "wrong"),
        ("choice 0", "key"),
        ("choice 2", ""),
    ]
    for other in (MARK, replace(ONE, stem=TEXT)):  # no passage in these
        assert ask(other, 7, 0).passage == () and len(ask(other, 7, 0).told) == 3


def test_revealed_reasons_stay_after_later_miss():
    shown = show(ONE, 7, make_answers(ONE, [1], [0]))
    assert (shown.outcome, reasons(shown)) == ("missed", ["reason 0", "reason 1", "reason 2"])


def test_open_question_is_saved_and_reveals_nothing():
    shown = show(OPEN, 7, make_answers(OPEN, "I ring back."))
    assert (shown.outcome, shown.text) == ("saved", "I ring back.")
    assert not reveals_all(make_answers(OPEN, "a", "b", "c"))


def test_option_order_is_stable_until_next_answer():
    assert order_of(MANY, 7, 0) == order_of(MANY, 7, 0)
    assert order_of(MANY, 7, 0) != order_of(MANY, 7, 1)
    assert order_of(MANY, 7, 0) != order_of(MANY, 8, 0)


def test_option_order_cannot_be_guessed_without_secret_key(settings):
    places = range(len(MANY.choices))
    guesses = {
        tuple(sorted(places, key=lambda place: sha256(f"{enrollment}:many:0:{place}".encode()).digest()))
        for enrollment in range(5000)
    }
    assert order_of(MANY, 7, 0) not in guesses
    before, name = order_of(MANY, 7, 0), drawn_with()
    settings.SECRET_KEY = "another key " * 6
    assert order_of(MANY, 7, 0) != before
    assert drawn_with() != name


def test_form_names_order_key_without_personal_data():
    assert {ask(MANY, enrollment, tries).drawn_with for enrollment in (7, 8) for tries in (0, 1)} == {drawn_with()}
    assert re.fullmatch("[0-9a-f]{8}", drawn_with())


@pytest.mark.parametrize("key_names", [[], [""], ["0" * 8]])
def test_form_with_unknown_order_key_is_refused(key_names):
    for question in (ONE, SEVERAL, MARK, ORDER, SORT):
        with pytest.raises(OtherOrder):
            raw_response(question, 7, 0, MultiValueDict({"choice": ["0"], "drawn_with": key_names}))
    assert raw_response(OPEN, 7, 0, MultiValueDict({"text": ["so"], "drawn_with": key_names})) == ["so"]


def test_numbered_scale_keeps_its_order():
    assert {order_of(SCALE, enrollment, tries) for enrollment in range(5) for tries in range(5)} == {(0, 1, 2)}


def test_ordering_question_is_never_shown_in_right_order():
    assert (0, 1, 2) not in {order_of(ORDER, enrollment, tries) for enrollment in range(50) for tries in range(3)}


def form_of(question, response, tries=0):
    """Form fields that a browser sends for this response."""
    order = order_of(question, 7, tries)
    fields = MultiValueDict({"drawn_with": [drawn_with()]})
    if question.kind == "open":
        fields["text"] = response
    elif question.kind == "order":
        for value, place in enumerate(order):
            fields[f"number-{value}"] = str(response.index(place) + 1)
    elif question.kind == "sort":
        for value, place in enumerate(order):
            fields[f"group-{value}"] = str(response[place])
    else:
        fields.setlist("choice", [str(order.index(place)) for place in response])
    return fields


@pytest.mark.parametrize(
    "question, response",
    [(ONE, [2]), (SCALE, [0]), (SEVERAL, [0, 2]), (MARK, [1]), (ORDER, [2, 0, 1]), (SORT, [1, 0, 1]), (OPEN, "so")],
    ids=lambda value: getattr(value, "id", ""),
)
@pytest.mark.parametrize("number", [0, 1, 2])
def test_form_is_read_in_shown_order(question, response, number):
    raw = raw_response(question, 7, number, form_of(question, response, number))
    assert question.clean(raw) == response


@pytest.mark.parametrize(
    "question, fields",
    [
        (ONE, {"choice": ["3"]}),
        (ONE, {"choice": ["-1"]}),
        (ONE, {"choice": ["١"]}),
        (ONE, {"choice": ["9" * 5000]}),
        (ONE, {"choice": ["0\0"]}),
        (ONE, {}),
        (ONE, {"choice": ["0", "1"]}),
        (SEVERAL, {}),
        (ORDER, {}),
        (ORDER, {"number-0": ["1"], "number-1": ["1"], "number-2": ["2"]}),
        (ORDER, {"number-0": ["1"], "number-1": ["2"], "number-2": ["4"]}),
        (SORT, {"group-0": ["0"], "group-1": ["1"]}),
        (SORT, {"group-0": ["0"], "group-1": ["1"], "group-2": ["2"]}),
        (OPEN, {"text": [" \r\n "]}),
        (OPEN, {"text": ["a\0"]}),
        (OPEN, {"text": ["a" * 1_000_000]}),
        (OPEN, {}),
    ],
)
def test_impossible_form_is_refused_without_crash(question, fields):
    with pytest.raises(ValueError):
        question.clean(raw_response(question, 7, 0, MultiValueDict(fields | {"drawn_with": [drawn_with()]})))


@given(st.dictionaries(st.sampled_from(["choice", "text", "number-0", "group-1"]), st.lists(st.text(), max_size=3)))
def test_any_fields_give_response_or_value_error(fields):
    for question in EVERY_KIND:
        try:
            question.clean(raw_response(question, 7, 0, MultiValueDict(fields | {"drawn_with": [drawn_with()]})))
        except ValueError:
            continue


def test_unreadable_form_is_filled_in_again():
    shown = ask(SORT, 7, 2, MultiValueDict({"group-1": ["1"]}))
    assert [choice.group for choice in shown.choices] == ["", "1", ""]
    shown = ask(ORDER, 7, 2, MultiValueDict({"number-0": ["3"]}))
    assert [choice.number for choice in shown.choices] == [3, None, None]
    shown = ask(SEVERAL, 7, 2, MultiValueDict({"choice": ["0", "2"]}))
    assert [choice.is_chosen for choice in shown.choices] == [True, False, True]


def test_options_keep_their_positions_after_answer():
    asked = ask(ONE, 7, 0)
    answered = show(ONE, 7, make_answers(ONE, [0]))
    assert [choice.html for choice in answered.choices] == [choice.html for choice in asked.choices]
