"""Certificates: issued once, checked by anyone who has the number."""

import calendar
import secrets
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from courseware.assessment.models import Certificate
from courseware.content.compiled.serving import Outline, outline
from courseware.content.models import Release
from courseware.evidence.recording import record
from courseware.learning.models import Enrollment
from courseware.lib import dates

NUMBER_BYTES = 16  # 128 random bits: nobody guesses a number, and none tells how many there are


def months_later(day: date, months: int) -> date:
    """The same day of the month `months` later, or the month's last where it is shorter."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return day.replace(year=year, month=month, day=min(day.day, calendar.monthrange(year, month)[1]))


def outlines_of(release: Release) -> dict[str, Outline]:
    """Language → outline, of all that the release is written in."""
    return {language: outline(release, language) for language in release.outlines}


def frozen_facts(enrollment: Enrollment, outlines: Mapping[str, Outline], at: datetime) -> dict[str, Any]:
    """What a certificate issued at `at` says of course and exam, by field; `outlines` are those of its release.

    It is kept with the certificate, and `check_records` works it out again by this same function. The holder's name
    is kept, too, and is not here: people are renamed, and nothing else remembers what they were called. Runs one query.
    """
    months = next(iter(outlines.values())).valid_months
    passed = enrollment.attempts.filter(is_passed=True).order_by("number").first()
    return {
        "valid_until": months_later(dates.site_day(at), months) if months else None,
        "titles": {language: each.title for language, each in outlines.items()},
        "points": passed.points if passed else None,
        "max_points": passed.max_points if passed else None,
    }


def issue(enrollment: Enrollment, *, at: datetime) -> Certificate:
    """The enrollment's certificate, made when there is none. Runs inside the transaction that completed it."""
    release = enrollment.release
    certificate, is_new = Certificate.objects.get_or_create(
        enrollment=enrollment,
        defaults={
            "number": secrets.token_hex(NUMBER_BYTES),
            "issued_at": at,
            "holder": enrollment.learner.name,
            "release": release,
            **frozen_facts(enrollment, outlines_of(release), at),
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
