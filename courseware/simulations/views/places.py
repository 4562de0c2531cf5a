"""The addresses of a simulation's pages, and the run a page is about."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from courseware.learning.access import own_enrollments
from courseware.lib.kept_query import KeptQuery
from courseware.lib.whole_page import for_the_whole_page
from courseware.simulations import running
from courseware.simulations.models import Run, Timing
from courseware.simulations.timing import timing_of

OWN_RUNS = KeptQuery(
    lambda pk, learner: Run.objects.filter(pk=pk, enrollment__learner=learner).with_release().order_by()
)


def start_address(course, simulation):
    return reverse("simulations:simulation", args=[course, simulation])


def run_address(pk):
    return reverse("simulations:run", args=[pk])


def debrief_address(pk, position):
    # `position` is unused: a form's address is made from all arguments of its view.
    return reverse("simulations:debrief", args=[pk])


def own_run(request, pk) -> Run:
    """With its release and its enrollment. Raises Http404."""
    runs = OWN_RUNS(pk=pk, learner=request.user.pk)
    enrollments = own_enrollments(request, pk=runs[0].enrollment_id) if runs else []
    if not enrollments:
        raise Http404(pk)
    return running.joined(runs[0], enrollments[0])


def usual_timing(person, runs):
    # What was set for the person, else what they chose last.
    return timing_of(person) or (runs[-1].timing if runs else Timing.WRITTEN)


def too_fast(request, back):
    messages.warning(request, _("These were very many runs for one minute. Wait a moment, then begin again."))
    return redirect(back)


def go(request, address):
    return for_the_whole_page(request, redirect(address))
