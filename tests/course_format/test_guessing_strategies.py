"""Who guesses by the look of the choices, and how often that is right: by hand."""

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


def one(name, key, *others, family=""):
    """A question whose key stands first."""
    choices = (Choice(key, "", True), *(Choice(text, "") for text in others))
    return One(name, name, "", choices, family=family or name)


def right(guesser, language, *choices):
    return guess([one("q", *choices)], guesser, guessers_of(language)[guesser]).right


@pytest.mark.parametrize(
    ("guesser", "choices", "chance"),
    [
        ("longest", ["关火再走", "走"], 1),
        ("longest", ["走", "关火再走"], 0),
        ("longest", ["关火", "开火", "走"], Fraction(1, 2)),
        ("longest", ["**关火**", "关火走"], 0),  # what is not read has no length
        ("shortest", ["走", "关火", "开火"], 1),
        ("steps", ["停下，关火；走", "停下，很久很久以后关火"], 1),
        ("steps", ["关火", "走。", "停"], Fraction(1, 3)),
        ("safe", ["报给主管", "照办"], 1),
        ("safe", ["照办", "先收下，改号，再说"], Fraction(0)),  # none sounds safe: the one of most steps
        ("safe", ["报给主管，走开", "不办"], 1),
        ("safe", ["不办", "拒绝", "照办，再道谢"], Fraction(1, 2)),
    ],
)
def test_a_guesser_takes_what_looks_best_and_draws_among_those_that_look_alike(guesser, choices, chance):
    assert right(guesser, "zh-hans", *choices) == chance


def test_safe_words_are_words_of_the_language():
    assert right("safe", "en", "Ring your leader", "Help him") == 1
    assert right("safe", "en", "Bring the form", "Order it") == Fraction(1, 2)  # "ring" and "no" are no parts of words
    assert "safe" not in guessers_of("fr")


def test_the_learned_one_weighs_pairs_of_characters_by_the_keys_of_other_families():
    first, again = one("first", "ab", "cd", "ef"), one("again", "ab", "xy", family="first")
    asked = one("asked", "cd", "AB")
    # Of the other two: 2 keys, both with "ab", and 3 others, one with "cd". One is added to every count.
    ab, cd = log((2 + 1) / (2 + 2)) - log((0 + 1) / (3 + 2)), log((0 + 1) / (2 + 2)) - log((1 + 1) / (3 + 2))
    assert LearnedStrategy([first, again, asked])(asked) == pytest.approx([cd, ab])
    assert LearnedStrategy([first, again])(asked) == pytest.approx([cd, ab])
    assert LearnedStrategy([first, again])(first) == [0, 0, 0]  # it has seen nothing else


def test_the_interval_is_wilsons_of_90_percent():
    assert Guessed("longest", Fraction(20), 40).interval == pytest.approx((0.37415, 0.62585), abs=1e-5)
    assert Guessed("longest", Fraction(0), 10).interval == pytest.approx((0, 0.21294), abs=1e-5)


@pytest.mark.parametrize(
    ("guesser", "keys", "count", "beyond"),
    [
        ("longest", 16, 40, False),
        ("longest", Fraction(33, 2), 40, True),
        ("safe", 39, 39, False),  # too few to be judged
        (LEARNED, 18, 40, False),
        (LEARNED, 19, 40, True),
    ],
)
def test_more_than_40_percent_is_too_much_and_45_for_who_has_learned(guesser, keys, count, beyond):
    assert Guessed(guesser, Fraction(keys), count).is_beyond is beyond


def test_a_report_that_stands_alone_is_counted_with_how_often_it_is_the_key():
    questions = [
        one("key", "拒绝，上报", "照办", "等等"),
        one("no-key", "照办", "先上报"),
        one("two", "上报主管", "回拨"),
        one("none", "走", "停"),
    ]
    assert reporting_alone(questions, "zh-hans") == (1, 2)
    assert reporting_alone(questions, "fr") is None
    english = [one("key", "Ring the number on file", "Bring it"), one("two", "Report it", "Ring back later")]
    assert reporting_alone(english, "en-gb") == (1, 1)
