"""/people/decide/remind/: a reminder to who is ticked on the board; /people/reminded/<pk>/: what became of it."""

from itertools import groupby
from operator import attrgetter
from types import SimpleNamespace

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.addresses import page_before
from courseware.accounts.permissions import manages_people
from courseware.assignments.decision_pages import chosen_runs, fields_chosen, names_in_words
from courseware.assignments.models import HandReminding
from courseware.assignments.reminding_by_hand import LeftOut, left_out, remind, undo_reminding
from courseware.learning.manager_actions.manager_action import ActionForm
from courseware.learning.models import Enrollment
from courseware.lib.page_views import form_view, page_view, post_view, posted, render_form

MOST_AT_ONCE = 500
REMIND = SimpleNamespace(title=_("Remind"), button=_("Send the reminders"))


class RemindForm(ActionForm):
    """Nothing to fill in: the letter says what is true when it leaves."""


@form_view("assignments:remind", allowed=manages_people)
def remind_chosen(request):
    """Whom it reminds, whom not and why; sent, the letters are queued."""
    data = request.POST if request.method == "POST" else request.GET
    form = RemindForm(posted(request))
    runs = list(
        chosen_runs(Enrollment.objects.in_hands_of(request.user), data)
        .select_related("learner")
        .order_by("learner__name", "pk")
    )
    why = left_out(runs, request.user)
    able = [run for run in runs if run.pk not in why]
    is_sent = request.method == "POST" and able and form.is_valid()
    if is_sent and (made := sent_or_refused(request, form, runs, able)):
        return redirect("assignments:reminded", made.pk)
    context = {
        "action": REMIND,
        "touched": len(able),
        "names": names_in_words([run.learner.name for run in able]),
        "left": by_reason(LeftOut(run, why[run.pk]) for run in runs if run.pk in why),
        "chosen": fields_chosen(data, "row", "team"),
        "page_before": page_before(request),
    }
    return render_form(request, "assignments/decide.html", form, context)


def sent_or_refused(request, form, runs, able):
    """The reminder that was sent; None where the form says why it was not."""
    if len(able) > MOST_AT_ONCE:
        form.add_error(None, gettext("At most %(most)d people at once.") % {"most": MOST_AT_ONCE})
        return None
    made = send_to(request, runs)
    if not made:
        form.add_error(None, gettext("For nobody of them would anything have changed, so nothing was done."))
    return made


def send_to(request, runs):
    """Asked once more, so that a second press, or a second manager, finds that a reminder waits. None: to nobody."""
    made, refused = remind([run.pk for run in runs], by=request.user)
    if made:
        say_queued(request, len(made.letters))
    for label, names in by_reason(refused) if made else ():
        messages.info(request, f"{names}{gettext(': ')}{label}")
    return made


def say_queued(request, number):
    words = ngettext("%(number)d reminder is queued.", "%(number)d reminders are queued.", number)
    messages.success(request, words % {"number": number})


def by_reason(refused):
    """(reason, names), as a page prints them."""
    rows = sorted(refused, key=attrgetter("why"))
    return [
        (words, names_in_words([each.run.learner.name for each in alike]))
        for words, alike in groupby(rows, attrgetter("words"))
    ]


def own_reminding(request, pk):
    return get_object_or_404(HandReminding.objects.select_related("made_by"), pk=pk, made_by=request.user)


@page_view()
def reminded(request, pk):
    reminding = own_reminding(request, pk)
    letters = list(reminding.sent())
    context = {"reminding": reminding, "letters": letters, "may_undo": any(each.may_be_taken_back for each in letters)}
    return render(request, "assignments/reminded.html", context)


@post_view("assignments:reminded")
def take_back_reminders(request, pk):
    say_taken_back(request, undo_reminding(own_reminding(request, pk)))
    return redirect("assignments:reminded", pk)


def say_taken_back(request, undone):
    """How many letters are not sent, and how many have left."""
    if taken := undone.not_sent:
        words = ngettext("%(number)d letter is not sent.", "%(number)d letters are not sent.", taken)
        messages.success(request, words % {"number": taken})
    if left := undone.left:
        words = ngettext("%(number)d letter has left already.", "%(number)d letters have left already.", left)
        messages.info(request, words % {"number": left})
    if told := undone.left_in_another:
        words = ngettext(
            "%(number)d reminder was told within another letter, which has left already or is leaving.",
            "%(number)d reminders were told within other letters, which have left already or are leaving.",
            told,
        )
        messages.info(request, words % {"number": told})
