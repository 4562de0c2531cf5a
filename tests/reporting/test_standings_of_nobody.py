"""Whoever is said to be certified without a proof is found: by the row of the board, and by the standing."""

from datetime import date

import pytest
from django.utils import timezone

from courseware.assessment.models import Certificate, Standing
from courseware.learning import recounting
from courseware.learning.models import Enrollment
from courseware.reporting.consistency import differences
from tests.making import make_enrollment
from tests.world import complete_course

pytestmark = pytest.mark.django_db
UNTIL = date(2099, 12, 31)


def test_a_run_that_says_certified_where_no_standing_does_is_found():
    run = make_enrollment()
    assert list(differences()) == []
    Enrollment.objects.update(certified_until=UNTIL)
    recounting.recount([None])
    assert list(differences()) == [
        f"enrollment {run.pk}: certified until 2099-12-31 by what its row says, until None by the standing"
    ]


def test_a_standing_by_the_proof_of_another_person_or_course_is_found():
    run, other = make_enrollment(), make_enrollment()
    complete_course(run)
    proof = Certificate.objects.get()
    assert list(differences()) == []
    said = {"certificate": proof, "certified_until": proof.certifies_until}
    Standing.objects.create(learner=other.learner, course=other.course, **said)
    Enrollment.objects.keep_certified({(other.learner_id, other.course_id)})
    assert list(differences()) == [
        f"person {other.learner_id}: certified in course {other.course_id} "
        "by a proof of another person or course, or taken back"
    ]
    assert timezone.localdate() <= Enrollment.objects.get(pk=other.pk).certified_until
