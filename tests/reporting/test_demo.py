import pytest
from django.conf import settings as site
from django.core.management import CommandError, call_command

from courseware.accounts.models import User
from courseware.assessment.models import Attempt, Certificate
from courseware.content.importing import import_course, read_folder
from courseware.learning.models import Enrollment
from courseware.reporting import queries
from courseware.reporting.consistency import differences
from courseware.reporting.demo import ACCOUNTS, SIGN_IN_WITH
from tests.making import make_course, make_user

pytestmark = pytest.mark.django_db
State = Enrollment.State


@pytest.fixture
def firm():
    """The demo firm in the course that comes with the product, as `make run` makes it."""
    import_course(read_folder(site.CONTENT_DIR / "customer-service-safety"))
    call_command("make_demo")


def test_the_demo_has_a_team_of_about_twelve_in_every_state(firm):
    manager = User.objects.get(email="manager@example.com")
    counts = queries.counts_by_state(queries.board(manager))
    assert 10 <= sum(counts.values()) <= 15
    assert min(counts.values()) >= 1
    assert counts[State.OVERDUE] >= 2


def test_the_demo_has_attempts_that_passed_and_one_that_did_not_and_certificates(firm):
    assert set(Attempt.objects.values_list("is_passed", flat=True)) == {True, False}
    assert Certificate.objects.count() == Enrollment.objects.completed().count() >= 2


def test_the_new_hire_is_enrolled_and_has_not_begun(firm):
    enrollment = Enrollment.objects.get(learner__email="learner@example.com")
    assert (enrollment.is_open, enrollment.started_at, enrollment.is_overdue()) == (True, None, False)
    assert enrollment.due_at


def test_everything_in_the_demo_was_made_by_the_products_own_verbs(firm):
    assert list(differences()) == []


@pytest.mark.parametrize("email", ACCOUNTS)
def test_every_account_that_is_told_of_can_sign_in(firm, client, email):
    response = client.post("/accounts/login/", {"login": email, "password": SIGN_IN_WITH})
    assert response.status_code == 302
    assert client.get("/").status_code == 200


def test_nothing_is_made_where_people_are(firm):
    before = User.objects.count()
    with pytest.raises(CommandError, match="people here already"):
        call_command("make_demo")
    assert User.objects.count() == before


def test_one_person_is_enough_to_refuse():
    make_course()
    make_user()
    with pytest.raises(CommandError, match="people here already"):
        call_command("make_demo")
    assert User.objects.count() == 1


def test_without_a_course_nothing_is_made():
    with pytest.raises(CommandError, match="no course yet"):
        call_command("make_demo")
    assert not User.objects.exists()


def test_a_site_that_others_can_reach_gets_no_public_password(settings):
    make_course()
    settings.PLAIN_HTTP = False
    with pytest.raises(CommandError, match="PLAIN_HTTP"):
        call_command("make_demo")
    assert not User.objects.exists()
