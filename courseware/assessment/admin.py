"""Admin pages of certificates: find and revoke them."""

from contextlib import suppress
from datetime import timedelta

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Q
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.people.admin_search import SearchByPeople
from courseware.accounts.security.reauthentication import asks_before_posting
from courseware.assessment.certificates.facts import FACTS
from courseware.assessment.certificates.issuing import RevocationNotAllowed, revoke_certificate
from courseware.assessment.certificates.numbers import InvalidNumber, plain_number
from courseware.assessment.models import Certificate
from courseware.learning.admin.forms import confirmation
from courseware.learning.models import Enrollment
from courseware.learning.status.certification_status import CertificationStatus
from courseware.lib.admin.model_admins import (
    MAX_LISTED_ROWS,
    LargeTableAdmin,
    ListFiltersOnly,
    ReadOnly,
    SuperusersOnly,
)
from courseware.lib.dates import site_day


class RevokeForm(forms.Form):
    reason = forms.CharField(
        label=_("reason"),
        max_length=200,
        widget=forms.TextInput(attrs={"class": "vLargeTextField"}),
        help_text=_(
            "The certificate holder can read this reason, and it stays in the record. People who check the "
            "certificate number cannot see it."
        ),
    )


class CertificateValidityFilter(admin.SimpleListFilter):
    # By the certificate itself; its holder may be certified by another one.
    title = _("validity")
    parameter_name = "validity"

    def lookups(self, request, model_admin):
        return [
            ("valid", _("valid")),
            (CertificationStatus.ENDING.value, CertificationStatus.ENDING.label),
            ("ended", _("expired")),
        ]

    def queryset(self, request, queryset):
        today, valid = site_day(), queryset.filter(revoked_at=None)
        soon = today + timedelta(days=settings.CERTIFICATE_EXPIRY_NOTICE_DAYS)
        chosen = {
            "valid": valid.filter(Q(valid_until=None) | Q(valid_until__gte=today)),
            CertificationStatus.ENDING.value: valid.filter(valid_until__range=(today, soon)),
            "ended": valid.filter(valid_until__lt=today),
        }
        return chosen.get(self.value(), queryset)


@admin.register(Certificate)
class CertificateAdmin(ReadOnly, SuperusersOnly, ListFiltersOnly, LargeTableAdmin, SearchByPeople, admin.ModelAdmin):
    list_display = ["holder", "issued_at", "valid_until", "revoked_at"]
    list_filter = [CertificateValidityFilter, ("revoked_at", admin.EmptyFieldListFilter)]
    search_columns = ("number", "holder")
    search_people = ("enrollment",)
    search_help_text = _(
        "Enter a person’s name or email address, the full name on a certificate, or a certificate number."
    )
    ordering = ["-issued_at", "-pk"]
    actions = ["withdraw"]
    fields = readonly_fields = (
        "holder", "enrollment", "number", *(fact.field for fact in FACTS if fact.in_admin),
        "revoked_at", "revoked_by", "revocation_reason",
    )  # fmt: skip

    def get_search_results(self, request, queryset, search_term):
        with suppress(InvalidNumber):
            search_term = plain_number(search_term)  # typed in groups of 4, as printed
        return super().get_search_results(request, queryset, search_term)

    def people_found(self, words):
        """Return ids of enrollments of the people found for the search text `words`, at most MAX_LISTED_ROWS."""
        enrollments = Enrollment.objects.filter(learner__in=super().people_found(words))
        return list(enrollments.values_list("pk", flat=True)[:MAX_LISTED_ROWS])

    @method_decorator(asks_before_posting)
    def changelist_view(self, request, *args, **kwargs):
        return super().changelist_view(request, *args, **kwargs)

    @admin.action(description=_("Revoke certificate"))
    def withdraw(self, request, certificates):
        form = RevokeForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            title = gettext("Revoke these certificates")
            return confirmation(self, request, title, form, action="withdraw", chosen=certificates)
        revoked = 0
        for certificate in certificates.select_related("enrollment__learner"):
            try:
                if revoke_certificate(certificate, reason=form.cleaned_data["reason"], by=request.user):
                    revoked += 1
            except RevocationNotAllowed:
                learner = certificate.enrollment.learner
                note = gettext(
                    "You do not have permission to change the records of %(name)s. These records were not changed."
                ) % {"name": learner}
                self.message_user(request, note, messages.ERROR)
        note = ngettext("%(count)d certificate was revoked.", "%(count)d certificates were revoked.", revoked)
        self.message_user(request, note % {"count": revoked}, messages.SUCCESS)
        return None
