"""The firm on which growth is measured is one that the product itself could have made."""

import pytest

from benchmarks.growing_firm import GrowingFirm
from benchmarks.small_courses import files_of
from courseware.learning.models import Enrollment
from courseware.learning.states import State
from courseware.reporting.consistency import differences
from tests.making import make_course


@pytest.mark.long
@pytest.mark.django_db
def test_facts_certificates_and_log_of_a_grown_firm_agree_in_every_state():
    make_course(files_of("course-1"))
    firm = GrowingFirm()
    firm.grow(100)
    firm.grow(700)
    assert list(differences()) == []
    assert set(Enrollment.objects.with_state().values_list("state", flat=True)) == set(State.values)
