from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from courseware.assessment.certificates.facts import FACTS, months_later
from courseware.assessment.certificates.issuing import issue
from courseware.assessment.certificates.numbers import plain_number
from courseware.assessment.models import Certificate
from courseware.audit_log.models import Event
from courseware.content.releases.course_import import import_course
from courseware.learning.models import Enrollment
from tests.assessment.exams import MONDAY, exam_files, make_course, ready, sit
from tests.course_format.samples import make_files
from tests.making import make_user
from tests.world import finish_lessons


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 15), 12, date(2027, 1, 15)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 11, 25), 36, date(2029, 11, 25)),
    ],
)
def test_expiry_adds_calendar_months(day, months, expected):
    assert months_later(day, months) == expected


@pytest.mark.django_db
def test_certificate_is_issued_on_pass_with_snapshot():
    enrollment = ready(make_course(), make_user("Wang Xiaoming"))
    sit(enrollment, at=MONDAY)
    certificate = Certificate.objects.get()
    assert plain_number(certificate.number) == certificate.number
    assert len(certificate.number) == 13
    assert {
        name: getattr(certificate, name) for name in ("enrollment", "issued_at", "holder", "titles", "release")
    } == {
        "enrollment": enrollment,
        "issued_at": MONDAY,
        "holder": "Wang Xiaoming",
        "titles": {"zh-hans": "茶水间守则", "en": "Rules of the tea room"},
        "release": enrollment.course.current,
    }
    assert (certificate.valid_until, certificate.points, certificate.max_points) == (date(2031, 1, 7), 4, 4)
    assert Enrollment.objects.get().completed_at == MONDAY


@pytest.mark.django_db
def test_second_issue_returns_same_certificate():
    enrollment = ready(make_course())
    sit(enrollment, at=MONDAY)
    enrollment.refresh_from_db()
    assert issue(enrollment, at=timezone.now()) == Certificate.objects.get()
    assert Event.objects.filter(verb="certificate-issued").count() == 1


@pytest.mark.django_db
def test_issue_event_omits_certificate_number():
    sit(ready(make_course()), at=MONDAY)
    event = Event.objects.get(verb="certificate-issued")
    certificate = Certificate.objects.get()
    assert event.data == {"certificate": certificate.pk, "minutes": {"zh-hans": "6.5", "en": "7.0"}}


@pytest.mark.django_db
def test_renaming_person_or_course_keeps_certificate():
    enrollment = ready(make_course(), make_user("Old Name"))
    sit(enrollment, at=MONDAY)
    before = Certificate.objects.values().get()
    enrollment.learner.name = "New Name"
    enrollment.learner.save()
    import_course({path: body.replace("茶水间守则".encode(), "新守则".encode()) for path, body in exam_files().items()})
    assert Certificate.objects.values().get() == before


@pytest.mark.django_db
def test_course_without_valid_months_issues_certificate_without_expiry():
    files = {path: body.replace(b"valid_months: 12\n", b"") for path, body in exam_files().items()}
    sit(ready(import_course(files).course), at=MONDAY)
    assert Certificate.objects.get().valid_until is None
    assert Certificate.objects.get().is_valid(MONDAY + timedelta(days=99999))


def test_every_copied_column_has_a_fact():
    of_the_row = {"id", "enrollment", "number", "revoked_at", "revoked_by", "revocation_reason"}
    assert {field.name for field in Certificate._meta.fields} - of_the_row == {fact.field for fact in FACTS}


# Facts with their own element on the page, or missing from a list on purpose.
SHOWN_ELSEWHERE = {"holder", "titles", "minutes", "points", "max_points", "issuer", "signer", "release"}
# See the comments of these entries.
NEITHER_LOGGED_NOR_RECOMPUTED = {"holder", "issued_at", "release"}


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.field)
def test_fact_appears_in_all_lists_and_is_verifiable(fact):
    if fact.field not in SHOWN_ELSEWHERE:
        assert fact.line and fact.exported_as and fact.label and fact.api_type and fact.in_admin
    assert fact.is_recomputable or fact.in_log or fact.field in NEITHER_LOGGED_NOR_RECOMPUTED
    assert not (fact.is_recomputable and fact.in_log)


@pytest.mark.django_db
def test_course_without_exam_issues_certificate_without_points():
    files = {path: body for path, body in make_files().items() if "exam" not in path and "bank" not in path}
    files = {path: body.replace(b", passed: [last-cup]", b"") for path, body in files.items()}
    enrollment = ready(import_course(files).course)
    finish_lessons(enrollment)
    certificate = Certificate.objects.get()
    assert (certificate.enrollment, certificate.points, certificate.max_points) == (enrollment, None, None)


@pytest.mark.django_db
def test_certificate_expires_at_end_of_last_day_in_site_time_zone(settings):
    zone = ZoneInfo(settings.TIME_ZONE)
    sit(ready(make_course()), at=datetime(2030, 1, 6, 16, 30, tzinfo=UTC))  # half past midnight in Shanghai
    certificate = Certificate.objects.get()
    assert certificate.valid_until == date(2031, 1, 7)
    midnight = datetime(2031, 1, 8, tzinfo=zone)
    assert certificate.is_valid(midnight - timedelta(seconds=1))
    assert not certificate.is_valid(midnight)
