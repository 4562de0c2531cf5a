"""/team/teams/: the teams first, and their people when they are asked for."""

from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language

from courseware.learning.looks import record_look_of_auditor
from courseware.lib.page_views import page_view
from courseware.reporting import board_rows
from courseware.reporting.branches import branch_rows
from courseware.reporting.forms import BranchFilter
from courseware.reporting.views.board import filters_query, teams_or_404


@page_view()
def branch(request):
    teams, now = teams_or_404(request.user), timezone.now()
    record_look_of_auditor("board", by=request.user)
    form = BranchFilter(request.GET, teams=teams)
    routes = board_rows.outlines(get_language())
    form.show_courses([(route.course_id, route.title) for route in routes.values()])
    chosen = form.chosen()
    team, course = chosen.get("team"), chosen.get("course")
    context = {
        "form": form,
        "team": team,
        "rows": branch_rows(request.user, team, course, get_language(), now),
        "course_query": filters_query({"course": course} if course else {}),
        "today": timezone.localdate(now),
    }
    return render(request, "reporting/branch.html", context)
