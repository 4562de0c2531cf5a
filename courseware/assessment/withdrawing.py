"""Taking a certificate back. What was completed stays completed; only that it certifies somebody ends."""

from django.db import transaction
from django.utils import timezone

from courseware.accounts import mailing
from courseware.assessment.models import Certificate
from courseware.evidence.recording import record
from courseware.learning.completing import lock


class OwnCertificate(Exception):
    """Nobody withdraws the own one."""


@transaction.atomic
def withdraw(certificate: Certificate, *, reason: str, by, at=None) -> bool:
    """False, and nothing is changed, where it was withdrawn already. Raises OwnCertificate."""
    enrollment = lock(certificate.enrollment)
    if enrollment.learner_id == by.pk:
        raise OwnCertificate(certificate)
    certificate.refresh_from_db()
    if certificate.withdrawn_at:
        return False
    certificate.withdrawn_at, certificate.withdrawn_by = at or timezone.now(), by
    certificate.withdrawn_reason = reason
    certificate.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])
    data = {"certificate": certificate.pk}
    record("certificate-withdrawn", actor=by, subject=enrollment, data=data, at=certificate.withdrawn_at)
    return True


def tell_holder(certificate: Certificate) -> None:
    """Outside of transactions. Raises mailing.NotSent."""
    holder, titles = certificate.enrollment.learner, certificate.titles
    mailing.send(
        "certificate_withdrawn",
        holder.email,
        language=holder.language,
        name=holder.name,
        course=titles.get(holder.language) or next(iter(titles.values())),
        reason=certificate.withdrawn_reason,
    )
