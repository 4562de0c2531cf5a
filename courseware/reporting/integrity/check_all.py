"""All integrity checks of `check_records`, which recompute stored values from their sources."""

from collections.abc import Iterator

from courseware.accounts.people.search import keys_found_wrongly
from courseware.audit_log.verify import alterations
from courseware.content.models import Release
from courseware.content.releases.publishing import digest_of
from courseware.reporting.integrity import audit_log, certificates, enrollments, exams


def search_terms() -> Iterator[str]:
    """People are found by their name, email address and staff number."""
    for key in keys_found_wrongly():
        yield f"person {key}: is not found by what name, address and staff number say"


def releases() -> Iterator[str]:
    """Releases match their checksums."""
    for release in Release.objects.defer("outlines").order_by("pk").iterator():
        if release.digest != digest_of(release):
            yield f"release {release.pk}: its texts are not the ones it was published with"


CHECKS = (
    exams.attempts,
    exams.pass_marks,
    exams.responses,
    exams.answers,
    exams.practice_answers,
    exams.daily_answers,
    exams.positions_of_answers,
    exams.passes,
    exams.pre_checks,
    exams.drills,
    exams.runs,
    exams.endings,
    enrollments.enrollments,
    enrollments.newest_enrollments,
    enrollments.merged_enrollments,
    enrollments.days_answered,
    enrollments.team_memberships,
    search_terms,
    enrollments.headcounts,
    certificates.certificates,
    certificates.certificate_texts,
    certificates.certificate_pdfs,
    certificates.standings,
    certificates.strange_certifications,
    certificates.newest_certifications,
    enrollments.observed,
    releases,
    audit_log.differences,
    alterations,
)


def differences() -> Iterator[str]:
    """Run all checks; yield a line for each difference. Memory does not grow with the number of rows."""
    for check in CHECKS:
        yield from check()
