"""Check all: the integrity checks of `check_records`, which recompute stored values from their sources."""

from collections.abc import Iterator

from courseware.accounts.people.search import people_with_outdated_terms
from courseware.audit_log.verify import alterations
from courseware.content.models import Release
from courseware.content.releases.publishing import digest_of
from courseware.reporting.integrity import assessments, audit_log, certificates, enrollments


def search_terms() -> Iterator[str]:
    """Yield messages about people whose search terms differ from their name, email address and staff number."""
    for key in people_with_outdated_terms():
        yield f"person {key}: search terms differ from name, email and staff number"


def releases() -> Iterator[str]:
    """Yield messages about releases that differ from their checksums."""
    for release in Release.objects.defer("outlines").order_by("pk").iterator():
        if release.digest != digest_of(release):
            yield f"release {release.pk}: its texts differ from those it was published with"


CHECKS = (
    assessments.attempts,
    assessments.pass_marks,
    assessments.responses,
    assessments.answers,
    assessments.practice_answers,
    assessments.daily_answers,
    assessments.positions_of_answers,
    assessments.passes,
    assessments.pre_checks,
    assessments.practice_sets,
    assessments.simulation_attempts,
    assessments.endings,
    enrollments.enrollments,
    enrollments.newest_enrollments,
    enrollments.merged_enrollments,
    enrollments.approved_extensions,
    enrollments.team_ancestors,
    search_terms,
    enrollments.headcounts,
    certificates.certificates,
    certificates.certificate_texts,
    certificates.certificate_pdfs,
    certificates.certifications,
    certificates.strange_certifications,
    certificates.newest_certifications,
    enrollments.follow_ups,
    releases,
    audit_log.differences,
    alterations,
)


def differences() -> Iterator[str]:
    """Run all checks; yield a line for each difference. Memory does not grow with the number of rows."""
    for check in CHECKS:
        yield from check()
