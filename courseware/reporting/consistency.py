"""Whether everything stored that derives from facts still agrees with them: it is derived again and compared."""

from collections.abc import Iterator

from courseware.accounts.search_terms import keys_found_wrongly
from courseware.content.models import Release
from courseware.content.releases.publishing import digest_of
from courseware.evidence.verifying import alterations
from courseware.reporting import log_check
from courseware.reporting.certificate_check import (
    certificate_papers,
    certificate_texts,
    certificates,
    newest_standings,
    standings,
    strange_standings,
)
from courseware.reporting.enrollment_check import (
    days_answered,
    enrollments,
    headcounts,
    merged_runs,
    newest_runs,
    team_places,
)
from courseware.reporting.exam_check import (
    answers,
    attempts,
    daily_answers,
    drill_answers,
    drills,
    pass_marks,
    passes,
    places_of_tries,
    pre_checks,
    responses,
)
from courseware.reporting.observation_check import observed
from courseware.reporting.simulation_check import endings, runs


def differences() -> Iterator[str]:
    """A line for each difference, naming the row. Memory does not grow with the number of rows."""
    yield from attempts()
    yield from pass_marks()
    yield from responses()
    yield from answers()
    yield from drill_answers()
    yield from daily_answers()
    yield from places_of_tries()
    yield from passes()
    yield from pre_checks()
    yield from drills()
    yield from runs()
    yield from endings()
    yield from enrollments()
    yield from newest_runs()
    yield from merged_runs()
    yield from days_answered()
    yield from team_places()
    yield from search_terms()
    yield from headcounts()
    yield from certificates()
    yield from certificate_texts()
    yield from certificate_papers()
    yield from standings()
    yield from strange_standings()
    yield from newest_standings()
    yield from observed()
    yield from releases()
    yield from log_check.differences()
    yield from alterations()


def search_terms() -> Iterator[str]:
    for key in keys_found_wrongly():
        yield f"person {key}: is not found by what name, address and staff number say"


def releases() -> Iterator[str]:
    for release in Release.objects.defer("outlines").order_by("pk").iterator():
        if release.digest != digest_of(release):
            yield f"release {release.pk}: its texts are not the ones it was published with"
