"""/simulations/<course>/<simulation>/: the page before the start."""

from django.http import HttpResponseBadRequest
from django.shortcuts import redirect

from courseware.learning.access import reading_of
from courseware.learning.course_page import render_in_course
from courseware.learning.sending_pace import TooFast
from courseware.lib.page_views import page_view, post_view
from courseware.simulations import running
from courseware.simulations.forms import StartForm
from courseware.simulations.views.places import start_address, too_fast, usual_timing


@page_view()
def simulation(request, course, simulation):
    reading = reading_of(request, course)
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
        "decisions": len(page.simulation.best_run(first_draw(page.simulation))) - 1,
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
    reading = reading_of(request, course)
    reading.step(simulation, "simulation")
    form = StartForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    try:
        run = running.start(reading.enrollment, simulation, timing=form.cleaned_data["timing"])
    except TooFast:
        return too_fast(request, start_address(course, simulation))
    return redirect("simulations:run", run.pk)
