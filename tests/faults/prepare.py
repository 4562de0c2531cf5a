"""`python -m tests.faults.prepare`: a learner before the end of an exam and of a simulation. Prints JSON."""

import json

import django
from django.core.management import call_command


def prepare():
    from courseware.learning.enrollments import enrollment as enrolling
    from courseware.simulations import attempts
    from tests.browser.courses import make_tea_room
    from tests.making import PASSWORD, make_user
    from tests.world import answer_exam, finish_lessons, start_exam

    learner = make_user("Lea Learner")
    enrollment = enrolling.enroll(learner, make_tea_room())
    finish_lessons(enrollment)
    attempt = start_exam(enrollment)
    answer_exam(attempt)
    simulation_attempt = attempts.start(enrollment, "drill", timing="off")
    info = {"email": learner.email, "password": PASSWORD, "enrollment": enrollment.pk}
    return info | {"attempt": attempt.pk, "run": simulation_attempt.pk}


if __name__ == "__main__":
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    print(json.dumps(prepare()))
