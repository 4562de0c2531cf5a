"""/rules/: list, form, preview, switch and rollback of assignment rules."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext

from courseware.accounts.permissions.permissions import handles_people
from courseware.assignments.models import AssignmentRule, RuleAction
from courseware.assignments.rules.descriptions import sentences
from courseware.assignments.rules.forms import PreviewForm, RuleForm
from courseware.assignments.rules.lifecycle import (
    NameTaken,
    change_rule,
    enrollments_that_stay,
    enrollments_to_remove,
    make_rule,
    switch_off,
    switch_on,
    terms_of,
    undo_actions_of_rule,
    undo_for_some,
)
from courseware.assignments.rules.plan import (
    SHOWN,
    is_large_company,
    names_of,
    preview_change,
    preview_rule,
    version_of,
)
from courseware.content.course_titles import course_title
from courseware.learning.manager_actions.certified import EndCertified
from courseware.learning.models import Adjustment
from courseware.lib import dates
from courseware.lib.web.form_numbers import keys_in
from courseware.lib.web.page_views import form_status, form_view, page_view, post_view, posted, render_form

RULES_A_PAGE = 50
ACTIONS_PER_PAGE = 50


def all_rules():
    rules = AssignmentRule.objects.select_related(
        "current__team", "current__other_course__current", "course__current"
    ).exclude(current=None)
    return rules.defer("course__current__outlines", "current__other_course__current__outlines")


def rule_or_404(pk):
    return get_object_or_404(all_rules(), pk=pk)


def words_of(rule):
    return sentences(version_of(rule), course_title(rule.course, get_language()), get_language())


def rule_address(pk):
    return reverse("assignments:rule", args=[pk])


@page_view(allowed=handles_people)
def rules(request):
    done = Count("assignments", filter=Q(assignments__undone_at=None))
    page = Paginator(all_rules().annotate(done=done).order_by("-pk"), RULES_A_PAGE).get_page(request.GET.get("page"))
    for rule in page.object_list:
        rule.words = words_of(rule)[0]
    return render(request, "assignments/rules.html", {"page": page, "ended": ended_lately()})


def ended_lately():
    """Return adjustments that ended enrollments and can still be undone, with `number` of enrollments."""
    number_in_force = Count("lines", filter=Q(lines__undone_at=None))
    since = timezone.now() - EndCertified.undone_within
    ended = Adjustment.objects.filter(kind=EndCertified.kind, made_at__gte=since)
    return ended.annotate(number=number_in_force).filter(number__gt=0).order_by("-pk")


@form_view("assignments:new-rule", allowed=handles_people)
def new_rule(request):
    form = RuleForm(posted(request))
    if form.is_bound and form.is_valid():
        rule = make_rule(form.cleaned_data["course"], form.version(), by=request.user)
        messages.success(request, gettext("The rule is saved and is off. Check the preview, then switch the rule on."))
        return redirect("assignments:rule", rule.pk)
    return render_form(request, "assignments/rule_form.html", form)


@form_view("assignments:edit-rule", allowed=handles_people)
def edit_rule(request, pk):
    rule = rule_or_404(pk)
    # Read both before the form changes the version.
    newer_text, stored = said_by_another(rule, request.POST.get("version")), terms_of(version_of(rule))
    form = RuleForm(posted(request), instance=version_of(rule), rule=rule)
    preview = None
    if form.is_bound and form.is_valid():
        differs = terms_of(form.version()) != stored
        preview = preview_change(rule, form.version(), dates.site_day()) if rule.is_on and differs else None
        if newer_text and differs:
            words = gettext(
                "Another person has changed this rule. The rule is now: %(rule)s To replace it with your "
                "version, send the form again."
            )
            form.add_error(None, words % {"rule": newer_text})
        elif is_as_shown(preview, request.POST.get("digest")):
            change_rule(rule, form.version(), by=request.user)
            messages.success(
                request, gettext("The change applies from now on. What the rule has already done does not change.")
            )
            return redirect("assignments:rule", pk)
    context = {"form": form, "rule": rule, **(preview_context(preview) if preview else {})}
    return render(request, "assignments/rule_form.html", context, status=form_status(form) if form.errors else None)


def is_as_shown(preview, digest):
    """Return whether `digest` (posted) is that of the preview, or the preview has no actions or is None."""
    return preview is None or not preview.acts or preview.digest == digest


def said_by_another(rule, number):
    """Return the rule as text if its current version is not `number` (posted text), else ""; "" if `number` is None."""
    return words_of(rule)[0] if number is not None and number != str(rule.current.number) else ""


@page_view(allowed=handles_people)
def rule(request, pk):
    rule = rule_or_404(pk)
    form = PreviewForm(request.GET if "day" in request.GET else {"day": dates.site_day().isoformat()})
    # In a large company the preview takes seconds, so the page opens without it.
    is_wanted = "day" in request.GET or not is_large_company()
    preview = preview_rule(rule, form.cleaned_data["day"]) if form.is_valid() and is_wanted else None
    actions = Paginator(did(rule), ACTIONS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "rule": rule,
        "sentences": words_of(rule),
        "form": form,
        "today": dates.site_day(),
        "is_today": bool(preview) and preview.day == dates.site_day(),
        "actions": actions,
        "may_take_back": enrollments_to_remove(rule, request.user).exists(),
        **(preview_context(preview) if preview else {}),
    }
    return render(request, "assignments/rule.html", context)


def preview_context(preview):
    return {"preview": preview, "groups": in_words(preview)}


def in_words(preview):
    """Return (group, names shown, number of people less 1, number not shown), groups of the day first."""
    groups = [*preview.acts.items(), *preview.coming.items()]
    names = names_of(people for _group, people in groups)
    shown = [(group, [names[key] for key in people if key in names], len(people)) for group, people in groups]
    return [(group, found, number - 1, max(0, number - SHOWN)) for group, found, number in shown]


def did(rule):
    return RuleAction.objects.filter(rule=rule).select_related("person").order_by("-pk")


@post_view(rule_address, allowed=handles_people, is_held=False)
def enable_rule(request, pk):
    """Switch on what was previewed: if `digest` differs, show the new preview instead."""
    rule = rule_or_404(pk)
    if not rule.is_on and request.POST.get("digest") != preview_rule(rule, dates.site_day()).digest:
        messages.warning(
            request, gettext("The data changed after you opened the preview. The rule would now do the following.")
        )
        return redirect(f"{rule_address(pk)}?day={dates.site_day()}")
    try:
        if switch_on(rule, by=request.user):
            messages.success(
                request,
                gettext("The rule is on. It now enrolls people in the background, and this page lists these people."),
            )
    except NameTaken:
        messages.error(request, gettext("Another active rule has this name. Change one of the names first."))
    return redirect("assignments:rule", pk)


@post_view(rule_address, allowed=handles_people, is_held=False)
def disable_rule(request, pk):
    if switch_off(rule_or_404(pk), by=request.user):
        messages.success(request, gettext("The rule is off. People who were enrolled stay enrolled."))
    return redirect("assignments:rule", pk)


NAMES_SHOWN = 50
TICKS_SHOWN = 500


@form_view("assignments:rollback-rule", allowed=handles_people, is_held=False)
def rollback_rule(request, pk):
    """`act` "all" undoes all actions, "some" those for ticked enrollments; without `act`, show the ticked ones."""
    rule = rule_or_404(pk)
    to_go, to_stay = enrollments_to_remove(rule, request.user), enrollments_that_stay(rule, request.user)
    ticked = to_go.filter(pk__in=keys_in(request.POST.getlist("run"))) if request.method == "POST" else to_go.none()
    act = request.POST.get("act")
    if act == "all":
        say_all(request, undo_actions_of_rule(rule, by=request.user), to_go.count())
        return redirect("assignments:rule", pk)
    if act == "some":
        keys = list(ticked.order_by("pk").values_list("pk", flat=True))
        say_some(request, undo_for_some(rule, keys, by=request.user))
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
    return render(request, "assignments/rollback_rule.html", context)


def with_names(enrollments, most):
    """Return (enrollment id, learner's name) pairs of a queryset, by name, at most `most`; None: all."""
    return list(enrollments.order_by("learner__name", "pk").values_list("pk", "learner__name")[:most])


def say_all(request, number, left):
    if not number:
        messages.info(request, gettext("The rule is off. There was nothing to undo."))
        return
    words = ngettext(
        "The rule is off, and its actions were undone for %(number)d person.",
        "The rule is off, and its actions were undone for %(number)d people.",
        number,
    )
    messages.success(request, words % {"number": number})
    if left:
        words = ngettext(
            "The actions for %(number)d more person will be undone automatically.",
            "The actions for %(number)d more people will be undone automatically.",
            left,
        )
        messages.info(request, words % {"number": left})


def say_some(request, number):
    if not number:
        messages.info(request, gettext("There was nothing to undo."))
        return
    words = ngettext(
        "The actions of the rule were undone for %(number)d person. The rule does not enroll this person again.",
        "The actions of the rule were undone for %(number)d people. The rule does not enroll these people again.",
        number,
    )
    messages.success(request, words % {"number": number})
