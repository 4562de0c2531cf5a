"""Creation of enrollments of one or many people, with the job role chosen before."""

from collections import defaultdict

from django.db import IntegrityError, transaction

from courseware.audit_log.record import NewEvent
from courseware.learning.models import Enrollment

BATCH = 50  # people per transaction


def begin_one(learner, course, due_at, at):
    """Return (the learner's open enrollment in the course, whether it is new). `due_at`: instant or None."""
    # Of two concurrent calls for a person, the constraint admits one; the second returns that enrollment.
    job_role = lambda: job_roles_before([learner], course)[learner.pk]  # noqa: E731 - asked only if it is created
    defaults = {"due_at": due_at, "enrolled_at": at, "job_role": job_role}
    return Enrollment.objects.open().get_or_create(learner=learner, course=course, defaults=defaults)


def begin_many(dues, course, at):
    """Create and return enrollments, without log and email. `dues`: learner (User) → due instant or None. Learners with
    an open enrollment in the course are left out.
    """
    # Sorted by id: two transactions with people in common could deadlock otherwise.
    dues = sorted(dues.items(), key=lambda due: due[0].pk)
    job_roles = job_roles_before([each for each, _due_at in dues], course)
    new = [
        Enrollment(learner=each, course=course, due_at=due_at, enrolled_at=at, job_role=job_roles[each.pk])
        for each, due_at in dues
    ]
    try:
        with transaction.atomic():
            return Enrollment.objects.bulk_create(new)
    except IntegrityError:  # another transaction has enrolled one of them
        begun = [begin_one(learner, course, due_at, at) for learner, due_at in dues]
        return [enrollment for enrollment, is_new in begun if is_new]


def job_roles_before(learners, course):
    """Return a defaultdict: user id → job role in the newest enrollment of each learner in the course, or ""."""
    chosen = Enrollment.objects.newest().filter(learner__in=learners, course=course).exclude(job_role="")
    return defaultdict(str, chosen.values_list("learner", "job_role"))


def enrolled(enrollment, by):
    """Return the event to log about a new enrollment. `by`: user or None."""
    data = {"course": enrollment.course.identifier, "learner": enrollment.learner_id, "due_at": enrollment.due_at}
    return NewEvent("enrolled", enrollment, by, data, enrollment.enrolled_at)
