"""Certificates: issued once, checked by anyone who has the number."""

import calendar
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from courseware.assessment.certificate_numbers import new_number
from courseware.assessment.models import Certificate
from courseware.assessment.standing import keep_standing
from courseware.content.compiled.serving import Outline, outline
from courseware.content.models import Release
from courseware.evidence.recording import record
from courseware.face.faces import face_on
from courseware.learning.models import Enrollment
from courseware.learning.own_outline import narrowed
from courseware.lib import dates


def months_later(day: date, months: int) -> date:
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    # In a shorter month the last day.
    return day.replace(year=year, month=month, day=min(day.day, calendar.monthrange(year, month)[1]))


def outlines_of(release: Release) -> dict[str, Outline]:
    return {language: outline(release, language) for language in release.outlines}


def frozen_facts(enrollment: Enrollment, outlines: Mapping[str, Outline], at: datetime) -> dict[str, Any]:
    """What a certificate issued at `at` says about course, exam and firm, by field. Runs two queries.

    `outlines` are those of its release, by language. `check_records` derives the facts again with this same function.
    """
    months = next(iter(outlines.values())).valid_months
    passed = enrollment.attempts.filter(is_passed=True, submitted_at__lte=at).order_by("-points", "pk").first()
    face = face_on(at, next(iter(outlines.values())).course_id)
    # The holder's name is copied, too, but cannot be derived again: people are renamed, and no former name is stored.
    return {
        "valid_until": months_later(counted_from(enrollment, dates.site_day(at)), months) if months else None,
        "titles": {language: each.title for language, each in outlines.items()},
        "points": passed.points if passed else None,
        "max_points": passed.max_points if passed else None,
        "issuer": face.own_words("issuer") or face.own_words("name"),
        "signer": face.own_words("signer"),
    }


def counted_from(enrollment: Enrollment, day: date) -> date:
    """Who renews in time loses none of the days that the certificate of before still had."""
    return max(day, enrollment.renews_until or day)


def minutes_asked(enrollment: Enrollment, outlines: Mapping[str, Outline]) -> dict[str, float]:
    """How long what was asked takes, by language, in halves as on every page: of a short renewal that alone.

    None of `frozen_facts`: by what is known of reading later, the same release may be compiled to other minutes. So the
    log holds them.
    """
    return {language: narrowed(each, enrollment).minutes_left() for language, each in outlines.items()}


def minutes_in_log(minutes: Mapping[str, float]) -> dict[str, int | str]:
    """What the log holds of them: it takes no fractions, so these are written out. Whatever somebody has put in their
    place is not what it holds.

    >>> minutes_in_log({"zh-hans": 160.5, "en": 174.0, "de": 174})
    {'zh-hans': '160.5', 'en': '174.0', 'de': 174}
    """
    return {language: each if isinstance(each, int) else str(each) for language, each in minutes.items()}


def issue(enrollment: Enrollment, *, at: datetime) -> Certificate:
    """The enrollment's certificate, created if there is none. Call it in the transaction of the completion."""
    release = enrollment.release
    outlines = outlines_of(release)
    certificate, is_new = Certificate.objects.get_or_create(
        enrollment=enrollment,
        defaults={
            "number": new_number(),
            "issued_at": at,
            "holder": enrollment.learner.name,
            "release": release,
            "minutes": minutes_asked(enrollment, outlines),
            **frozen_facts(enrollment, outlines, at),
        },
    )
    if is_new:
        keep_standing(certificate)
        record(
            "certificate-issued",
            actor=enrollment.learner,
            subject=enrollment,
            data={"certificate": certificate.pk, "minutes": minutes_in_log(certificate.minutes)},
            at=at,
        )
    return certificate


def issue_on_completion(sender, enrollment, at, **kwargs):
    # Still in the transaction of `enrollment_completed`: without a certificate there is no completion.
    issue(enrollment, at=at)
