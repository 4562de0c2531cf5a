"""The number of a certificate: what it is made of, and which mistakes of whoever types it are found."""

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

SIGNS_DRAWN, NUMBER = "K7QM3X9DHFA6", "K7QM3X9DHFA6C"  # no sign twice
OLD = "0123456789abcdef" * 2


def is_refused(number: str) -> bool:
    try:
        plain_number(number)
    except MistypedNumber:
        return True
    return False


def test_a_new_number_has_twelve_signs_and_one_that_checks_and_no_two_are_alike():
    numbers = {new_number() for _ in range(1000)}
    assert len(numbers) == 1000
    assert {len(number) for number in numbers} == {13}
    assert set("".join(numbers)) == set("34679ACDEFGHJKMNPQRTWXY")
    assert all(plain_number(number) == number for number in numbers)


def test_each_sign_that_is_mistyped_and_any_two_that_are_exchanged_are_found():
    changed = [
        NUMBER[:place] + sign + NUMBER[place + 1 :]
        for place in range(len(NUMBER))
        for sign in SIGNS
        if sign != NUMBER[place]
    ]
    exchanged = []
    for one, other in combinations(range(len(NUMBER)), 2):
        signs = list(NUMBER)
        signs[one], signs[other] = signs[other], signs[one]
        exchanged.append("".join(signs))
    assert (len(changed), len(exchanged)) == (13 * 22, 13 * 12 // 2)
    assert [wrong for wrong in changed + exchanged if not is_refused(wrong)] == []


def wide(typed):
    return "".join(chr(ord(sign) + 0xFEE0) for sign in grouped(typed))


WAYS = [str.lower, grouped, " ".join, "\N{NON-BREAKING HYPHEN}".join, "\N{EN DASH}".join, wide]


@pytest.mark.parametrize("write", [*WAYS, lambda typed: f" {typed[:4]}\u3000{typed[4:]}\t"])
def test_a_number_is_understood_however_it_is_typed(write):
    assert plain_number(write(NUMBER)) == NUMBER
    assert plain_number(write(OLD)) == OLD


@pytest.mark.parametrize(
    "typed", ["", "abc", "g" * 32, "0" * 33, SIGNS_DRAWN, NUMBER + "A", "\0" * 13, "O" * 13, "０" * 13]
)
def test_what_cannot_be_a_number_is_refused(typed):
    with pytest.raises(InvalidNumber) as refused:
        plain_number(typed)
    assert not isinstance(refused.value, MistypedNumber)


def test_numbers_are_read_out_in_fours():
    assert grouped(NUMBER) == "K7QM-3X9D-HFA6-C"
    assert grouped(OLD) == "0123-4567-89ab-cdef-0123-4567-89ab-cdef"


def test_the_documents_say_how_many_random_bits_a_number_has():
    said = f"{math.floor(LENGTH * math.log2(len(SIGNS)))} random bits"
    root = Path(__file__).resolve().parents[2]
    for document in ("docs/security.md", "courseware/assessment/certificates/numbers.py"):
        assert said in (root / document).read_text(encoding="utf-8"), document
