"""The forms for new people: one at a time, or a list that was pasted."""

import hashlib
from datetime import datetime, timedelta

from django import forms
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Team
from courseware.accounts.sign_in_names import called
from courseware.assignments.newcomers import sign_in_name_of
from courseware.assignments.people_forms import DayInput
from courseware.content.compiled.serving import outline
from courseware.content.models import Course
from courseware.learning.fields import FARTHEST
from courseware.lib.dates import site_day
from courseware.lib.form_layout import Fields
from courseware.lib.long_choices import LongSelect
from courseware.lib.small_numbers import keys_in

USUAL_DAYS = 14
SALT = "courseware.assignments.newcomers"


class TitledCourses(forms.ModelMultipleChoiceField):
    def __init__(self, **kwargs):
        super().__init__(Course.objects.none(), widget=forms.CheckboxSelectMultiple, required=False, **kwargs)

    def label_from_instance(self, course):
        return outline(course.current, get_language()).title

    def clean(self, value):
        """A number that no database can hold is no course: asked for it, SQLite ends in an error."""
        if len(keys_in(map(str, value or ()))) < len(value or ()):
            raise forms.ValidationError(self.error_messages["invalid_pk_value"], params={"pk": "–"})
        return super().clean(value)


class DayField(forms.DateField):
    def __init__(self, **kwargs):
        super().__init__(required=False, widget=DayInput, **kwargs)

    def validate(self, day):
        super().validate(day)
        if day and day > site_day() + FARTHEST:  # the calendar ends, too: there is no day after the last
            raise ValidationError(_("Choose a nearer day."))


def own_names_of_languages():
    return [(code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES]


class AskingForm(forms.Form):
    """What new people are asked to learn, and by when. `drawn_at` says when the form was shown."""

    team = forms.ModelChoiceField(
        label=_("Team"),
        queryset=Team.objects.only("name"),
        required=False,
        empty_label=_("none yet"),
        widget=LongSelect,
    )
    courses = TitledCourses(label=_("Courses to take"))
    starts_on = DayField(label=_("First day of work"), help_text=_("Empty: today."))
    days = forms.IntegerField(
        label=_("Days to finish, from the first one"),
        required=False,
        initial=USUAL_DAYS,
        min_value=1,
        max_value=1000,
        help_text=_("Empty: without a due day."),
    )
    due_on = DayField(label=_("Or by this day"), help_text=_("It counts in place of the days."))
    language = forms.ChoiceField(
        label=_("Letter and courses in"), choices=own_names_of_languages, widget=forms.RadioSelect, initial=get_language
    )
    drawn_at = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["courses"].queryset = Course.objects.exclude(current=None).select_related("current").order_by("pk")
        self.initial["drawn_at"] = signing.dumps(timezone.now().isoformat(), salt=SALT)

    def clean_drawn_at(self):
        """Now, where it was not kept: then no form counts as sent twice."""
        try:
            return datetime.fromisoformat(signing.loads(self.cleaned_data["drawn_at"], salt=SALT))
        except signing.BadSignature:
            return timezone.now()

    def clean(self):
        cleaned = super().clean()
        if self.errors:
            return cleaned
        if cleaned["due_on"] is None and cleaned["days"]:
            cleaned["due_on"] = (cleaned["starts_on"] or site_day()) + timedelta(days=cleaned["days"])
            field = "days"
        else:
            field = "due_on"
        if cleaned["due_on"] and cleaned["due_on"] < site_day():
            self.add_error(field, _("That day is over already. Expected one from today on."))
        return cleaned


class NewcomerForm(AskingForm):
    name = forms.CharField(label=_("Name"), max_length=120)
    sign_in_name = forms.CharField(
        label=_("E-mail or staff number"),
        max_length=254,
        widget=forms.TextInput({"inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}),
    )
    post = forms.ChoiceField(
        label=_("Post"), required=False, help_text=_("Empty: the person chooses it when a lesson asks.")
    )

    helper = Fields(
        "name", "sign_in_name", "team", "post", "courses", "starts_on", "days", "due_on", "language", "drawn_at",
        error_summary=True, marks_required=True,
    )  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["post"].choices = [("", "–"), *posts(self.fields["courses"].queryset)]

    def clean_sign_in_name(self):
        return sign_in_name_of(self.cleaned_data["sign_in_name"])

    def found(self):
        """Who has this address or number already, or None."""
        name = self.cleaned_data.get("sign_in_name")
        return called(name).first() if name else None

    def particulars(self):
        names = ("name", "sign_in_name", "team", "post", "starts_on", "language")
        return {name: self.cleaned_data[name] for name in names}


class PastedPeopleForm(AskingForm):
    """`seen` is the list as it was shown: what was changed since is shown again before anything happens."""

    people = forms.CharField(
        label=_("The list"),
        max_length=20_000,
        widget=forms.Textarea({"rows": 8, "spellcheck": "false"}),
        help_text=_("A person a line: name, e-mail or staff number, and the team if it is another than below."),
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    helper = Fields(
        "people", "team", "courses", "starts_on", "days", "due_on", "language", "drawn_at", "seen",
        error_summary=True, marks_required=True,
    )  # fmt: skip

    def shown(self):
        """The form with its list marked as seen."""
        data = self.data.copy()
        data["seen"] = self.digest
        return type(self)(data)

    @property
    def digest(self):
        return hashlib.sha256(self.cleaned_data["people"].encode()).hexdigest()

    @property
    def is_seen(self):
        return self.cleaned_data["seen"] == self.digest


def posts(courses):
    """(id, words) of every post that one of these courses knows."""
    found = {}
    for course in courses:
        found = dict(outline(course.current, get_language()).tracks) | found
    return found.items()
