"""Pages of a simulation (/simulations/<course>/<simulation>/) and of a run (/simulation-attempts/<pk>/)."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponseBadRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from courseware.course_format.simulations.simulation import NotOffered
from courseware.learning.learner_context import LearnerContext, learner_context_of, own_enrollments
from courseware.learning.lessons.course_rendering import render_in_course
from courseware.learning.lessons.rate_limits import TooFast
from courseware.lib.db.compiled_query import CompiledQuery
from courseware.lib.web.page_views import for_the_whole_page, page_view, post_view
from courseware.simulations import attempts
from courseware.simulations.debrief import debrief_of
from courseware.simulations.forms import DecisionForm, StartForm
from courseware.simulations.models import SimulationAttempt, TimeSetting
from courseware.simulations.replay import page_of, replay_of
from courseware.simulations.situation import situation_of
from courseware.simulations.timing import timing_of

OWN_RUNS = CompiledQuery(
    lambda pk, learner: SimulationAttempt.objects.filter(pk=pk, enrollment__learner=learner).with_release().order_by()
)


def start_address(course, simulation):
    return reverse("simulations:simulation", args=[course, simulation])


def attempt_url(pk):
    return reverse("simulations:attempt", args=[pk])


def debrief_address(pk, position):
    # `position` is unused: a form's address is made from all arguments of its view.
    return reverse("simulations:debrief", args=[pk])


def own_attempt_or_404(request, pk) -> SimulationAttempt:
    runs = OWN_RUNS(pk=pk, learner=request.user.pk)
    enrollments = own_enrollments(request, pk=runs[0].enrollment_id) if runs else []
    if not enrollments:
        raise Http404(pk)
    return attempts.joined(runs[0], enrollments[0])


def usual_timing(person, runs):
    # What was set for the person, else what they chose last.
    return timing_of(person) or (runs[-1].timing if runs else TimeSetting.WRITTEN)


def too_fast(request, back):
    messages.warning(request, _("You started too many attempts in 1 minute. Wait a moment, then start again."))
    return redirect(back)


def go(request, address):
    return for_the_whole_page(request, redirect(address))


@page_view()
def simulation(request, course, simulation):
    reading = learner_context_of(request, course)
    step = reading.step(simulation, "simulation")
    page = reading.page(simulation)
    runs = list(reading.enrollment.runs.of(simulation).on_record().with_release())
    finished = [run for run in runs if run.finished_at]
    context = {
        "page": page,
        "step": step,
        "under_way": next((run for run in runs if run.is_open), None),
        "best": max(finished, key=lambda run: run.worth, default=None),
        "latest": finished[-1] if finished else None,
        "finished": len(finished),
        "is_done": simulation in reading.progress.done,
        "form": StartForm(initial={"timing": usual_timing(request.user, runs)}),
        "start": page.simulation.nodes[page.simulation.start],
        "decisions": len(page.simulation.best_path(first_draw(page.simulation))) - 1,
        "next": reading.outline.after(simulation),
        "sources": sources_in(page.simulation.premise, page),
    }
    return render_in_course(request, reading, "simulations/simulation.html", context)


def first_draw(simulation):
    # The first of each set: a run without any of them may be without a single situation.
    return [odds[0] for odds in simulation.chance.values() if isinstance(odds, tuple)]


def sources_in(html, page):
    # Only those that this piece of the page cites: the others would give away what the debrief says.
    return [source for source in page.data["sources"] if f'href="#source-{source["number"]}"' in html]


@post_view(start_address)
def start(request, course, simulation):
    reading = learner_context_of(request, course)
    reading.step(simulation, "simulation")
    form = StartForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    try:
        run = attempts.start(reading.enrollment, simulation, timing=form.cleaned_data["timing"])
    except TooFast:
        return too_fast(request, start_address(course, simulation))
    return redirect("simulations:attempt", run.pk)


@page_view()
def run(request, pk):
    run = own_attempt_or_404(request, pk)
    if run.finished_at:
        return redirect("simulations:debrief", pk)
    if run.abandoned_at:
        return redirect(way_out(run))
    return page_of_attempt(request, replay_of(run))


def way_out(run):
    reading = LearnerContext(run.enrollment)
    if step := reading.outline.find(run.simulation.identifier):
        return reverse("simulations:simulation", args=[reading.course_id, step.id])
    return reverse("home")  # the course no longer has the simulation


def page_of_attempt(request, trail, *, problem="", status=200):
    run, now = trail.run, timezone.now()
    if trail.ending:  # another tab was faster
        return go(request, reverse("simulations:debrief", args=[run.pk]))
    reading = LearnerContext(run.enrollment)
    page = page_of(run, reading.language)
    waits = attempts.waits(run, trail, now)
    context = {
        "page": page,
        "run": run,
        "step": reading.outline.find(run.simulation.identifier),
        "problem": problem,
        "waits": waits,
        "situation": None if waits else situation_of(trail, page.simulation, now),
    }
    # The script needs only the part that it replaces.
    template = "simulations/_swapped.html" if request.htmx else "simulations/attempt.html"
    return render_in_course(request, reading, template, context, status=status)


@post_view(attempt_url)
def decide(request, pk):
    run = own_attempt_or_404(request, pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    try:
        trail = attempts.decide(run, **form.cleaned_data)
    except NotOffered:
        return refused(request, run, _("You cannot choose this here. This page shows where your attempt is now."))
    except attempts.TooEarly:
        return refused(request, run, _("There is still time."))
    except TooFast:
        many = _(
            "You made too many decisions in 1 minute. Wait a moment, then decide again. Your attempt has not changed."
        )
        return refused(request, run, many)
    except (attempts.AttemptPaused, attempts.AttemptOver):
        return go(request, attempt_url(pk))
    trail.run.enrollment.zone_name = run.enrollment.zone_name  # else it is asked for again, for the page
    if trail.run.finished_at:
        return go(request, reverse("simulations:debrief", args=[pk]))
    if request.htmx and trail.run.is_open:
        return page_of_attempt(request, trail)
    return go(request, attempt_url(pk))


def refused(request, run, problem):
    return page_of_attempt(request, replay_of(run), problem=problem, status=HTTPStatus.CONFLICT)


@post_view(attempt_url)
def go_on(request, pk):
    attempts.go_on(own_attempt_or_404(request, pk))
    return go(request, attempt_url(pk))


@post_view(attempt_url)
def give_up(request, pk):
    run = attempts.give_up(own_attempt_or_404(request, pk))
    if run.is_practice:
        return redirect("simulations:debrief", run.what_if_of_id)
    messages.success(request, _("You have quit that attempt. A new attempt begins at the start."))
    return redirect(way_out(run))


@page_view()
def debrief(request, pk):
    run = own_attempt_or_404(request, pk)
    if not run.finished_at:
        return redirect("simulations:attempt", pk)
    reading = LearnerContext(run.enrollment)
    page = page_of(run, reading.language)
    identifier = run.simulation.identifier
    finished = list(run.enrollment.runs.of(identifier).on_record().finished())
    step, is_done = reading.outline.find(identifier), identifier in reading.progress.done
    context = {
        "page": page,
        "run": run,
        "debrief": debrief_of(replay_of(run), page.simulation),
        "step": step,
        "is_done": is_done,
        "goes_on": is_done or (step is not None and step.is_optional),
        "runs": len(finished),
        "best": max(finished, key=lambda each: each.worth),
        "latest": finished[-1],
        "next": reading.outline.after(identifier) if step else None,
        "form": StartForm(initial={"timing": usual_timing(request.user, finished)}),
    }
    return render_in_course(request, reading, "simulations/debrief.html", context)


@post_view(debrief_address)
def branch(request, pk, position):
    try:
        begun = attempts.start_what_if(own_attempt_or_404(request, pk), position)
    except NotOffered:
        raise Http404(position) from None
    except TooFast:
        return too_fast(request, debrief_address(pk, position))
    return redirect("simulations:attempt", begun.pk)
