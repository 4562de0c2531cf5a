from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseware.assessment.selection import BankTooSmall, Quota, draw, draw_parallel
from courseware.language.questions import KINDS, Choice

One = KINDS["one"]


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
    drawn = draw([STRATUM], {"bank": BANK}, {}, Random(seed))
    assert len({each.question.id for each in drawn}) == 4
    assert sorted(each.question.objective for each in drawn if each.question.critical) == ["R1", "R2"]


@given(seed=st.integers(), seen=st.sets(st.sampled_from([q.id for q in BANK])))
def test_a_seen_question_comes_only_when_no_unseen_one_is_left(seed, seen):
    drawn = {each.question.id for each in draw([STRATUM], {"bank": BANK}, dict.fromkeys(seen, 1), Random(seed))}
    for kind in ("plain", "first-rule", "second-rule"):
        pool = {q.id for q in BANK if q.id.startswith(kind)}
        if drawn & pool & seen:
            assert pool - seen <= drawn


def test_three_attempts_in_a_row_never_repeat_a_critical_question():
    seen = {}
    for attempt in range(3):
        drawn = {each.question.id for each in draw([STRATUM], {"bank": BANK}, seen, Random(attempt))}
        assert not {id for id in drawn & set(seen) if "rule" in id}
        seen |= {id: seen.get(id, 0) + 1 for id in drawn}


def test_no_two_questions_of_a_family_meet_in_an_attempt():
    bank = [question("a", family="f"), question("b", family="f"), question("c")]
    for seed in range(20):
        families = [each.question.family for each in draw([Quota("bank", 2)], {"bank": bank}, {}, Random(seed))]
        assert sorted(families) == ["c", "f"]


def test_choices_are_shuffled_but_a_scale_keeps_its_order():
    bank = [question("bullets"), question("scale", numbered=True)]
    orders = {"bullets": set(), "scale": set()}
    for seed in range(30):
        for each in draw([Quota("bank", 2)], {"bank": bank}, {}, Random(seed)):
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
        draw([stratum], {"bank": BANK}, {}, Random(1))


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
