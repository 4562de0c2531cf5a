"""The submitted attempts of enrollments, as numbers."""

from collections.abc import Collection

from courseware.assessment.models import Attempt
from courseware.assessment.starting_point import Sitting, StartingPoint, starting_point_in
from courseware.content.compiled.serving import Outline
from courseware.learning.models import Enrollment
from courseware.lib.kept_query import KeptQuery

PARTS = ("exam__identifier", "number", "points", "max_points", "is_passed")
SITTINGS = KeptQuery(
    lambda enrollments: (
        Attempt.objects.filter(enrollment__pk__in=enrollments)
        .submitted()
        .order_by("pk")
        .values_list("enrollment", *PARTS)
    )
)


def sittings_of(enrollments: Collection[int]) -> dict[int, list[Sitting]]:
    """By primary key of the enrollment, the oldest first; nothing for one without any. Runs one query."""
    by_enrollment: dict[int, list[Sitting]] = {}
    for enrollment, *sitting in SITTINGS(enrollments=list(enrollments)):
        by_enrollment.setdefault(enrollment, []).append(Sitting(*sitting))
    return by_enrollment


def starting_point_of(enrollment: Enrollment, outline: Outline) -> StartingPoint:
    """Runs one query."""
    return starting_point_in(sittings_of([enrollment.pk]).get(enrollment.pk, ()), outline)
