"""Which questions an attempt asks, and the order of their choices. Pure: the source of chance is an argument."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from courseware.language.questions import Question


class BankTooSmall(Exception):
    """A stratum asks for more questions than its bank can give; the checker rejects such an exam beforehand."""


@dataclass(frozen=True)
class Quota:
    """How many questions of a bank. Each slot of `critical` lists objectives, and gets a critical question on one."""

    bank: str
    draw: int
    critical: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Drawn:
    bank: str
    question: Question
    order: tuple[int, ...]


def draw(
    strata: Sequence[Quota], banks: Mapping[str, Sequence[Question]], seen: Mapping[str, int], dice: Random
) -> list[Drawn]:
    """Questions for one attempt, stratum by stratum, shuffled within each; no two of one family. Raises BankTooSmall.

    `seen` is question id → how often this learner met it: unseen questions come first, then those seen least.
    """
    drawn: list[Drawn] = []
    families: set[str] = set()
    for stratum in strata:
        chosen: list[Question] = []
        candidates = fresh_first(banks.get(stratum.bank, ()), seen, dice)
        for objectives in stratum.critical:
            slot = [q for q in candidates if q.critical and q.objective in objectives]
            chosen += take(1, slot, families, f"{stratum.bank}, critical {' or '.join(objectives)}")
        # Critical questions fill their slots only, so that attempts do not use them up.
        rest = [question for question in candidates if not question.critical]
        chosen += take(stratum.draw - len(chosen), rest, families, stratum.bank)
        dice.shuffle(chosen)
        drawn += [Drawn(stratum.bank, question, question.shown_order(dice.shuffle)) for question in chosen]
    return drawn


def draw_parallel(
    asked: Sequence[tuple[str, Question]], banks: Mapping[str, Sequence[Question]], dice: Random
) -> list[Drawn]:
    """For each (bank, question) another question of its family from that bank, shuffled. Raises BankTooSmall."""
    asked_ids = {question.id for _bank, question in asked}
    drawn = []
    for bank, question in asked:
        others = [each for each in banks[bank] if each.family == question.family and each.id not in asked_ids]
        if not others:
            raise BankTooSmall(f"{bank}: family {question.family} has no question but {question.id}")
        other = dice.choice(others)
        drawn.append(Drawn(bank, other, other.shown_order(dice.shuffle)))
    dice.shuffle(drawn)
    return drawn


def fresh_first(questions: Sequence[Question], seen: Mapping[str, int], dice: Random) -> list[Question]:
    shuffled = dice.sample(questions, len(questions))
    return sorted(shuffled, key=lambda question: seen.get(question.id, 0))  # stable: equals stay shuffled


def take(number: int, candidates: Sequence[Question], families: set[str], where: str) -> list[Question]:
    """The first `number` candidates of families not in `families`, which theirs are added to. Raises BankTooSmall."""
    taken: list[Question] = []
    for question in candidates:
        if len(taken) >= number:
            break
        if question.family not in families:
            families.add(question.family)
            taken.append(question)
    if len(taken) < number:
        raise BankTooSmall(f"{where}: {number} questions wanted, {len(taken)} to be had")
    return taken
