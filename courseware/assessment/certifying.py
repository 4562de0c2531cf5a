"""Certificates: issued once, checked by anyone who has the number."""

import calendar
import secrets
from datetime import date, datetime

from django.utils import timezone

from courseware.assessment.models import Certificate
from courseware.content.compiled.serving import outline
from courseware.evidence.recording import record
from courseware.learning.models import Enrollment

NUMBER_BYTES = 16  # 128 random bits: nobody guesses a number, and none tells how many there are


def months_later(day: date, months: int) -> date:
    """The same day of the month `months` later, or the month's last where it is shorter."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return day.replace(year=year, month=month, day=min(day.day, calendar.monthrange(year, month)[1]))


def day_of(at: datetime) -> date:
    """Days of certificates are the site's, whoever looks at them from wherever."""
    return timezone.localdate(at, timezone.get_default_timezone())


def issue(enrollment: Enrollment, *, at: datetime) -> Certificate:
    """The enrollment's certificate, made when there is none. Runs inside the transaction that completed it."""
    release = enrollment.course.current
    outlines = {language: outline(release, language) for language in release.outlines}
    months = next(iter(outlines.values())).valid_months
    passed = enrollment.attempts.filter(is_passed=True).order_by("-points", "number").first()
    certificate, is_new = Certificate.objects.get_or_create(
        enrollment=enrollment,
        defaults={
            "number": secrets.token_hex(NUMBER_BYTES),
            "issued_at": at,
            "valid_until": months_later(day_of(at), months) if months else None,
            "holder": enrollment.learner.name,
            "titles": {language: each.title for language, each in outlines.items()},
            "release": release,
            "points": passed.points if passed else None,
            "max_points": passed.max_points if passed else None,
        },
    )
    if is_new:
        record(
            "certificate-issued",
            actor=enrollment.learner,
            subject=enrollment,
            data={"certificate": certificate.pk},
            at=at,
        )
    return certificate


def issue_on_completion(sender, enrollment, at, **kwargs):
    """Receives `enrollment_completed` inside its transaction: without a certificate there is no completion."""
    issue(enrollment, at=at)


def grouped(number: str) -> str:
    """In groups of four, for reading aloud."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))
