"""Forms of an assignment rule and of its preview date."""

from datetime import date, timedelta

from crispy_forms.layout import Div
from django import forms
from django.utils.dates import MONTHS
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Membership, Team
from courseware.assignments.models import RuleVersion
from courseware.assignments.rules.lifecycle import is_name_taken
from courseware.content.course_titles import course_title
from courseware.content.models import Course
from courseware.content.rendering import store
from courseware.learning.due_dates.due_dates import FARTHEST
from courseware.lib import dates
from courseware.lib.web.form_layout import DayInput, Fields, Sentence

AT_MOST_DAYS = 3650
AHEAD = timedelta(days=1827)  # latest preview date
DAY_OF_A_YEAR = 2028  # a leap year
OPENS = [("days", _("days before the certificate expires")), ("yearly", _("every year on this date:"))]


class CourseChoice(forms.ModelChoiceField):
    def label_from_instance(self, course):
        return course_title(course)


def published_courses():
    return Course.objects.filter(current__isnull=False).select_related("current").defer("current__outlines")


def job_roles():
    found = {}
    for course in published_courses():
        found |= store.outline(course.current, get_language()).tracks
    return found


class RuleForm(forms.ModelForm):
    """Form of a version of a rule. `rule`: the rule to change, whose course stays; None for a new one."""

    course = CourseChoice(
        label=_("Course to complete"), queryset=Course.objects.none(), empty_label=_("choose a course")
    )
    other = forms.ChoiceField(
        label=_("Condition about another course"),
        required=False,
        choices=[
            ("", _("no condition")),
            ("yes", _("is certified in")),
            ("no", _("is not certified in")),
        ],
    )
    opens = forms.ChoiceField(label=_("Renewal opens"), required=False, choices=OPENS)

    class Meta:
        model = RuleVersion
        fields = (
            "name", "team", "role", "job_role", "joined_since", "other_course", "due", "due_days", "due_on",
            "acts_since",
            "exempts", "renewal", "renewal_days", "renewal_month", "renewal_day",
        )  # fmt: skip
        labels = {
            "name": _("Name of the rule"),
            "team": _("Team (with the teams below it)"),
            "role": _("Role"),
            "job_role": _("Job role"),
            "joined_since": _("First day of work on or after"),
            "other_course": _("Other course"),
            "due": _("Due date"),
            "due_days": _("Number of days"),
            "due_on": _("Date"),
            "acts_since": _("The rule applies from"),
            "exempts": _("People who no longer match the rule become exempt, and the rule is recorded as the reason"),
            "renewal": _("Type of renewal"),
            "renewal_days": _("Number of days before the certificate expires"),
            "renewal_month": _("Month"),
            "renewal_day": _("Day"),
        }
        help_texts = {
            "due": _(
                "If the due date has already passed when a person is enrolled, the number of days counts from "
                "the day of enrollment. If the due date is a day off, it moves to the previous working day."
            ),
            "renewal": _(
                "If a person completes the renewal before the certificate expires, the new certificate starts "
                "on the expiry date of the old certificate."
            ),
            "exempts": _("Only people who were enrolled by this rule and match no other rule become exempt."),
        }
        widgets = {"joined_since": DayInput, "due_on": DayInput, "acts_since": DayInput}

    def __init__(self, *args, rule=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.rule = rule
        courses = published_courses()
        self.fields["course"].queryset = courses
        self.fields["other_course"] = CourseChoice(
            label=self.fields["other_course"].label, queryset=courses, required=False, empty_label=_("none")
        )
        if rule:
            self.fields["course"].disabled, self.fields["course"].initial = True, rule.course
        self.offer_teams()
        self.fields["role"].choices = [("", _("any role")), *Membership.Role.choices]
        self.offer_job_roles()
        months = [("", "–"), *MONTHS.items()]
        self.fields["renewal_month"] = forms.TypedChoiceField(
            label=self.fields["renewal_month"].label, choices=months, coerce=int, required=False, empty_value=None
        )
        for name, most in (("due_days", AT_MOST_DAYS), ("renewal_days", 366), ("renewal_day", 31)):
            least = 0 if name == "due_days" else 1
            self.fields[name] = forms.IntegerField(
                label=self.fields[name].label, min_value=least, max_value=most, required=False
            )
        self.fields["renewal"].required = False
        self.initial.setdefault("acts_since", dates.site_day())
        self.initial.setdefault("role", Membership.Role.LEARNER)
        self.initial.setdefault("other", self.other_of(self.instance))
        self.initial.setdefault("opens", "yearly" if self.instance.renewal_month else "days")

    def offer_teams(self):
        """Set the choices. A team is required if the rule's team was closed, because none means everybody."""
        team = self.fields["team"]
        team.queryset = Team.objects.only("name")
        team.required = self.instance.team_id is not None and not self.instance.team
        team.empty_label = _("team closed: choose another team") if team.required else _("any team")

    def offer_job_roles(self):
        found = job_roles()
        if self.instance.job_role:
            found.setdefault(self.instance.job_role, self.instance.job_role)
        choices = [("", _("any")), *sorted(found.items(), key=lambda job_role: job_role[1])]
        label = self.fields["job_role"].label
        self.fields["job_role"] = forms.ChoiceField(label=label, choices=choices, required=False)

    @staticmethod
    def other_of(version):
        if not version.other_course_id:
            return ""
        return "yes" if version.other_certified else "no"

    @property
    def helper(self):
        return Fields(
            "name",
            Div(
                Sentence(_("People in {team} or in a team below it (role: {role}, job role: {job_role})")),
                Sentence(
                    _(
                        "First day of work on or after: {joined_since} (leave empty for any date). Other "
                        "course: {other} {other_course}"
                    )
                ),
                Sentence(_("Course to complete: {course}")),
                Sentence(_("Due: {due_days} {due} {due_on}")),
                Sentence(
                    _("Renewal after certification: {renewal} {renewal_days} {opens} {renewal_month} {renewal_day}")
                ),
                Sentence(_("The rule applies from {acts_since}.")),
                css_class="sentence",
            ),
            "exempts",
            error_summary=True,
            marks_required=True,
        )

    def clean_name(self):
        name = self.cleaned_data["name"]
        if self.rule and self.rule.is_on and is_name_taken(self.rule, name):
            raise forms.ValidationError(_("Another active rule has this name."))
        return name

    def clean(self):
        cleaned = super().clean()
        self.check_due(cleaned)
        self.check_other(cleaned)
        self.check_renewal(cleaned)
        return cleaned

    def drop(self, names, cleaned):
        """Clear the fields `names` in `cleaned`, and errors of these fields: the chosen options hide them."""
        for name in names:
            cleaned[name] = None
            self.errors.pop(name, None)

    def check_due(self, cleaned):
        due = cleaned.get("due")
        needed = {"date": "due_on", "quarter": None}.get(due, "due_days")
        if needed and cleaned.get(needed) is None and needed not in self.errors:
            words = _("Enter a date.") if needed == "due_on" else _("Enter the number of days, for example 14.")
            self.add_error(needed, words)
        elif needed == "due_on" and needed not in self.errors and cleaned[needed] > dates.site_day() + FARTHEST:
            self.add_error(
                needed, _("This date is too far away. Choose an earlier date.")
            )  # the last date that exists has no end
        self.drop({"due_on", "due_days"} - {needed}, cleaned)

    def check_other(self, cleaned):
        if cleaned.get("other") and not cleaned.get("other_course") and "other_course" not in self.errors:
            self.add_error("other_course", _("Choose the other course."))
        if not cleaned.get("other"):
            self.drop({"other_course"}, cleaned)
        cleaned["other_certified"] = cleaned.get("other") != "no"

    def check_renewal(self, cleaned):
        is_yearly = cleaned.get("opens") == "yearly"
        wanted = set()
        if cleaned.get("renewal"):
            wanted = {"renewal_month", "renewal_day"} if is_yearly else {"renewal_days"}
        for name in wanted:
            if cleaned.get(name) is None and name not in self.errors:
                self.add_error(name, _("Enter when the renewal opens."))
        self.drop({"renewal_month", "renewal_day", "renewal_days"} - wanted, cleaned)
        self.check_day_of_a_year(cleaned)
        self.check_validity(cleaned)

    def check_day_of_a_year(self, cleaned):
        month, day = cleaned.get("renewal_month"), cleaned.get("renewal_day")
        if month and day:
            try:
                date(DAY_OF_A_YEAR, month, day)
            except ValueError:
                self.add_error("renewal_day", _("The selected month does not have this day."))

    def check_validity(self, cleaned):
        """Add an error if a renewal would open again at once: in the first half of the certificate's validity."""
        course, days = self.rule.course if self.rule else cleaned.get("course"), cleaned.get("renewal_days")
        months = course and store.outline(course.current, course.source_language).valid_months
        if days and months and days > months * 15:
            words = _(
                "The renewal can open at most %(days)s days before the certificate expires, because a "
                "certificate of this course is valid for %(months)s months."
            )
            self.add_error("renewal_days", words % {"months": months, "days": months * 15})

    def version(self):
        """Return an unsaved version from the valid form, without its rule."""
        terms = {name: self.cleaned_data[name] for name in self.Meta.fields}
        return RuleVersion(**terms | {"other_certified": self.cleaned_data["other_certified"]})


class PreviewForm(forms.Form):
    """A date, from today to AHEAD."""

    helper = Fields(disable_csrf=True)

    day = forms.DateField(label=_("Preview date"), widget=DayInput)

    def clean_day(self):
        day, today = self.cleaned_data["day"], dates.site_day()
        if not today <= day <= today + AHEAD:
            raise forms.ValidationError(_("Choose today or a date within the next 5 years."))
        return day
