"""The firm on which growth is measured is one that the product itself could have made."""

import pytest

from benchmarks.growing_firm import COURSES, IN_A_TEAM, GrowingFirm, table_sizes
from benchmarks.small_courses import files_of
from courseware.accounts.models import User
from courseware.accounts.permissions import people_managed_by
from courseware.learning.models import Enrollment
from courseware.learning.states import State
from courseware.reporting.consistency import differences
from tests.making import make_course, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def firm():
    make_course(files_of("course-1"))
    return GrowingFirm()


@pytest.mark.long
def test_facts_certificates_and_log_of_a_grown_firm_agree(firm):
    firm.grow(100)
    firm.grow(700)
    assert list(differences()) == []


def test_it_has_of_everything_what_it_says(firm):
    firm.grow(1_000)
    assert table_sizes() == {
        "user": 3 + 100 + 2,  # admin, head of the firm and human resources; learners, managers
        "searchterm": 2 * 2 + 4 + 100 * 4 + 2 * 3,  # of number, address and domain; of learners the name is another one
        "team": 1 + 2,
        "enrollment": 1_000 + 100,  # a tenth is renewed
        "completion": 1_300,
        "certificate": 200,
        "message": 200,
        "trayline": 700 + 100,  # of who was enrolled less than 90 days ago
        "event": COURSES + 1_100 + 1_300 + 2 * 200 + 100 + 10,
    }
    assert people_managed_by(firm.last_manager).count() == IN_A_TEAM
    assert people_managed_by(firm.head).count() == 100


def test_there_are_people_in_every_state(firm):
    firm.grow(100)
    states = set(Enrollment.objects.with_state().values_list("state", flat=True))
    assert states == set(State.values)


def test_whoever_comes_afterwards_gets_a_key_that_is_free(firm):
    firm.grow(10)
    before = set(User.objects.values_list("pk", flat=True))
    assert make_user().pk not in before
