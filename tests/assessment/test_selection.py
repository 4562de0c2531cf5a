"""Selection of exam questions from banks."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseware.assessment.exams.selection import BankTooSmall, Quota, attempts_with_new, draw, draw_parallel
from courseware.assessment.exams.variant_rotation import SeenVariants
from courseware.course_format.questions.question_types import KINDS, Choice

One = KINDS["one"]
NOW = datetime(2026, 3, 31, tzinfo=UTC)
NOTHING = SeenVariants({}, NOW)


def seen_variants(questions, days=1):
    return SeenVariants(dict.fromkeys(questions, NOW - timedelta(days=days)), NOW)


def question(id, *, critical=False, objective="O1", family="", numbered=False):
    choices = (Choice("a", "because", ticked=True), Choice("b", "because"), Choice("c", "because"))
    return One(
        id=id, title=id, stem="", choices=choices, objective=objective, critical=critical, family=family or id,
        numbered=numbered,
    )  # fmt: skip


BANK = [
    *(question(f"plain-{n}") for n in range(6)),
    *(question(f"first-rule-{n}", critical=True, objective="R1") for n in range(3)),
    *(question(f"second-rule-{n}", critical=True, objective="R2") for n in range(3)),
]
SECTION = Quota("bank", 4, (("R1",), ("R2", "R3")))


@given(seed=st.integers())
def test_each_slot_draws_1_must_know_question_and_rest_draws_none(seed):
    drawn = draw([SECTION], {"bank": BANK}, NOTHING, Random(seed))
    assert len({each.question.id for each in drawn}) == 4
    assert sorted(each.question.objective for each in drawn if each.question.critical) == ["R1", "R2"]


@given(seed=st.integers(), seen=st.sets(st.sampled_from([q.id for q in BANK])))
def test_seen_question_is_drawn_only_after_all_unseen_ones(seed, seen):
    drawn = {each.question.id for each in draw([SECTION], {"bank": BANK}, seen_variants(seen), Random(seed))}
    for kind in ("plain", "first-rule", "second-rule"):
        pool = {q.id for q in BANK if q.id.startswith(kind)}
        if drawn & pool & seen:
            assert pool - seen <= drawn


def drawn_in_sequence(strata, banks, attempts, seed):
    """Yield the question ids of each attempt; attempts are 1 day apart."""
    dice, last = Random(seed), {}
    for number in range(attempts):
        at = NOW + timedelta(days=number)
        drawn = [each.question.id for each in draw(strata, banks, SeenVariants(last, at), dice)]
        yield drawn
        last |= dict.fromkeys(drawn, at)


@given(seed=st.integers(), sizes=st.lists(st.integers(1, 6), min_size=1, max_size=9), number=st.integers(1, 5))
def test_no_variant_repeats_within_allowed_attempts(seed, sizes, number):
    bank = [question(f"{family}-{n}", family=f"f{family}") for family, size in enumerate(sizes) for n in range(size)]
    allowed = attempts_with_new(sizes, number)
    asked = [id for drawn in drawn_in_sequence([Quota("bank", number)], {"bank": bank}, allowed, seed) for id in drawn]
    assert len(asked) == len(set(asked)) == number * allowed


@pytest.mark.parametrize(
    ("sizes", "number", "attempts"),
    [([1, 1, 1, 1], 2, 2), ([4, 1, 1], 2, 2), ([9, 1], 2, 1), ([3, 3, 3], 3, 3), ([5], 2, 0), ([], 1, 0)],
)
def test_allowed_attempts_follow_variants_per_group(sizes, number, attempts):
    assert attempts_with_new(sizes, number) == attempts


@given(seed=st.integers())
def test_question_seen_longest_ago_is_drawn_first(seed):
    bank = [question(f"q{number}") for number in range(5)]
    last = {each.id: NOW - timedelta(days=10 * place) for place, each in enumerate(bank)}
    drawn = draw([Quota("bank", 2)], {"bank": bank}, SeenVariants(last, NOW), Random(seed))
    assert {each.question.id for each in drawn} == {"q3", "q4"}


def test_attempt_draws_1_question_per_variant_group():
    bank = [question("a", family="f"), question("b", family="f"), question("c")]
    for seed in range(20):
        families = [each.question.family for each in draw([Quota("bank", 2)], {"bank": bank}, NOTHING, Random(seed))]
        assert sorted(families) == ["c", "f"]


def test_options_are_shuffled_except_numbered_scale():
    bank = [question("bullets"), question("scale", numbered=True)]
    orders = {"bullets": set(), "scale": set()}
    for seed in range(30):
        for each in draw([Quota("bank", 2)], {"bank": bank}, NOTHING, Random(seed)):
            orders[each.question.id].add(each.order)
    assert orders["scale"] == {(0, 1, 2)}
    assert len(orders["bullets"]) > 1


@pytest.mark.parametrize(
    "stratum",
    [Quota("bank", 9), Quota("bank", 1, (("R9",),)), Quota("nowhere", 1)],
    ids=["more than there are", "a rule without a question", "a bank that is not there"],
)
def test_bank_with_too_few_questions_is_named_in_error(stratum):
    with pytest.raises(BankTooSmall, match=stratum.bank):
        draw([stratum], {"bank": BANK}, NOTHING, Random(1))


PAIRS = [question(f"{family}-{which}", family=family) for family in ("rebind", "alarm", "leak") for which in "ab"]


@given(seed=st.integers())
def test_post_test_draws_other_variants_once_each(seed):
    asked = [("bank", PAIRS[0]), ("bank", PAIRS[3])]
    drawn = draw_parallel(asked, {"bank": PAIRS}, Random(seed))
    assert sorted(each.question.id for each in drawn) == ["alarm-a", "rebind-b"]
    assert all(sorted(each.order) == [0, 1, 2] for each in drawn)


def test_question_without_variant_has_no_post_test_question():
    with pytest.raises(BankTooSmall, match="alone"):
        draw_parallel([("bank", question("alone"))], {"bank": [question("alone"), *PAIRS]}, Random(1))
