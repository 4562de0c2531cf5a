import inspect
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.utils import timezone

from courseware.assessment.certificates.facts import recomputable_facts
from courseware.assessment.certificates.issuing import outlines_of
from courseware.assessment.models import Certificate, ExamAttempt, Response
from courseware.content.models import Document, SourceFile
from courseware.content.releases.course_import import import_course
from courseware.content.rendering import store
from courseware.learning.models import Answer, Completion, Enrollment
from courseware.reporting.integrity import assessments, certificates, enrollments
from courseware.reporting.integrity.certificates import certificate_texts
from courseware.reporting.integrity.check_all import CHECKS, differences
from courseware.simulations import attempts
from courseware.simulations.models import Decision, SimulationAttempt
from tests.course_format.samples import make_files
from tests.making import make_course, make_enrollment
from tests.world import complete_course, finish_lessons, play_best, start_exam

pytestmark = pytest.mark.django_db
LATER = timedelta(days=1)


@pytest.fixture
def completed():
    """A completed enrollment; another one has an open exam attempt."""
    enrollment = make_enrollment(course=make_course())
    complete_course(enrollment)
    other = make_enrollment(course=enrollment.course)
    finish_lessons(other)
    start_exam(other)
    enrollment.refresh_from_db()
    return enrollment


def change_first(model, **fields):
    """Change the first row directly in the database; return its primary key."""
    row = model.objects.order_by("pk").first()
    model.objects.filter(pk=row.pk).update(**fields)
    return row.pk


@pytest.mark.parametrize("module", [certificates, enrollments, assessments])
def test_every_check_of_a_module_is_run(module):
    functions = [function for _, function in inspect.getmembers(module, inspect.isfunction)]
    own = [function for function in functions if function.__module__ == module.__name__]
    checks = [function for function in own if not inspect.signature(function).parameters]
    assert len(checks) > 5
    assert set(checks) <= set(CHECKS)


def test_product_data_has_no_differences(completed):
    assert list(differences()) == []


@pytest.mark.slow
def test_points_unlike_responses_are_reported(completed):
    pk = change_first(ExamAttempt, points=0)
    assert list(differences()) == [
        f"attempt {pk}: 0 points stored, 2 right responses",
        f"certificate {completed.certificate.pk}: says points that no passed attempt has",
        f"exam-attempt {pk}: the audit log has no “exam-submitted” with the same data",
    ]


def test_pass_without_enough_points_is_reported(completed):
    pk = change_first(ExamAttempt, is_passed=False)
    assert list(differences())[:2] == [
        f"attempt {pk}: is_passed is False at 2 of 2",
        f"completion {Completion.objects.get(document__kind='exam').pk}: the exam has no passed attempt",
    ]


@pytest.mark.slow
def test_ending_unlike_decisions_is_reported(completed):
    attempt = play_best(attempts.start(completed, "drill", timing="off")).run
    assert list(differences()) == []
    change_first(SimulationAttempt, points=0, ending="elsewhere")
    assert list(differences()) == [f"simulation attempt {attempt.pk}: ends in elsewhere, replayed in out"]


@pytest.mark.slow
def test_changed_decision_is_reported(completed):
    play_best(attempts.start(completed, "drill", timing="off"))
    pk = change_first(Decision, meters={"calm": 99})
    assert list(differences()) == [f"decision {pk}: replayed it has other values"]
    change_first(Decision, place=7)
    assert list(differences()) == [
        f"simulation attempt {SimulationAttempt.objects.get().pk}: "
        "its decisions do not fit the simulation it started with"
    ]


@pytest.mark.slow
def test_simulation_completion_without_attempt_is_reported(completed):
    attempt = play_best(attempts.start(completed, "drill", timing="off")).run
    completion = Completion.objects.get(document=attempt.simulation)
    other = Enrollment.objects.exclude(pk=completed.pk).get()
    Completion.objects.filter(pk=completion.pk).update(enrollment=other)
    assert list(differences())[:2] == [
        f"simulation attempt {attempt.pk}: counts, but its simulation is not completed",
        f"completion {completion.pk}: the simulation has no finished attempt",
    ]


def test_missing_response_is_reported(completed):
    attempt = ExamAttempt.objects.earliest("pk")
    attempt.responses.earliest("position").delete()
    assert list(differences()) == [
        f"attempt {attempt.pk}: 2 points at most, 1 questions asked",
        f"attempt {attempt.pk}: 2 points stored, 1 right responses",
        f"attempt {attempt.pk}: is_passed is True at 1 of 2",
    ]


@pytest.mark.slow
def test_answer_changed_after_grading_is_reported(completed):
    response = Response.objects.earliest("pk")
    Response.objects.filter(pk=response.pk).update(response=[1 - response.response[0]])
    assert list(differences()) == [f"response {response.pk}: is_right is True, graded again it is False"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "fields", "words"),
    [
        (ExamAttempt, {"pass_mark": 50}, "attempt {}: pass_mark is 50, its exam said 80"),
        (Response, {"objective": "O9.9"}, "response {}: its must-know rule differs from its question"),
        (Response, {"question": "nowhere"}, "response {}: does not answer a question of its bank"),
        (Response, {"response": 5}, "response {}: does not answer a question of its bank"),
        (Answer, {"is_right": False}, "answer {}: is_right is False, graded again it is True"),
        (Answer, {"question": "nowhere"}, "answer {}: does not answer a question of its lesson"),
        (Answer, {"response": 5}, "answer {}: does not answer a question of its lesson"),
    ],
)
def test_changed_answer_or_pass_mark_is_reported(completed, model, fields, words):
    pk = change_first(model, **fields)
    assert list(differences()) == [words.format(pk)]


def test_grade_before_submission_is_reported(completed):
    response = Response.objects.filter(attempt__submitted_at=None).earliest("pk")
    Response.objects.filter(pk=response.pk).update(is_right=True)
    assert list(differences()) == [f"response {response.pk}: is_right is True, graded again it is None"]


@pytest.mark.slow
def test_pass_without_completion_is_reported(completed):
    Completion.objects.filter(document__kind="exam").delete()
    pk = ExamAttempt.objects.earliest("pk").pk
    assert f"attempt {pk}: is passed, but its exam is not completed" in list(differences())


@pytest.mark.slow
def test_activity_times_unlike_facts_are_reported(completed):
    last = completed.last_active_at
    completed.started_at, completed.last_active_at = None, last - LATER
    completed.save()
    first = completed.answers.earliest("answered_at").answered_at
    assert list(differences()) == [
        f"enrollment {completed.pk}: started_at None, first fact {first}",
        f"enrollment {completed.pk}: last_active_at {last - LATER}, last fact {last}",
    ]


@pytest.mark.slow
def test_wrong_current_enrollment_is_reported(completed):
    again = make_enrollment(completed.learner, completed.course)
    assert list(differences()) == []
    for enrollment, is_newest in ((again, False), (completed, True)):
        enrollment.is_newest = is_newest
        enrollment.save(update_fields=["is_newest"])
    assert list(differences()) == [
        f"enrollment {completed.pk}: is stored as the newest enrollment, but a later one exists",
        f"enrollment {again.pk}: is the newest enrollment, but is not stored as that",
    ]


def test_course_completion_without_steps_is_reported(completed):
    pk = make_enrollment(course=completed.course, completed_at=completed.completed_at).pk
    assert list(differences()) == [
        f"enrollment {pk}: is completed, but none of its documents is",
        f"enrollment {pk}: is completed but has no certificate",
        f"enrollment {pk}: the audit log has no “enrollment-completed” with the same data",
    ]


def test_certificate_without_completed_course_is_reported(completed):
    completed.completed_at = None
    completed.save()
    assert next(differences()) == f"enrollment {completed.pk}: has a certificate but is not completed"


def test_missing_certificate_is_reported(completed):
    Certificate.objects.all().delete()
    assert next(differences()) == f"enrollment {completed.pk}: is completed but has no certificate"


def test_certificate_with_other_time_is_reported(completed):
    change_first(Certificate, issued_at=completed.completed_at + LATER)
    words = f"enrollment {completed.pk}: completion time differs from its certificate"
    assert next(differences()) == words


def test_gap_in_attempt_numbers_is_reported(completed):
    change_first(ExamAttempt, number=3)
    assert list(differences()) == [f"enrollment {completed.pk}: attempts at last-cup up to number 3, but fewer exist"]


@pytest.mark.slow
def test_earlier_answers_are_graded_by_their_revision(completed):
    def swap_ticks(text):
        ticks = (b"1. [ ] ", b"1. [x] "), (b"2. [x] ", b"2. [ ] ")
        return text.replace(*ticks[0]).replace(*ticks[1])

    import_course({path: swap_ticks(text) if "boiling" in path else text for path, text in make_files().items()})
    completed.course.refresh_from_db()
    page = store.page(completed.course.current, "boiling", "en")
    assert page.questions["is-it-off"].key == (0,)
    assert list(differences()) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"points": 1}, "says points that no passed attempt has"),
        ({"titles": {"en": "A better course"}}, "other titles than its release"),
        ({"valid_until": date(2099, 1, 1)}, "valid until another day than its release says"),
        ({"valid_until": None}, "valid until another day than its release says"),
    ],
)
def test_changed_certificate_is_reported(completed, fields, words):
    pk = change_first(Certificate, **fields)
    assert list(certificate_texts()) == [f"certificate {pk}: {words}"]


def add_passed_exam(enrollment, *, points, submitted_at):
    attempt = enrollment.attempts.filter(is_passed=True).get()
    attempt.pk, attempt.exam = None, Document.objects.exclude(pk=attempt.exam_id).first()
    attempt.points, attempt.max_points, attempt.submitted_at = points, max(points, attempt.max_points), submitted_at
    attempt.save(force_insert=True)


def test_certificate_states_best_exam_passed_before_issue(completed):
    certificate = Certificate.objects.get()
    outlines = outlines_of(certificate.release)
    add_passed_exam(completed, points=certificate.points + 7, submitted_at=certificate.issued_at - LATER)
    assert recomputable_facts(completed, outlines, certificate.issued_at)["points"] == certificate.points + 7


def test_exam_passed_after_issue_is_no_difference(completed):
    certificate = Certificate.objects.get()
    add_passed_exam(completed, points=certificate.points + 7, submitted_at=certificate.issued_at + 2 * LATER)
    assert not list(certificate_texts())


# Not frozen: whose it is and what it is called; the name, which stays as it was when the person is renamed; and what is
# said later, when it is withdrawn, which the log is asked about (see tests/assessment/test_certificate_revocation.py).
NOT_FROZEN = {"id", "enrollment", "number", "holder", "revoked_at", "revoked_by", "revocation_reason"}
FORGED = {
    models.DateTimeField: lambda value: value + LATER,
    models.DateField: lambda value: value + 1000 * LATER,
    models.PositiveSmallIntegerField: lambda value: value + 1,
    models.CharField: lambda value: f"{value}, forged",
    models.JSONField: lambda value: {key: f"{text}, forged" for key, text in value.items()} or {"en": "forged"},
    models.ForeignKey: lambda value: another_release().pk,
}


def another_release():
    """A release of the same course with another title."""
    files = make_files()
    files["course.en.md"] = files["course.en.md"].replace(b"Rules of the tea room", b"Rules of the kitchen")
    return import_course(files).course.current


@pytest.mark.parametrize("field", sorted({field.name for field in Certificate._meta.fields} - NOT_FROZEN))
def test_forged_certificate_field_is_reported(completed, field):
    value = Certificate.objects.values_list(field, flat=True).get()
    assert value is not None, f"what is nothing cannot be forged: give the sample a {field}"
    change_first(Certificate, **{field: FORGED[type(Certificate._meta.get_field(field))](value)})
    assert any("certificate" in line for line in differences())


def test_certificate_stays_valid_when_site_zone_changes(completed, settings):
    settings.TIME_ZONE = "Pacific/Kiritimati"
    timezone.get_default_timezone.cache_clear()
    assert list(differences()) == []
    timezone.get_default_timezone.cache_clear()


def test_changed_source_file_is_reported(completed):
    change_first(SourceFile, digest="0" * 64)
    pk = completed.course.current_id
    assert list(differences()) == [f"release {pk}: its texts differ from those it was published with"]


def test_changed_audit_log_is_reported(completed):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_log_event SET verb = 'nothing' WHERE verb = 'content-released'")
    release = completed.release.pk
    assert list(differences()) == [f"release:{release}, event 1: changed since it was recorded"]


@pytest.mark.slow
def test_command_prints_differences_and_fails(completed, capsys):
    call_command("check_records")
    assert capsys.readouterr().out == "0 differences\n"
    pk = change_first(Enrollment, last_active_at=None)
    with pytest.raises(CommandError, match="1 differences"):
        call_command("check_records")
    assert capsys.readouterr().err.startswith(f"enrollment {pk}: last_active_at None, last fact ")
