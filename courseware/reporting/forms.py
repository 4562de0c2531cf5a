"""Filter forms of the dashboard, trends, period report and audit log, and the form that saves a view."""

import re
from calendar import monthrange
from datetime import date

from crispy_forms.layout import Div, Field
from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import Q
from django.utils.translation import get_language, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Team, User, plain_staff_number
from courseware.accounts.people.form_fields import PersonSearch
from courseware.assignments.audit_log_labels import verbs_by_label
from courseware.audit_log.record import subject_of
from courseware.content.models import Course
from courseware.learning.models import Enrollment
from courseware.learning.status.certification_status import CertificationStatus
from courseware.learning.status.states import State
from courseware.lib.web.form_layout import DayInput, Fields
from courseware.lib.web.form_numbers import keys_in
from courseware.reporting.dashboard.filters import DueFilter, SortOrder
from courseware.reporting.dashboard.rows import outlines

MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")
prohibit_nul = ProhibitNullCharactersValidator()


class ReleasedCourseField(forms.ModelChoiceField):
    """A published course, by its course id."""

    def __init__(self, **options):
        super().__init__(queryset=Course.objects.exclude(current=None), to_field_name="identifier", **options)

    def to_python(self, value):
        prohibit_nul(value)  # PostgreSQL refuses it
        return super().to_python(value)


def state_or_validity(value):
    return CertificationStatus(value) if value in CertificationStatus.values else State(value)


class DashboardFilter(forms.Form):
    state = forms.TypedChoiceField(
        label=_("Status"),
        required=False,
        coerce=state_or_validity,
        choices=[
            ("", pgettext_lazy("any state", "all")),
            (_("Enrollment status"), State.choices),
            (_("Certificate"), CertificationStatus.choices),
        ],
    )
    course = ReleasedCourseField(label=_("Course"), required=False, empty_label=pgettext_lazy("any course", "all"))
    team = forms.ModelChoiceField(
        label=_("Team"), required=False, queryset=Team.objects.none(), empty_label=pgettext_lazy("any team", "all")
    )
    name = forms.CharField(label=_("Name, email or staff number"), required=False, max_length=100, widget=PersonSearch)
    job_role = forms.CharField(label=_("Job role"), required=False, max_length=32, widget=forms.Select)
    days = forms.TypedChoiceField(
        label=_("Due date"),
        required=False,
        coerce=DueFilter,
        choices=[("", pgettext_lazy("any day", "all")), *DueFilter.choices],
    )
    sort = forms.TypedChoiceField(
        label=pgettext_lazy("order of a list", "Sorted"),
        required=False,
        coerce=SortOrder,
        choices=[("", _("by due date")), *SortOrder.choices],
    )
    left = forms.BooleanField(label=_("Include people who left"), required=False)
    away = forms.BooleanField(label=_("Only people who are away"), required=False)
    stuck = forms.BooleanField(label=_("Only people who are stuck"), required=False)

    def __init__(self, data, *, teams):
        """`teams`: query of (id, name) of the teams the user may see."""
        super().__init__(data)
        team = self.fields["team"]
        if self.data.get("team"):  # otherwise the queryset is not read
            team.queryset = Team.objects.filter(pk__in=teams.values("pk"))
        team.choices = [("", team.empty_label), *teams]  # saves a query

    def show_courses(self, courses, job_roles=()):
        """Set the choices, before rendering: courses (id, title), job roles id → title. Hide fields with one choice."""
        course, teams = self.fields["course"], tuple(self.fields["team"].choices)
        course.choices = [*([("", course.empty_label)] if course.empty_label else []), *courses]
        has_choice = {"course": len(courses) > 1, "team": len(teams) > 2, "job_role": len(job_roles) > 1}
        options = job_roles.items() if job_roles else ()
        self.fields["job_role"].widget.choices = [("", pgettext("any job role", "all")), *options]
        self.helper = self.layout([name for name, is_shown in has_choice.items() if is_shown])
        data = tuple(self.data.get(name) for name in self.fields)
        self.looks = (type(self), data, teams, tuple(courses), tuple(options))

    def layout(self, shown):
        ticks = Div("left", "away", "stuck", css_class="ticks")  # stay together when the row wraps
        name = Field("name", wrapper_class="grow")
        return Fields("state", *shown, "days", name, "sort", ticks, form_method="get")

    # Equal forms look the same, so `cached_include` renders them once. They take a tenth of the page's time.
    def __eq__(self, other):
        return isinstance(other, DashboardFilter) and self.looks == other.looks

    def __hash__(self):
        return hash(self.looks)

    def clean_job_role(self):
        job_role = self.cleaned_data["job_role"]
        return job_role if job_role and job_role in job_roles_of(outlines(get_language())) else ""

    def chosen(self):
        """Return filter name → value (such as a Team, State or True) of the set filters. Invalid values are dropped."""
        self.full_clean()
        self.errors.clear()
        return {key: value for key, value in self.cleaned_data.items() if value}

    def names_lost_team(self, chosen):
        """Return whether the query names a team that is gone or hidden from the user. `chosen`: from `chosen()`."""
        return "team" not in chosen and bool(keys_in([self.data.get("team", "")]))


def job_roles_of(course_outlines):
    """Return id → title of the job roles in `course_outlines` (mapping with outlines as values)."""
    return {job_role: title for outline in course_outlines.values() for job_role, title in outline.tracks.items()}


class TrendsFilter(DashboardFilter):
    """Filters by course and team, without the choice of all courses. `chosen` has no course if the URL names none."""

    course = ReleasedCourseField(label=_("Course"), required=False, empty_label=None)

    def layout(self, shown):
        return Fields(*shown, form_method="get")


class SubteamFilter(TrendsFilter):
    course = ReleasedCourseField(label=_("Course"), required=False, empty_label=pgettext_lazy("any course", "all"))


class ViewForm(forms.Form):
    """Name and URL query of a view to save."""

    name = forms.CharField(max_length=40)
    query = forms.CharField(max_length=5000, required=False)


class LogFilter(forms.Form):
    person = forms.CharField(label=_("Email or staff number"), required=False, max_length=254, widget=forms.SearchInput)
    verb = forms.ChoiceField(
        label=pgettext_lazy("column of the log", "Event"),
        required=False,
        choices=lambda: [("", pgettext("any event", "all")), *verbs_by_label()],
    )
    subject = forms.CharField(
        label=_("Object"), required=False, max_length=200, widget=forms.TextInput(attrs={"placeholder": "person:12"})
    )

    helper = Fields(Field("person", wrapper_class="grow"), "verb", "subject", form_method="get")

    @property
    def is_set(self):
        return any(self.data.get(name) for name in self.fields)

    def chosen_from(self, events):
        """Return those of `events` (queryset of Event) that match the filters; none if a value is invalid."""
        if not self.is_valid():
            return events.none()
        chosen = {name: value for name, value in self.cleaned_data.items() if value}
        if identifier := chosen.pop("person", ""):
            events = events.filter(subject__in=subjects_about(identifier))
        return events.filter(**chosen)


def subjects_about(identifier):
    """Return the log subjects of the person with this email or staff number, and of their enrollments; [] for none."""
    people = list(User.objects.filter(Q(email=identifier.lower()) | Q(staff_number=plain_staff_number(identifier)))[:1])
    enrollments = Enrollment.objects.filter(learner__in=people).order_by("pk")
    return [subject_of(each) for each in (*people, *enrollments)]


class MonthOrDayField(forms.DateField):
    """A date. A month (2026-03) means its first day, or with `ends` its last."""

    widget = DayInput
    FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)

    def __init__(self, *, ends=False, **options):
        super().__init__(**options)
        self.ends = ends

    def to_python(self, value):
        if match := MONTH.fullmatch(str(value or "").strip()):
            year, month = map(int, match.groups())
            value = date(year, month, monthrange(year, month)[1] if self.ends else 1)
        day = super().to_python(value)
        if day and not self.FIRST <= day <= self.LAST:
            raise forms.ValidationError(_("Choose a date between 2000 and 2099."))
        return day


class PeriodFilter(DashboardFilter):
    """A period, and filters by course, team and people who left."""

    first = MonthOrDayField(label=pgettext_lazy("first day of a period", "From"))
    last = MonthOrDayField(label=pgettext_lazy("last day of a period", "To"), ends=True)

    def layout(self, shown):
        return Fields("first", "last", *shown, "left", form_method="get")

    def show_courses(self, courses, job_roles=()):
        super().show_courses(courses, job_roles)
        self.looks += (str(self.errors),)

    def clean(self):
        cleaned = super().clean()
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day is before the first day. Choose the same day or a later day."))
        return cleaned

    def chosen(self):
        """As in `DashboardFilter`, but errors of the 2 dates stay. Return only team, course and `left`."""
        self.full_clean()
        for name in self.errors.keys() - {"first", "last"}:
            del self.errors[name]
        return {name: value for name in ("team", "course", "left") if (value := self.cleaned_data.get(name))}
