"""/people/emails/: log of sent and waiting emails; /people/emails/scheduled/: scheduled emails."""

from datetime import timedelta
from itertools import islice

from crispy_forms.layout import Field
from django import forms
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from courseware.accounts.models import User
from courseware.accounts.permissions.permissions import handles_people, is_for_admins, is_no_staff, may_handle
from courseware.assignments.emails.scheduled_emails import ScheduledEmails, prepared_preview
from courseware.learning.due_dates.due_dates import spoken
from courseware.lib.admin.model_admins import MAX_LISTED_ROWS, LimitedPaginator
from courseware.lib.dates import site_day
from courseware.lib.web.form_layout import Fields
from courseware.lib.web.form_numbers import keys_in
from courseware.lib.web.page_views import page_view
from courseware.notifications.models import DeliveryState, OutgoingEmail

EMAILS_PER_PAGE = 50
FORESEEN = 100  # emails with which a page is full
PEOPLE_AT_ONCE = 200  # more are prepared by a worker
DAYS_AHEAD = 14


class EmailFilter(forms.Form):
    address = forms.CharField(
        label=_("Email or staff number"), required=False, max_length=254, widget=forms.SearchInput
    )
    state = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", pgettext_lazy("any state", "all")), *DeliveryState.choices]
    )
    helper = Fields(Field("address", wrapper_class="grow"), "state", form_method="get")

    @property
    def is_set(self):
        return any(self.data.get(name) for name in self.fields)

    def chosen_from(self, emails):
        """Return those of `emails` (queryset) that pass the filters; invalid filters are ignored."""
        self.full_clean()
        self.errors.clear()
        if name := self.cleaned_data.get("address"):
            people = User.objects.known_as(name).values("pk")
            emails = emails.filter(address=name.lower()) if "@" in name else emails.filter(person__in=people)
        if state := self.cleaned_data.get("state"):
            emails = emails.filter(state=state)
        return emails


def visible_emails():
    return OutgoingEmail.objects.filter(is_no_staff("person__")).select_related("person").order_by("-pk")


@page_view(allowed=handles_people)
def email_log(request):
    form = EmailFilter(request.GET)
    found = form.chosen_from(visible_emails())
    page = LimitedPaginator(found, EMAILS_PER_PAGE).get_page(request.GET.get("page"))
    for email in page.object_list:
        email.is_linked = may_handle(request.user, email.person)
    return render(request, "hr/emails.html", {"form": form, "page": page, "most": MAX_LISTED_ROWS})


class ScheduledEmailFilter(forms.Form):
    """Filter by day, in the URL; if missing or invalid, tomorrow."""

    in_days = forms.TypedChoiceField(label=_("Day"), required=False, coerce=int, empty_value=None)
    helper = Fields(form_method="get")

    def __init__(self, data):
        super().__init__(data)
        today = site_day()
        days = {each: today + timedelta(days=each) for each in range(DAYS_AHEAD + 1)}
        self.fields["in_days"].choices = [(each, spoken(day, today)) for each, day in days.items()]
        self.fields["in_days"].initial = 1

    def day(self):
        self.full_clean()
        in_days = self.cleaned_data.get("in_days")
        return site_day() + timedelta(days=1 if in_days is None else in_days)


def preview_of(day, after):
    """Return ((person id, emails) pairs of people with ids above `after`, when a worker prepared them or None). Return
    (None, None) if the worker is not ready. Raise PreviewFailed.
    """
    coming = ScheduledEmails(day)
    people = list(islice(coming.people(), PEOPLE_AT_ONCE + 1))
    if len(people) <= PEOPLE_AT_ONCE:
        return coming.foresee(each for each in people if each[0] > after), None
    if prepared := prepared_preview(day):
        return (each for each in prepared.foreseen() if each[0] > after), prepared.at
    return None, None


def page_of(preview):
    """Return (emails of a page, id of its last person; None on the last page). `preview`: (person id, emails) pairs by
    id. Recipients whom only superusers may change are left out.
    """
    lines, last = [], None
    for person, foreseen in preview:
        shown = [line for line in foreseen if not is_for_admins(line.message.person)]
        if shown and len(lines) >= FORESEEN:
            return lines, last
        last = person
        lines += shown
    return lines, None


@page_view(allowed=handles_people)
def scheduled_emails_page(request):
    day = ScheduledEmailFilter(request.GET).day()
    after = next(iter(keys_in([request.GET.get("after", "")])), 0)
    preview, prepared_at = preview_of(day, after)
    lines, next_after = page_of(preview or ())
    context = {
        "chosen": ScheduledEmailFilter({"in_days": (day - site_day()).days}),
        "day": day,
        "lines": lines,
        "is_ready": preview is not None,
        "prepared_at": prepared_at,
        "is_first": not after,
        "next_after": next_after,
    }
    return render(request, "hr/scheduled_emails.html", context)
