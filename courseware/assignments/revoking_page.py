"""/rules/<rule>/take-back/: take back what a rule did for all or some people, after showing their names."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext

from courseware.accounts.permissions import handles_people
from courseware.assignments.revoking import runs_that_stay, runs_to_go, take_back_deeds, take_back_for_some
from courseware.assignments.rule_pages import rule_or_404
from courseware.lib.page_views import form_view
from courseware.lib.small_numbers import keys_in

NAMES_SHOWN = 50
TICKS_SHOWN = 500


@form_view("assignments:take-back-rule", allowed=handles_people, is_held=False)
def take_back_rule(request, pk):
    """POST `act`: "all", or "some" for the people ticked. Without `act` the page shows the people ticked."""
    rule = rule_or_404(pk)
    to_go, to_stay = runs_to_go(rule, request.user), runs_that_stay(rule, request.user)
    ticked = to_go.filter(pk__in=keys_in(request.POST.getlist("run"))) if request.method == "POST" else to_go.none()
    act = request.POST.get("act")
    if act == "all":
        say_all(request, take_back_deeds(rule, by=request.user), to_go.count())
        return redirect("assignments:rule", pk)
    if act == "some":
        keys = list(ticked.order_by("pk").values_list("pk", flat=True))
        say_some(request, take_back_for_some(rule, keys, by=request.user))
        return redirect("assignments:rule", pk)
    context = {
        "rule": rule,
        "chosen": with_names(ticked, None),
        "number": to_go.count(),
        "going": with_names(to_go, TICKS_SHOWN),
        "staying_number": to_stay.count(),
        "staying": [name for _pk, name in with_names(to_stay, NAMES_SHOWN)],
        "shown": NAMES_SHOWN,
        "ticks": TICKS_SHOWN,
    }
    return render(request, "assignments/take_back_rule.html", context)


def with_names(runs, most):
    return list(runs.order_by("learner__name", "pk").values_list("pk", "learner__name")[:most])


def say_all(request, number, left):
    if not number:
        messages.info(request, gettext("The rule is off. There was nothing to take back."))
        return
    words = ngettext(
        "The rule is off, and taken back for %(number)d person.",
        "The rule is off, and taken back for %(number)d people.",
        number,
    )
    messages.success(request, words % {"number": number})
    if left:
        words = ngettext("%(number)d more follows by itself.", "%(number)d more follow by themselves.", left)
        messages.info(request, words % {"number": left})


def say_some(request, number):
    if not number:
        messages.info(request, gettext("There was nothing to take back."))
        return
    words = ngettext(
        "Taken back for %(number)d person. The rule does not enroll this person again.",
        "Taken back for %(number)d people. The rule does not enroll them again.",
        number,
    )
    messages.success(request, words % {"number": number})
