"""Scope of assignment rules: who matches, why, and by when. Without a database."""

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


def evaluate(person, day=MONDAY, **terms):
    return verdict(make_version(**terms), RULE, COURSE, person, day)


def result_of(person, day=MONDAY, **terms):
    found = evaluate(person, day, **terms)
    return found.kind, found.why, found.day


def certified(until=JANUARY, course=COURSE, since=date(2026, 6, 15)):
    return {course: Certified(since, until)}


@pytest.mark.parametrize(
    "terms, fits, does_not, why",
    [
        ({"team_id": 1}, {}, {"roles": frozenset({(2, LEARNER)})}, RuleReason.OTHER_TEAM),
        ({"team_id": 1}, {"roles": frozenset({(1, MANAGER)})}, {"roles": frozenset()}, RuleReason.OTHER_TEAM),
        ({"role": LEARNER}, {}, {"roles": frozenset({(1, MANAGER)})}, RuleReason.OTHER_ROLE),
        # A learner elsewhere who manages this team is not a learner of it.
        (
            {"team_id": 1, "role": LEARNER},
            {"roles": frozenset({(1, LEARNER), (2, MANAGER)})},
            {"roles": frozenset({(1, MANAGER), (2, LEARNER)})},
            RuleReason.OTHER_ROLE,
        ),
        ({"job_role": "phone"}, {"job_role": "phone"}, {"job_role": "chat"}, RuleReason.OTHER_JOB_ROLE),
        ({"job_role": "phone"}, {"job_role": "phone"}, {"job_role": ""}, RuleReason.OTHER_JOB_ROLE),
        ({"joined_since": MONDAY}, {"joined_on": MONDAY}, {"joined_on": date(2026, 11, 29)}, RuleReason.JOINED_BEFORE),
        # The first day of work counts if known, not that of the account.
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
def test_rule_matches_or_gives_reason(terms, fits, does_not, why):
    assert evaluate(known(**fits), **terms).kind is ActionKind.ENROLL
    assert evaluate(known(**does_not), **terms) == Verdict(ActionKind.OUTSIDE, why)


@pytest.mark.parametrize(
    "facts, why, day",
    [
        ({"runs": {COURSE: CurrentEnrollment(1, True, False)}}, RuleReason.IS_LEARNING, None),
        ({"runs": {COURSE: CurrentEnrollment(1, False, True)}}, RuleReason.IS_EXEMPT, None),
        ({"certificates": certified(MONDAY)}, RuleReason.IS_CERTIFIED, None),
        ({"occasions": frozenset({(RULE, "")})}, RuleReason.WAS_ASKED, None),
        ({"starts_on": date(2026, 12, 1)}, RuleReason.STARTS_LATER, date(2026, 12, 1)),
        ({"leaves_on": date(2026, 11, 29)}, RuleReason.HAS_LEFT, date(2026, 11, 29)),
    ],
)
def test_matching_person_is_skipped_with_reason(facts, why, day):
    assert result_of(known(**facts)) == (ActionKind.LEAVE, why, day)


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
def test_similar_facts_do_not_skip_person(facts, why, day):
    assert result_of(known(**facts)) == (ActionKind.ENROLL, why, day)


def test_rule_does_nothing_before_start_date():
    assert result_of(known(), acts_since=date(2026, 12, 1)) == (ActionKind.LEAVE, RuleReason.NOT_YET, date(2026, 12, 1))
    assert evaluate(known(), acts_since=MONDAY).kind is ActionKind.ENROLL


@pytest.mark.parametrize(
    "terms, facts, due_on",
    [
        ({"due": "start"}, {"starts_on": date(2026, 11, 23)}, date(2026, 12, 7)),
        ({"due": "start"}, {"joined_on": date(2026, 11, 25)}, date(2026, 12, 9)),
        ({"due": "joining"}, {"starts_on": date(2026, 11, 23), "joined_on": date(2026, 11, 25)}, date(2026, 12, 9)),
        ({"due": "assignment"}, {"starts_on": date(2026, 11, 23)}, date(2026, 12, 14)),
        # The due date would be in the past, so the days count from today.
        ({"due": "start"}, {"starts_on": date(2026, 11, 16)}, MONDAY),
        ({"due": "start"}, {"starts_on": date(2026, 11, 15)}, date(2026, 12, 14)),
        ({"due": "date", "due_on": MONDAY}, {}, MONDAY),
        ({"due": "quarter"}, {}, date(2026, 12, 31)),
    ],
)
def test_due_date_counts_from_configured_event(terms, facts, due_on):
    assert evaluate(known(**facts), **terms).due_on == due_on


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
def test_quarter_ends_with_its_third_month(day, end):
    assert evaluate(known(), day, due="quarter").due_on == end


def test_past_due_date_enrolls_nobody():
    assert result_of(known(), due="date", due_on=date(2026, 11, 29)) == (ActionKind.LEAVE, RuleReason.TOO_LATE, None)


def test_only_exempting_rule_exempts_its_own_enrollment():
    gone = frozenset({(2, LEARNER)})
    begun, other, done = (
        {COURSE: CurrentEnrollment(5, True, False, frozenset({RULE}))},
        {COURSE: CurrentEnrollment(5, True, False, frozenset({8}))},
        {COURSE: CurrentEnrollment(5, False, False, frozenset({RULE}))},
    )
    outside = (ActionKind.OUTSIDE, RuleReason.OTHER_TEAM, None)
    assert result_of(known(roles=gone, runs=begun), team_id=1, exempts=True) == (
        ActionKind.EXEMPT,
        RuleReason.FITS_NO_MORE,
        None,
    )
    assert result_of(known(roles=gone, runs=begun), team_id=1) == outside
    assert result_of(known(roles=gone, runs=other), team_id=1, exempts=True) == outside
    assert result_of(known(roles=gone, runs=done), team_id=1, exempts=True) == outside
    once = frozenset({(RULE, "exempt 5")})
    assert evaluate(known(roles=gone, runs=begun, occasions=once), team_id=1, exempts=True).why is RuleReason.WAS_ASKED


# Renewals

THIRTY_DAYS = {"renewal": "whole", "renewal_days": 30}
IN_MARCH = {"renewal": "short", "renewal_month": 3, "renewal_day": 1}


@pytest.mark.parametrize("day, opens", [(date(2026, 12, 15), False), (date(2026, 12, 16), True), (JANUARY, True)])
def test_renewal_opens_30_days_before_certificate_expires(day, opens):
    found = evaluate(known(certificates=certified()), day, **THIRTY_DAYS)
    if opens:
        assert found == Verdict(ActionKind.RENEW, RuleReason.ENDS_SOON, JANUARY, JANUARY, "2027-01-15", False, JANUARY)
    else:
        assert found == Verdict(ActionKind.LEAVE, RuleReason.IS_CERTIFIED, opens_on=date(2026, 12, 16))


def test_certificate_without_end_is_not_renewed():
    assert evaluate(known(certificates=certified(date.max)), **THIRTY_DAYS) == Verdict(
        ActionKind.LEAVE, RuleReason.IS_CERTIFIED
    )


def test_expired_certificate_leads_to_one_enrollment():
    lapsed = certified(date(2026, 11, 1))
    found = evaluate(known(certificates=lapsed, occasions=frozenset({(RULE, "")})), **THIRTY_DAYS)
    assert (found.kind, found.occasion, found.is_short) == (ActionKind.ENROLL, "2026-11-01", False)
    assert evaluate(known(certificates=lapsed, occasions=frozenset({(RULE, "2026-11-01")})), **THIRTY_DAYS).why == (
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
        # A missed day is caught up; the due date is not after the end of the certificate.
        (
            date(2027, 3, 9),
            date(2027, 3, 20),
            Verdict(
                ActionKind.RENEW, RuleReason.EACH_YEAR, date(2027, 3, 1), date(2027, 3, 20), "yearly 2027-03-01", True
            ),
        ),
    ],
)
def test_yearly_renewal_opens_on_its_date(day, until, found):
    assert evaluate(known(certificates=certified(until)), day, due="assignment", **IN_MARCH) == found


def test_yearly_renewal_skips_newly_certified_and_earlier_dates():
    fresh = certified(date(2028, 3, 1), since=date(2027, 3, 1))
    following = Verdict(ActionKind.LEAVE, RuleReason.IS_CERTIFIED, is_short=True, opens_on=date(2028, 3, 1))
    assert evaluate(known(certificates=fresh), date(2027, 3, 9), **IN_MARCH) == following
    old = certified(date(2028, 6, 1))
    assert evaluate(known(certificates=old), date(2027, 3, 9), acts_since=date(2027, 3, 2), **IN_MARCH) == following


def test_yearly_renewal_on_leap_day_opens_end_of_february():
    leap = {"renewal": "whole", "renewal_month": 2, "renewal_day": 29}
    person = known(certificates=certified(date.max))
    found = [
        evaluate(person, date(year, 1, 1), acts_since=date(year - 1, 6, 1), **leap).opens_on for year in (2027, 2028)
    ]
    assert found == [date(2027, 2, 28), date(2028, 2, 29)]


# Random rules and people, compared with an independent model.


TODAY = date(2026, 11, 30)
WEEK = Calendar({})  # five days of work, no holidays

# Most faults are off by one day, so many dates are near.
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
        "exempts": st.booleans(),
    }
)
renewals = st.one_of(
    st.just({"renewal": ""}),
    st.fixed_dictionaries({"renewal": st.sampled_from(["whole", "short"]), "renewal_days": st.integers(1, 90)}),
)


def is_asked(fields, rule, person):
    """Whether the person is enrolled or renewed today: an independent, plain model."""
    if fields["acts_since"] > TODAY:
        return False
    first_day = person.starts_on or person.joined_on
    matching_roles = [role for team, role in person.roles if fields["team_id"] is None or team == fields["team_id"]]
    if fields["team_id"] is not None and not matching_roles:
        return False
    if fields["role"] != "" and fields["role"] not in matching_roles:
        return False
    if fields["job_role"] == "phone" and person.job_role != "phone":
        return False
    if fields["joined_since"] is not None and first_day < fields["joined_since"]:
        return False
    if fields["other_course_id"] is not None:
        other = person.certificates.get(OTHER)
        if (other is not None and other.until >= TODAY) is not fields["other_certified"]:
            return False
    if first_day > TODAY or (person.leaves_on is not None and person.leaves_on < TODAY):
        return False
    enrollment, certificate = person.runs.get(COURSE), person.certificates.get(COURSE)
    if enrollment is not None and (enrollment.is_open or enrollment.is_exempt):
        return False
    if certificate is not None and certificate.until >= TODAY:
        return bool(fields["renewal"]) and (certificate.until - TODAY).days <= fields["renewal_days"]
    once_for_all = certificate is None or not fields["renewal"]
    return not (once_for_all and (rule, "") in person.occasions)


@pytest.mark.slow
@settings(max_examples=examples(400))  # most people match no rule
@given(fields=st.builds(dict.__or__, terms, renewals), person=people)
def test_scope_agrees_with_plain_model(fields, person):
    found = verdict(make_version(**fields), 1, COURSE, person, TODAY)
    assert (found.kind in (ActionKind.ENROLL, ActionKind.RENEW)) == is_asked(fields, 1, person)
    if found.kind in (ActionKind.ENROLL, ActionKind.RENEW):
        assert found.due_on >= TODAY


@given(fields=st.builds(dict.__or__, terms, renewals), person=people)
def test_rule_acts_once(fields, person):
    found = verdict(make_version(**fields), 1, COURSE, person, TODAY)
    if found.kind in (ActionKind.ENROLL, ActionKind.RENEW, ActionKind.EXEMPT):
        noted = PersonFacts(**vars(person) | {"occasions": person.occasions | {(1, found.occasion)}})
        assert verdict(make_version(**fields), 1, COURSE, noted, TODAY).kind not in (
            ActionKind.ENROLL,
            ActionKind.RENEW,
            ActionKind.EXEMPT,
        )


@given(rules=st.lists(st.builds(dict.__or__, terms, renewals), max_size=3), person=people, data=st.data())
def test_order_of_rules_does_not_matter(rules, person, data):
    opinions = [
        Opinion(AssignmentRule(pk=number), verdict(make_version(**fields), number, COURSE, person, TODAY))
        for number, fields in enumerate(rules, start=1)
    ]
    decided = decide(1, COURSE, opinions, WEEK, TODAY)
    assert decide(1, COURSE, data.draw(st.permutations(opinions)), WEEK, TODAY) == decided
    asked = [each.verdict.due_on for each in opinions if each.verdict.kind in (ActionKind.ENROLL, ActionKind.RENEW)]
    assert (decided.kind in (ActionKind.ENROLL, ActionKind.RENEW)) == bool(asked)
    if asked:
        assert decided.due.asked == min(asked)
