"""Guessing strategies that pick choices by their look, and how often they are right. Figures computed by hand."""

from fractions import Fraction
from math import log

import pytest

from courseware.course_format.questions.guessing_strategies import (
    LEARNED,
    Guessed,
    LearnedStrategy,
    guess,
    guessers_of,
    reporting_alone,
)
from courseware.course_format.questions.question_types import Choice, One


def question(name, key, *others, family=""):
    """A question whose key comes first."""
    choices = (Choice(key, "", True), *(Choice(text, "") for text in others))
    return One(name, name, "", choices, family=family or name)


def right(guesser, language, *choices):
    return guess([question("q", *choices)], guesser, guessers_of(language)[guesser]).right


@pytest.mark.parametrize(
    ("guesser", "choices", "chance"),
    [
        ("longest", ["关火再走", "走"], 1),
        ("longest", ["走", "关火再走"], 0),
        ("longest", ["关火", "开火", "走"], Fraction(1, 2)),
        ("longest", ["**关火**", "关火走"], 0),  # markup has no length
        ("shortest", ["走", "关火", "开火"], 1),
        ("steps", ["停下，关火；走", "停下，很久很久以后关火"], 1),
        ("steps", ["关火", "走。", "停"], Fraction(1, 3)),
        ("safe", ["报给主管", "照办"], 1),
        ("safe", ["照办", "先收下，改号，再说"], Fraction(0)),  # none sounds safe: falls back to most steps
        ("safe", ["报给主管，走开", "不办"], 1),
        ("safe", ["不办", "拒绝", "照办，再道谢"], Fraction(1, 2)),
    ],
)
def test_strategy_takes_best_choice_and_splits_ties(guesser, choices, chance):
    assert right(guesser, "zh-hans", *choices) == chance


def test_safe_words_depend_on_language():
    assert right("safe", "en", "Ring your leader", "Help him") == 1
    assert right("safe", "en", "Bring the form", "Order it") == Fraction(1, 2)  # not inside other words
    assert "safe" not in guessers_of("fr")


def test_learned_strategy_weighs_character_pairs_of_other_questions():
    first, again = question("first", "ab", "cd", "ef"), question("again", "ab", "xy", family="first")
    asked = question("asked", "cd", "AB")
    # Other questions: 2 keys, both with "ab", and 3 wrong choices, 1 with "cd". Every count gets +1.
    ab, cd = log((2 + 1) / (2 + 2)) - log((0 + 1) / (3 + 2)), log((0 + 1) / (2 + 2)) - log((1 + 1) / (3 + 2))
    assert LearnedStrategy([first, again, asked])(asked) == pytest.approx([cd, ab])
    assert LearnedStrategy([first, again])(asked) == pytest.approx([cd, ab])
    assert LearnedStrategy([first, again])(first) == [0, 0, 0]  # there are no other questions


def test_interval_is_wilson_90_percent():
    assert Guessed("longest", Fraction(20), 40).interval == pytest.approx((0.37415, 0.62585), abs=1e-5)
    assert Guessed("longest", Fraction(0), 10).interval == pytest.approx((0, 0.21294), abs=1e-5)


@pytest.mark.parametrize(
    ("guesser", "keys", "count", "beyond"),
    [
        ("longest", 16, 40, False),
        ("longest", Fraction(33, 2), 40, True),
        ("safe", 39, 39, False),  # too few to judge
        (LEARNED, 18, 40, False),
        (LEARNED, 19, 40, True),
    ],
)
def test_limit_is_40_percent_and_45_for_learned(guesser, keys, count, beyond):
    assert Guessed(guesser, Fraction(keys), count).is_beyond is beyond


def test_only_reporting_choices_are_counted_with_their_keys():
    questions = [
        question("key", "拒绝，上报", "照办", "等等"),
        question("no-key", "照办", "先上报"),
        question("two", "上报主管", "回拨"),
        question("none", "走", "停"),
    ]
    assert reporting_alone(questions, "zh-hans") == (1, 2)
    assert reporting_alone(questions, "fr") is None
    english = [question("key", "Ring the number on file", "Bring it"), question("two", "Report it", "Ring back later")]
    assert reporting_alone(english, "en-gb") == (1, 1)
