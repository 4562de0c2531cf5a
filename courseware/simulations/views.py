"""Pages of a simulation (/simulations/<course>/<simulation>/) and of an attempt (/simulation-attempts/<pk>/)."""

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
from courseware.lib.web.page_views import full_page_redirect, page_view, post_view
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
    # `position` is unused: a form's URL is built from all arguments of its view.
    return reverse("simulations:debrief", args=[pk])


def own_attempt_or_404(request, pk) -> SimulationAttempt:
    found = OWN_RUNS(pk=pk, learner=request.user.pk)
    enrollments = own_enrollments(request, pk=found[0].enrollment_id) if found else []
    if not enrollments:
        raise Http404(pk)
    return attempts.joined(found[0], enrollments[0])


def usual_timing(person, earlier):
    # The person's extra time, else the last choice.
    return timing_of(person) or (earlier[-1].timing if earlier else TimeSetting.WRITTEN)


def too_fast(request, back):
    messages.warning(
        request, _("You started too many simulation attempts in 1 minute. Wait a moment, then start again.")
    )
    return redirect(back)


def go(request, address):
    return full_page_redirect(request, redirect(address))


@page_view()
def simulation(request, course, simulation):
    learner_context = learner_context_of(request, course)
    step = learner_context.step(simulation, "simulation")
    page = learner_context.page(simulation)
    earlier = list(learner_context.enrollment.runs.of(simulation).on_record().with_release())
    finished = [each for each in earlier if each.finished_at]
    context = {
        "page": page,
        "step": step,
        "under_way": next((each for each in earlier if each.is_open), None),
        "best": max(finished, key=lambda each: each.worth, default=None),
        "latest": finished[-1] if finished else None,
        "finished": len(finished),
        "is_done": simulation in learner_context.progress.done,
        "form": StartForm(initial={"timing": usual_timing(request.user, earlier)}),
        "start": page.simulation.nodes[page.simulation.start],
        "decisions": len(page.simulation.best_path(first_draw(page.simulation))) - 1,
        "next": learner_context.outline.after(simulation),
        "sources": sources_in(page.simulation.premise, page),
    }
    return render_in_course(request, learner_context, "simulations/simulation.html", context)


def first_draw(simulation):
    # The first of each set: without any, an attempt may have no situation.
    return [odds[0] for odds in simulation.chance.values() if isinstance(odds, tuple)]


def sources_in(html, page):
    # Only those cited in `html`: others would reveal parts of the debrief.
    return [source for source in page.data["sources"] if f'href="#source-{source["number"]}"' in html]


@post_view(start_address)
def start(request, course, simulation):
    learner_context = learner_context_of(request, course)
    learner_context.step(simulation, "simulation")
    form = StartForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    try:
        attempt = attempts.start(learner_context.enrollment, simulation, timing=form.cleaned_data["timing"])
    except TooFast:
        return too_fast(request, start_address(course, simulation))
    return redirect("simulations:attempt", attempt.pk)


@page_view()
def show_attempt(request, pk):
    attempt = own_attempt_or_404(request, pk)
    if attempt.finished_at:
        return redirect("simulations:debrief", pk)
    if attempt.abandoned_at:
        return redirect(way_out(attempt))
    return page_of_attempt(request, replay_of(attempt))


def way_out(attempt):
    learner_context = LearnerContext(attempt.enrollment)
    if step := learner_context.outline.find(attempt.simulation.identifier):
        return reverse("simulations:simulation", args=[learner_context.course_id, step.id])
    return reverse("home")  # the course no longer has the simulation


def page_of_attempt(request, replay, *, problem="", status=200):
    attempt, now = replay.run, timezone.now()
    if replay.ending:  # finished in another tab
        return go(request, reverse("simulations:debrief", args=[attempt.pk]))
    learner_context = LearnerContext(attempt.enrollment)
    page = page_of(attempt, learner_context.language)
    waits = attempts.waits(attempt, replay, now)
    context = {
        "page": page,
        "run": attempt,
        "step": learner_context.outline.find(attempt.simulation.identifier),
        "problem": problem,
        "waits": waits,
        "situation": None if waits else situation_of(replay, page.simulation, now),
    }
    # The script replaces only a part of the page.
    template = "simulations/_swapped.html" if request.htmx else "simulations/attempt.html"
    return render_in_course(request, learner_context, template, context, status=status)


@post_view(attempt_url)
def decide(request, pk):
    attempt = own_attempt_or_404(request, pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    try:
        replay = attempts.decide(attempt, **form.cleaned_data)
    except NotOffered:
        return refused(
            request,
            attempt,
            _("You cannot choose this option in the present situation. This page shows where your attempt is now."),
        )
    except attempts.TooEarly:
        return refused(request, attempt, _("The time for this decision is not over yet."))
    except TooFast:
        message = _(
            "You made too many decisions in 1 minute. Wait a moment, then decide again. Your attempt has not changed."
        )
        return refused(request, attempt, message)
    except (attempts.AttemptPaused, attempts.AttemptOver):
        return go(request, attempt_url(pk))
    replay.run.enrollment.zone_name = attempt.enrollment.zone_name  # saves a query
    if replay.run.finished_at:
        return go(request, reverse("simulations:debrief", args=[pk]))
    if request.htmx and replay.run.is_open:
        return page_of_attempt(request, replay)
    return go(request, attempt_url(pk))


def refused(request, attempt, problem):
    return page_of_attempt(request, replay_of(attempt), problem=problem, status=HTTPStatus.CONFLICT)


@post_view(attempt_url)
def continue_attempt(request, pk):
    attempts.resume(own_attempt_or_404(request, pk))
    return go(request, attempt_url(pk))


@post_view(attempt_url)
def quit_attempt(request, pk):
    attempt = attempts.quit_attempt(own_attempt_or_404(request, pk))
    if attempt.is_practice:
        return redirect("simulations:debrief", attempt.what_if_of_id)
    messages.success(request, _("You have quit this simulation attempt. A new attempt begins at the start."))
    return redirect(way_out(attempt))


@page_view()
def debrief(request, pk):
    attempt = own_attempt_or_404(request, pk)
    if not attempt.finished_at:
        return redirect("simulations:attempt", pk)
    learner_context = LearnerContext(attempt.enrollment)
    page = page_of(attempt, learner_context.language)
    identifier = attempt.simulation.identifier
    finished = list(attempt.enrollment.runs.of(identifier).on_record().finished())
    step, is_done = learner_context.outline.find(identifier), identifier in learner_context.progress.done
    context = {
        "page": page,
        "run": attempt,
        "debrief": debrief_of(replay_of(attempt), page.simulation),
        "step": step,
        "is_done": is_done,
        "goes_on": is_done or (step is not None and step.is_optional),
        "runs": len(finished),
        "best": max(finished, key=lambda each: each.worth),
        "latest": finished[-1],
        "next": learner_context.outline.after(identifier) if step else None,
        "form": StartForm(initial={"timing": usual_timing(request.user, finished)}),
    }
    return render_in_course(request, learner_context, "simulations/debrief.html", context)


@post_view(debrief_address)
def play_what_if(request, pk, position):
    try:
        what_if = attempts.start_what_if(own_attempt_or_404(request, pk), position)
    except NotOffered:
        raise Http404(position) from None
    except TooFast:
        return too_fast(request, debrief_address(pk, position))
    return redirect("simulations:attempt", what_if.pk)
