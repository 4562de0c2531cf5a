"""/runs/<pk>/debrief/, and the branches off a finished run."""

from django.http import Http404
from django.shortcuts import redirect

from courseware.language.simulations import NotOffered
from courseware.learning.access import Reading
from courseware.learning.course_page import render_in_course
from courseware.learning.sending_pace import TooFast
from courseware.lib.page_views import page_view, post_view
from courseware.simulations import running
from courseware.simulations.debriefing import debrief_of
from courseware.simulations.forms import StartForm
from courseware.simulations.trails import page_of, trail_of
from courseware.simulations.views.places import debrief_address, own_run, too_fast, usual_timing


@page_view()
def debrief(request, pk):
    run = own_run(request, pk)
    if not run.finished_at:
        return redirect("simulations:run", pk)
    reading = Reading(run.enrollment)
    page = page_of(run, reading.language)
    identifier = run.simulation.identifier
    finished = list(run.enrollment.runs.of(identifier).on_record().finished())
    step, is_done = reading.outline.find(identifier), identifier in reading.progress.done
    context = {
        "page": page,
        "run": run,
        "debrief": debrief_of(trail_of(run), page.simulation),
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
        begun = running.try_branch(own_run(request, pk), position)
    except NotOffered:
        raise Http404(position) from None
    except TooFast:
        return too_fast(request, debrief_address(pk, position))
    return redirect("simulations:run", begun.pk)
