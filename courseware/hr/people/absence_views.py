"""/people/<pk>/absences/: record, change and undo absences of a person."""

from datetime import timedelta
from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.calendar.absences import absences_of, may_record_absence
from courseware.accounts.models import Absence, User
from courseware.accounts.sign_in.return_urls import page_before
from courseware.content.rendering import store
from courseware.learning.due_dates.absence_shifts import (
    AbsenceOverlap,
    change_absence,
    record_absence,
    undo_absence,
    zone_of,
)
from courseware.learning.models import AbsenceShift, Enrollment
from courseware.lib.web.form_layout import DayInput, Fields
from courseware.lib.web.page_views import form_view, post_view

EARLIEST, LONGEST = timedelta(days=366), timedelta(days=3 * 366)


class AbsenceDaysForm(forms.Form):
    first_day = forms.DateField(label=_("First day of absence"), widget=DayInput)
    last_day = forms.DateField(label=_("Last day of absence"), widget=DayInput)

    helper = Fields(error_summary=True, marks_required=True)

    def __init__(self, *args, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_first_day(self):
        day = self.cleaned_data["first_day"]
        if not self.today - EARLIEST <= day <= self.today + EARLIEST:
            raise forms.ValidationError(_("Choose a date at most 1 year before or after today."))
        return day

    def clean(self):
        cleaned = super().clean()
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("The last day is before the first day. Choose the same day or a later day."))
        elif first and last and last - first > LONGEST:
            self.add_error("last_day", _("An absence can last at most 3 years. Choose an earlier date."))
        return cleaned


class AbsenceForm(AbsenceDaysForm):
    why = forms.CharField(
        label=_("Why"),
        required=False,
        max_length=Absence._meta.get_field("why").max_length,
        help_text=_("Optional. The person and their managers can read this reason, so do not mention illnesses."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("first_day", self.today)


DAY = timedelta(days=1)


def absences_url(pk, **places):
    return reverse("hr:absences", args=[pk])


def person_or_404(user, pk):
    """Return the person with id `pk`. Raise Http404 if missing, or `user` may not record absences of the person."""
    person = get_object_or_404(User, pk=pk)
    if not may_record_absence(user, person):
        raise Http404
    return person


@form_view(absences_url)
def absences(request, pk):
    person = person_or_404(request.user, pk)
    if request.method != "POST":
        return absences_page(request, person, AbsenceForm(today=today_of(person)))
    form = AbsenceForm(request.POST, today=today_of(person))
    if not accepted(form, lambda days: record_absence(person, **days, by=request.user)):
        return absences_page(request, person, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return back(request, person, is_away_until(person, form.cleaned_data["last_day"]))


@post_view(absences_url)
def change(request, pk, absence):
    person = person_or_404(request.user, pk)
    absence = get_object_or_404(Absence.objects.select_related("person"), pk=absence, person=person)
    today = today_of(person)
    form = calendar_form(absence, today, request.POST)
    if "is-back" in request.POST:  # back today, or earlier if another user has recorded it
        last_day = min(absence.last_day, max(absence.first_day, today - DAY))
        change_absence(absence, absence.first_day, last_day, by=request.user)
        return back(request, person, gettext("%(name)s is back. The due dates were adjusted.") % {"name": person.name})
    if not accepted(form, lambda days: change_absence(absence, **days, by=request.user)):
        changed, status = {absence.pk: form}, HTTPStatus.UNPROCESSABLE_ENTITY
        return absences_page(request, person, AbsenceForm(today=today), changed=changed, status=status)
    return back(request, person, is_away_until(person, form.cleaned_data["last_day"]))


@post_view(absences_url)
def undo_absence_page(request, pk, absence):
    person = person_or_404(request.user, pk)
    if gone := Absence.objects.select_related("person").filter(pk=absence, person=person).first():
        undo_absence(gone, by=request.user)
    return back(request, person, gettext("The absence was undone. The due dates are the same as before the absence."))


def accepted(form, act):
    """Return whether the form is valid and `act` took its cleaned data; an AbsenceOverlap becomes a form error."""
    if not form.is_valid():
        return False
    try:
        act(form.cleaned_data)
    except AbsenceOverlap as error:
        days = {"first": date_format(error.away.first_day), "last": date_format(error.away.last_day)}
        form.add_error(
            None, gettext("Another absence already covers %(first)s to %(last)s. Change that absence instead.") % days
        )
        return False
    return True


def is_away_until(person, day):
    message = gettext("%(name)s is away until %(day)s. Until then, nothing is due and no reminders are sent.")
    return message % {"name": person.name, "day": date_format(day)}


def back(request, person, message):
    messages.success(request, message)
    return redirect(page_before(request) or absences_url(person.pk))


def today_of(person):
    """Return today's date in the person's time zone."""
    return timezone.localdate(timezone=zone_of(person))


def calendar_form(absence, today, data=None):
    """Return the form that changes the days of `absence`. `today`: date of the person; `data`: POST or None."""
    days = {"first_day": absence.first_day, "last_day": absence.last_day}
    return AbsenceDaysForm(data, today=today, initial=days, prefix=f"absence-{absence.pk}")


def absences_page(request, person, form, *, changed=None, status=200):
    """Return the page. `form`: for a new absence. `changed`: absence id → its form with errors."""
    absences = absences_of(person)
    forms = {each: calendar_form(each, form.today) for each in absences}
    forms |= {each: changed[each.pk] for each in absences if each.pk in (changed or {})}
    context = {
        "person": person,
        "forms": forms,
        "form": form,
        "runs": open_enrollments(person),
        "today": form.today,
        "page_before": page_before(request),
        "is_refused": status != HTTPStatus.OK,
    }
    return render(request, "hr/absences.html", context, status=status)


def open_enrollments(person):
    """Return open enrollments with a due date in released courses, with `title`, and `days` that absences added."""
    enrollments = Enrollment.objects.open().filter(learner=person, course__current__isnull=False).exclude(due_at=None)
    enrollments = list(enrollments.with_release().with_zone().order_by("due_at", "pk"))
    moved = dict(
        AbsenceShift.objects.of_current_due_date().filter(enrollment__in=enrollments).values_list("enrollment", "days")
    )
    for enrollment in enrollments:
        enrollment.title = store.outline(enrollment.release, get_language()).title
        enrollment.days = moved.get(enrollment.pk, 0)
    return enrollments
