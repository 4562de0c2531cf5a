import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from courseware.accounts.models import User
from courseware.assessment.models import Attempt, Certificate
from courseware.content.compiled.card import sections_without_contact
from courseware.content.models import Course
from courseware.content.releases.importing import read_folder
from courseware.journey.next_act import Act
from courseware.learning.models import Enrollment
from courseware.reporting import board_rows
from courseware.reporting.consistency import differences
from courseware.reporting.demo import ACCOUNTS, SIGN_IN_WITH
from tests.making import make_course
from tests.world import rows_shown_to

pytestmark = pytest.mark.django_db
State = Enrollment.State


@pytest.fixture(scope="module")
def firm(django_db_setup, django_db_blocker, shipped_folder):
    """The demo firm in the course that comes with the product, as `make run` makes it: once, for all who look at it."""
    with django_db_blocker.unblock(), transaction.atomic():
        make_course(read_folder(shipped_folder))
        call_command("make_demo")
        yield
        transaction.set_rollback(True)


def test_the_demo_has_a_team_of_about_twelve_in_every_state(firm):
    manager = User.objects.get(email="manager@example.com")
    counts = board_rows.counts_by_state(board_rows.board(manager))
    assert 10 <= sum(counts.values()) <= 15
    assert min(counts.values()) >= 1
    assert counts[State.OVERDUE] >= 2


def test_the_demo_has_attempts_that_passed_and_one_that_did_not_and_certificates(firm):
    exams = Attempt.objects.exclude(pass_mark=None)
    assert set(exams.values_list("is_passed", flat=True)) == {True, False}
    assert Certificate.objects.count() == Enrollment.objects.completed().count() >= 2


def test_the_demo_has_starting_points_a_gain_and_a_drill_to_do(firm):
    manager = User.objects.get(email="manager@example.com")
    rows = rows_shown_to(manager)
    assert [row.email for row in rows if row.next_act.kind == Act.DRILL] == ["ma.li@example.com"]
    assert {row.starting_point.outcome for row in rows} == {"", "gained"}


def test_somebody_in_the_demo_is_away_and_has_the_due_day_later(firm):
    [row] = [row for row in rows_shown_to(User.objects.get(email="manager@example.com")) if row.away_until]
    assert row.email == "he.jun@example.com"
    assert row.due_on > row.away_until


def test_the_new_hire_is_enrolled_and_has_not_begun(firm):
    enrollment = Enrollment.objects.get(learner__email="learner@example.com")
    assert (enrollment.started_at, enrollment.state_at()) == (None, State.NOT_STARTED)
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


def test_the_emergency_card_is_filled_in(firm):
    course = Course.objects.get()
    assert [sections_without_contact(course, language) for language in course.current.outlines] == [[], []]
