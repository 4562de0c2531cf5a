"""Certificate pages, public by number (/certificates/). The PDF is for the holder and for users who see the record."""

from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_safe

from courseware.accounts.permissions.site_context import branding_for
from courseware.assessment.certificates.facts import facts_of, in_language
from courseware.assessment.certificates.numbers import InvalidNumber, grouped, plain_number
from courseware.assessment.certificates.pdf import RevokedCertificate, pdf_of
from courseware.assessment.forms import CertificateNumberForm
from courseware.assessment.models import Certificate
from courseware.content.rendering.store import outline
from courseware.course_format.parsing.documents import display_tag
from courseware.learning.models import Enrollment
from courseware.learning.record_access_log import record_access
from courseware.lib.text.pdf import NoGlyph
from courseware.lib.web.page_views import form_status, page_view, post_view


@require_safe
def check_certificate(request):
    form = CertificateNumberForm(request.GET or None)
    if form.is_valid():
        return redirect("assessment:certificate", form.cleaned_data["number"])
    status = form_status(form)
    return render(request, "assessment/check_certificate.html", {"form": form}, status=status)


@require_safe
def certificate(request, number):
    issued = of_number(number)
    if issued is None:
        context = {"form": CertificateNumberForm(initial={"number": number}), "unknown": number[:60]}
        return render(request, "assessment/unknown_certificate.html", context, status=HTTPStatus.NOT_FOUND)
    wanted_languages = (get_language(), issued.release.course.source_language, *issued.titles)
    language = next(language for language in wanted_languages if language in issued.titles)
    may_have = may_have_pdf(request.user, issued)
    context = {
        "certificate": issued,
        "title": issued.titles[language],
        "title_language": display_tag(language),
        "issuer": in_language(issued.issuer, get_language()),
        "signer": in_language(issued.signer, get_language()),
        "modules": outline(issued.release, language).modules,
        "facts": facts_of(issued, get_language()),
        "branding": branding_for(request, issued.release.course.identifier),
        "grouped": grouped(issued.number),
        "is_valid": issued.is_valid(),
        "newer": issued.newer(),
        "check_address": settings.SITE_URL + reverse("assessment:check-certificate"),
        "has_paper": may_have and not issued.revoked_at,
        "kept_in": get_language() if may_have and issued.papers.filter(language=get_language()).exists() else "",
    }
    return render(request, "assessment/certificate.html", context)


def of_number(number):
    """Return the certificate with this number, typed in any way, or None."""
    try:
        plain = plain_number(number)
    except InvalidNumber:
        return None
    certificates = Certificate.objects.select_related("enrollment", "release__course").defer("release__outlines")
    return certificates.filter(number=plain).first()


def may_have_pdf(user, issued):
    """Return whether the user holds the certificate `issued` or may see its record. Runs at most one query."""
    if not user.is_authenticated:
        return False
    enrollments = Enrollment.objects.filter(pk=issued.enrollment_id)
    return issued.enrollment.learner_id == user.pk or enrollments.visible_to(user).exists()


def certificate_for_pdf(request, number):
    """Return the certificate (see `of_number`). Raise Http404, also for users who may see only the page."""
    issued = of_number(number)
    if issued is None or not may_have_pdf(request.user, issued):
        raise Http404
    return issued


@post_view("assessment:certificate")
def make_pdf(request, number):
    issued, language = certificate_for_pdf(request, number), get_language()
    try:
        pdf_of(issued, language, by=request.user)
    except RevokedCertificate:
        messages.error(request, gettext("The certificate was revoked, so no PDF is made."))
    except NoGlyph as error:
        words = gettext(
            "The PDF fonts do not have the character “%(sign)s”, so the PDF cannot be made yet. The "
            "certificate is still valid. Tell HR or the admin of this site: an operator can add a font with "
            "this character."
        )
        messages.error(request, words % {"sign": error})
    else:
        return redirect("assessment:pdf", issued.number, language)
    return redirect("assessment:certificate", issued.number)


@page_view()
def pdf_file(request, number, language):
    issued = certificate_for_pdf(request, number)
    stored = get_object_or_404(issued.papers, language=language)
    if issued.enrollment.learner_id != request.user.pk:
        record_access(issued.enrollment, by=request.user)
    response = HttpResponse(bytes(stored.body), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="certificate-{issued.number}.{language}.pdf"'
    return response
