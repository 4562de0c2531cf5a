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


def met(questions, days=1):
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
STRATUM = Quota("bank", 4, (("R1",), ("R2", "R3")))


@given(seed=st.integers())
def test_slots_hold_one_critical_question_each_and_the_rest_is_never_critical(seed):
    drawn = draw([STRATUM], {"bank": BANK}, NOTHING, Random(seed))
    assert len({each.question.id for each in drawn}) == 4
    assert sorted(each.question.objective for each in drawn if each.question.critical) == ["R1", "R2"]


@given(seed=st.integers(), seen=st.sets(st.sampled_from([q.id for q in BANK])))
def test_a_seen_question_comes_only_when_no_unseen_one_is_left(seed, seen):
    drawn = {each.question.id for each in draw([STRATUM], {"bank": BANK}, met(seen), Random(seed))}
    for kind in ("plain", "first-rule", "second-rule"):
        pool = {q.id for q in BANK if q.id.startswith(kind)}
        if drawn & pool & seen:
            assert pool - seen <= drawn


def in_a_row(strata, banks, attempts, seed):
    """The ids that so many attempts ask, each a day after the one before."""
    dice, last = Random(seed), {}
    for number in range(attempts):
        at = NOW + timedelta(days=number)
        drawn = [each.question.id for each in draw(strata, banks, SeenVariants(last, at), dice)]
        yield drawn
        last |= dict.fromkeys(drawn, at)


@given(seed=st.integers(), sizes=st.lists(st.integers(1, 6), min_size=1, max_size=9), number=st.integers(1, 5))
def test_no_wording_comes_twice_in_as_many_attempts_as_the_bank_allows(seed, sizes, number):
    bank = [question(f"{family}-{n}", family=f"f{family}") for family, size in enumerate(sizes) for n in range(size)]
    allowed = attempts_with_new(sizes, number)
    asked = [id for drawn in in_a_row([Quota("bank", number)], {"bank": bank}, allowed, seed) for id in drawn]
    assert len(asked) == len(set(asked)) == number * allowed


@pytest.mark.parametrize(
    ("sizes", "number", "attempts"),
    [([1, 1, 1, 1], 2, 2), ([4, 1, 1], 2, 2), ([9, 1], 2, 1), ([3, 3, 3], 3, 3), ([5], 2, 0), ([], 1, 0)],
)
def test_a_bank_allows_as_many_attempts_as_its_families_have_wordings_for(sizes, number, attempts):
    assert attempts_with_new(sizes, number) == attempts


@given(seed=st.integers())
def test_when_all_were_met_the_one_met_longest_ago_comes_first(seed):
    bank = [question(f"q{number}") for number in range(5)]
    last = {each.id: NOW - timedelta(days=10 * place) for place, each in enumerate(bank)}
    drawn = draw([Quota("bank", 2)], {"bank": bank}, SeenVariants(last, NOW), Random(seed))
    assert {each.question.id for each in drawn} == {"q3", "q4"}


def test_no_two_questions_of_a_family_meet_in_an_attempt():
    bank = [question("a", family="f"), question("b", family="f"), question("c")]
    for seed in range(20):
        families = [each.question.family for each in draw([Quota("bank", 2)], {"bank": bank}, NOTHING, Random(seed))]
        assert sorted(families) == ["c", "f"]


def test_choices_are_shuffled_but_a_scale_keeps_its_order():
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
def test_a_bank_that_cannot_give_enough_is_named(stratum):
    with pytest.raises(BankTooSmall, match=stratum.bank):
        draw([stratum], {"bank": BANK}, NOTHING, Random(1))


PAIRS = [question(f"{family}-{which}", family=family) for family in ("rebind", "alarm", "leak") for which in "ab"]


@given(seed=st.integers())
def test_parallel_questions_are_the_other_members_of_the_families_asked_each_once(seed):
    asked = [("bank", PAIRS[0]), ("bank", PAIRS[3])]
    drawn = draw_parallel(asked, {"bank": PAIRS}, Random(seed))
    assert sorted(each.question.id for each in drawn) == ["alarm-a", "rebind-b"]
    assert all(sorted(each.order) == [0, 1, 2] for each in drawn)


def test_a_question_alone_in_its_family_has_no_parallel():
    with pytest.raises(BankTooSmall, match="alone"):
        draw_parallel([("bank", question("alone"))], {"bank": [question("alone"), *PAIRS]}, Random(1))
