"""Assignment rules, facts about a person, and certified people, for tests."""

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
    """Unsaved version for all learners, due 14 days after the first day."""
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
    """A learner whose certificate is valid until this date."""
    person = make_user()
    join(team, person)
    enrollment = enroll(person, course)
    complete_course(enrollment)
    Certificate.objects.filter(enrollment=enrollment).update(valid_until=until)
    store_certifications([Certificate.objects.get(enrollment=enrollment)])
    return person
