"""Guessers, who answer by the look of the choices, and how often that is right: bounds of a set of questions.

Whoever takes the longest choice, the shortest, the one of most steps, or what sounds safe, should hardly do better than
chance; nor who has learned from other questions how keys sound. A guesser scores the choices and takes the best. Among
several that are as good it draws, so of two the question is right by half.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import pairwise
from math import fsum, log, sqrt
from statistics import NormalDist

from courseware.language.players import careful_words
from courseware.language.questions import Question
from courseware.language.spans import plain

LEARNED = "learned"

# Share of questions that may be right at most. In sets of fewer than FEWEST it says too little to be judged.
MOST_RIGHT = {
    "longest": Fraction(40, 100),
    "shortest": Fraction(40, 100),
    "steps": Fraction(40, 100),
    "safe": Fraction(40, 100),
    LEARNED: Fraction(45, 100),
}
FEWEST = 40
Z = NormalDist().inv_cdf(0.95)  # of an interval of 90 %

Guesser = Callable[[Question], list[float]]  # the score of each choice

_STEP = re.compile(r"[，、；,;]")
# Handing on a danger, or ringing a number one has found oneself.
_REPORTS = {
    "zh": re.compile(r"报|回拨|登记|通讯录|内线"),
    "en": re.compile(r"\b(?:report(?:s|ing)?|ring(?:s|ing)?|calls? back|number on file|internal line)\b", re.I),
}


@dataclass(frozen=True)
class Guessed:
    """`right` counts a question that is drawn for by its chance, so it may be a fraction."""

    guesser: str
    right: Fraction
    count: int

    @property
    def share(self) -> Fraction:
        return self.right / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Where the share of such questions lies by 90 %, by Wilson."""
        share, square = float(self.share), Z * Z / self.count
        middle = share + square / 2
        half = Z * sqrt(share * (1 - share) / self.count + square / self.count / 4)
        return (middle - half) / (1 + square), (middle + half) / (1 + square)

    @property
    def percent(self) -> float:
        return float(100 * self.share)

    @property
    def most_percent(self) -> float:
        return float(100 * MOST_RIGHT[self.guesser])

    @property
    def interval_percent(self) -> list[float]:
        return [100 * end for end in self.interval]

    @property
    def is_beyond(self) -> bool:
        """By the share itself: its interval is for readers."""
        return self.count >= FEWEST and self.share > MOST_RIGHT[self.guesser]


def guessers_of(language: str) -> dict[str, Guesser]:
    """By the names of MOST_RIGHT, without the learned one; the safe one where the language has words for it."""
    found = {"longest": _by(len), "shortest": _by(lambda text: -len(text)), "steps": _by(_steps)}
    words = careful_words(language)
    return found | ({"safe": _by(partial(_safety, words))} if words else {})


def _by(score: Callable[[str], float]) -> Guesser:
    return lambda question: [score(plain(choice.text)) for choice in question.choices]


def _steps(text: str) -> int:
    return len(_STEP.findall(text))


def _safety(words: re.Pattern[str], text: str) -> float:
    """Of those that sound safe the one of most steps is taken: safe, and thorough."""
    return 1000 * bool(words.search(text)) + _steps(text)


class Weights:
    """The guesser who has learned from the keys of `taught`: the weight of a pair of characters is how much likelier it
    stands in a key than in another choice (log-odds, one added to every count).

    Questions of its own family are left out of what it knows of a question.
    """

    def __init__(self, taught: Iterable[Question]):
        self.families: defaultdict[str, Counter[tuple[bool, str]]] = defaultdict(Counter)
        for question in taught:
            self.families[question.family].update(_seen(question))
        self.all = sum(self.families.values(), Counter[tuple[bool, str]]())

    def __call__(self, question: Question) -> list[float]:
        own = self.families.get(question.family, Counter())

        def odds(pair: str, *, in_key: bool) -> float:
            times, choices = (self.all[in_key, each] - own[in_key, each] for each in (pair, ""))
            return log((times + 1) / (choices + 2))

        def weight(pair: str) -> float:
            return odds(pair, in_key=True) - odds(pair, in_key=False)

        # Exact, as the order in a set differs from run to run.
        return [fsum(map(weight, _pairs(choice.text))) for choice in question.choices]


def _seen(question: Question) -> Counter[tuple[bool, str]]:
    """How many keys and other choices there are (""), and in how many of them each pair stands."""
    return Counter((choice.ticked, each) for choice in question.choices for each in ("", *_pairs(choice.text)))


def _pairs(text: str) -> set[str]:
    return {"".join(pair) for pair in pairwise(" ".join(plain(text).lower().split()))}


def guess(questions: Iterable[Question], name: str, guesser: Guesser) -> Guessed:
    """`questions` have one right choice each."""
    chances = [_chance(question, guesser(question)) for question in questions]
    return Guessed(name, sum(chances, Fraction()), len(chances))


def _chance(question: Question, scores: list[float]) -> Fraction:
    best = max(scores)
    return Fraction(scores[question.key[0]] == best, scores.count(best))


def guessed_by_all(questions: list[Question], weights: Weights, language: str) -> dict[str, Guessed]:
    """By the names of MOST_RIGHT."""
    guessers: Mapping[str, Guesser] = guessers_of(language) | {LEARNED: weights}
    return {name: guess(questions, name, guesser) for name, guesser in guessers.items()}


def chance_of(questions: list[Question]) -> float:
    return fsum(1 / len(question.choices) for question in questions) / len(questions)


def reporting_alone(questions: Iterable[Question], language: str) -> tuple[int, int] | None:
    """(keys, all) of questions in which one single choice reports or rings back: a give-away, unless it is often wrong.

    None in a language without words for it.
    """
    words = _REPORTS.get(language.partition("-")[0])
    if words is None:
        return None
    reporting = [[bool(words.search(plain(choice.text))) for choice in question.choices] for question in questions]
    alone = [(question, found) for question, found in zip(questions, reporting, strict=True) if sum(found) == 1]
    return sum(found[question.key[0]] for question, found in alone), len(alone)
