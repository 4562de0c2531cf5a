"""Rules and what is known of a person, given only what a test is about."""

from datetime import date

from courseware.accounts.models import Membership
from courseware.assignments.fitting import PersonFacts
from courseware.assignments.models import AssignmentRule, RuleVersion

LEARNER, MANAGER = Membership.Role
LONG_AGO = date(2020, 1, 1)


def make_version(**terms):
    """Not saved: everybody who learns, within fourteen days of the first day."""
    return RuleVersion(**{"name": "New people", "due_days": 14, "acts_since": LONG_AGO, "number": 1} | terms)


def make_rule(course, *, is_on=True, **terms):
    rule = AssignmentRule.objects.create(course=course, switched_on_at="2020-01-01T00:00Z" if is_on else None)
    rule.current = make_version(**{"rule": rule, "role": LEARNER} | terms)
    rule.current.save()
    rule.save()
    return rule


def known(**facts):
    return PersonFacts(**{"key": 1, "joined_on": LONG_AGO, "roles": frozenset({(1, LEARNER)})} | facts)
