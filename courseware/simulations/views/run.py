"""/runs/<pk>/ while it is open."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponseBadRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from courseware.language.simulations import NotOffered
from courseware.learning.access import Reading
from courseware.learning.course_page import render_in_course
from courseware.learning.sending_pace import TooFast
from courseware.lib.page_views import page_view, post_view
from courseware.simulations import running
from courseware.simulations.forms import DecisionForm
from courseware.simulations.situation import situation_of
from courseware.simulations.trails import page_of, trail_of
from courseware.simulations.views.places import go, own_run, run_address


@page_view()
def run(request, pk):
    run = own_run(request, pk)
    if run.finished_at:
        return redirect("simulations:debrief", pk)
    if run.given_up_at:
        return redirect(way_out(run))
    return run_page(request, trail_of(run))


def way_out(run):
    reading = Reading(run.enrollment)
    if step := reading.outline.find(run.simulation.identifier):
        return reverse("simulations:simulation", args=[reading.course_id, step.id])
    return reverse("home")  # the course no longer has the simulation


def run_page(request, trail, *, problem="", status=200):
    run, now = trail.run, timezone.now()
    if trail.ending:  # another tab was faster
        return go(request, reverse("simulations:debrief", args=[run.pk]))
    reading = Reading(run.enrollment)
    page = page_of(run, reading.language)
    waits = running.waits(run, trail, now)
    context = {
        "page": page,
        "run": run,
        "step": reading.outline.find(run.simulation.identifier),
        "problem": problem,
        "waits": waits,
        "situation": None if waits else situation_of(trail, page.simulation, now),
    }
    # The script needs only the part that it replaces.
    template = "simulations/_swapped.html" if request.htmx else "simulations/run.html"
    return render_in_course(request, reading, template, context, status=status)


@post_view(run_address)
def decide(request, pk):
    run = own_run(request, pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    try:
        trail = running.decide(run, **form.cleaned_data)
    except NotOffered:
        return refused(request, run, _("This cannot be chosen here. Here is where your run stands."))
    except running.TooEarly:
        return refused(request, run, _("There is still time."))
    except TooFast:
        many = _(
            "These were very many decisions for one minute. Wait a moment, then decide: your run stands as it was."
        )
        return refused(request, run, many)
    except (running.RunPaused, running.RunOver):
        return go(request, run_address(pk))
    trail.run.enrollment.zone_name = run.enrollment.zone_name  # else it is asked for again, for the page
    if trail.run.finished_at:
        return go(request, reverse("simulations:debrief", args=[pk]))
    if request.htmx and trail.run.is_open:
        return run_page(request, trail)
    return go(request, run_address(pk))


def refused(request, run, problem):
    return run_page(request, trail_of(run), problem=problem, status=HTTPStatus.CONFLICT)


@post_view(run_address)
def go_on(request, pk):
    running.go_on(own_run(request, pk))
    return go(request, run_address(pk))


@post_view(run_address)
def give_up(request, pk):
    run = running.give_up(own_run(request, pk))
    if run.is_practice:
        return redirect("simulations:debrief", run.branch_of_id)
    messages.success(request, _("That run is left. A new one begins at the start."))
    return redirect(way_out(run))
