"""Pages of trends and anonymous statistics: /team/trends/, /team/simulations/, /team/questions/, /surveys/."""

from django.db.models import QuerySet
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language

from courseware.accounts.models import Team
from courseware.content.models import Course, Document
from courseware.content.rendering.store import outline
from courseware.course_format.parsing.documents import display_tag
from courseware.learning.record_access_log import record_access_of_auditor
from courseware.lib.dates import site_day
from courseware.lib.disclosure import STEP
from courseware.lib.web.page_views import page_view
from courseware.reporting.dashboard import rows
from courseware.reporting.dashboard.rows import teams_shown_to
from courseware.reporting.forms import TrendsFilter
from courseware.reporting.statistics.course_outcomes import course_outcomes
from courseware.reporting.statistics.group_statistics import GroupStatistic, asked_or_404, released_document_or_404
from courseware.reporting.statistics.missed_objectives import HeatDrawing, missed_objectives_of
from courseware.reporting.statistics.questions import question_splits
from courseware.reporting.statistics.retention import retention
from courseware.reporting.statistics.simulations import split_of
from courseware.reporting.statistics.surveys import survey_results
from courseware.reporting.statistics.trends import MOST_RUNS, CurveDrawing, trends_of
from courseware.reporting.views.dashboard import teams_or_404

WIDE, SMALL = (600, 200), (180, 60)  # drawing units


def teams_in_figures(user) -> QuerySet:
    return Team.objects.all() if user.is_staff else teams_shown_to(user)


@page_view()
def simulation(request, course, simulation):
    document, shown = released_document_or_404(request.user, course, simulation, Document.Kind.SIMULATION)
    split = split_of(document, shown, GroupStatistic.objects.shown_to(request.user))
    context = {"simulation": shown, "split": split, "enough": STEP}
    return render(request, "reporting/simulation.html", context)


@page_view()
def questions(request, course, document):
    found, shown = asked_or_404(request.user, course, document)
    splits = question_splits(found, shown, GroupStatistic.objects.shown_to(request.user))
    context = {
        "course": course,
        "page": shown,
        "splits": splits,
        "enough": STEP,
        "has_figures": any(each.right for each in splits),
    }
    return render(request, "reporting/questions.html", context)


@page_view()
def survey(request, course, survey):
    document, shown = released_document_or_404(request.user, course, survey, Document.Kind.SURVEY)
    if shown.data["audience"] == "manager":
        return follow_up_survey(request, document, shown)
    number, results = survey_results(document, shown)
    context = {"survey": shown, "number": number, "results": results, "enough": STEP}
    return render(request, "reporting/survey.html", context)


def follow_up_survey(request, document, shown):
    """Follow-up answers of managers, with the improvement in the course."""
    course_outline = outline(document.course.current, get_language())
    found = course_outcomes(document, shown, course_outline, teams_in_figures(request.user), site_day())
    context = {"survey": shown, "route": course_outline, "found": found, "enough": STEP}
    return render(
        request, "reporting/course_outcomes.html", context | {"text_language": display_tag(course_outline.language)}
    )


@page_view()
def trends_page(request):
    teams, now = teams_or_404(request.user), timezone.now()
    record_access_of_auditor("dashboard", by=request.user)
    form = TrendsFilter(request.GET, teams=teams)
    outlines = rows.outlines(get_language())
    form.show_courses([(course_outline.course_id, course_outline.title) for course_outline in outlines.values()])
    chosen = form.chosen()
    course = chosen.get("course") or Course.objects.filter(pk__in=outlines).order_by("pk").first()
    context = {"form": form, "teams": teams, "team": chosen.get("team"), "most": MOST_RUNS}
    if course:
        enrollments = rows.dashboard_rows_of(request.user, team=chosen.get("team"), course=course, at=now)
        is_too_large = enrollments.order_by()[MOST_RUNS:].exists()
        course_outline = outlines[course.pk]
        context |= {
            "title": course_outline.title,
            "text_language": display_tag(course_outline.language),
            "is_too_large": is_too_large,
        }
        if not is_too_large:
            context |= drawn(trends_of(enrollments, dict(teams), get_language(), now))
            whole = dict(teams_whole(teams, chosen.get("team")))
            missed = missed_objectives_of(course_outline, course.pk, whole)
            context |= {"spots": missed, "heat": HeatDrawing(missed)}
            context["retention"] = retention(course.pk, whole, site_day())
    return render(request, "reporting/trends.html", context)


def teams_whole(teams, team):
    """Return those of `teams` (query of (id, name)) that are `team` or below it; all if `team` is None."""
    return teams.filter(pk__in=Team.objects.filter(pk=team.pk).with_subteams().values("pk")) if team else teams


def drawn(trends):
    """Return the template context of the trends: outlook, drawing, small (drawing per team), most_on_a_step."""
    return {
        "outlook": trends,
        "drawing": CurveDrawing(trends.curve, *WIDE),
        "small": [(each, CurveDrawing(each.curve, *SMALL)) for each in trends.teams],
        "most_on_a_step": max((number for _step, number in trends.steps), default=0),
    }
