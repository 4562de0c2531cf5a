"""Two accounts of one person, and what a merge changes."""

from collections import Counter

from courseware.accounts.models import Membership
from courseware.assessment.models import Certificate, Certification, ExamAttempt, Response
from courseware.audit_log.verify import alterations
from courseware.learning.enrollments.enrollment import enroll
from courseware.learning.models import Answer, Completion, Enrollment
from courseware.learning.status.headcounts import Headcount
from courseware.reporting.integrity.check_all import differences
from tests.making import join, make_admin, make_course, make_files, make_user

FACTS = (Answer, ExamAttempt, Response, Completion, Certificate)


def member(team, name):
    person = make_user(name)
    join(team, person)
    return person


def another_course(name):
    return make_course({path: text.replace(b"tea-room", name) for path, text in make_files().items()})


def enroll_user(person, course, by=None):
    return enroll(person, course, by=by or make_admin())


def enrollments():
    """(name of learner, is newest, is exempt) of each enrollment."""
    rows = Enrollment.objects.order_by("pk").values_list("learner__name", "is_newest", "exempted_at")
    return [(name, is_newest, exempted_at is not None) for name, is_newest, exempted_at in rows]


def facts():
    """All rows of append-only records."""
    return {model: list(model.objects.order_by("pk").values()) for model in FACTS}


def headcounts():
    """(team or None for the company, urgency, has started) → number of people."""
    numbers = Counter()
    for team, urgency, begun, number in Headcount.objects.values_list("team", "urgency", "has_started", "number"):
        numbers[team, urgency, begun] += number
    return {key: number for key, number in numbers.items() if number}


def state():
    """Enrollments, certifications, headcounts and memberships."""
    rows = Enrollment.objects.order_by("pk").values("learner", "is_newest", "exempted_at", "exemption_reason", "due_at")
    certified = list(Enrollment.objects.newest().order_by("pk").values_list("pk", "certified_until"))
    certifications = Certification.objects.order_by("learner", "course").values_list(
        "learner", "course", "certified_until"
    )
    people = [*Membership.objects.order_by("pk").values_list("person", "team", "role", "person__is_active")]
    return list(rows), certified, list(certifications), headcounts(), people


def assert_consistent():
    assert list(differences()) == []
    assert list(alterations()) == []
