"""/due-days/: the own due days for calendar programs, under an address that nobody can guess."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from courseware.learning.due_feeds import DueFeed, due_calendar_of, end_feed, make_feed, owner_of
from courseware.learning.models import Enrollment
from courseware.learning.not_asked import NotAskedReason
from courseware.lib.page_views import form_view


@form_view("learning:due-days")
def due_days(request):
    """The address is on the answer to the press that made it, and nowhere afterwards."""
    if request.method == "POST" and "end" in request.POST:
        end_feed(request.user)
        messages.success(request, gettext("The calendar has ended: its address opens nothing any more."))
        return redirect("learning:due-days")
    address = make_feed(request.user) if request.method == "POST" else ""
    feed = DueFeed.objects.filter(person=request.user).first()
    return render(request, "learning/due_calendar.html", {"address": address, "feed": feed})


@require_safe
def due_feed(request, secret):
    person = owner_of(secret)
    if person is None:
        raise Http404
    # An absence moves due dates; it does not remove them from the calendar.
    runs = Enrollment.objects.asked(ignoring={NotAskedReason.AWAY}).filter(learner=person).exclude(due_at=None)
    runs = runs.with_release().with_zone().order_by("due_at", "pk")
    language = person.language or settings.LANGUAGE_CODE
    return HttpResponse(due_calendar_of(runs, language), content_type="text/calendar; charset=utf-8")
