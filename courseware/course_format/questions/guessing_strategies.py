"""Guessing strategies, which answer questions by the look of their options, and how often each is right."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import pairwise
from math import fsum, log, sqrt
from statistics import NormalDist

from courseware.course_format.parsing.marked_text import plain
from courseware.course_format.questions.question_types import Question
from courseware.course_format.simulations.baseline_players import careful_words

LEARNED = "learned"

# Maximum share of right answers, in sets of at least FEWEST questions.
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
# Words for reporting a danger or calling back on a number that was looked up.
_REPORTS = {
    "zh": re.compile(r"报|回拨|登记|通讯录|内线"),
    "en": re.compile(r"\b(?:report(?:s|ing)?|ring(?:s|ing)?|calls? back|number on file|internal line)\b", re.I),
}


@dataclass(frozen=True)
class Guessed:
    """Result of the strategy `guesser` (name) on `count` questions. In `right`, a draw counts by its probability."""

    guesser: str
    right: Fraction
    count: int

    @property
    def share(self) -> Fraction:
        return self.right / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 90 % interval of the share."""
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
        return self.count >= FEWEST and self.share > MOST_RIGHT[self.guesser]


def guessers_of(language: str) -> dict[str, Guesser]:
    """Return name → strategy, without the learned one; "safe" only if the language has words for it."""
    found = {"longest": _by(len), "shortest": _by(lambda text: -len(text)), "steps": _by(_steps)}
    words = careful_words(language)
    return found | ({"safe": _by(partial(_safety, words))} if words else {})


def _by(score: Callable[[str], float]) -> Guesser:
    return lambda question: [score(plain(choice.text)) for choice in question.choices]


def _steps(text: str) -> int:
    return len(_STEP.findall(text))


def _safety(words: re.Pattern[str], text: str) -> float:
    return 1000 * bool(words.search(text)) + _steps(text)


class LearnedStrategy:
    """Scores options by character pairs in keys of `taught`, except those in the variant group of the question."""

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

        # fsum, because the order of a set differs between processes.
        return [fsum(map(weight, _pairs(choice.text))) for choice in question.choices]


def _seen(question: Question) -> Counter[tuple[bool, str]]:
    """Return (is key, pair) → number of options with that pair. The pair "" counts all options."""
    return Counter((choice.ticked, each) for choice in question.choices for each in ("", *_pairs(choice.text)))


def _pairs(text: str) -> set[str]:
    return {"".join(pair) for pair in pairwise(" ".join(plain(text).lower().split()))}


def guess(questions: Iterable[Question], name: str, guesser: Guesser) -> Guessed:
    """Return the result of answering questions, with one key each, by the best score; ties count by chance. `name`: of
    the strategy.
    """
    chances = [_chance(question, guesser(question)) for question in questions]
    return Guessed(name, sum(chances, Fraction()), len(chances))


def _chance(question: Question, scores: list[float]) -> Fraction:
    best = max(scores)
    return Fraction(scores[question.key[0]] == best, scores.count(best))


def guessed_by_all(questions: list[Question], weights: LearnedStrategy, language: str) -> dict[str, Guessed]:
    """Return name → result of each strategy, with `weights` as the learned one. `questions` must have one key each."""
    guessers: Mapping[str, Guesser] = guessers_of(language) | {LEARNED: weights}
    return {name: guess(questions, name, guesser) for name, guesser in guessers.items()}


def chance_of(questions: list[Question]) -> float:
    """Return the average probability of a right guess. `questions`: not empty, with one key each."""
    return fsum(1 / len(question.choices) for question in questions) / len(questions)


def reporting_alone(questions: Iterable[Question], language: str) -> tuple[int, int] | None:
    """Return (number of questions whose key is their only option that reports or calls back, number of questions with
    exactly one such option); None if the language has no words for it. `questions` must have one key each.
    """
    words = _REPORTS.get(language.partition("-")[0])
    if words is None:
        return None
    reporting = [[bool(words.search(plain(choice.text))) for choice in question.choices] for question in questions]
    alone = [(question, found) for question, found in zip(questions, reporting, strict=True) if sum(found) == 1]
    return sum(found[question.key[0]] for question, found in alone), len(alone)
