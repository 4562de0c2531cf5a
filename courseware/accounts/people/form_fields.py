"""Form fields that find a person without listing the whole company."""

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import User, plain_staff_number


class PersonSearch(forms.SearchInput):
    def __init__(self):
        super().__init__(attrs={"placeholder": _("Wang, wxm, ming@, 0012")})


class PersonField(forms.CharField):
    """Clean an email address or staff number to a user: an active one, or with `also_gone` any; empty text to None."""

    default_error_messages = {
        "unknown": _("No account has this email address or staff number. Check it in the list of people."),
    }

    def __init__(self, *, also_gone=False, **kwargs):
        self.people = User.objects.all() if also_gone else User.objects.filter(is_active=True)
        super().__init__(**{"label": _("Email or staff number"), "max_length": 254} | kwargs)

    def clean(self, value):
        name = super().clean(value)
        if not name:
            return None
        exact = Q(email=name.lower()) | Q(staff_number=plain_staff_number(name))
        person = self.people.filter(exact).first()
        if person is None:
            raise forms.ValidationError(self.error_messages["unknown"], code="unknown")
        return person
