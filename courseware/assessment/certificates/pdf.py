"""PDF files of certificates, created at the first request and never changed."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext, pgettext

from courseware.accounts.models import User
from courseware.assessment.certificates.facts import facts_of, in_language
from courseware.assessment.certificates.numbers import grouped
from courseware.assessment.models import Certificate, CertificatePdf
from courseware.audit_log.record import record
from courseware.branding.branding import branding_on
from courseware.branding.colours import LIGHT
from courseware.branding.models import Logo
from courseware.content.rendering.store import outline
from courseware.jobs.tasks import done_with, task
from courseware.learning.status.completion import lock
from courseware.lib.text.pdf import NoGlyph, draw_pdf, qr_svg

TEMPLATE = Path(__file__).with_name("certificate.typ")


class RevokedCertificate(Exception):
    """The certificate is revoked, so no PDF is created."""


def pdf_of(certificate: Certificate, language: str, *, by: User, at: datetime | None = None) -> CertificatePdf:
    """Return the stored PDF, even of a revoked certificate; if missing, create and log it. Raise NoGlyph, or
    RevokedCertificate if no PDF of the revoked certificate is stored.
    """
    if stored := certificate.papers.filter(language=language).first():
        return stored
    if certificate.revoked_at:
        raise RevokedCertificate(certificate)
    body = rendered_pdf(certificate, language)  # before the lock, because it is slow
    return store_pdf(certificate, language, body, by=by, at=at or timezone.now())


def pdfs_of(
    certificates: Sequence[Certificate], language: str, *, by: User, draws: bool = True
) -> Iterator[tuple[Certificate, CertificatePdf]]:
    """Yield (certificate, PDF) if stored; with `draws` also if it can be created now. The others are skipped."""
    stored = CertificatePdf.objects.filter(certificate__in=certificates, language=language)
    by_certificate = {pdf.certificate_id: pdf for pdf in stored}
    for certificate in certificates:
        if not draws and certificate.pk not in by_certificate:
            continue
        try:
            yield certificate, by_certificate.get(certificate.pk) or pdf_of(certificate, language, by=by)
        except (NoGlyph, RevokedCertificate):
            continue


@task
def render_pdfs(keys: list[int], language: str, by: int) -> None:
    """Create missing PDFs before a download of many. `keys`: certificate ids; `by`: user id."""
    certificates = Certificate.objects.select_related("enrollment", "release__course").defer("release__outlines")
    for _certificate, _pdf in pdfs_of(list(certificates.filter(pk__in=keys)), language, by=User.objects.get(pk=by)):
        pass


def recently_rendered(language: str) -> set[int]:
    """Return certificate ids of successful `render_pdfs` jobs. One without PDF is revoked or raised NoGlyph."""
    done = done_with(render_pdfs)
    return {key for keys, drawn_in, _by in done if drawn_in == language for key in keys}


@transaction.atomic
def store_pdf(certificate: Certificate, language: str, body: bytes, *, by: User, at: datetime) -> CertificatePdf:
    """Store and log the PDF, or return the one stored meanwhile. Raise RevokedCertificate if revoked meanwhile."""
    enrollment = lock(certificate.enrollment)
    if Certificate.objects.filter(pk=certificate.pk).exclude(revoked_at=None).exists():
        raise RevokedCertificate(certificate)
    digest = hashlib.sha256(body).hexdigest()
    pdf, is_new = CertificatePdf.objects.get_or_create(
        certificate=certificate, language=language, defaults={"body": body, "digest": digest, "made_at": at}
    )
    if is_new:
        data = {"certificate": certificate.pk, "language": language, "sha256": digest}
        record("certificate-pdf-created", actor=by, subject=enrollment, data=data, at=at)
    return pdf


def rendered_pdf(certificate: Certificate, language: str) -> bytes:
    """Return the PDF as bytes. Raise `lib.text.pdf.NoGlyph` if the fonts lack a character."""
    with translation.override(language):
        data = template_data(certificate, language)
    template = TEMPLATE.read_text(encoding="utf-8")
    return draw_pdf(template, data, certificate.issued_at, more_fonts=settings.PDF_FONT_DIRS)


def template_data(certificate: Certificate, language: str) -> dict[str, Any]:
    """Return the data for the Typst template: labels in the active language, texts of the course in `language`."""
    release, course = certificate.release, in_language(certificate.titles, language)
    course_outline = outline(release, language if language in release.outlines else next(iter(release.outlines)))
    branding = branding_on(certificate.issued_at, course_outline.course_id)
    logo = Logo.objects.filter(pk=branding.of("logo_id")).first() if branding.of("logo_id") else None
    lang, _dash, region = ("zh", "-", "CN") if language.startswith("zh") else language.partition("-")
    return {
        "lang": lang,
        "region": region or None,
        "title": f"{gettext('Certificate')} – {certificate.holder}",
        "colour": branding.of("light") or LIGHT.colour,
        "logo": [*bytes(logo.body)] if logo else None,
        "issuer": in_language(certificate.issuer, language),
        "course": course,
        "stops": [module.title for module in course_outline.modules],
        "heading": gettext("Certificate"),
        "holder": certificate.holder,
        "sentence": gettext("has completed the course “%(course)s”.") % {"course": course},
        "facts": facts_of(certificate, language),
        "signer": in_language(certificate.signer, language),
        "stamp": pgettext("on paper", "stamp"),
        "number_called": pgettext("of a certificate", "Number"),
        "number": grouped(certificate.number),
        "how_to_check": gettext("To check this certificate, scan the code, or enter the number here:\n%(address)s")
        % {"address": settings.SITE_URL + reverse("assessment:check-certificate")},
        "qr": qr_svg(settings.SITE_URL + reverse("assessment:certificate", args=[certificate.number])).decode(),
        "qr_called": gettext("QR code of the page of this certificate"),
    }
