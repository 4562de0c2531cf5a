"""/people/certificates/<pk>/withdraw/: human resources take a certificate back, with a reason."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.freshness import asks_who_it_is
from courseware.accounts.permissions import handles_people, may_place
from courseware.assessment.models import Certificate
from courseware.assessment.withdrawing import withdraw
from courseware.lib.form_layout import Fields
from courseware.lib.page_views import form_view, posted, render_form


class ReasonForm(forms.Form):
    helper = Fields(error_summary=True, marks_required=True)

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("The holder reads it, and it stays in the record. Whoever checks the number does not see it."),
    )


@form_view(
    "assignments:withdraw-certificate",
    allowed=handles_people,
    reauthenticate=asks_who_it_is,
)
def withdraw_certificate(request, pk):
    certificate = get_object_or_404(Certificate.objects.select_related("enrollment__learner"), pk=pk)
    holder = certificate.enrollment.learner
    if not may_place(request.user, holder):
        raise Http404
    form = ReasonForm(posted(request))
    if form.is_valid():
        if withdraw(certificate, reason=form.cleaned_data["reason"], by=request.user):
            note = gettext("The certificate of %(name)s is withdrawn. A letter says so, with the reason.")
            messages.success(request, note % {"name": certificate.holder})
        return redirect("assignments:person", holder.pk)
    context = {"certificate": certificate, "holder": holder}
    return render_form(request, "assignments/withdraw_certificate.html", form, context)
