"""Compare what is stored with the facts it derives from: each check derives it again."""

from collections.abc import Iterator

from courseware.accounts.people.search import keys_found_wrongly
from courseware.audit_log.verify import alterations
from courseware.content.models import Release
from courseware.content.releases.publishing import digest_of
from courseware.reporting import certificate_check, enrollment_check, exam_check, log_check


def search_terms() -> Iterator[str]:
    for key in keys_found_wrongly():
        yield f"person {key}: is not found by what name, address and staff number say"


def releases() -> Iterator[str]:
    for release in Release.objects.defer("outlines").order_by("pk").iterator():
        if release.digest != digest_of(release):
            yield f"release {release.pk}: its texts are not the ones it was published with"


CHECKS = (
    exam_check.attempts,
    exam_check.pass_marks,
    exam_check.responses,
    exam_check.answers,
    exam_check.drill_answers,
    exam_check.daily_answers,
    exam_check.places_of_tries,
    exam_check.passes,
    exam_check.pre_checks,
    exam_check.drills,
    exam_check.runs,
    exam_check.endings,
    enrollment_check.enrollments,
    enrollment_check.newest_runs,
    enrollment_check.merged_runs,
    enrollment_check.days_answered,
    enrollment_check.team_places,
    search_terms,
    enrollment_check.headcounts,
    certificate_check.certificates,
    certificate_check.certificate_texts,
    certificate_check.certificate_papers,
    certificate_check.standings,
    certificate_check.strange_standings,
    certificate_check.newest_standings,
    enrollment_check.observed,
    releases,
    log_check.differences,
    alterations,
)


def differences() -> Iterator[str]:
    """A line for each difference, naming the row. Memory does not grow with the number of rows."""
    for check in CHECKS:
        yield from check()
