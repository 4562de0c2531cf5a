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


def tries(question, *responses):
    return [ShownAnswer(response, question.grade(response)) for response in responses]


def reasons(shown):
    return sorted(choice.reason for choice in shown.choices if choice.reason)


def marks(shown):
    return {choice.html: choice.mark for choice in shown.choices if choice.mark}


@pytest.mark.parametrize("question", EVERY_KIND, ids=lambda question: question.id)
@pytest.mark.parametrize("number", [0, 1, 5])
def test_a_form_holds_no_reason_and_no_mark(question, number):
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
def test_a_first_miss_shows_the_reasons_of_what_was_chosen_and_no_more(
    question, response, expected_reasons, expected_marks
):
    shown = show(question, 7, tries(question, response))
    assert shown.outcome == "missed"
    assert reasons(shown) == expected_reasons
    assert marks(shown) == expected_marks
    assert {choice.belongs for choice in shown.choices} == {""}


@pytest.mark.parametrize("responses", [([0], [2]), ([1],), ([0], [1])], ids=["two misses", "right", "miss, right"])
def test_all_reasons_come_with_the_right_answer_or_after_a_second_miss(responses):
    shown = show(ONE, 7, tries(ONE, *responses))
    assert reasons(shown) == ["reason 0", "reason 1", "reason 2"]
    assert marks(shown)["choice 1"] in {"key", "right"}


def said(shown):
    """What is said of each of one's own: what it is, where it belongs; and how many are missing."""
    return {choice.html: choice.mark + choice.belongs for choice in shown.choices if choice.mark}, shown.missing


@pytest.mark.parametrize(
    "question, response, first, then",
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
def test_a_first_miss_says_what_is_wrong_and_how_much_is_missing_and_the_second_or_one_in_practice_shows_it(
    question, response, first, then
):
    once, twice = tries(question, response), tries(question, response, response)
    assert said(show(question, 7, once)) == first
    assert said(show(question, 7, twice)) == then
    assert said(show(question, 7, once, is_practice=True)) == then
    one = tries(ONE, [0])
    assert said(show(ONE, 7, one, is_practice=True)) == said(show(ONE, 7, one))  # that is of these three kinds


def test_what_was_put_somewhere_is_tried_again_from_there_and_a_second_form_is_understood_as_it_stands():
    for question, response in ((ORDER, [2, 0, 1]), (SORT, [0, 0, 1])):
        again = ask_again(question, 7, tries(question, response))
        assert (again.is_form, again.outcome, again.drawn_with) == (True, "missed", drawn_with())
        assert said(again)[0] == said(show(question, 7, tries(question, response)))[0]
        name = "number" if question is ORDER else "group"
        fields = {f"{name}-{each.value}": [str(each.number or each.group)] for each in again.choices}
        sent = MultiValueDict(fields | {"drawn_with": [again.drawn_with]})
        assert question.clean(raw_response(question, 7, again.tries, sent)) == response


QUOTE = "<p>A <mark>choice 0</mark> and <mark>choice 1</mark>, <mark>choice 2</mark>.</p>"
TEXT = f"<p>Which?</p><blockquote>{QUOTE}</blockquote>"


def test_the_pieces_of_a_text_are_its_choices_where_they_stand():
    shown = ask(replace(MARK, stem=TEXT), 7, 0)
    pieces = [piece.choice.html if piece.choice else None for piece in shown.passage]
    assert pieces == [None, "choice 0", None, "choice 1", None, "choice 2", None]
    assert "".join(piece.html for piece in shown.passage) == re.sub("</?mark>", "", TEXT)
    told = show(replace(MARK, stem=TEXT), 7, tries(MARK, [2], [1])).told
    assert [(choice.html, choice.mark) for choice in told] == [
        ("choice 1", "wrong"),
        ("choice 0", "key"),
        ("choice 2", ""),
    ]
    for other in (MARK, replace(ONE, stem=TEXT)):  # whose pieces stand below it; and no such question
        assert ask(other, 7, 0).passage == () and len(ask(other, 7, 0).told) == 3


def test_what_was_seen_once_stays_to_be_seen_when_an_older_tab_misses_later():
    shown = show(ONE, 7, tries(ONE, [1], [0]))
    assert (shown.outcome, reasons(shown)) == ("missed", ["reason 0", "reason 1", "reason 2"])


def test_an_open_question_is_saved_and_never_reveals():
    shown = show(OPEN, 7, tries(OPEN, "I ring back."))
    assert (shown.outcome, shown.text) == ("saved", "I ring back.")
    assert not reveals_all(tries(OPEN, "a", "b", "c"))


def test_bullets_keep_their_order_over_a_reload_and_change_it_with_a_try():
    assert order_of(MANY, 7, 0) == order_of(MANY, 7, 0)
    assert order_of(MANY, 7, 0) != order_of(MANY, 7, 1)
    assert order_of(MANY, 7, 0) != order_of(MANY, 8, 0)


def test_no_order_can_be_told_from_what_is_public_or_small(settings):
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


def test_a_form_names_the_key_of_its_order_and_nothing_of_the_person():
    assert {ask(MANY, enrollment, tries).drawn_with for enrollment in (7, 8) for tries in (0, 1)} == {drawn_with()}
    assert re.fullmatch("[0-9a-f]{8}", drawn_with())


@pytest.mark.parametrize("named", [[], [""], ["0" * 8]])
def test_a_form_whose_order_is_unknown_is_not_read_in_another_one(named):
    for question in (ONE, SEVERAL, MARK, ORDER, SORT):
        with pytest.raises(OtherOrder):
            raw_response(question, 7, 0, MultiValueDict({"choice": ["0"], "drawn_with": named}))
    assert raw_response(OPEN, 7, 0, MultiValueDict({"text": ["so"], "drawn_with": named})) == ["so"]


def test_numbers_keep_their_order():
    assert {order_of(SCALE, enrollment, tries) for enrollment in range(5) for tries in range(5)} == {(0, 1, 2)}


def test_the_steps_of_an_order_question_are_never_shown_in_the_right_order():
    assert (0, 1, 2) not in {order_of(ORDER, enrollment, tries) for enrollment in range(50) for tries in range(3)}


def form_of(question, response, tries=0):
    """The fields a browser would send for this response, from the page as it was shown."""
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
def test_a_form_is_understood_in_the_order_in_which_it_was_shown(question, response, number):
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
def test_what_no_form_can_have_sent_is_refused_and_not_a_crash(question, fields):
    with pytest.raises(ValueError):
        question.clean(raw_response(question, 7, 0, MultiValueDict(fields | {"drawn_with": [drawn_with()]})))


@given(st.dictionaries(st.sampled_from(["choice", "text", "number-0", "group-1"]), st.lists(st.text(), max_size=3)))
def test_any_fields_are_a_response_or_a_value_error(fields):
    for question in EVERY_KIND:
        try:
            question.clean(raw_response(question, 7, 0, MultiValueDict(fields | {"drawn_with": [drawn_with()]})))
        except ValueError:
            continue


def test_a_form_that_could_not_be_read_is_filled_in_again():
    shown = ask(SORT, 7, 2, MultiValueDict({"group-1": ["1"]}))
    assert [choice.group for choice in shown.choices] == ["", "1", ""]
    shown = ask(ORDER, 7, 2, MultiValueDict({"number-0": ["3"]}))
    assert [choice.number for choice in shown.choices] == [3, None, None]
    shown = ask(SEVERAL, 7, 2, MultiValueDict({"choice": ["0", "2"]}))
    assert [choice.is_chosen for choice in shown.choices] == [True, False, True]


def test_the_page_after_an_answer_shows_the_choices_where_they_stood():
    asked = ask(ONE, 7, 0)
    answered = show(ONE, 7, tries(ONE, [0]))
    assert [choice.html for choice in answered.choices] == [choice.html for choice in asked.choices]
