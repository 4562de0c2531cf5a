from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from courseware.accounts.middleware import form_on
from courseware.language.simulations import NotOffered
from courseware.learning.access import Reading, own_enrollments, reading_of
from courseware.learning.course_page import render_in_course
from courseware.simulations import running
from courseware.simulations.debriefing import debrief_of
from courseware.simulations.forms import DecisionForm, StartForm
from courseware.simulations.models import Run, Timing
from courseware.simulations.situation import situation_of
from courseware.simulations.trails import page_of, trail_of


def start_address(course, simulation):
    return reverse("simulations:simulation", args=[course, simulation])


def run_address(pk):
    return reverse("simulations:run", args=[pk])


def debrief_address(pk, position):
    """Another way is tried from the debrief, whatever the situation."""
    return reverse("simulations:debrief", args=[pk])


def own_run(request, pk) -> Run:
    """The user's run, with its release and its enrollment. Raises Http404."""
    run = get_object_or_404(Run.objects.filter(enrollment__learner=request.user).with_release(), pk=pk)
    found = own_enrollments(request, pk=run.enrollment_id)
    if not found:
        raise Http404(pk)
    return running.joined(run, found[0])


def show(request, reading: Reading, page, template, context, *, status=200):
    """`page` is the PageData of a simulation."""
    return render_in_course(request, reading, template, context | {"page": page}, status=status)


# /simulations/<course>/<simulation>/


@require_safe
@login_required
def simulation(request, course, simulation):
    """What it is about and how it can be played; what was played so far."""
    reading = reading_of(request, course)
    step = reading.step(simulation, "simulation")
    page = reading.page(simulation)
    runs = list(reading.enrollment.runs.of(simulation).on_record().with_release())
    finished = [run for run in runs if run.finished_at]
    context = {
        "step": step,
        "under_way": next((run for run in runs if run.is_open), None),
        "best": max(finished, key=lambda run: run.worth, default=None),
        "latest": finished[-1] if finished else None,
        "finished": len(finished),
        "is_done": simulation in reading.progress.done,
        "form": StartForm(initial={"timing": usual_timing(request.user, runs)}),
        "decisions": len(page.simulation.best_run(first_draw(page.simulation))) - 1,
        "next": reading.outline.after(simulation),
        "sources": sources_in(page.simulation.premise, page),
    }
    return show(request, reading, page, "simulations/simulation.html", context)


def first_draw(simulation):
    """The flags of a run that draws the first of each set: one that draws nothing may be without a single situation."""
    return [odds[0] for odds in simulation.chance.values() if isinstance(odds, tuple)]


def sources_in(html, page):
    """The sources that a piece of the page names: the others would tell what is kept for the debrief."""
    return [source for source in page.data["sources"] if f'href="#source-{source["number"]}"' in html]


def usual_timing(person, runs):
    """What the person is given by whoever leads the team, else what they took the last time."""
    return person.practice_time or (runs[-1].timing if runs else Timing.WRITTEN)


@require_POST
@login_required
@form_on(start_address)
def start(request, course, simulation):
    reading = reading_of(request, course)
    reading.step(simulation, "simulation")
    form = StartForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    run = running.start(reading.enrollment, simulation, timing=form.cleaned_data["timing"])
    return redirect("simulations:run", run.pk)


# /runs/<pk>/


@require_safe
@login_required
def run(request, pk):
    run = own_run(request, pk)
    if run.finished_at:
        return redirect("simulations:debrief", pk)
    if run.given_up_at:
        return redirect(way_out(run))
    return run_page(request, trail_of(run))


def way_out(run):
    """Where one goes who leaves a run: back to the page before the start, or home where the course has it no more."""
    reading = Reading(run.enrollment)
    if step := step_of(reading, run.simulation.identifier):
        return reverse("simulations:simulation", args=[reading.course_id, step.id])
    return reverse("home")


def step_of(reading, simulation):
    """The simulation's stop on today's route; None where the course has it no more."""
    return next((step for step in reading.outline.steps if step.id == simulation), None)


def run_page(request, trail, *, problem="", status=200):
    """Where an open run stands: its situation, or that it waits. For the script the piece alone."""
    run, now = trail.run, timezone.now()
    if trail.ending:  # another tab was faster
        return go(request, reverse("simulations:debrief", args=[run.pk]))
    reading = Reading(run.enrollment)
    page = page_of(run, reading.language)
    waits = running.waits(run, trail, now)
    context = {
        "run": run,
        "step": step_of(reading, run.simulation.identifier),
        "problem": problem,
        "waits": waits,
        "situation": None if waits else situation_of(trail, page.simulation, now),
    }
    template = "simulations/_swapped.html" if request.htmx else "simulations/run.html"
    return show(request, reading, page, template, context, status=status)


@require_POST
@login_required
@form_on(run_address)
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
    except (running.RunPaused, running.RunOver):
        return go(request, run_address(pk))
    if trail.run.finished_at:
        return go(request, reverse("simulations:debrief", args=[pk]))
    if request.htmx and trail.run.is_open:
        return run_page(request, trail)
    return go(request, run_address(pk))


def refused(request, run, problem):
    return run_page(request, trail_of(run), problem=problem, status=HTTPStatus.CONFLICT)


def go(request, address):
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


@require_POST
@login_required
@form_on(run_address)
def go_on(request, pk):
    running.go_on(own_run(request, pk))
    return go(request, run_address(pk))


@require_POST
@login_required
@form_on(run_address)
def give_up(request, pk):
    run = running.give_up(own_run(request, pk))
    if run.is_practice:
        return redirect("simulations:debrief", run.branch_of_id)
    messages.success(request, _("That run is left. A new one begins at the start."))
    return redirect(way_out(run))


@require_safe
@login_required
def debrief(request, pk):
    run = own_run(request, pk)
    if not run.finished_at:
        return redirect("simulations:run", pk)
    reading = Reading(run.enrollment)
    page = page_of(run, reading.language)
    identifier = run.simulation.identifier
    finished = list(run.enrollment.runs.of(identifier).on_record().finished())
    step = step_of(reading, identifier)
    context = {
        "run": run,
        "debrief": debrief_of(trail_of(run), page.simulation),
        "step": step,
        "is_done": identifier in reading.progress.done,
        "runs": len(finished),
        "best": max(finished, key=lambda each: each.worth),
        "latest": finished[-1],
        "next": reading.outline.after(identifier) if step else None,
        "form": StartForm(initial={"timing": usual_timing(request.user, finished)}),
    }
    return show(request, reading, page, "simulations/debrief.html", context)


@require_POST
@login_required
@form_on(debrief_address)
def branch(request, pk, position):
    """Try another way from one of the situations of a finished run."""
    try:
        begun = running.try_branch(own_run(request, pk), position)
    except NotOffered:
        raise Http404(position) from None
    return redirect("simulations:run", begun.pk)
