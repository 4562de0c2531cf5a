"""Facts on a certificate (holder, dates, points, issuer …), copied when it is issued. To add one: CONTRIBUTING.md."""

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, pgettext, pgettext_lazy

from courseware.assessment.models import Certificate, ExamAttempt
from courseware.branding.branding import ActiveBranding, branding_on
from courseware.content.rendering.store import Outline
from courseware.learning.models import Enrollment
from courseware.learning.status.progress import narrowed
from courseware.lib import dates
from courseware.lib.text.durations import minutes_text_of

Line = tuple[str, str]


@dataclass(frozen=True)
class Issue:
    """Sources of the facts of a certificate issued at `at`. `outlines`: language → outline of the release."""

    enrollment: Enrollment
    outlines: Mapping[str, Outline]
    at: datetime

    @property
    def outline(self) -> Outline:
        return next(iter(self.outlines.values()))

    @cached_property
    def passed(self) -> ExamAttempt | None:
        """The attempt with most points among those passed by `at`, the first of equals; None without."""
        passed = self.enrollment.attempts.filter(is_passed=True, submitted_at__lte=self.at)
        return passed.order_by("-points", "pk").first()

    @cached_property
    def face(self) -> ActiveBranding:
        return branding_on(self.at, self.outline.course_id)


@dataclass(frozen=True, kw_only=True)
class CertificateFact:
    """A fact in the column `field` of Certificate; `value` computes it when the certificate is issued. If it
    `is_recomputable`, `check_records` can compute it again from stored former values of its source. Otherwise the audit
    log needs it: `in_log` converts it, without names (use a checksum). `forged`: message about a different value;
    `may_be_empty`: an empty value is right, too. `line`: (label, text) on page and PDF. `exported_as`: name in API and
    audit pack ("": not exported); `label`: heading in the audit pack; `exported`: converts the column value for both.
    """

    field: str
    value: Callable[[Issue], Any]
    is_recomputable: bool
    in_log: Callable[[Any], Any] | None = None
    forged: str = ""
    may_be_empty: bool = False
    line: Callable[[Certificate, str], Line | None] | None = None
    exported_as: str = ""
    label: Promise | None = None
    api_type: Any = None
    api_description: str | None = None
    exported: Callable[[Any], Any] = lambda value: value
    in_admin: bool = False

    def of(self, certificate: Certificate) -> Any:
        return getattr(certificate, self.field)

    def in_export(self, certificate: Certificate) -> Any:
        return self.exported(self.of(certificate))

    def agrees(self, certificate: Certificate, recomputed: Any) -> bool:
        """Return whether the stored value equals `recomputed`, or is empty and `may_be_empty` is set."""
        stored = self.of(certificate)
        return stored == recomputed or (self.may_be_empty and stored in (None, "", {}))


def months_later(day: date, months: int) -> date:
    """Return the same day `months` later, or the last day of a shorter month."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return day.replace(year=year, month=month, day=min(day.day, calendar.monthrange(year, month)[1]))


def last_day(issue: Issue) -> date | None:
    """Return the last valid day; None if it has no end. A renewal in time counts from the former certificate's end."""
    months = issue.outline.valid_months
    day = dates.site_day(issue.at)
    return months_later(max(day, issue.enrollment.renews_until or day), months) if months else None


def minutes_asked(issue: Issue) -> dict[str, float]:
    """Return language → minutes of the required steps, in steps of 0.5."""
    return {language: narrowed(each, issue.enrollment).minutes_left() for language, each in issue.outlines.items()}


def minutes_in_log(minutes: Mapping[str, float]) -> dict[str, int | str]:
    """Return floats as text, because the log takes none. Integers stay, so a forged 174 does not equal '174.0'.

    >>> minutes_in_log({"zh-hans": 160.5, "en": 174.0, "de": 174})
    {'zh-hans': '160.5', 'en': '174.0', 'de': 174}
    """
    return {language: each if isinstance(each, int) else str(each) for language, each in minutes.items()}


def issued_text(certificate: Certificate, language: str) -> Line:
    return gettext("Completed on"), date_format(in_zone(certificate.issued_at), "DATE_FORMAT")


def validity_text(certificate: Certificate, language: str) -> Line | None:
    if not certificate.valid_until:
        return None
    return gettext("Valid until"), date_format(certificate.valid_until, "DATE_FORMAT")


def minutes_text(certificate: Certificate, language: str) -> Line | None:
    minutes = in_language(certificate.minutes, language)
    if not minutes:
        return None
    return pgettext("of a course", "Required time"), gettext("about %(time)s") % {"time": minutes_text_of(minutes)}


def points_text(certificate: Certificate, language: str) -> Line | None:
    if certificate.points is None:
        return None
    return gettext("Exam"), f"{certificate.points} / {certificate.max_points}"


def release_text(certificate: Certificate, language: str) -> Line:
    release = certificate.release
    values = {"number": release.number, "month": date_format(in_zone(release.created_at), "YEAR_MONTH_FORMAT")}
    return gettext("Course release"), gettext("%(number)s (%(month)s)") % values


# In the order of the lines on page and PDF. Facts shown elsewhere on them have no `line`.
FACTS = (
    # Not checked: the audit log holds no names, and the former name is stored nowhere else.
    CertificateFact(field="holder", value=lambda issue: issue.enrollment.learner.name, is_recomputable=False),
    # `check_records` compares it with the completion of the enrollment, and with the time of the event in the log.
    CertificateFact(
        field="issued_at",
        value=lambda issue: issue.at,
        is_recomputable=False,
        line=issued_text,
        exported_as="issued_at",
        label=gettext_lazy("Issued on"),
        api_type=datetime,
        in_admin=True,
    ),
    CertificateFact(
        field="valid_until",
        value=last_day,
        is_recomputable=True,
        forged="valid until another day than its release says",
        line=validity_text,
        exported_as="certified_until",
        label=gettext_lazy("Certified until"),
        api_type=date | None,
        api_description="The last day; null where it has no end",
        in_admin=True,
    ),
    CertificateFact(
        field="titles",
        value=lambda issue: {language: each.title for language, each in issue.outlines.items()},
        is_recomputable=True,
        forged="other titles than its release",
    ),
    # Not recomputable: a later version may compute other minutes for the same release.
    CertificateFact(
        field="minutes", value=minutes_asked, is_recomputable=False, in_log=minutes_in_log, line=minutes_text
    ),
    # Empty if an optional exam was passed after the certificate was issued.
    CertificateFact(
        field="points",
        value=lambda issue: issue.passed.points if issue.passed else None,
        is_recomputable=True,
        forged="says points that no passed attempt has",
        may_be_empty=True,
        line=points_text,
        exported_as="points",
        label=gettext_lazy("Points"),
    ),
    CertificateFact(
        field="max_points",
        value=lambda issue: issue.passed.max_points if issue.passed else None,
        is_recomputable=True,
        forged="says points that no passed attempt has",
        may_be_empty=True,
        exported_as="max_points",
        label=pgettext_lazy("points", "Maximum points"),
    ),
    CertificateFact(
        field="issuer",
        value=lambda issue: issue.face.own_wording("issuer") or issue.face.own_wording("name"),
        is_recomputable=True,
        forged="another issuer than the house style of that day",
    ),
    CertificateFact(
        field="signer",
        value=lambda issue: issue.face.own_wording("signer"),
        is_recomputable=True,
        forged="another signer than the house style of that day",
    ),
    # Not checked by itself: another release would have other titles, validity or points.
    CertificateFact(
        field="release",
        value=lambda issue: issue.enrollment.release,
        is_recomputable=False,
        line=release_text,
        exported_as="release",
        label=gettext_lazy("Release"),
        api_type=int,
        exported=lambda release: release.number,
    ),
)


def all_facts(issue: Issue) -> dict[str, Any]:
    """Return column → value of all facts. Runs two queries."""
    return {fact.field: fact.value(issue) for fact in FACTS}


def recomputable_facts(enrollment: Enrollment, outlines: Mapping[str, Outline], at: datetime) -> dict[str, Any]:
    """Return column → value of recomputable facts of a certificate. The arguments are those of `Issue`. Two queries."""
    issue = Issue(enrollment, outlines, at)
    return {fact.field: fact.value(issue) for fact in FACTS if fact.is_recomputable}


def facts_in_log(certificate: Certificate) -> dict[str, Any]:
    """Return column → value in the audit log, of the facts with `in_log` that are not empty."""
    return {fact.field: fact.in_log(value) for fact in FACTS if fact.in_log and (value := fact.of(certificate))}


def facts_of(certificate: Certificate, language: str) -> list[Line]:
    """Return (label, text) of each line, in the active language. `language`: whose minutes are shown."""
    lines = (fact.line(certificate, language) for fact in FACTS if fact.line)
    return [line for line in lines if line]


def in_zone(at: datetime) -> datetime:
    """Return the time in the site's time zone, because a PDF has one date for all readers."""
    return timezone.localtime(at, timezone.get_default_timezone())


def in_language(texts: Mapping[str, Any], language: str | None) -> Any:
    """Return the value of `texts` (language → value) for `language`, else its first value, else ""."""
    return texts.get(language or "") or next(iter(texts.values()), "")
