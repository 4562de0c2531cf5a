"""Certificate numbers: format, check character and tolerated spellings."""

import math
from itertools import combinations
from pathlib import Path

import pytest

from courseware.assessment.certificates.numbers import (
    LENGTH,
    SIGNS,
    InvalidNumber,
    MistypedNumber,
    grouped,
    new_number,
    plain_number,
)

WITHOUT_CHECK_CHARACTER, NUMBER = "K7QM3X9DHFA6", "K7QM3X9DHFA6C"  # no character twice
OLD = "0123456789abcdef" * 2


def is_refused(number: str) -> bool:
    try:
        plain_number(number)
    except MistypedNumber:
        return True
    return False


def test_new_numbers_are_unique_with_12_characters_and_check_character():
    numbers = {new_number() for _ in range(1000)}
    assert len(numbers) == 1000
    assert {len(number) for number in numbers} == {13}
    assert set("".join(numbers)) == set("34679ACDEFGHJKMNPQRTWXY")
    assert all(plain_number(number) == number for number in numbers)


def test_mistyped_or_swapped_characters_are_detected():
    changed = [
        NUMBER[:position] + character + NUMBER[position + 1 :]
        for position in range(len(NUMBER))
        for character in SIGNS
        if character != NUMBER[position]
    ]
    exchanged = []
    for one, other in combinations(range(len(NUMBER)), 2):
        characters = list(NUMBER)
        characters[one], characters[other] = characters[other], characters[one]
        exchanged.append("".join(characters))
    assert (len(changed), len(exchanged)) == (13 * 22, 13 * 12 // 2)
    assert [wrong for wrong in changed + exchanged if not is_refused(wrong)] == []


def full_width(typed):
    return "".join(chr(ord(character) + 0xFEE0) for character in grouped(typed))


SPELLINGS = [str.lower, grouped, " ".join, "\N{NON-BREAKING HYPHEN}".join, "\N{EN DASH}".join, full_width]


@pytest.mark.parametrize("write", [*SPELLINGS, lambda typed: f" {typed[:4]}\u3000{typed[4:]}\t"])
def test_number_is_accepted_in_any_spelling(write):
    assert plain_number(write(NUMBER)) == NUMBER
    assert plain_number(write(OLD)) == OLD


@pytest.mark.parametrize(
    "typed", ["", "abc", "g" * 32, "0" * 33, WITHOUT_CHECK_CHARACTER, NUMBER + "A", "\0" * 13, "O" * 13, "０" * 13]
)
def test_invalid_number_is_refused(typed):
    with pytest.raises(InvalidNumber) as refused:
        plain_number(typed)
    assert not isinstance(refused.value, MistypedNumber)


def test_numbers_are_grouped_in_fours():
    assert grouped(NUMBER) == "K7QM-3X9D-HFA6-C"
    assert grouped(OLD) == "0123-4567-89ab-cdef-0123-4567-89ab-cdef"


def test_docs_state_number_of_random_bits():
    statement = f"{math.floor(LENGTH * math.log2(len(SIGNS)))} random bits"
    root = Path(__file__).resolve().parents[2]
    for document in ("docs/security.md", "courseware/assessment/certificates/numbers.py"):
        assert statement in (root / document).read_text(encoding="utf-8"), document
