from collections import defaultdict

from django.db import IntegrityError, transaction

from courseware.audit_log.record import NewEvent
from courseware.learning.models import Enrollment

BATCH = 50  # people enrolled, or changed, in one transaction


def begin_one(learner, course, due_at, at):
    # If two enroll the same person at once, the constraint lets one through, and the other gets that enrollment.
    defaults = {"due_at": due_at, "enrolled_at": at, "track": lambda: posts_before([learner], course)[learner.pk]}
    return Enrollment.objects.open().get_or_create(learner=learner, course=course, defaults=defaults)


def begin_many(dues, course, at):
    """The new enrollments. `dues` maps each learner to the due instant."""
    # By key: two orders that have people in common would else wait for each other in a circle.
    dues = sorted(dues.items(), key=lambda due: due[0].pk)
    posts = posts_before([each for each, _due_at in dues], course)
    new = [
        Enrollment(learner=each, course=course, due_at=due_at, enrolled_at=at, track=posts[each.pk])
        for each, due_at in dues
    ]
    try:
        with transaction.atomic():
            return Enrollment.objects.bulk_create(new)
    except IntegrityError:  # somebody is enrolling one of them at this very moment
        begun = [begin_one(learner, course, due_at, at) for learner, due_at in dues]
        return [enrollment for enrollment, is_new in begun if is_new]


def posts_before(learners, course):
    """Learner key → post chosen in the run before, "" for none."""
    chosen = Enrollment.objects.newest().filter(learner__in=learners, course=course).exclude(track="")
    return defaultdict(str, chosen.values_list("learner", "track"))


def enrolled(enrollment, by):
    data = {"course": enrollment.course.identifier, "learner": enrollment.learner_id, "due_at": enrollment.due_at}
    return NewEvent("enrolled", enrollment, by, data, enrollment.enrolled_at)
