"""/certificates/: public; the number is the only key."""

from django.conf import settings
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from courseware.accounts.site_name import face_for
from courseware.assessment import certifying
from courseware.assessment.forms import CertificateNumberForm
from courseware.assessment.models import Certificate
from courseware.language.documents import display_tag
from courseware.lib.form_status import form_status


@require_safe
def check_certificate(request):
    form = CertificateNumberForm(request.GET or None)
    if form.is_valid():
        return redirect("assessment:certificate", form.cleaned_data["number"])
    status = form_status(form)
    return render(request, "assessment/check_certificate.html", {"form": form}, status=status)


@require_safe
def certificate(request, number):
    certificates = Certificate.objects.select_related("enrollment", "release__course").defer("release__outlines")
    issued = certificates.filter(number=number.lower()).first()
    if issued is None:
        context = {"form": CertificateNumberForm(initial={"number": number}), "unknown": number[:60]}
        return render(request, "assessment/unknown_certificate.html", context, status=404)
    wanted_languages = (get_language(), issued.release.course.source_language, *issued.titles)
    language = next(language for language in wanted_languages if language in issued.titles)
    context = {
        "certificate": issued,
        "title": issued.titles[language],
        "title_language": display_tag(language),
        "issuer": in_language(issued.issuer),
        "signer": in_language(issued.signer),
        "face": face_for(request, issued.release.course.identifier),
        "grouped": certifying.grouped(issued.number),
        "is_valid": issued.is_valid(),
        "check_address": settings.SITE_URL + reverse("assessment:check-certificate"),
        "is_own": request.user.is_authenticated and issued.enrollment.learner_id == request.user.pk,
    }
    return render(request, "assessment/certificate.html", context)


def in_language(texts):
    """The reader's, or else what there is; "" where nothing was said."""
    return texts.get(get_language()) or next(iter(texts.values()), "")
