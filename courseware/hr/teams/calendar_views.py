"""/people/calendar/: days off and working days of the site and its teams."""

from dataclasses import dataclass
from datetime import date
from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.http import QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.calendar.calendar_import import add_days, decoded, read_days, remove_days
from courseware.accounts.calendar.working_days import calendar_of, years_known
from courseware.accounts.models import CalendarDay, Team
from courseware.accounts.permissions.permissions import handles_people
from courseware.lib.dates import site_day
from courseware.lib.web.form_layout import Fields, LongSelect
from courseware.lib.web.page_views import form_view, post_view

LARGEST = 200_000  # bytes


class ListFilter(forms.Form):
    """Query parameters of the calendar. By default the site, this year."""

    team = forms.ModelChoiceField(
        label=_("Calendar of"),
        required=False,
        queryset=Team.objects.all(),
        empty_label=_("the site"),
        widget=LongSelect,
    )
    year = forms.TypedChoiceField(label=_("Year"), required=False, coerce=int, empty_value=None)

    helper = Fields(form_method="get")

    def __init__(self, data):
        super().__init__(data)
        this_year = site_day().year
        years = [(each, each) for each in range(this_year - 1, this_year + 3)]
        self.fields["year"].choices = years
        self.fields["year"].initial = this_year

    def chosen(self):
        """Return (team, or None for the site; year). Invalid values count as missing."""
        self.full_clean()
        team, year = self.cleaned_data.get("team"), self.cleaned_data.get("year")
        return team, year or self.fields["year"].initial


class DaysForm(forms.Form):
    file = forms.FileField(label=_("File"), required=False, help_text=_("A CSV file saved by a spreadsheet program."))
    lines = forms.CharField(
        label=_("Or enter the days, one per line"),
        required=False,
        max_length=LARGEST,
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": "2026-10-01, free, National Day"}),
        help_text=_(
            "On each line, enter the date, then “free” (day off) or “working” (working day), then the name of "
            "the day. Separate the 3 parts by commas, semicolons or tabs."
        ),
    )

    helper = Fields(error_summary=True)
    problems = ()

    def clean(self):
        cleaned = super().clean()
        text = self.text(cleaned)
        if text is not None and not self.errors:
            self.days, self.problems = read_days(text)
            if self.problems:
                raise forms.ValidationError(_("Some lines could not be read, so nothing was changed."))
            if not self.days:
                raise forms.ValidationError(_("Choose a file, or enter at least 1 day off or working day."))
        return cleaned

    def text(self, cleaned):
        file = cleaned.get("file")
        if file and file.size > LARGEST:
            self.add_error("file", _("This file is too large. A calendar file has at most 200 KB."))
            return None
        return decoded(file.read()) if file else cleaned.get("lines", "")


@dataclass(frozen=True)
class DayLine:
    """A listed day. `is_own`: it belongs to the calendar shown, not to one that this calendar builds on."""

    day: date
    is_free: bool
    name: str
    is_own: bool


def calendar_url():
    return reverse("hr:calendar")


@form_view(calendar_url, allowed=handles_people, is_held=False)  # a file cannot be stored
def calendar(request):
    chosen = ListFilter(request.GET)
    team, year = chosen.chosen()
    if request.method != "POST":
        return calendar_page(request, chosen, DaysForm())
    form = DaysForm(request.POST, request.FILES)
    if not form.is_valid():
        return calendar_page(request, chosen, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    changed = add_days(team, form.days, by=request.user)
    message = ngettext(
        "%(number)d day was changed in the calendar.", "%(number)d days were changed in the calendar.", changed
    ) % {"number": changed}
    messages.success(request, message)
    return redirect(address_of(team, min(form.days).year if changed else year))


@post_view(calendar_url, allowed=handles_people)
def remove_calendar_days(request):
    team, year = ListFilter(request.GET).chosen()
    removed = remove_days(team, year, by=request.user)
    message = ngettext(
        "%(number)d day was removed from the calendar.", "%(number)d days were removed from the calendar.", removed
    ) % {"number": removed}
    messages.success(request, message)
    return redirect(address_of(team, year))


def address_of(team, year):
    """Return the URL of the calendar of a team (None: the site) in a year."""
    query = QueryDict(mutable=True)
    query.update({"year": year} | ({"team": team.pk} if team else {}))
    return f"{calendar_url()}?{query.urlencode()}"


def calendar_page(request, chosen, form, *, status=200):
    team, year = chosen.chosen()
    calendar = calendar_of(team)
    own = set(CalendarDay.objects.filter(team=team, day__year=year).values_list("day", flat=True))
    listed = sorted((day, each) for day, each in calendar.listed.items() if day.year == year)
    context = {
        "chosen": ListFilter({"team": team and team.pk, "year": year}),
        "whose": team.name if team else gettext("the site"),
        "year": year,
        "lines": [DayLine(day, each.is_free, calendar.name_of(day), day in own) for day, each in listed],
        "own": len(own),
        "what_is_known": what_is_known(years_known(calendar).get(year)),
        "query": address_of(team, year).partition("?")[2],
        "form": form,
    }
    return render(request, "hr/calendar.html", context, status=status)


def what_is_known(has_made_up):
    """Return a message if days are missing, else "". `has_made_up`: make-up days are listed; None: no day is listed."""
    if has_made_up is None:
        return gettext("No holidays of this year are listed. Only weekends are days off.")
    if not has_made_up:
        return gettext(
            "Only weekends and statutory holidays are listed. Weekend days that become working days because of "
            "a holiday are not listed yet."
        )
    return ""
