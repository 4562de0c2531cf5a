"""The forms by which human resources record what people learned elsewhere."""

import hashlib
from datetime import date

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.rosters.reading import ListRefused, read_beside, understood
from courseware.accounts.rosters.tables import read_text
from courseware.assessment.models import OutsideTraining
from courseware.assessment.outside_records import usual_end
from courseware.assignments.list_forms import MOST_UPLOADED
from courseware.assignments.outside_lists import MOST_TRAININGS, REFUSALS, SORT, Usual, as_text
from courseware.assignments.people_forms import DayInput
from courseware.assignments.rule_forms import CourseChoice, published_courses
from courseware.content.models import Course
from courseware.lib.dates import site_day
from courseware.lib.form_layout import Fields

MOST_TEXT = 200_000  # characters
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 12, 31)


class OutsideForm(forms.Form):
    """For one person. It has the field `ends` if a rule enrolled the person in a course that is not begun."""

    course = CourseChoice(label=_("Course"), queryset=Course.objects.none(), empty_label=_("choose a course"))
    trained_on = forms.DateField(label=_("Learned on"), widget=DayInput)
    last_day = forms.DateField(
        label=_("Valid until"),
        widget=DayInput,
        required=False,
        help_text=_("Empty: as long as a certificate of this course."),
    )
    proof = forms.CharField(
        label=_("What shows it"),
        max_length=200,
        help_text=_("For example: certificate of another firm, seen by Li Na. The person reads it, too."),
    )
    reference = forms.CharField(label=_("Its number, or where it is kept"), max_length=100, required=False)
    ends = forms.BooleanField(required=False, initial=True)

    helper = Fields(error_summary=True, marks_required=True)

    def __init__(self, *args, not_begun, **kwargs):
        """`not_begun`: titles of the courses in which a rule has enrolled the person and nothing is begun."""
        super().__init__(*args, **kwargs)
        self.fields["course"].queryset = published_courses()
        if not_begun:
            words = gettext("End the enrollment in the same course: a rule created it, and the person has not begun")
            self.fields["ends"].label = words
            self.fields["ends"].help_text = gettext(", ").join(not_begun)
        else:
            del self.fields["ends"]

    def clean_trained_on(self):
        day = self.cleaned_data["trained_on"]
        if not EARLIEST <= day <= site_day():
            raise forms.ValidationError(_("Expected the day on which it was learned, today at the latest."))
        return day

    def clean(self):
        cleaned = super().clean()
        on, until = cleaned.get("trained_on"), cleaned.get("last_day")
        if until and not (on or EARLIEST) <= until <= LATEST:
            self.add_error("last_day", _("Expected a day after it was learned."))
        return cleaned

    def training(self, person):
        """Not saved yet. Call it when the form is valid."""
        terms = dict(self.cleaned_data)
        terms.pop("ends", None)
        until = terms.pop("last_day") or usual_end(terms["course"], terms["trained_on"])
        return OutsideTraining(person=person, valid_until=until, **terms)


class OutsideListForm(forms.Form):
    """A list, as a file or pasted. `seen` is the list as it was shown: what was changed since is shown again first."""

    file = forms.FileField(label=_("File"), required=False, help_text=_("XLSX, XLS, ODS or CSV, with headings."))
    lines = forms.CharField(
        label=_("Or the list itself"),
        max_length=MOST_TEXT,
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 8, "spellcheck": "false"}),
        help_text=_("With headings: staff number or e-mail, course, trained on, valid until, proof, its number."),
    )
    course = CourseChoice(
        label=_("Course, where a row names none"),
        queryset=Course.objects.none(),
        required=False,
        empty_label=_("none"),
    )
    proof = forms.CharField(
        label=_("What shows it, where a row does not say"),
        max_length=200,
        required=False,
        help_text=_("For example: list of the former firm, signed by its human resources."),
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    helper = Fields(error_summary=True)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["course"].queryset = published_courses()

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file and file.size > MOST_UPLOADED:
            raise forms.ValidationError(REFUSALS["too-large"])
        return file

    def clean(self):
        cleaned = super().clean()
        if self.errors:
            return cleaned
        field = "file" if cleaned.get("file") else "lines"
        if field == "lines" and not cleaned.get("lines", "").strip():
            self.add_error("file", _("Choose a file, or paste the list below."))
            return cleaned
        try:
            self.table = read_beside(cleaned["file"].read()) if field == "file" else self.table_of_lines()
            self.listing = understood(self.table, SORT)
            if len(self.listing.rows) > MOST_TRAININGS:
                raise ListRefused("too-long")
            if len(self.text) > MOST_TEXT:  # it comes back as text, row by row
                raise ListRefused("too-wide")
        except ListRefused as refused:
            self.add_error(field, REFUSALS[refused.code])
        return cleaned

    def table_of_lines(self):
        return read_text(self.cleaned_data["lines"].encode(), "utf-8")

    @property
    def usual(self):
        return Usual(self.cleaned_data["course"], self.cleaned_data["proof"])

    @cached_property
    def text(self):
        return as_text(self.table) if self.cleaned_data.get("file") else self.cleaned_data["lines"]

    def shown(self):
        """The form with its list in place of the file, marked as seen."""
        data = self.data.copy()
        data["lines"], data["seen"] = self.text, self.digest
        return type(self)(data)

    @property
    def digest(self):
        course = self.cleaned_data["course"]
        said = [self.text.replace("\r\n", "\n"), str(course and course.pk), self.cleaned_data["proof"]]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()

    @property
    def is_seen(self):
        return not self.cleaned_data.get("file") and self.cleaned_data["seen"] == self.digest


class WrongForm(forms.Form):
    helper = Fields(error_summary=True, marks_required=True)

    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("The person reads it, and it stays in the record.")
    )
