"""Forms for certificate numbers, exam and practice answers, and daily questions."""

from django import forms
from django.utils.translation import gettext_lazy as _

from courseware.assessment.certificates.numbers import InvalidNumber, MistypedNumber, plain_number
from courseware.lib.web.form_layout import Fields


class CertificateNumberForm(forms.Form):
    helper = Fields(form_method="get", error_summary=True, marks_required=True)
    number = forms.CharField(
        label=_("Certificate number"),
        max_length=100,
        help_text=_("Enter 13 letters and digits (32 on older certificates). Spaces and hyphens are ignored."),
    )

    def clean_number(self):
        try:
            return plain_number(self.cleaned_data["number"])
        except MistypedNumber:
            raise forms.ValidationError(
                _("At least 1 character of the number is wrong. Compare the number with the certificate.")
            ) from None
        except InvalidNumber:
            words = _(
                "A certificate number has 13 characters, such as K7QM-3X9D-HFA6-C, or 32 characters on older "
                "certificates. Compare the number with the certificate."
            )
            raise forms.ValidationError(words) from None


class PracticeForm(forms.Form):
    """Fields besides the answer: see `practice_sets.answer`."""

    question = forms.CharField(max_length=64)
    number = forms.IntegerField(min_value=1, max_value=10_000)
    revision = forms.IntegerField(min_value=1, max_value=2**53)
    token = forms.UUIDField()


class DailyAnswerForm(PracticeForm):
    at_home = forms.BooleanField(required=False)  # else on the page of the question


class DailyQuestionPreferenceForm(forms.Form):
    by_email = forms.BooleanField(required=False)
    during_course = forms.BooleanField(required=False)


class SaveForm(forms.Form):
    """Fields besides the answer: arguments of `attempts.save`."""

    saves = forms.IntegerField(min_value=0, max_value=1_000_000)
    sent = forms.IntegerField(min_value=0, max_value=1_000_000, required=False)
    page = forms.UUIDField(required=False)

    def clean_sent(self):
        return self.cleaned_data["sent"] or 0
