"""Pages to request an extension (/learn/<course>/extension/) and to subscribe to due dates (/calendar/)."""

from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from courseware.accounts.teams.managers import manager_of
from courseware.learning.due_dates.calendar_feed import CalendarFeed, due_calendar_of, end_feed, make_feed, owner_of
from courseware.learning.due_dates.due_dates import day_text, due_of
from courseware.learning.due_dates.extensions import (
    ExtensionNotAllowed,
    last_request,
    may_ask,
    request_extension,
    withdraw_request,
)
from courseware.learning.learner_context import learner_context_of
from courseware.learning.lessons.course_rendering import render_in_course
from courseware.learning.lessons.forms import ExtensionRequestForm
from courseware.learning.models import Enrollment
from courseware.learning.status.not_asked import NotAskedReason
from courseware.lib.web.page_views import form_status, form_view, post_view, posted


@form_view("learning:extension")
def extension_page(request, course):
    learner_context = learner_context_of(request, course)
    enrollment = learner_context.enrollment
    form = ExtensionRequestForm(posted(request), enrollment=enrollment) if may_ask(enrollment) else None
    if request.method == "POST" and (form is None or form.is_valid()):
        if form:
            say_pending_request(request, enrollment, form.cleaned_data)
        return redirect("learning:extension", course)
    manager = manager_of(request.user)
    context = {
        "form": form,
        "last": last_request(enrollment),
        "due": due_of(enrollment),
        "manager": manager.person.name if manager else "",
    }
    status = form_status(form) if form else HTTPStatus.OK
    return render_in_course(request, learner_context, "learning/extension.html", context, status=status)


def say_pending_request(request, enrollment, cleaned):
    """Create a request, or report the open one."""
    day = cleaned["due_on"]
    try:
        waiting = request_extension(enrollment, day, cleaned["reason"])
    except ExtensionNotAllowed:  # completed or exempt in the meantime; the page shows it
        return
    if waiting.day == day:
        messages.success(request, _("You asked to extend the due date to %(day)s.") % {"day": day_text(day)})
    else:
        message = _(
            "You have already asked to extend the due date to %(day)s. Withdraw that request first to "
            "ask for another date."
        )
        messages.info(request, message % {"day": day_text(waiting.day)})


@post_view("learning:extension")
def withdraw_request_page(request, course):
    if withdraw_request(learner_context_of(request, course).enrollment):
        messages.success(request, _("Your request is withdrawn. The due date stays the same."))
    else:
        messages.info(request, _("You have no open extension request, so nothing was withdrawn."))
    return redirect("learning:extension", course)


@form_view("learning:calendar")
def calendar(request):
    """The URL is shown once, in the response to the POST that created it."""
    if request.method == "POST" and "end" in request.POST:
        end_feed(request.user)
        messages.success(request, gettext("The calendar is turned off. Its address no longer works."))
        return redirect("learning:calendar")
    address = make_feed(request.user) if request.method == "POST" else ""
    feed = CalendarFeed.objects.filter(person=request.user).first()
    return render(request, "learning/calendar_feed.html", {"address": address, "feed": feed})


@require_safe
def calendar_feed(request, secret):
    person = owner_of(secret)
    if person is None:
        raise Http404
    # An absence moves due dates; it does not remove them from the calendar.
    enrollments = Enrollment.objects.asked(ignoring={NotAskedReason.AWAY}).filter(learner=person).exclude(due_at=None)
    enrollments = enrollments.with_release().with_zone().order_by("due_at", "pk")
    language = person.language or settings.LANGUAGE_CODE
    return HttpResponse(due_calendar_of(enrollments, language), content_type="text/calendar; charset=utf-8")
