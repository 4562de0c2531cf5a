"""Selection of the questions of an exam attempt, and the order of their options. Pure functions."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from courseware.assessment.exams.variant_rotation import SeenVariants
from courseware.course_format.questions.question_types import Question, askable


class BankTooSmall(Exception):
    """A bank has too few questions for its section. The course checker rejects such an exam."""


@dataclass(frozen=True)
class Quota:
    """`draw`: number of questions; each slot of `critical` gets a must-know question on one of its objectives."""

    bank: str
    draw: int
    critical: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Drawn:
    """A drawn question. `bank`: id; `order`: positions of its options as shown."""

    bank: str
    question: Question
    order: tuple[int, ...]


def critical_on(objectives: Collection[str], questions: Sequence[Question]) -> list[Question]:
    return [question for question in questions if question.critical and question.objective in objectives]


def draw(
    sections: Sequence[Quota], banks: Mapping[str, Sequence[Question]], seen: SeenVariants, random: Random
) -> list[Drawn]:
    """Draw the questions of each section, shuffled within the section, the least recently seen first, at most 1 per
    variant group in all sections. `banks`: bank id → questions to choose from. Raise BankTooSmall.
    """
    drawn: list[Drawn] = []
    families: set[str] = set()
    for section in sections:
        chosen: list[Question] = []
        candidates = in_turn(banks.get(section.bank, ()), seen, random)
        for objectives in section.critical:
            slot = critical_on(objectives, candidates)
            chosen += take(1, slot, families, f"{section.bank}, critical {' or '.join(objectives)}")
        # Must-know questions fill their slots only, so that attempts do not use them up.
        rest = [question for question in candidates if not question.critical and question.family not in families]
        number = section.draw - len(chosen)
        pressing = pressing_families([q.family for q in rest if seen.is_new(q.id)], number)
        rest.sort(key=lambda question: not (question.family in pressing and seen.is_new(question.id)))
        chosen += take(number, rest, families, section.bank)
        random.shuffle(chosen)
        drawn += [Drawn(section.bank, question, question.shown_order(random.shuffle)) for question in chosen]
    return drawn


def draw_parallel(
    asked: Sequence[tuple[str, Question]], banks: Mapping[str, Sequence[Question]], random: Random
) -> list[Drawn]:
    """Return for each of `asked`, (bank id, question), another question of its variant group, all shuffled. `banks`:
    bank id → questions, for each bank in `asked`. Raise BankTooSmall.
    """
    asked_ids = {question.id for _bank, question in asked}
    drawn = []
    for bank, question in asked:
        others = [each for each in banks[bank] if each.family == question.family and each.id not in asked_ids]
        if not others:
            raise BankTooSmall(f"{bank}: family {question.family} has no question but {question.id}")
        other = random.choice(others)
        drawn.append(Drawn(bank, other, other.shown_order(random.shuffle)))
    random.shuffle(drawn)
    return drawn


def in_turn(questions: Sequence[Question], seen: SeenVariants, random: Random) -> list[Question]:
    """Return the questions, least recently seen first, and shuffled if equal."""
    shuffled = random.sample(questions, len(questions))
    return sorted(shuffled, key=lambda question: seen.turn(question.id))  # stable: equals stay shuffled


def pressing_families(new: Sequence[str], number: int) -> set[str]:
    """Return variant groups to use now, so that later draws of `number` get new ones. `new`: group of each question."""
    left = Counter(new)
    attempts = attempts_with_new(left.values(), number)
    full = [family for family, count in left.items() if count >= attempts]
    spare = askable(left.values(), attempts) - number * attempts
    return set(full[: max(0, len(full) - spare)]) if attempts else set()


def attempts_with_new(families: Collection[int], number: int) -> int:
    """Return how many attempts can draw `number` questions each, none twice. `families`: sizes of variant groups."""
    attempts = 0
    while number and askable(families, attempts + 1) >= number * (attempts + 1):
        attempts += 1
    return attempts


def take(number: int, candidates: Sequence[Question], families: set[str], where: str) -> list[Question]:
    """Return the first `number` candidates whose variant group is not in `families`, one per group; add their groups to
    `families`. Raise BankTooSmall, naming `where`.
    """
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
