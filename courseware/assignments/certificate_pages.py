"""/people/certificates/<pk>/withdraw/: human resources take a certificate back, with a reason."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from courseware.accounts.freshness import asks_who_it_is
from courseware.accounts.permissions import may_place
from courseware.assessment.models import Certificate
from courseware.assessment.withdrawing import withdraw
from courseware.assignments.people_pages import hr_or_404
from courseware.lib.form_layout import Fields
from courseware.lib.form_pages import form_on
from courseware.lib.form_status import form_status


class ReasonForm(forms.Form):
    helper = Fields(error_summary=True, marks_required=True)

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("The holder reads it, and it stays in the record. Whoever checks the number does not see it."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@asks_who_it_is
@form_on(lambda pk: reverse("assignments:withdraw-certificate", args=[pk]))
def withdraw_certificate(request, pk):
    hr_or_404(request.user)
    certificate = get_object_or_404(Certificate.objects.select_related("enrollment__learner"), pk=pk)
    holder = certificate.enrollment.learner
    if not may_place(request.user, holder):
        raise Http404
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if withdraw(certificate, reason=form.cleaned_data["reason"], by=request.user):
            note = gettext("The certificate of %(name)s is withdrawn. A letter says so, with the reason.")
            messages.success(request, note % {"name": certificate.holder})
        return redirect("assignments:person", holder.pk)
    context = {"certificate": certificate, "holder": holder, "form": form}
    return render(request, "assignments/withdraw_certificate.html", context, status=form_status(form))
