"""/team/people/<pk>/another-day/ and …/question/: answers to a learner's request or question."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from courseware.accounts.addresses import page_before
from courseware.accounts.permissions import people_managed_by
from courseware.learning.asking import CannotAnswer, answer_day_request, answer_question
from courseware.learning.day_requests import DayRequest
from courseware.learning.forms import DayAnswerForm
from courseware.learning.manager_actions.manager_action import may_change
from courseware.lib.page_views import post_view
from courseware.lib.small_numbers import keys_in
from courseware.reporting.views.board import offer_undo
from courseware.reporting.views.person import person_address, visible_enrollment

End = DayRequest.End


@post_view(person_address)
def answer_day(request, pk):
    """Answer a request from the person's page or *Today*, where the answer can be undone."""
    enrollment = visible_enrollment(request.user, pk)
    if not may_change(request.user, enrollment):
        raise Http404
    back = page_before(request) or reverse("reporting:person", args=[pk])
    form = DayAnswerForm(request.POST, enrollment=enrollment)
    if not form.is_valid():
        messages.error(request, next(iter(form.errors.values()))[0])
        return redirect(back)
    key = form.cleaned_data["request"]
    if not enrollment.day_requests.filter(pk=key).exists():
        raise Http404
    try:
        answered = answer_day_request(key, form.cleaned_answer, by=request.user)
    except CannotAnswer as error:
        messages.info(request, why_not_answered(error, enrollment, request.user))
    else:
        if back == reverse("reporting:board"):  # the person's page has buttons of its own
            offer_undo(request, **to_undo(answered))
        messages.success(request, said(answered, enrollment))
    return redirect(back)


@post_view(person_address)
def answer_question_of(request, pk):
    """A manager marks a question as answered."""
    enrollment = visible_enrollment(request.user, pk)
    keys = keys_in([request.POST.get("question", "")])
    is_managed = people_managed_by(request.user).filter(person=enrollment.learner_id).exists()
    if not is_managed or not enrollment.manager_questions.filter(pk__in=keys).exists():
        raise Http404
    for key in keys:
        if answer_question(key, by=request.user):
            messages.success(request, gettext("The question is marked as answered."))
        else:
            messages.info(request, gettext("The question had already been marked as answered."))
    return redirect(page_before(request) or reverse("reporting:person", args=[pk]))


def to_undo(answered):
    """Keyword arguments of `offer_undo`."""
    given = [answered.adjustment_id] if answered.adjustment_id else []
    return {"act": given, "refused": [] if given else [answered.pk]}


def said(answered, enrollment):
    name = enrollment.learner.name
    if answered.given_on:
        words = gettext("%(name)s has time until %(due_on)s.")
        return words % {"name": name, "due_on": date_format(answered.given_on)}
    return gettext("%(name)s keeps the due day, and is told so.") % {"name": name}


def why_not_answered(error, enrollment, reader):
    """What has become of the request; the second of two managers reads what the first has answered."""
    request, name = error.request, enrollment.learner.name
    if error.why:
        return f"{name}{gettext(': ')}{error.why.label}"
    if request.end in (End.GIVEN, End.ANOTHER, End.REFUSED):
        return answered_before(request, name, reader)
    if request.end == End.TAKEN_BACK:
        return gettext("%(name)s has taken the request back.") % {"name": name}
    return gettext("The request of %(name)s has ended by itself, so nothing was done.") % {"name": name}


def answered_before(request, name, reader):
    who = gettext("you") if request.ended_by_id == reader.pk else request.ended_by.name
    time = date_format(timezone.localtime(request.ended_at), "SHORT_DATETIME_FORMAT")
    values = {"name": name, "who": who, "time": time, "day": request.given_on and date_format(request.given_on)}
    if request.given_on:
        return gettext("%(name)s was answered by %(who)s, %(time)s: until %(day)s.") % values
    return gettext("%(name)s was answered by %(who)s, %(time)s: the due day stays.") % values
