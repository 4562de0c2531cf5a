"""Rules, what is known of a person, and people with a certificate, given only what a test is about."""

from datetime import date

from courseware.accounts.models import Membership
from courseware.assessment.certificates.certification import store_certifications
from courseware.assessment.models import Certificate
from courseware.assignments.models import AssignmentRule, RuleVersion
from courseware.assignments.rules.scope import PersonFacts
from courseware.learning.enrollments.enrollment import enroll
from tests.making import join, make_user
from tests.world import complete_course

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


def make_certified(course, team, until):
    """A person whose certificate ends on the day `until`."""
    person = make_user()
    join(team, person)
    run = enroll(person, course)
    complete_course(run)
    Certificate.objects.filter(enrollment=run).update(valid_until=until)
    store_certifications([Certificate.objects.get(enrollment=run)])
    return person
