import pytest
from django.utils import timezone

from courseware.accounts.models import User
from courseware.assessment.models import Certificate, Certification, ExamAttempt, ExternalTraining
from courseware.assignments.models import AssignmentRule, RuleAction
from courseware.assignments.rules.plan import acting_rules, plan
from courseware.content.models import Course
from courseware.content.rendering.emergency_card import sections_without_contact
from courseware.learner_home.next_action import Action
from courseware.learning.models import Enrollment
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.dashboard import totals
from courseware.reporting.demo import ACCOUNTS, DEMO_PASSWORD
from courseware.reporting.integrity.check_all import differences
from courseware.reporting.today.suggested_actions import suggested_actions_for
from tests.world import rows_shown_to

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_company")]
pytestmark += [pytest.mark.slow, pytest.mark.postgres_in_deep]
State = Enrollment.State
SAFETY, FIRST_AID, FINAL = "customer-service-safety", "first-aid", "final-exam"


def test_demo_team_has_people_in_every_state():
    manager = User.objects.get(email="manager@example.com")
    counts = totals.counts(dashboard_rows.dashboard_rows_of(manager), timezone.now()).states
    assert 12 <= len({row.email for row in rows_shown_to(manager)}) <= 18
    assert min(counts.values()) >= 1
    assert counts[State.OVERDUE] >= 2


def test_demo_has_passed_and_failed_exams_and_certificates():
    exams = ExamAttempt.objects.exclude(pass_mark=None)
    assert set(exams.values_list("is_passed", flat=True)) == {True, False}
    assert Certificate.objects.count() == Enrollment.objects.completed().count() >= 3
    assert {each.enrollment.course.identifier for each in Certificate.objects.all()} == {SAFETY, FIRST_AID}


def test_demo_has_improvement_and_open_practice_set():
    manager = User.objects.get(email="manager@example.com")
    rows = rows_shown_to(manager)
    assert [row.email for row in rows if row.journey.next_action.kind == Action.PRACTICE] == ["ma.li@example.com"]
    assert {row.journey.pre_post_test.outcome for row in rows} == {"", "gained"}


def test_demo_has_certified_person_in_renewal():
    renewal = Enrollment.objects.get(learner__email="gao.jie@example.com", completed_at=None)
    certificate = Certificate.objects.get(enrollment__learner=renewal.learner)
    assert certificate.is_valid()
    assert renewal.renews_until == certificate.valid_until > timezone.localdate()
    assert FINAL in renewal.required
    assert len(renewal.required) < 10


def test_demo_has_extension_request():
    manager = User.objects.get(email="manager@example.com")
    draft = suggested_actions_for(manager, timezone.now(), counts_others=True)
    assert [each.enrollment.learner.name for each, _title in draft.asked.shown] == ["周凯"]


def test_demo_rules_are_on_and_up_to_date():
    rules = AssignmentRule.objects.all()
    assert all(rule.is_on for rule in rules)
    assert sorted(RuleAction.objects.values_list("kind", "person__email")) == [
        ("enroll", "daniel.park@example.com"),
        ("enroll", "lin.xiaoman@example.com"),
        ("enroll", "maria.santos@example.com"),
        ("renew", "gao.jie@example.com"),
    ]
    assert [intent for intent in plan(list(acting_rules()), timezone.localdate()) if intent.is_action] == []


def test_demo_people_take_two_courses():
    enrollments = Enrollment.objects.filter(course__identifier=FIRST_AID)
    assert {each.state_at() for each in enrollments} >= {State.NOT_STARTED, State.IN_PROGRESS, State.COMPLETED}
    newcomer = Enrollment.objects.filter(learner__email="learner@example.com")
    assert sorted(newcomer.values_list("course__identifier", flat=True)) == [SAFETY, FIRST_AID]


def test_demo_former_person_is_off_dashboard():
    left = User.objects.get(is_active=False)
    assert left.email == "zheng.hao@example.com"
    assert left.enrollments.get().started_at
    assert left.email not in [row.email for row in rows_shown_to(User.objects.get(email="manager@example.com"))]


def test_demo_has_external_training_that_certifies():
    training = ExternalTraining.objects.get()
    assert training.person.email == "he.jun@example.com"
    assert training.course.identifier == FIRST_AID
    certification = Certification.objects.get(learner=training.person, course=training.course)
    assert certification.certified_until == training.valid_until > timezone.localdate()


def test_demo_has_absent_person_with_later_due_date():
    [row] = [row for row in rows_shown_to(User.objects.get(email="manager@example.com")) if row.away_until]
    assert row.email == "he.jun@example.com"
    assert row.enrollment.due_on > row.away_until


def test_new_hire_is_enrolled_but_has_not_started():
    enrollments = Enrollment.objects.filter(learner__email="learner@example.com")
    assert enrollments
    for enrollment in enrollments:
        assert (enrollment.started_at, enrollment.state_at()) == (None, State.NOT_STARTED)
        assert enrollment.due_at


def test_demo_data_has_no_differences():
    assert list(differences()) == []


@pytest.mark.parametrize("email", ACCOUNTS)
def test_documented_accounts_can_sign_in(client, email):
    response = client.post("/accounts/login/", {"login": email, "password": DEMO_PASSWORD})
    assert response.status_code == 302
    assert client.get("/").status_code == 200


def test_emergency_cards_are_filled_in():
    assert Course.objects.count() == 2
    for course in Course.objects.all():
        assert [sections_without_contact(course, language) for language in course.current.outlines] == [[], []]
