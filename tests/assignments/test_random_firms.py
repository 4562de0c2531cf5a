"""Rules over firms made at random: whom they are about, by a model written apart; and that nothing depends on order."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from courseware.accounts.working_days import Calendar
from courseware.assignments.fitting import Certified, Deed, NewestRun, PersonFacts, verdict
from courseware.assignments.models import AssignmentRule
from courseware.assignments.planning import Opinion, decide
from tests.assignments.rules import LEARNER, MANAGER, make_version
from tests.examples import examples

COURSE, OTHER = 20, 21
TODAY = date(2026, 11, 30)
WEEK = Calendar({})  # five days of work, no holidays

# Most faults are off by a day, so many days are near.
near = st.one_of(st.integers(-1, 1), st.integers(-400, 400)).map(lambda days: TODAY + timedelta(days=days))
certificates = st.builds(
    lambda since, until: Certified(since, max(until, since)),
    st.integers(-800, -1).map(lambda days: TODAY + timedelta(days=days)),
    st.one_of(near, st.integers(1, 90).map(lambda days: TODAY + timedelta(days=days))),
)
people = st.builds(
    PersonFacts,
    key=st.just(1),
    joined_on=st.integers(-400, 0).map(lambda days: TODAY + timedelta(days=days)),
    starts_on=st.none() | near,
    leaves_on=st.none() | near,
    post=st.sampled_from(["phone", "", "chat"]),
    roles=st.frozensets(st.tuples(st.integers(1, 2), st.sampled_from([LEARNER, MANAGER]))),
    runs=st.dictionaries(
        st.sampled_from([COURSE, OTHER]),
        st.sampled_from([
            NewestRun(5, True, False), NewestRun(5, True, False, frozenset({1})), NewestRun(5, False, True),
            NewestRun(5, False, False),
        ]),
    ),
    certificates=st.dictionaries(st.sampled_from([COURSE, OTHER]), certificates),
    occasions=st.frozensets(st.tuples(st.integers(1, 3), st.just(""))),
)  # fmt: skip
terms = st.fixed_dictionaries(
    {
        "team_id": st.sampled_from([None, None, 1, 2]),
        "role": st.sampled_from(["", LEARNER, MANAGER]),
        "post": st.sampled_from(["", "phone"]),
        "joined_since": st.none() | near,
        "other_course_id": st.sampled_from([None, None, OTHER]),
        "other_certified": st.booleans(),
        "due": st.sampled_from(["start", "joining", "assignment", "quarter"]),
        "due_days": st.integers(0, 60),
        "acts_since": st.just(TODAY) | near,
        "excuses": st.booleans(),
    }
)
renewals = st.one_of(
    st.just({"renewal": ""}),
    st.fixed_dictionaries({"renewal": st.sampled_from(["whole", "short"]), "renewal_days": st.integers(1, 90)}),
)


def is_asked(said, rule, person):
    """Whether somebody is enrolled or renewed today: told in one breath, as one would tell a colleague."""
    if said["acts_since"] > TODAY:
        return False
    first_day = person.starts_on or person.joined_on
    stands = [role for team, role in person.roles if said["team_id"] is None or team == said["team_id"]]
    if said["team_id"] is not None and not stands:
        return False
    if said["role"] != "" and said["role"] not in stands:
        return False
    if said["post"] == "phone" and person.post != "phone":
        return False
    if said["joined_since"] is not None and first_day < said["joined_since"]:
        return False
    if said["other_course_id"] is not None:
        other = person.certificates.get(OTHER)
        if (other is not None and other.until >= TODAY) is not said["other_certified"]:
            return False
    if first_day > TODAY or (person.leaves_on is not None and person.leaves_on < TODAY):
        return False
    run, own = person.runs.get(COURSE), person.certificates.get(COURSE)
    if run is not None and (run.is_open or run.is_excused):
        return False
    if own is not None and own.until >= TODAY:
        return bool(said["renewal"]) and (own.until - TODAY).days <= said["renewal_days"]
    once_for_all = own is None or not said["renewal"]
    return not (once_for_all and (rule, "") in person.occasions)


@settings(max_examples=examples(400))  # most people fit no rule
@given(said=st.builds(dict.__or__, terms, renewals), person=people)
def test_a_rule_is_about_whom_the_plain_words_are_about(said, person):
    found = verdict(make_version(**said), 1, COURSE, person, TODAY)
    assert (found.deed in (Deed.ENROLL, Deed.RENEW)) == is_asked(said, 1, person)
    if found.deed in (Deed.ENROLL, Deed.RENEW):
        assert found.due_on >= TODAY


@given(said=st.builds(dict.__or__, terms, renewals), person=people)
def test_a_rule_that_has_acted_does_nothing_more(said, person):
    found = verdict(make_version(**said), 1, COURSE, person, TODAY)
    if found.deed in (Deed.ENROLL, Deed.RENEW, Deed.EXCUSE):
        noted = PersonFacts(**vars(person) | {"occasions": person.occasions | {(1, found.occasion)}})
        assert verdict(make_version(**said), 1, COURSE, noted, TODAY).deed not in (Deed.ENROLL, Deed.RENEW, Deed.EXCUSE)


@given(rules=st.lists(st.builds(dict.__or__, terms, renewals), max_size=3), person=people, data=st.data())
def test_in_whatever_order_rules_come_it_comes_to_the_same_and_the_earliest_day_holds(rules, person, data):
    opinions = [
        Opinion(AssignmentRule(pk=number), verdict(make_version(**said), number, COURSE, person, TODAY))
        for number, said in enumerate(rules, start=1)
    ]
    decided = decide(1, COURSE, opinions, WEEK, TODAY)
    assert decide(1, COURSE, data.draw(st.permutations(opinions)), WEEK, TODAY) == decided
    asked = [each.verdict.due_on for each in opinions if each.verdict.deed in (Deed.ENROLL, Deed.RENEW)]
    assert (decided.deed in (Deed.ENROLL, Deed.RENEW)) == bool(asked)
    if asked:
        assert decided.due.asked == min(asked)
