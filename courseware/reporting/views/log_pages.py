"""/log/: what happened, for those who audit."""

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courseware.accounts.permissions import audits
from courseware.assignments.event_words import with_words
from courseware.evidence.models import Event
from courseware.learning.looks import record_look_of_auditor
from courseware.lib.long_lists import MOST, FirstRows
from courseware.reporting.forms import LogFilter

EVENTS_A_PAGE = 50


@require_safe
@login_required
def log(request):
    if not (request.user.is_superuser or audits(request.user)):
        raise Http404
    record_look_of_auditor("log", by=request.user)
    form = LogFilter(request.GET)
    events = form.chosen_from(Event.objects.select_related("actor").order_by("-pk"))
    page = FirstRows(events, EVENTS_A_PAGE).get_page(request.GET.get("page"))
    page.object_list = with_words(page.object_list)
    context = {"form": form, "page": page, "most": MOST}
    return render(request, "reporting/log.html", context)
