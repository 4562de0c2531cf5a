"""/people/outside/, /people/<pk>/outside/: what people learned elsewhere."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext, ngettext

from courseware.accounts.freshness import asks_who_it_is
from courseware.accounts.permissions import handles_people, is_no_staff, may_handle, may_place
from courseware.assessment.models import OutsideTraining
from courseware.assessment.outside_records import withdraw_outside
from courseware.assignments.certified_enrollments import (
    record_trainings,
    unneeded_enrollments,
    unstarted_by_rules,
    unstarted_of,
)
from courseware.assignments.outside_forms import OutsideForm, OutsideListForm, WrongForm
from courseware.assignments.outside_lists import MOST_TRAININGS, beside_records, new_of
from courseware.assignments.person_pages import placed_person_or_404, titled
from courseware.content.course_titles import course_title
from courseware.lib.dates import site_day
from courseware.lib.page_views import form_status, form_view, posted, render_form

RECORDED_A_PAGE = 50
SHOWN = 100  # rows of a list that are new, and cells that are wrong


def trainings_shown_to(user):
    """Of staff only an admin sees them."""
    trainings = OutsideTraining.objects.order_by("-pk")
    return trainings if user.is_superuser else trainings.filter(is_no_staff("person__"))


@form_view("assignments:outside", allowed=handles_people)
def outside(request):
    """What is posted as `act` is "go" once the list was looked at; else it is shown, row by row."""
    form, rows = OutsideListForm(*((request.POST, request.FILES) if request.method == "POST" else ())), []
    if form.is_valid():
        rows = beside_records(form.listing, form.usual, by=request.user)
        if request.POST.get("act") == "go" and form.is_seen:
            recorded = record_trainings(new_of(rows), by=request.user, ends=ends_of(request.POST))
            say(request, recorded, rows)
            return (
                redirect("assignments:act", recorded.adjustment.pk)
                if recorded.ended
                else redirect("assignments:outside")
            )
        form = form.shown()
    page = Paginator(trainings_shown_to(request.user), RECORDED_A_PAGE).get_page(request.GET.get("page"))
    page.object_list = titled(page.object_list.select_related("recorded_by", "person"))
    for training in page.object_list:
        training.is_linked = may_handle(request.user, training.person)
    context = {"form": form, "page": page, "today": site_day(), "most": MOST_TRAININGS, **of_rows(rows)}
    status = form_status(form) if form.errors or not form.is_bound else 200
    return render(request, "assignments/outside.html", context, status=status)


def ends_of(data):
    """Whether to end unneeded enrollments; None if the page did not ask."""
    return "ends" in data if "asked" in data else None


def of_rows(rows):
    new = new_of(rows)
    unstarted = unstarted_of(new) if new else []
    for training in new[:SHOWN]:
        training.title = course_title(training.course, get_language())
    problems = [each for row in rows for each in row.problems]
    known = sum(row.is_known and not row.problems for row in rows)
    return {
        "rows": rows,
        "new": new[:SHOWN],
        "new_number": len(new),
        "to_end": len(unneeded_enrollments(unstarted, site_day(), new)) if unstarted else 0,
        "more": max(0, len(new) - SHOWN),
        "known": known,
        "problems": problems[:SHOWN],
        "more_problems": max(0, len(problems) - SHOWN),
    }


def say(request, recorded, rows=()):
    words = ngettext("%(number)d training is recorded.", "%(number)d trainings are recorded.", recorded.trainings)
    messages.success(request, words % {"number": recorded.trainings})
    if recorded.ended:
        words = ngettext(
            "%(number)d enrollment has ended, as the person is certified.",
            "%(number)d enrollments have ended, as these people are certified.",
            recorded.ended,
        )
        messages.success(request, words % {"number": recorded.ended})
    if recorded.kept:
        words = ngettext("%(number)d enrollment stays open.", "%(number)d enrollments stay open.", recorded.kept)
        messages.info(request, words % {"number": recorded.kept})
    left_out = sum(bool(row.problems) for row in rows)
    if left_out:
        words = ngettext("%(number)d row was left out.", "%(number)d rows were left out.", left_out)
        messages.info(request, words % {"number": left_out})


@form_view("assignments:outside-of")
def outside_of(request, pk):
    person = placed_person_or_404(request, pk)
    unstarted = unstarted_by_rules().filter(learner=person).select_related("course__current")
    titles = [course_title(run.course, get_language()) for run in unstarted]
    form = OutsideForm(posted(request), not_begun=titles)
    if form.is_valid():
        recorded = record_trainings([form.training(person)], by=request.user, ends=form.cleaned_data.get("ends"))
        is_new = recorded.trainings
        note = gettext("%(name)s: recorded.") if is_new else gettext("%(name)s: that day is recorded already.")
        messages.success(request, note % {"name": person.name})
        if recorded.ended:
            messages.success(request, gettext("The enrollment has ended, as the person is certified."))
            return redirect("assignments:act", recorded.adjustment.pk)
        return redirect("assignments:person", pk)
    return render(request, "assignments/outside_of.html", {"person": person, "form": form}, status=form_status(form))


@form_view(
    "assignments:take-back-outside",
    allowed=handles_people,
    reauthenticate=asks_who_it_is,
)
def take_back_outside(request, training):
    found = get_object_or_404(OutsideTraining.objects.select_related("person", "course__current"), pk=training)
    if not may_place(request.user, found.person):
        raise Http404
    found.title = course_title(found.course, get_language())
    form = WrongForm(posted(request))
    if form.is_valid():
        if withdraw_outside(found, reason=form.cleaned_data["reason"], by=request.user):
            messages.success(request, gettext("Taken back. It certifies nobody any more, and stays on record."))
        return redirect("assignments:person", found.person_id)
    context = {"training": found}
    return render_form(request, "assignments/take_back_outside.html", form, context)
