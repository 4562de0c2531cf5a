"""Whom a rule is about, why, and by when: without a database."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courseware.accounts.calendar.working_days import Calendar
from courseware.assignments.models import AssignmentRule
from courseware.assignments.rules.plan import Opinion, decide
from courseware.assignments.rules.scope import (
    ActionKind,
    Certified,
    CurrentEnrollment,
    PersonFacts,
    RuleReason,
    Verdict,
    verdict,
)
from tests.assignments.rules import LEARNER, MANAGER, known, make_version
from tests.examples import examples

RULE, COURSE, OTHER = 7, 20, 21
MONDAY = date(2026, 11, 30)
JANUARY = date(2027, 1, 15)


def judged(person, day=MONDAY, **terms):
    return verdict(make_version(**terms), RULE, COURSE, person, day)


def told(person, day=MONDAY, **terms):
    found = judged(person, day, **terms)
    return found.deed, found.why, found.day


def certified(until=JANUARY, course=COURSE, since=date(2026, 6, 15)):
    return {course: Certified(since, until)}


@pytest.mark.parametrize(
    "terms, fits, does_not, why",
    [
        ({"team_id": 1}, {}, {"roles": frozenset({(2, LEARNER)})}, RuleReason.OTHER_TEAM),
        ({"team_id": 1}, {"roles": frozenset({(1, MANAGER)})}, {"roles": frozenset()}, RuleReason.OTHER_TEAM),
        ({"role": LEARNER}, {}, {"roles": frozenset({(1, MANAGER)})}, RuleReason.OTHER_ROLE),
        # A learner elsewhere who leads this team is no learner of this team.
        (
            {"team_id": 1, "role": LEARNER},
            {"roles": frozenset({(1, LEARNER), (2, MANAGER)})},
            {"roles": frozenset({(1, MANAGER), (2, LEARNER)})},
            RuleReason.OTHER_ROLE,
        ),
        ({"job_role": "phone"}, {"job_role": "phone"}, {"job_role": "chat"}, RuleReason.OTHER_JOB_ROLE),
        ({"job_role": "phone"}, {"job_role": "phone"}, {"job_role": ""}, RuleReason.OTHER_JOB_ROLE),
        ({"joined_since": MONDAY}, {"joined_on": MONDAY}, {"joined_on": date(2026, 11, 29)}, RuleReason.JOINED_BEFORE),
        # The first day of work counts where it is known, not that of the account.
        (
            {"joined_since": MONDAY},
            {"joined_on": date(2026, 11, 2), "starts_on": MONDAY},
            {"joined_on": MONDAY, "starts_on": date(2026, 11, 2)},
            RuleReason.JOINED_BEFORE,
        ),
        (
            {"other_course_id": OTHER},
            {"certificates": certified(MONDAY, OTHER)},
            {"certificates": certified(date(2026, 11, 29), OTHER)},
            RuleReason.LACKS_OTHER,
        ),
        (
            {"other_course_id": OTHER, "other_certified": False},
            {"certificates": certified(date(2026, 11, 29), OTHER)},
            {"certificates": certified(MONDAY, OTHER)},
            RuleReason.HAS_OTHER,
        ),
    ],
)
def test_a_rule_is_about_who_fits_and_says_why_somebody_does_not(terms, fits, does_not, why):
    assert judged(known(**fits), **terms).deed is ActionKind.ENROLL
    assert judged(known(**does_not), **terms) == Verdict(ActionKind.OUTSIDE, why)


@pytest.mark.parametrize(
    "facts, why, day",
    [
        ({"runs": {COURSE: CurrentEnrollment(1, True, False)}}, RuleReason.IS_LEARNING, None),
        ({"runs": {COURSE: CurrentEnrollment(1, False, True)}}, RuleReason.IS_EXCUSED, None),
        ({"certificates": certified(MONDAY)}, RuleReason.IS_CERTIFIED, None),
        ({"occasions": frozenset({(RULE, "")})}, RuleReason.WAS_ASKED, None),
        ({"starts_on": date(2026, 12, 1)}, RuleReason.STARTS_LATER, date(2026, 12, 1)),
        ({"leaves_on": date(2026, 11, 29)}, RuleReason.HAS_LEFT, date(2026, 11, 29)),
    ],
)
def test_who_fits_is_left_alone_for_a_reason(facts, why, day):
    assert told(known(**facts)) == (ActionKind.LEAVE, why, day)


@pytest.mark.parametrize(
    "facts, why, day",
    [
        ({"runs": {OTHER: CurrentEnrollment(1, True, False)}}, RuleReason.NEVER_LEARNED, None),
        ({"runs": {OTHER: CurrentEnrollment(1, False, True)}}, RuleReason.NEVER_LEARNED, None),
        ({"certificates": certified(date(2026, 11, 29))}, RuleReason.HAS_LAPSED, date(2026, 11, 29)),
        ({"certificates": certified(date.min)}, RuleReason.WAS_WITHDRAWN, None),
        ({"occasions": frozenset({(8, "")})}, RuleReason.NEVER_LEARNED, None),
        ({"starts_on": MONDAY}, RuleReason.STARTS_TODAY, None),
        ({"leaves_on": MONDAY}, RuleReason.NEVER_LEARNED, None),
    ],
)
def test_what_is_near_those_reasons_leaves_nobody_alone(facts, why, day):
    assert told(known(**facts)) == (ActionKind.ENROLL, why, day)


def test_a_rule_does_nothing_before_the_day_from_which_it_acts():
    assert told(known(), acts_since=date(2026, 12, 1)) == (ActionKind.LEAVE, RuleReason.NOT_YET, date(2026, 12, 1))
    assert judged(known(), acts_since=MONDAY).deed is ActionKind.ENROLL


@pytest.mark.parametrize(
    "terms, facts, due_on",
    [
        ({"due": "start"}, {"starts_on": date(2026, 11, 23)}, date(2026, 12, 7)),
        ({"due": "start"}, {"joined_on": date(2026, 11, 25)}, date(2026, 12, 9)),
        ({"due": "joining"}, {"starts_on": date(2026, 11, 23), "joined_on": date(2026, 11, 25)}, date(2026, 12, 9)),
        ({"due": "assignment"}, {"starts_on": date(2026, 11, 23)}, date(2026, 12, 14)),
        # Whoever came long ago would be late at once: the days count from today.
        ({"due": "start"}, {"starts_on": date(2026, 11, 16)}, MONDAY),
        ({"due": "start"}, {"starts_on": date(2026, 11, 15)}, date(2026, 12, 14)),
        ({"due": "date", "due_on": MONDAY}, {}, MONDAY),
        ({"due": "quarter"}, {}, date(2026, 12, 31)),
    ],
)
def test_the_due_day_is_counted_from_what_the_rule_names(terms, facts, due_on):
    assert judged(known(**facts), **terms).due_on == due_on


@pytest.mark.parametrize(
    "day, end",
    [
        (date(2027, 1, 1), date(2027, 3, 31)),
        (date(2027, 3, 31), date(2027, 3, 31)),
        (date(2027, 4, 1), date(2027, 6, 30)),
        (date(2027, 9, 30), date(2027, 9, 30)),
        (date(2027, 10, 1), date(2027, 12, 31)),
    ],
)
def test_a_quarter_ends_with_its_third_month(day, end):
    assert judged(known(), day, due="quarter").due_on == end


def test_nobody_is_enrolled_by_a_date_that_is_over():
    assert told(known(), due="date", due_on=date(2026, 11, 29)) == (ActionKind.LEAVE, RuleReason.TOO_LATE, None)


def test_who_fits_no_more_is_excused_only_where_the_rule_says_so_and_began_the_run():
    gone = frozenset({(2, LEARNER)})
    begun, other, done = (
        {COURSE: CurrentEnrollment(5, True, False, frozenset({RULE}))},
        {COURSE: CurrentEnrollment(5, True, False, frozenset({8}))},
        {COURSE: CurrentEnrollment(5, False, False, frozenset({RULE}))},
    )
    outside = (ActionKind.OUTSIDE, RuleReason.OTHER_TEAM, None)
    assert told(known(roles=gone, runs=begun), team_id=1, excuses=True) == (
        ActionKind.EXCUSE,
        RuleReason.FITS_NO_MORE,
        None,
    )
    assert told(known(roles=gone, runs=begun), team_id=1) == outside
    assert told(known(roles=gone, runs=other), team_id=1, excuses=True) == outside
    assert told(known(roles=gone, runs=done), team_id=1, excuses=True) == outside
    once = frozenset({(RULE, "excused 5")})
    assert judged(known(roles=gone, runs=begun, occasions=once), team_id=1, excuses=True).why is RuleReason.WAS_ASKED


# Renewals

THIRTY_DAYS = {"renewal": "whole", "renewal_days": 30}
IN_MARCH = {"renewal": "short", "renewal_month": 3, "renewal_day": 1}


@pytest.mark.parametrize("day, opens", [(date(2026, 12, 15), False), (date(2026, 12, 16), True), (JANUARY, True)])
def test_a_renewal_opens_so_many_days_before_the_certificate_ends_and_is_due_on_its_last_day(day, opens):
    found = judged(known(certificates=certified()), day, **THIRTY_DAYS)
    if opens:
        assert found == Verdict(ActionKind.RENEW, RuleReason.ENDS_SOON, JANUARY, JANUARY, "2027-01-15", False, JANUARY)
    else:
        assert found == Verdict(ActionKind.LEAVE, RuleReason.IS_CERTIFIED, opens_on=date(2026, 12, 16))


def test_a_certificate_without_an_end_is_renewed_on_no_day_before_its_end():
    assert judged(known(certificates=certified(date.max)), **THIRTY_DAYS) == Verdict(
        ActionKind.LEAVE, RuleReason.IS_CERTIFIED
    )


def test_who_let_the_certificate_end_learns_the_course_anew_once_for_each_certificate():
    lapsed = certified(date(2026, 11, 1))
    found = judged(known(certificates=lapsed, occasions=frozenset({(RULE, "")})), **THIRTY_DAYS)
    assert (found.deed, found.occasion, found.is_short) == (ActionKind.ENROLL, "2026-11-01", False)
    assert judged(known(certificates=lapsed, occasions=frozenset({(RULE, "2026-11-01")})), **THIRTY_DAYS).why == (
        RuleReason.WAS_ASKED
    )


TO_COME = Verdict(ActionKind.LEAVE, RuleReason.IS_CERTIFIED, is_short=True, opens_on=date(2027, 3, 1))


@pytest.mark.parametrize(
    "day, until, found",
    [
        (date(2027, 2, 28), date(2027, 6, 1), TO_COME),
        (
            date(2027, 3, 1),
            date(2027, 6, 1),
            Verdict(
                ActionKind.RENEW, RuleReason.EACH_YEAR, date(2027, 3, 1), date(2027, 3, 15), "yearly 2027-03-01", True
            ),
        ),
        # A job that missed the day does it on the next; and nobody has time beyond the own certificate.
        (
            date(2027, 3, 9),
            date(2027, 3, 20),
            Verdict(
                ActionKind.RENEW, RuleReason.EACH_YEAR, date(2027, 3, 1), date(2027, 3, 20), "yearly 2027-03-01", True
            ),
        ),
    ],
)
def test_a_yearly_renewal_opens_on_its_day(day, until, found):
    assert judged(known(certificates=certified(until)), day, due="assignment", **IN_MARCH) == found


def test_a_yearly_renewal_passes_over_who_was_certified_since_its_day_and_days_before_the_rule_acts():
    fresh = certified(date(2028, 3, 1), since=date(2027, 3, 1))
    following = Verdict(ActionKind.LEAVE, RuleReason.IS_CERTIFIED, is_short=True, opens_on=date(2028, 3, 1))
    assert judged(known(certificates=fresh), date(2027, 3, 9), **IN_MARCH) == following
    old = certified(date(2028, 6, 1))
    assert judged(known(certificates=old), date(2027, 3, 9), acts_since=date(2027, 3, 2), **IN_MARCH) == following


def test_a_yearly_renewal_on_a_leap_day_opens_on_the_last_of_february():
    leap = {"renewal": "whole", "renewal_month": 2, "renewal_day": 29}
    person = known(certificates=certified(date.max))
    found = [
        judged(person, date(year, 1, 1), acts_since=date(year - 1, 6, 1), **leap).opens_on for year in (2027, 2028)
    ]
    assert found == [date(2027, 2, 28), date(2028, 2, 29)]


# Rules over firms made at random: whom they are about, by a model written apart; and that nothing depends on order.


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
    job_role=st.sampled_from(["phone", "", "chat"]),
    roles=st.frozensets(st.tuples(st.integers(1, 2), st.sampled_from([LEARNER, MANAGER]))),
    runs=st.dictionaries(
        st.sampled_from([COURSE, OTHER]),
        st.sampled_from([
            CurrentEnrollment(5, True, False), CurrentEnrollment(5, True, False, frozenset({1})),
            CurrentEnrollment(5, False, True),
            CurrentEnrollment(5, False, False),
        ]),
    ),
    certificates=st.dictionaries(st.sampled_from([COURSE, OTHER]), certificates),
    occasions=st.frozensets(st.tuples(st.integers(1, 3), st.just(""))),
)  # fmt: skip
terms = st.fixed_dictionaries(
    {
        "team_id": st.sampled_from([None, None, 1, 2]),
        "role": st.sampled_from(["", LEARNER, MANAGER]),
        "job_role": st.sampled_from(["", "phone"]),
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
    if said["job_role"] == "phone" and person.job_role != "phone":
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
    assert (found.deed in (ActionKind.ENROLL, ActionKind.RENEW)) == is_asked(said, 1, person)
    if found.deed in (ActionKind.ENROLL, ActionKind.RENEW):
        assert found.due_on >= TODAY


@given(said=st.builds(dict.__or__, terms, renewals), person=people)
def test_a_rule_that_has_acted_does_nothing_more(said, person):
    found = verdict(make_version(**said), 1, COURSE, person, TODAY)
    if found.deed in (ActionKind.ENROLL, ActionKind.RENEW, ActionKind.EXCUSE):
        noted = PersonFacts(**vars(person) | {"occasions": person.occasions | {(1, found.occasion)}})
        assert verdict(make_version(**said), 1, COURSE, noted, TODAY).deed not in (
            ActionKind.ENROLL,
            ActionKind.RENEW,
            ActionKind.EXCUSE,
        )


@given(rules=st.lists(st.builds(dict.__or__, terms, renewals), max_size=3), person=people, data=st.data())
def test_in_whatever_order_rules_come_it_comes_to_the_same_and_the_earliest_day_holds(rules, person, data):
    opinions = [
        Opinion(AssignmentRule(pk=number), verdict(make_version(**said), number, COURSE, person, TODAY))
        for number, said in enumerate(rules, start=1)
    ]
    decided = decide(1, COURSE, opinions, WEEK, TODAY)
    assert decide(1, COURSE, data.draw(st.permutations(opinions)), WEEK, TODAY) == decided
    asked = [each.verdict.due_on for each in opinions if each.verdict.deed in (ActionKind.ENROLL, ActionKind.RENEW)]
    assert (decided.deed in (ActionKind.ENROLL, ActionKind.RENEW)) == bool(asked)
    if asked:
        assert decided.due.asked == min(asked)
