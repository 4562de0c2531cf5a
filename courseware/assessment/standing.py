"""Who is certified in a course: whoever has a valid certificate in it, of whichever run."""

from collections.abc import Iterable
from datetime import date

from django.db.models import OuterRef, QuerySet, Subquery

from courseware.assessment.models import Certificate, Standing


def keep_standing(certificate: Certificate) -> None:
    """Of its holder in its course. Call it in the transaction in which the certificate was issued or withdrawn."""
    learner, course = certificate.enrollment.learner_id, certificate.enrollment.course_id
    # This one for a start: the row is locked with it, so that of two runs at once the second sees what became of both.
    Standing.objects.bulk_create(
        [Standing(learner_id=learner, course_id=course, **says(certificate))],
        update_conflicts=True,
        unique_fields=["learner", "course"],
        update_fields=["certificate", "certified_until"],
    )
    best = longest(Certificate.objects.filter(enrollment__learner=learner, enrollment__course=course))
    if best.pk != certificate.pk:
        Standing.objects.filter(learner=learner, course=course).update(**says(best))


def says(certificate: Certificate) -> dict:
    return {"certificate": certificate, "certified_until": certificate.certifies_until}


def longest(certificates: Iterable[Certificate]) -> Certificate:
    return max(certificates, key=lambda each: (each.certifies_until, each.pk))


def with_certified_until(enrollments: QuerySet) -> QuerySet:
    """Adds `certified_until` of the learner in the course; None for who never was."""
    standings = Standing.objects.filter(learner=OuterRef("learner"), course=OuterRef("course"))
    return enrollments.annotate(certified_until=Subquery(standings.values("certified_until")))


def is_certified(certified_until: date | None, today: date) -> bool | None:
    """None for who never was."""
    return None if certified_until is None else today <= certified_until
