"""Withdraw certificates. The enrollment stays completed, but no longer certifies anybody."""

from collections.abc import Sequence

from django.db import transaction
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.permissions import not_decided_by
from courseware.assessment.certificate_facts import in_language
from courseware.assessment.models import Certificate
from courseware.assessment.standing import keep_standing
from courseware.evidence.recording import record
from courseware.learning.completing import lock
from courseware.learning.models import Enrollment
from courseware.outbox.kinds import LineWords, MessageKind, one_by_one, register_kind
from courseware.outbox.models import Message
from courseware.outbox.telling import tell
from courseware.outbox.tray_lines import TrayLine


class NotForThisPerson(Exception):
    """The person holds the certificate, or cannot decide about its holder."""


@transaction.atomic
def withdraw(certificate: Certificate, *, reason: str, by, at=None) -> bool:
    """False if it was withdrawn already. Raises NotForThisPerson."""
    Enrollment.objects.hold_all_beside(certificate.enrollment)
    enrollment = lock(certificate.enrollment)
    if enrollment.learner_id in not_decided_by(by):
        raise NotForThisPerson(certificate)
    certificate.refresh_from_db()
    if certificate.withdrawn_at:
        return False
    certificate.set_withdrawn(reason, by, at)
    keep_standing(certificate)
    data = {"certificate": certificate.pk}
    tell("certificate-withdrawn", enrollment.learner, key=f"certificate-withdrawn:{certificate.pk}", data=data)
    record("certificate-withdrawn", actor=by, subject=enrollment, data=data, at=certificate.withdrawn_at)
    return True


def in_words(message: Message) -> dict[str, str]:
    certificate = Certificate.objects.select_related("enrollment__course").get(pk=message.data["certificate"])
    return {
        "name": certificate.holder,
        "course": in_language(certificate.titles, message.language),
        "reason": certificate.withdrawn_reason,
        "house_style_of": certificate.enrollment.course.identifier,
    }


def lines_in_words(lines: Sequence[TrayLine]) -> dict[int, LineWords]:
    certificates = Certificate.objects.in_bulk({line.data["certificate"] for line in lines})
    told = {line.pk: certificates.get(line.data["certificate"]) for line in lines}
    return {pk: line_about(certificate) for pk, certificate in told.items() if certificate}


def line_about(certificate: Certificate) -> LineWords:
    said = {"course": in_language(certificate.titles, get_language()), "reason": certificate.withdrawn_reason}
    words = gettext("Your certificate for “%(course)s” was withdrawn: %(reason)s") % said
    return LineWords(words, reverse("assessment:certificate", args=[certificate.number]))


def register_letter() -> None:
    words, template = _("Withdrawn certificate"), "accounts/mail/certificate_withdrawn.txt"
    always = one_by_one(lambda message: "")
    register_kind(
        "certificate-withdrawn", MessageKind(words, template, always, one_by_one(in_words), lines=lines_in_words)
    )
