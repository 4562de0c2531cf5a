"""/people/decide/remind/: a reminder to who is ticked on the board; /people/reminded/<pk>/: what became of it."""

from types import SimpleNamespace

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.permissions import manages_people
from courseware.assignments.decision_pages import by_reason, chosen_runs, data_of, preview_page, say_by_reason
from courseware.assignments.models import HandReminding
from courseware.assignments.reminding_by_hand import LeftOut, left_out, remind, undo_reminding
from courseware.learning.manager_actions.manager_action import ActionForm
from courseware.learning.models import Enrollment
from courseware.lib.page_views import form_view, page_view, post_view, posted

MOST_AT_ONCE = 500
REMIND = SimpleNamespace(title=_("Remind"), button=_("Send the reminders"))


@form_view("assignments:remind", allowed=manages_people)
def remind_chosen(request):
    form = ActionForm(posted(request))  # nothing to fill in: the letter says what is true when it leaves
    chosen = chosen_runs(Enrollment.objects.in_hands_of(request.user), data_of(request))
    runs = list(chosen.select_related("learner").order_by("learner__name", "pk"))
    why = left_out(runs, request.user)
    able = [run for run in runs if run.pk not in why]
    is_sent = request.method == "POST" and able and form.is_valid()
    if is_sent and (made := sent_or_refused(request, form, runs, able)):
        return redirect("assignments:reminded", made.pk)
    left = by_reason(left_out_in_words(LeftOut(run, why[run.pk]) for run in runs if run.pk in why))
    return preview_page(request, REMIND, form, [run.learner.name for run in able], left)


def sent_or_refused(request, form, runs, able):
    if len(able) > MOST_AT_ONCE:
        form.add_error(None, gettext("At most %(most)d people at once.") % {"most": MOST_AT_ONCE})
        return None
    # Asked once more, so that a second press, or a second manager, finds that a reminder waits.
    made, refused = remind([run.pk for run in runs], by=request.user)
    if made is None:
        form.add_error(None, gettext("For nobody of them would anything have changed, so nothing was done."))
        return None
    say_queued(request, len(made.letters))
    say_by_reason(request, left_out_in_words(refused))
    return made


def left_out_in_words(left):
    """What `by_reason` takes of each."""
    return [(each.why, each.words, each.run.learner.name) for each in left]


def say_queued(request, number):
    words = ngettext("%(number)d reminder is queued.", "%(number)d reminders are queued.", number)
    messages.success(request, words % {"number": number})


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
