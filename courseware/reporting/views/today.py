"""/team/today/: actions drafted for a manager; /team/people/<pk>/extension/ and …/question/: answers to a learner."""

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
from courseware.reporting.today.suggested_actions import LETTERS_AT_ONCE, LINES, draft_for, led_by
from courseware.reporting.views.dashboard import TO_UNDO, offer_undo
from courseware.reporting.views.person import person_address, visible_enrollment

End = ExtensionRequest.End
HAVE_ONE = (NotReminded.WAITS, NotReminded.REMINDED)
HAVE_THE_DAY = (ActionRefusal.UNCHANGED, ActionRefusal.LATER)


class TodayForm(forms.Form):
    """The boxes ticked on *Today*. `led`: enrollments the user may change; the cleaned form has `confirmed`."""

    def __init__(self, data, *, led):
        super().__init__(data)
        self.led = led

    def clean(self):
        remind = keys_in(".".join(self.data.getlist("remind")).split("."))
        extend = dict(enrollment_and_day(value) for value in self.data.getlist("extend"))
        talk = keys_in(self.data.getlist("talk"))
        if not (remind or extend or talk):
            raise ValidationError(gettext("You selected nothing, so nothing was done."))
        if len(remind) > LETTERS_AT_ONCE or max(len(extend), len(talk)) > LINES:
            raise ValidationError(gettext("You sent more actions than the page offers, so nothing was done."))
        own = set(self.led.filter(pk__in=[*remind, *extend, *talk]).values_list("pk", flat=True))
        if not own:
            raise ValidationError(gettext("You do not manage any of these people, so nothing was done."))
        days = {run: day for run, day in extend.items() if run in own}
        self.confirmed = Confirmed(own.intersection(remind), days, own.intersection(talk))


def enrollment_and_day(value):
    """Raises ValidationError if there is no such day or it is over."""
    run, _colon, day = value.partition(":")
    return next(iter(keys_in([run])), 0), DueDayField().clean(day)


@form_view("reporting:today")
def today(request):
    """The page, or only its section if the dashboard's script asks for it."""
    teams = teams_managed_by(request.user).count()
    if not (teams or handles_people(request.user)):
        raise Http404
    if request.method == "POST":
        return confirm(request)
    draft = draft_for(request.user, timezone.now(), counts_others=teams <= MANY_TEAMS)
    part = "HX-Request" in request.headers
    return render(request, "reporting/_today.html" if part else "reporting/today.html", {"draft": draft})


def work_of_manager(request):
    """The manager's tasks for the home page; not counted if there are many people."""
    if not request.session[MANAGES]:
        return None
    if manages_many(request.user, timezone.now()):
        return OtherTask(gettext("Your team: what to do today"), reverse("reporting:today"))
    number = draft_for(request.user, timezone.now(), counts_others=False).number
    if not number:
        return OtherTask(gettext("Your team: nothing to do today"), reverse("reporting:dashboard"))
    words = ngettext("Your team: %(number)d thing to do today", "Your team: %(number)d things to do today", number)
    return OtherTask(words % {"number": number}, reverse("reporting:today"))


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
        say_queued(request, len({letter.person_id for letter in done.reminding.sent()}))
    for adjustment in done.adjustments:
        names = names_text([line.learner.name for line in adjustment.lines.select_related("learner")])
        words = gettext("The due date of %(name)s is now %(due_on)s.")
        messages.success(request, words % {"name": names, "due_on": date_format(adjustment.due_on)})
    if done.talks:
        names = names_text([talk.enrollment.learner.name for talk in done.talks])
        messages.success(request, gettext("Conversation recorded with %(names)s.") % {"names": names})


def say_who_was_left_out(request, done, extended):
    """Name the people left out; if they have a reminder or the day already, also by whom and when."""
    if not done:
        messages.info(request, gettext("No new action was taken."))
    have_one = [each.run for each in done.left_out if each.why in HAVE_ONE]
    say_by_reason(request, skipped_text(each for each in done.left_out if each.why not in HAVE_ONE))
    for words, names in who_had_reminded(have_one, request.user):
        messages.info(request, f"{names}{gettext(': ')}{words}")
    say_days_refused(request, done, extended)
    for talk in done.noted_before:
        words = by_whom_and_when("talk", talk.made_by, talk.made_at, request.user)
        messages.info(request, f"{talk.enrollment.learner.name}{gettext(': ')}{words}")


def say_days_refused(request, done, extended):
    late = {each.learner for each in done.refused if each.why in HAVE_THE_DAY}
    before = days_given(extended).exclude(adjustment__in=done.adjustments)
    given = {line.enrollment_id: line for line in before if line.learner_id in late}  # somebody may learn in two
    for line in given.values():
        words = day_given(line, request.user)
        messages.info(request, f"{line.learner.name}{gettext(': ')}{words}")
    have_it = {line.learner_id for line in given.values()}
    say_who_was_skipped(request, [each for each in done.refused if each.learner not in have_it])


def days_given(runs):
    """Due dates given to these enrollments and not undone, the newest last. Runs one query."""
    lines = AdjustmentItem.objects.filter(enrollment__in=list(runs), adjustment__kind=Extend.kind)
    lines = lines.filter(undone_at=None, adjustment__made_by__isnull=False).exclude(made_at=None)
    return lines.select_related("learner", "adjustment__made_by").order_by("pk")


def day_given(line, reader):
    by = line.adjustment.made_by
    words = gettext("extended to %(day)s by you, %(time)s")
    if by != reader:
        words = gettext("extended to %(day)s by %(name)s, %(time)s")
    time = date_format(timezone.localtime(line.made_at), "SHORT_DATETIME_FORMAT")
    return words % {"name": by.name, "day": date_format(line.adjustment.due_on), "time": time}


def who_had_reminded(runs, reader):
    """(by whom and when, names)."""
    letters = reminders_of(runs) if runs else {}
    senders = User.objects.in_bulk({letter.data["by"] for letter in letters.values() if letter.data["by"]})
    said = {}
    for run in runs:
        letter = letters.get(run.pk)
        sender = senders.get(letter.data["by"]) if letter else None
        at = (letter.written_at if sender else letter.ended_at) if letter else None
        said.setdefault(by_whom_and_when("reminder", sender, at, reader), []).append(run.learner.name)
    return [(words, names_text(names)) for words, names in said.items()]


def by_whom_and_when(what, person, at, reader):
    if at is None:
        return gettext("the reminder is sent automatically")
    time = date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
    if person is None:
        words = {"reminder": gettext("the reminder was sent automatically, %(time)s")}
    elif person == reader:
        words = {
            "talk": gettext("conversation recorded by you, %(time)s"),
            "reminder": gettext("reminder sent by you, %(time)s"),
        }
    else:
        words = {
            "talk": gettext("conversation recorded by %(name)s, %(time)s"),
            "reminder": gettext("reminder sent by %(name)s, %(time)s"),
        }
    return words[what] % {"name": person and person.name, "time": time}


@post_view("reporting:dashboard", is_held=False)
def undo_today(request):
    """Undo what the user has just confirmed, as far as possible."""
    reminding = ManualReminder.objects.filter(made_by=request.user, pk__in=keys_in(request.POST.getlist("reminding")))
    adjustments = Adjustment.objects.filter(made_by=request.user, pk__in=keys_in(request.POST.getlist("act")))
    talks = Conversation.objects.filter(made_by=request.user, pk__in=keys_in(request.POST.getlist("talk")))
    refused = ExtensionRequest.objects.filter(ended_by=request.user, pk__in=keys_in(request.POST.getlist("refused")))
    own = reminding.first(), list(adjustments), list(talks), list(refused.values_list("pk", flat=True))
    if not any(own):
        raise Http404
    taken = undo_actions(*own, by=request.user)
    request.session.pop(TO_UNDO, None)
    say_undone(request, taken.letters)
    for adjustment, done, left in taken.days:
        say(request, adjustment, done, left)
    if taken.talks:
        words = ngettext("%(number)d conversation undone.", "%(number)d conversations undone.", taken.talks)
        messages.success(request, words % {"number": taken.talks})
    if taken.refusals:
        words = ngettext(
            "%(number)d answer undone. The request is open again.",
            "%(number)d answers undone. The requests are open again.",
            taken.refusals,
        )
        messages.success(request, words % {"number": taken.refusals})
    return redirect(page_before(request) or "reporting:dashboard")


# Answers to requests and questions


@post_view(person_address)
def answer_day(request, pk):
    """Answer a request from the person's page or *Today*, where the answer can be undone."""
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
        if back == reverse("reporting:dashboard"):  # the person's page has buttons of its own
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
        words = gettext("The due date of %(name)s is now %(due_on)s.")
        return words % {"name": name, "due_on": date_format(answered.given_on)}
    return gettext("%(name)s keeps the current due date and gets a notification.") % {"name": name}


def why_not_answered(error, enrollment, reader):
    """What has become of the request; the second of two managers reads what the first has answered."""
    request, name = error.request, enrollment.learner.name
    if error.why:
        return f"{name}{gettext(': ')}{error.why.label}"
    if request.end in (End.GIVEN, End.ANOTHER, End.REFUSED):
        return answered_before(request, name, reader)
    if request.end == End.TAKEN_BACK:
        return gettext("%(name)s has withdrawn the request.") % {"name": name}
    return gettext("The request of %(name)s has expired, so nothing was done.") % {"name": name}


def answered_before(request, name, reader):
    who = gettext("you") if request.ended_by_id == reader.pk else request.ended_by.name
    time = date_format(timezone.localtime(request.ended_at), "SHORT_DATETIME_FORMAT")
    values = {"name": name, "who": who, "time": time, "day": request.given_on and date_format(request.given_on)}
    if request.given_on:
        return gettext("The request of %(name)s was answered by %(who)s, %(time)s: extended to %(day)s.") % values
    return gettext("The request of %(name)s was answered by %(who)s, %(time)s: the due date stays the same.") % values
