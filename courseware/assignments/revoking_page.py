"""/rules/<rule>/take-back/: what a rule did is taken back, once it was shown of whom."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods

from courseware.assignments.revoking import runs_that_stay, runs_to_go, take_back_deeds
from courseware.assignments.rule_pages import rule_or_404
from courseware.lib.form_pages import form_on

NAMES_SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
@form_on(lambda pk: reverse("assignments:take-back-rule", args=[pk]), is_held=False)
@login_required
def take_back_rule(request, pk):
    rule = rule_or_404(request, pk)
    if request.method == "POST":
        say(request, take_back_deeds(rule, by=request.user), runs_to_go(rule).count())
        return redirect("assignments:rule", pk)
    to_go, to_stay = runs_to_go(rule), runs_that_stay(rule)
    context = {
        "rule": rule,
        "number": to_go.count(),
        "going": names(to_go),
        "staying_number": to_stay.count(),
        "staying": names(to_stay),
        "shown": NAMES_SHOWN,
    }
    return render(request, "assignments/take_back_rule.html", context)


def names(runs):
    return list(runs.order_by("learner__name", "pk").values_list("learner__name", flat=True)[:NAMES_SHOWN])


def say(request, number, left):
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
