"""Two accounts of one person, and what everybody reads of them."""

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


def make_run(person, course, by=None):
    return enroll(person, course, by=by or make_admin())


def runs():
    """Each run: whose it is, whether it is the newest, whether it is excused."""
    rows = Enrollment.objects.order_by("pk").values_list("learner__name", "is_newest", "exempted_at")
    return [(name, is_newest, waived is not None) for name, is_newest, waived in rows]


def facts():
    """All rows of facts and of the log, whole."""
    return {model: list(model.objects.order_by("pk").values()) for model in FACTS}


def counted():
    """Team (None: the firm) → place → how many people."""
    numbers = Counter()
    for team, urgency, begun, number in Headcount.objects.values_list("team", "urgency", "has_started", "number"):
        numbers[team, urgency, begun] += number
    return {place: number for place, number in numbers.items() if number}


def state():
    """What everybody reads: runs, standings, numbers above the boards, who is here."""
    rows = Enrollment.objects.order_by("pk").values("learner", "is_newest", "exempted_at", "exemption_reason", "due_at")
    certified = list(Enrollment.objects.newest().order_by("pk").values_list("pk", "certified_until"))
    standings = Certification.objects.order_by("learner", "course").values_list("learner", "course", "certified_until")
    people = [*Membership.objects.order_by("pk").values_list("person", "team", "role", "person__is_active")]
    return list(rows), certified, list(standings), counted(), people


def assert_all_agrees():
    assert list(differences()) == []
    assert list(alterations()) == []
