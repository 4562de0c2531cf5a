"""People with a certificate that ends on a given day."""

from courseware.assessment.models import Certificate
from courseware.assessment.standing import keep_standings
from courseware.learning.enrolling import enroll
from tests.making import join, make_user
from tests.world import complete_course


def make_certified(course, team, until):
    person = make_user()
    join(team, person)
    run = enroll(person, course)
    complete_course(run)
    Certificate.objects.filter(enrollment=run).update(valid_until=until)
    keep_standings([Certificate.objects.get(enrollment=run)])
    return person
