"""Page *Today* and answers to learners' requests: /team/today/, /team/people/<pk>/extension/ and …/question/."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from courseware.accounts.models import User
from courseware.accounts.permissions.permissions import handles_people, people_managed_by, teams_managed_by
from courseware.accounts.security.sessions import MANAGES
from courseware.accounts.sign_in.return_urls import page_before
from courseware.assignments.manager_actions.daily_actions import (
    Confirmed,
    NotReminded,
    carry_out,
    reminders_of,
    undo_actions,
)
from courseware.assignments.manager_actions.views import (
    say,
    say_queued,
    say_undone,
    say_who_was_skipped,
    skipped_text,
)
from courseware.assignments.models import Conversation, ManualReminder
from courseware.assignments.names_text import names_text, say_by_reason
from courseware.learner_home.home import OtherTask
from courseware.learning.due_dates.due_dates import DueDayField
from courseware.learning.due_dates.extensions import RequestNotOpen, answer_extension_request, answer_question
from courseware.learning.lessons.forms import ExtensionAnswerForm
from courseware.learning.manager_actions.extension import Extend
from courseware.learning.manager_actions.manager_action import ActionRefusal, may_change
from courseware.learning.models import Adjustment, AdjustmentItem, ExtensionRequest
from courseware.lib.web.form_numbers import keys_in
from courseware.lib.web.page_views import form_view, post_view
from courseware.reporting.dashboard.rows import MANY_TEAMS
from courseware.reporting.dashboard.totals import manages_many
from courseware.reporting.today.suggested_actions import LINES, REMINDERS_AT_ONCE, led_by, suggested_actions_for
from courseware.reporting.views.dashboard import TO_UNDO, offer_undo
from courseware.reporting.views.person import person_address, visible_enrollment

End = ExtensionRequest.End
HAVE_ONE = (NotReminded.WAITS, NotReminded.REMINDED)
HAVE_THE_DAY = (ActionRefusal.UNCHANGED, ActionRefusal.LATER)


class TodayForm(forms.Form):
    """Checked boxes on *Today*. `led`: query of enrollments the user may change. The valid form has `confirmed`."""

    def __init__(self, data, *, led):
        super().__init__(data)
        self.led = led

    def clean(self):
        remind = keys_in(".".join(self.data.getlist("remind")).split("."))
        extend = dict(enrollment_and_day(value) for value in self.data.getlist("extend"))
        conversation = keys_in(self.data.getlist("talk"))
        if not (remind or extend or conversation):
            raise ValidationError(gettext("You selected nothing, so nothing was done."))
        if len(remind) > REMINDERS_AT_ONCE or max(len(extend), len(conversation)) > LINES:
            raise ValidationError(gettext("You sent more actions than the page offers, so nothing was done."))
        own = set(self.led.filter(pk__in=[*remind, *extend, *conversation]).values_list("pk", flat=True))
        if not own:
            raise ValidationError(gettext("You do not manage any of these people, so nothing was done."))
        days = {enrollment: day for enrollment, day in extend.items() if enrollment in own}
        self.confirmed = Confirmed(own.intersection(remind), days, own.intersection(conversation))


def enrollment_and_day(value):
    """Parse `<enrollment id>:<date>`; the id is 0 if invalid. Raise `ValidationError` for an invalid or past date."""
    enrollment, _colon, day = value.partition(":")
    return next(iter(keys_in([enrollment])), 0), DueDayField().clean(day)


@form_view("reporting:today")
def today(request):
    """The page, or only its section for the dashboard's script."""
    teams = teams_managed_by(request.user).count()
    if not (teams or handles_people(request.user)):
        raise Http404
    if request.method == "POST":
        return confirm(request)
    draft = suggested_actions_for(request.user, timezone.now(), counts_others=teams <= MANY_TEAMS)
    part = "HX-Request" in request.headers
    return render(request, "reporting/_today.html" if part else "reporting/today.html", {"draft": draft})


def work_of_manager(request):
    """Return a manager's task for the home page, else None. Tasks of very large teams are not counted."""
    if not request.session[MANAGES]:
        return None
    if manages_many(request.user, timezone.now()):
        return OtherTask(gettext("Your team: what to do today"), reverse("reporting:today"))
    number = suggested_actions_for(request.user, timezone.now(), counts_others=False).number
    if not number:
        return OtherTask(gettext("Your team: nothing to do today"), reverse("reporting:dashboard"))
    text = ngettext("Your team: %(number)d thing to do today", "Your team: %(number)d things to do today", number)
    return OtherTask(text % {"number": number}, reverse("reporting:today"))


def confirm(request):
    form = TodayForm(request.POST, led=led_by(request.user))
    if not form.is_valid():
        messages.error(request, form.non_field_errors()[0])
        return redirect("reporting:today")
    done = carry_out(form.confirmed, by=request.user)
    if done:
        offer_undo(
            request,
            reminding=done.reminding and done.reminding.pk,
            act=[each.pk for each in done.adjustments],
            talk=[each.pk for each in done.talks],
        )
    say_what_was_done(request, done)
    say_who_was_left_out(request, done, form.confirmed.extend)
    return redirect("reporting:dashboard")


def say_what_was_done(request, done):
    if done.reminding:
        say_queued(request, len({email.person_id for email in done.reminding.sent()}))
    for adjustment in done.adjustments:
        names = names_text([item.learner.name for item in adjustment.lines.select_related("learner")])
        message = gettext("The due date of %(name)s is now %(due_on)s.")
        messages.success(request, message % {"name": names, "due_on": date_format(adjustment.due_on)})
    if done.talks:
        names = names_text([conversation.enrollment.learner.name for conversation in done.talks])
        messages.success(request, gettext("Saved: you have talked to %(names)s.") % {"names": names})


def say_who_was_left_out(request, done, extended):
    """Add messages about people left out. `done`: of `carry_out`; `extended`: ids of enrollments to be extended."""
    if not done:
        messages.info(request, gettext("No new action was taken."))
    have_one = [each.run for each in done.left_out if each.why in HAVE_ONE]
    say_by_reason(request, skipped_text(each for each in done.left_out if each.why not in HAVE_ONE))
    for text, names in who_had_reminded(have_one, request.user):
        messages.info(request, f"{names}{gettext(': ')}{text}")
    say_days_refused(request, done, extended)
    for conversation in done.noted_before:
        text = by_whom_and_when("talk", conversation.made_by, conversation.made_at, request.user)
        messages.info(request, f"{conversation.enrollment.learner.name}{gettext(': ')}{text}")


def say_days_refused(request, done, extended):
    late = {each.learner for each in done.refused if each.why in HAVE_THE_DAY}
    before = days_given(extended).exclude(adjustment__in=done.adjustments)
    given = {item.enrollment_id: item for item in before if item.learner_id in late}  # a person may have 2 enrollments
    for item in given.values():
        text = day_given(item, request.user)
        messages.info(request, f"{item.learner.name}{gettext(': ')}{text}")
    have_it = {item.learner_id for item in given.values()}
    say_who_was_skipped(request, [each for each in done.refused if each.learner not in have_it])


def days_given(enrollments):
    """Return extensions (AdjustmentItem) of these enrollments (ids) that are not undone, newest last. Runs 1 query."""
    items = AdjustmentItem.objects.filter(enrollment__in=list(enrollments), adjustment__kind=Extend.kind)
    items = items.filter(undone_at=None, adjustment__made_by__isnull=False).exclude(made_at=None)
    return items.select_related("learner", "adjustment__made_by").order_by("pk")


def day_given(item, reader):
    by = item.adjustment.made_by
    text = gettext("due date extended to %(day)s by you, %(time)s")
    if by != reader:
        text = gettext("due date extended to %(day)s by %(name)s, %(time)s")
    time = date_format(timezone.localtime(item.made_at), "SHORT_DATETIME_FORMAT")
    return text % {"name": by.name, "day": date_format(item.adjustment.due_on), "time": time}


def who_had_reminded(enrollments, reader):
    """Return (sender and time as text for `reader`, names) of earlier reminders. `enrollments`: list of Enrollment."""
    emails = reminders_of(enrollments) if enrollments else {}
    senders = User.objects.in_bulk({email.data["by"] for email in emails.values() if email.data["by"]})
    names_by_text = {}
    for enrollment in enrollments:
        email = emails.get(enrollment.pk)
        sender = senders.get(email.data["by"]) if email else None
        at = (email.written_at if sender else email.ended_at) if email else None
        names_by_text.setdefault(by_whom_and_when("reminder", sender, at, reader), []).append(enrollment.learner.name)
    return [(text, names_text(names)) for text, names in names_by_text.items()]


def by_whom_and_when(action, person, at, reader):
    """Return the text about an earlier action for `reader`. `action`: "reminder" or "talk"; `person`: None for an
    automatic reminder; `at`: None for a reminder that is not sent yet.
    """
    if at is None:
        return gettext("the reminder will be sent automatically")
    time = date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
    if person is None:
        texts = {"reminder": gettext("the reminder was sent automatically, %(time)s")}
    elif person == reader:
        texts = {
            "talk": gettext("conversation recorded by you, %(time)s"),
            "reminder": gettext("reminder sent by you, %(time)s"),
        }
    else:
        texts = {
            "talk": gettext("conversation recorded by %(name)s, %(time)s"),
            "reminder": gettext("reminder sent by %(name)s, %(time)s"),
        }
    return texts[action] % {"name": person and person.name, "time": time}


@post_view("reporting:dashboard", is_held=False)
def undo_today(request):
    """Undo the actions the user has just confirmed, as far as possible."""
    reminding = ManualReminder.objects.filter(made_by=request.user, pk__in=keys_in(request.POST.getlist("reminding")))
    adjustments = Adjustment.objects.filter(made_by=request.user, pk__in=keys_in(request.POST.getlist("act")))
    conversations = Conversation.objects.filter(made_by=request.user, pk__in=keys_in(request.POST.getlist("talk")))
    refused = ExtensionRequest.objects.filter(ended_by=request.user, pk__in=keys_in(request.POST.getlist("refused")))
    own = reminding.first(), list(adjustments), list(conversations), list(refused.values_list("pk", flat=True))
    if not any(own):
        raise Http404
    taken = undo_actions(*own, by=request.user)
    request.session.pop(TO_UNDO, None)
    say_undone(request, taken.reminders)
    for adjustment, done, left in taken.days:
        say(request, adjustment, done, left)
    if taken.talks:
        message = ngettext(
            "The record of %(number)d conversation was undone.",
            "The records of %(number)d conversations were undone.",
            taken.talks,
        )
        messages.success(request, message % {"number": taken.talks})
    if taken.refusals:
        message = ngettext(
            "The answer to %(number)d extension request was undone. The request is waiting for an answer again.",
            "The answers to %(number)d extension requests were undone. The requests are waiting for an answer again.",
            taken.refusals,
        )
        messages.success(request, message % {"number": taken.refusals})
    return redirect(page_before(request) or "reporting:dashboard")


# Answers to requests and questions


@post_view(person_address)
def answer_day(request, pk):
    """Answer an extension request from the person's page or *Today*, which offers *Undo*."""
    enrollment = visible_enrollment(request.user, pk)
    if not may_change(request.user, enrollment):
        raise Http404
    back = page_before(request) or reverse("reporting:person", args=[pk])
    form = ExtensionAnswerForm(request.POST, enrollment=enrollment)
    if not form.is_valid():
        messages.error(request, next(iter(form.errors.values()))[0])
        return redirect(back)
    key = form.cleaned_data["request"]
    if not enrollment.extension_requests.filter(pk=key).exists():
        raise Http404
    try:
        answered = answer_extension_request(key, form.cleaned_answer, by=request.user)
    except RequestNotOpen as error:
        messages.info(request, why_not_answered(error, enrollment, request.user))
    else:
        if back == reverse("reporting:dashboard"):  # the person's page has its own undo buttons
            offer_undo(request, **to_undo(answered))
        messages.success(request, said(answered, enrollment))
    return redirect(back)


@post_view(person_address)
def answer_question_of(request, pk):
    """Mark a learner's question as answered."""
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
    """Return the keyword arguments of `offer_undo` for an answered extension request."""
    given = [answered.adjustment_id] if answered.adjustment_id else []
    return {"act": given, "refused": [] if given else [answered.pk]}


def said(answered, enrollment):
    name = enrollment.learner.name
    if answered.given_on:
        message = gettext("The due date of %(name)s is now %(due_on)s.")
        return message % {"name": name, "due_on": date_format(answered.given_on)}
    return gettext(
        "The extension request of %(name)s was declined. The due date stays the same. The learner gets a notification."
    ) % {"name": name}


def why_not_answered(error, enrollment, reader):
    """Return a message to `reader` about a `RequestNotOpen` of `enrollment`, such as the answer of another manager."""
    request, name = error.request, enrollment.learner.name
    if error.why:
        return f"{name}{gettext(': ')}{error.why.label}"
    if request.end in (End.GIVEN, End.ANOTHER, End.REFUSED):
        return answered_before(request, name, reader)
    if request.end == End.TAKEN_BACK:
        return gettext("%(name)s has withdrawn the extension request.") % {"name": name}
    return gettext("The extension request of %(name)s has expired, so nothing was done.") % {"name": name}


def answered_before(request, name, reader):
    answered_by = gettext("you") if request.ended_by_id == reader.pk else request.ended_by.name
    time = date_format(timezone.localtime(request.ended_at), "SHORT_DATETIME_FORMAT")
    values = {"name": name, "who": answered_by, "time": time, "day": request.given_on and date_format(request.given_on)}
    if request.given_on:
        return (
            gettext(
                "The extension request of %(name)s was answered by %(who)s (%(time)s): the due date was "
                "extended to %(day)s."
            )
            % values
        )
    return (
        gettext("The extension request of %(name)s was answered by %(who)s (%(time)s): the due date stays the same.")
        % values
    )
