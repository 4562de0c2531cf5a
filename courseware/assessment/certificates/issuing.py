"""Issuing and revoking of certificates. If a certificate is revoked, the enrollment stays completed."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.permissions.permissions import undecidable_ids
from courseware.assessment.certificates.certification import store_certifications
from courseware.assessment.certificates.facts import Issue, all_facts, facts_in_log, in_language
from courseware.assessment.certificates.numbers import new_number
from courseware.assessment.models import Certificate
from courseware.audit_log.record import record
from courseware.content.models import Release
from courseware.content.rendering.store import Outline, outline
from courseware.learning.models import Enrollment
from courseware.learning.status.completion import lock
from courseware.notifications.email.email_types import EmailType, NotificationText, one_by_one, register_email_type
from courseware.notifications.email.queue import queue_email
from courseware.notifications.models import Notification, OutgoingEmail


class RevocationNotAllowed(Exception):
    """The user holds the certificate, or has a conflict of interest with its holder. Roles are not checked."""


def outlines_of(release: Release) -> dict[str, Outline]:
    """Return language → course outline of the release."""
    return {language: outline(release, language) for language in release.outlines}


def issue(enrollment: Enrollment, *, at: datetime) -> Certificate:
    """Return the certificate, even a revoked one, or issue and log it. Call it in the completion's transaction."""
    certificate, is_new = Certificate.objects.get_or_create(
        enrollment=enrollment,
        defaults={"number": new_number(), **all_facts(Issue(enrollment, outlines_of(enrollment.release), at))},
    )
    if is_new:
        store_certifications([certificate])
        record(
            "certificate-issued",
            actor=enrollment.learner,
            subject=enrollment,
            data={"certificate": certificate.pk, **facts_in_log(certificate)},
            at=at,
        )
    return certificate


def issue_on_completion(sender, enrollment, at, **kwargs):
    issue(enrollment, at=at)


@transaction.atomic
def revoke_certificate(certificate: Certificate, *, reason: str, by, at=None) -> bool:
    """Revoke and log a certificate; email its holder. `reason`: not empty; `by`: user; `at`: instant, None for now.
    Return False if already revoked. Raise RevocationNotAllowed.
    """
    Enrollment.objects.hold_all_beside(certificate.enrollment)
    enrollment = lock(certificate.enrollment)
    if enrollment.learner_id in undecidable_ids(by):
        raise RevocationNotAllowed(certificate)
    certificate.refresh_from_db()
    if certificate.revoked_at:
        return False
    certificate.set_revoked(reason, by, at)
    store_certifications([certificate])
    data = {"certificate": certificate.pk}
    queue_email("certificate-revoked", enrollment.learner, key=f"certificate-withdrawn:{certificate.pk}", data=data)
    record("certificate-revoked", actor=by, subject=enrollment, data=data, at=certificate.revoked_at)
    return True


def revocation_email_context(message: OutgoingEmail) -> dict[str, str]:
    certificate = Certificate.objects.select_related("enrollment__course").get(pk=message.data["certificate"])
    return {
        "name": certificate.holder,
        "course": in_language(certificate.titles, message.language),
        "reason": certificate.revocation_reason,
        "house_style_of": certificate.enrollment.course.identifier,
    }


def revocation_notifications(notifications: Sequence[Notification]) -> dict[int, NotificationText]:
    """Return notification id → text in the active language. Notifications about deleted certificates are left out."""
    certificates = Certificate.objects.in_bulk({notification.data["certificate"] for notification in notifications})
    by_notification = {
        notification.pk: certificates.get(notification.data["certificate"]) for notification in notifications
    }
    return {pk: notification_about(certificate) for pk, certificate in by_notification.items() if certificate}


def notification_about(certificate: Certificate) -> NotificationText:
    values = {"course": in_language(certificate.titles, get_language()), "reason": certificate.revocation_reason}
    words = gettext("Your certificate for “%(course)s” was revoked: %(reason)s") % values
    return NotificationText(words, reverse("assessment:certificate", args=[certificate.number]))


def register_email() -> None:
    words, template = _("Revoked certificate"), "accounts/mail/certificate_withdrawn.txt"
    always, context = one_by_one(lambda message: ""), one_by_one(revocation_email_context)
    register_email_type(
        "certificate-revoked", EmailType(words, template, always, context, lines=revocation_notifications)
    )
