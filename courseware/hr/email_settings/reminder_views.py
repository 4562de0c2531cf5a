"""/people/reminders/: reminder days of courses and assignment rules, and escalation."""

from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.permissions.permissions import handles_people
from courseware.accounts.teams.managers import teams_without_senior_manager
from courseware.assignments.models import DEFAULT_EVERY, DEFAULT_REMINDER_DAYS, AssignmentRule, ReminderSchedule
from courseware.assignments.reminders.schedules import (
    FARTHEST_REMINDER,
    IN_A_FORTNIGHT,
    Planned,
    days_of_schedule,
    is_escalated,
    store_schedules,
    switch_escalation,
    why_too_many,
    with_repeats,
)
from courseware.content.course_titles import course_title
from courseware.content.models import Course
from courseware.lib.web.form_layout import Fields
from courseware.lib.web.page_views import form_view, posted

LONGEST = 60  # characters


class ReminderDaysField(forms.CharField):
    """Clean a text such as “14, 3, 1” to a list of working days before the due date; empty: []."""

    def __init__(self, **options):
        super().__init__(required=False, max_length=LONGEST, **options)

    def clean(self, value):
        days, wrong = days_of_schedule(super().clean(value))
        if wrong:
            raise forms.ValidationError(wrong)
        return days


def escalation_gap():
    """Return a sentence with the number of teams without a senior manager; "" if there are none."""
    number = len(teams_without_senior_manager())
    message = ngettext(
        "%(number)d team has no senior manager, so HR gets the email about late people in this team.",
        "%(number)d teams have no senior manager, so HR gets the email about late people in these teams.",
        number,
    )
    return message % {"number": number} if number else ""


class ReminderSchedulesForm(forms.Form):
    """Reminder days of courses and rules. An empty field means no reminders, or for a rule the days of its course."""

    helper = Fields(error_summary=True)

    def __init__(self, data=None):
        super().__init__(data)
        stored = {(plan.course_id, plan.rule_id): plan for plan in ReminderSchedule.objects.all()}
        self.owners = {}
        for course in Course.objects.exclude(current=None).select_related("current").order_by("pk"):
            plan = stored.get((course.pk, None))
            self.add(f"course-{course.pk}", course, course_title(course), plan, DEFAULT_REMINDER_DAYS)
        rules = AssignmentRule.objects.exclude(switched_on_at=None).select_related("current", "course__current")
        for rule in rules.order_by("pk"):
            label = _("Rule “%(rule)s”, %(course)s") % {"rule": rule, "course": course_title(rule.course)}
            help_text = _("Leave empty to use the reminder days of the course.")
            self.add(f"rule-{rule.pk}", rule, label, stored.get((None, rule.pk)), [], help_text=help_text)
        self.fields["escalates"] = forms.BooleanField(
            label=_("Email the senior manager about people who are 3 working days late"),
            help_text=escalation_gap(),
            initial=is_escalated(),
            required=False,
            show_hidden_initial=True,
        )

    def add(self, name, owner, label, plan, unplanned, **options):
        """Add the fields of days and repeats. `plan`: schedule of `owner`, or None: then the days are `unplanned`."""
        self.owners[name] = owner
        days, every = (plan.days, plan.every) if plan else (unplanned, DEFAULT_EVERY)
        self.fields[name] = ReminderDaysField(
            label=label, initial=", ".join(map(str, days)), show_hidden_initial=True, **options
        )
        self.fields[f"{name}-every"] = forms.IntegerField(
            label=_("%(plan)s: number of working days between later reminders") % {"plan": label},
            help_text=_("Enter 0 to send no further reminders."),
            initial=every,
            min_value=0,
            max_value=FARTHEST_REMINDER,
            required=False,
            show_hidden_initial=True,
        )

    def clean(self):
        for name in self.owners:
            days, every = self.cleaned_data.get(name), self.every(name)
            if days and (wrong := why_too_many(with_repeats(days, every)[: len(days) + IN_A_FORTNIGHT])):
                self.add_error(f"{name}-every", wrong)
        return super().clean()

    def every(self, name):
        every = self.cleaned_data.get(f"{name}-every")
        return DEFAULT_EVERY if every is None else every

    def chosen(self):
        """Return a `Planned` for each course and rule that the user changed, or whose initial value was not posted."""
        return [
            Planned(owner, self.cleaned_data[name] or ([] if isinstance(owner, Course) else None), self.every(name))
            for name, owner in self.owners.items()
            if {name, f"{name}-every"} & {*self.changed_data} or self.add_initial_prefix(name) not in self.data
        ]


@form_view("hr:reminders", allowed=handles_people)
def reminders(request):
    form = ReminderSchedulesForm(posted(request))
    if request.method != "POST" or not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
        return render(request, "hr/reminders.html", {"form": form}, status=status)
    changed = store_schedules(form.chosen(), by=request.user)
    if "escalates" in form.changed_data:
        changed += switch_escalation(form.cleaned_data["escalates"], by=request.user)
    messages.success(
        request, gettext("The reminder settings were changed.") if changed else gettext("Nothing was changed.")
    )
    return redirect("hr:reminders")
