"""Onboarding of people: /people/new/ adds one person, /people/new/list/ people from a pasted list."""

import hashlib
from datetime import datetime, timedelta

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, get_language_info, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Team
from courseware.accounts.permissions.permissions import handles_people, may_change_membership
from courseware.accounts.sign_in.identifiers import person_by_name
from courseware.content.models import Course
from courseware.content.rendering.store import outline
from courseware.hr.people.onboarding import (
    MOST_ROWS,
    add_all,
    add_unasked,
    enroll_in_courses,
    onboard,
    read_rows,
    sign_in_name_of,
    was_added,
    was_asked,
)
from courseware.learning.due_dates.due_dates import FARTHEST
from courseware.lib.dates import site_day
from courseware.lib.web.form_layout import DayInput, Fields, LongSelect
from courseware.lib.web.form_numbers import keys_in
from courseware.lib.web.page_views import form_status, form_view, posted, render_form

USUAL_DAYS = 14
SALT = "courseware.hr.people.onboarding"


class TitledCourses(forms.ModelMultipleChoiceField):
    def __init__(self, **kwargs):
        super().__init__(Course.objects.none(), widget=forms.CheckboxSelectMultiple, required=False, **kwargs)

    def label_from_instance(self, course):
        return outline(course.current, get_language()).title

    def clean(self, value):
        """Raise ValidationError also for ids above the range of the database."""
        if len(keys_in(map(str, value or ()))) < len(value or ()):
            raise forms.ValidationError(self.error_messages["invalid_pk_value"], params={"pk": "–"})
        return super().clean(value)


class DayField(forms.DateField):
    def __init__(self, **kwargs):
        super().__init__(required=False, widget=DayInput, **kwargs)

    def validate(self, day):
        super().validate(day)
        if day and day > site_day() + FARTHEST:  # later dates would overflow
            raise ValidationError(_("This date is too far away. Choose an earlier date."))


def own_names_of_languages():
    return [(code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES]


class AskingForm(forms.Form):
    """Team, courses and due date of new people. `drawn_at`: signed time at which the form was shown."""

    team = forms.ModelChoiceField(
        label=_("Team"),
        queryset=Team.objects.only("name"),
        required=False,
        empty_label=_("no team yet"),
        widget=LongSelect,
    )
    courses = TitledCourses(label=_("Courses to take"))
    starts_on = DayField(label=_("First day of work"), help_text=_("Leave empty for today."))
    days = forms.IntegerField(
        label=_("Number of days to finish the courses, from the first day of work"),
        required=False,
        initial=USUAL_DAYS,
        min_value=1,
        max_value=1000,
        help_text=_("Leave empty for no due date."),
    )
    due_on = DayField(
        label=_("Or finish by this date"), help_text=_("If you enter a date, it replaces the number of days.")
    )
    language = forms.ChoiceField(
        label=_("Language of the email and the courses"),
        choices=own_names_of_languages,
        widget=forms.RadioSelect,
        initial=get_language,
    )
    drawn_at = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["courses"].queryset = Course.objects.exclude(current=None).select_related("current").order_by("pk")
        self.initial["drawn_at"] = signing.dumps(timezone.now().isoformat(), salt=SALT)

    def clean_drawn_at(self):
        """Return when the form was shown; now if the value is invalid."""
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
            self.add_error(field, _("This date is in the past. Choose today or a later date."))
        return cleaned


class OnboardingForm(AskingForm):
    name = forms.CharField(label=_("Name"), max_length=120)
    sign_in_name = forms.CharField(
        label=_("Email or staff number"),
        max_length=254,
        widget=forms.TextInput({"inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}),
    )
    job_role = forms.ChoiceField(
        label=_("Job role"),
        required=False,
        help_text=_("Leave empty to let the person choose the job role in a lesson."),
    )

    helper = Fields(
        "name", "sign_in_name", "team", "job_role", "courses", "starts_on", "days", "due_on", "language", "drawn_at",
        error_summary=True, marks_required=True,
    )  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["job_role"].choices = [("", "–"), *job_roles(self.fields["courses"].queryset)]

    def clean_sign_in_name(self):
        return sign_in_name_of(self.cleaned_data["sign_in_name"])

    def found(self):
        """Return the person with this address or number, or None, also if it is invalid. Needs a cleaned form."""
        name = self.cleaned_data.get("sign_in_name")
        return person_by_name(name).first() if name else None

    def particulars(self):
        names = ("name", "sign_in_name", "team", "job_role", "starts_on", "language")
        return {name: self.cleaned_data[name] for name in names}


class PastedPeopleForm(AskingForm):
    """A pasted list. `seen`: checksum of the list that the user has reviewed."""

    people = forms.CharField(
        label=_("The list"),
        max_length=20_000,
        widget=forms.Textarea({"rows": 8, "spellcheck": "false"}),
        help_text=_(
            "Enter one person per line: name, email or staff number. Add the team if it differs from "
            "the team selected below."
        ),
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    helper = Fields(
        "people", "team", "courses", "starts_on", "days", "due_on", "language", "drawn_at", "seen",
        error_summary=True, marks_required=True,
    )  # fmt: skip

    def shown(self):
        """Return a copy of the form with its list marked as seen."""
        data = self.data.copy()
        data["seen"] = self.digest
        return type(self)(data)

    @property
    def digest(self):
        return hashlib.sha256(self.cleaned_data["people"].encode()).hexdigest()

    @property
    def is_seen(self):
        return self.cleaned_data["seen"] == self.digest


def job_roles(courses):
    """Return (id, title) pairs of the job roles of these courses, in the active language."""
    found = {}
    for course in courses:
        found = dict(outline(course.current, get_language()).tracks) | found
    return found.items()


@form_view("hr:new-person", allowed=handles_people)
def new_person(request):
    """Add a person. `act` "quietly": without an email; "instead": enroll the person who exists already."""
    form = OnboardingForm(posted(request))
    found = None
    if form.is_valid():
        found = form.found()
        if message := outcome_text(request, form, found):
            messages.success(request, message)
            return redirect("hr:new-person")
    context = {"found": found, "may_take": found and found.is_active and may_change_membership(request.user, found)}
    return render_form(request, "hr/new_person.html", form, context)


def outcome_text(request, form, found):
    """Carry out the valid form. `found`: existing person or None. Return the message; "" after an error in the form."""
    act, by = request.POST.get("act"), request.user
    courses = form.cleaned_data["courses"]
    is_sent_again = found and was_added(found, by=by, since=form.cleaned_data["drawn_at"])
    if is_sent_again and (act == "quietly" or was_asked(found, courses)):
        return in_words(found, act)
    if found and act == "instead" and found.is_active and may_change_membership(by, found):
        return enrolled_instead(form, found, by=by)
    try:
        person = added(form, act, by=by)
    except ValidationError as error:
        form.add_error(None if found is None else "sign_in_name", error.messages)
        return ""
    return in_words(person, act)


def enrolled_instead(form, found, *, by):
    """Enroll the existing person `found`. Return the message; "" without courses, with an error in the form."""
    courses = form.cleaned_data["courses"]
    if not courses:
        form.add_error("courses", form.fields["courses"].error_messages["required"])
        return ""
    enroll_in_courses(found, courses, form.cleaned_data["due_on"], by=by)
    return gettext("%(name)s already had an account and is now enrolled.") % {"name": found.name}


def added(form, act, *, by):
    """Add and return the person. `act` "quietly": without enrollment and email. Raise ValidationError if taken."""
    if act == "quietly":
        return add_unasked(**form.particulars(), by=by)
    courses, due_on = form.cleaned_data["courses"], form.cleaned_data["due_on"]
    return onboard(**form.particulars(), courses=courses, due_on=due_on, by=by)


def in_words(person, act):
    if act == "quietly":
        message = gettext("%(name)s is added. No email was sent, and there is no enrollment yet.")
    elif person.email:
        message = gettext("%(name)s is added, and the invitation email will be sent soon.")
    else:
        message = gettext("%(name)s is added. The person has no email address, so give them a sign-in code.")
    return message % {"name": person.name}


@form_view("hr:new-people", allowed=handles_people)
def new_people(request):
    """Show the pasted list row by row. With `act` "go", after a review, add its people."""
    form, rows = PastedPeopleForm(posted(request)), []
    if form.is_valid():
        rows = read_rows(form.cleaned_data["people"])
        number = brought_in(request, form, rows)
        if number:
            message = ngettext("%(number)d person is added.", "%(number)d people are added.", number)
            messages.success(request, message % {"number": number})
            return redirect("hr:new-people")
        rows, form = read_rows(form.cleaned_data["people"]), form.shown()  # read again, because people may have changed
    good = sum(not row.problem for row in rows)
    context = {"form": form, "rows": rows, "good": good, "most": MOST_ROWS}
    status = form_status(form) if form.errors or not form.is_bound else 200
    return render(request, "hr/new_people.html", context, status=status)


def brought_in(request, form, rows):
    """Add the people of `rows` (from `read_rows`). Return how many; 0 if the list is not reviewed or too long, or if a
    person is refused; then nobody is added.
    """
    if request.POST.get("act") != "go" or not form.is_seen or len(rows) > MOST_ROWS:
        return 0
    options = {name: form.cleaned_data[name] for name in ("team", "courses", "due_on", "starts_on", "language")}
    try:
        return add_all(rows, **options, by=request.user)
    except ValidationError:
        return 0
