"""/team/simulations/, /team/questions/ and /surveys/: anonymous statistics."""

from django.db.models import QuerySet
from django.shortcuts import render
from django.utils.translation import get_language

from courseware.accounts.models import Team
from courseware.content.compiled.serving import outline
from courseware.content.models import Document
from courseware.language.documents import display_tag
from courseware.lib.dates import site_day
from courseware.lib.disclosure import STEP
from courseware.lib.page_views import page_view
from courseware.reporting.after_course import after_course
from courseware.reporting.board_rows import teams_shown_to
from courseware.reporting.group_figures import GroupFigure
from courseware.reporting.question_statistics import question_splits
from courseware.reporting.simulation_statistics import split_of
from courseware.reporting.statistics_access import asked_or_404, released_document_or_404
from courseware.reporting.survey_statistics import survey_results


def teams_in_figures(user) -> QuerySet:
    return Team.objects.all() if user.is_staff else teams_shown_to(user)


@page_view()
def simulation(request, course, simulation):
    document, shown = released_document_or_404(request.user, course, simulation, Document.Kind.SIMULATION)
    split = split_of(document, shown, GroupFigure.objects.shown_to(request.user))
    context = {"simulation": shown, "split": split, "enough": STEP}
    return render(request, "reporting/simulation.html", context)


@page_view()
def questions(request, course, document):
    found, shown = asked_or_404(request.user, course, document)
    splits = question_splits(found, shown, GroupFigure.objects.shown_to(request.user))
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
        return sheet(request, document, shown)
    number, results = survey_results(document, shown)
    context = {"survey": shown, "number": number, "results": results, "enough": STEP}
    return render(request, "reporting/survey.html", context)


def sheet(request, document, shown):
    """What managers observed some days after the course, beside the gains in it."""
    route = outline(document.course.current, get_language())
    found = after_course(document, shown, route, teams_in_figures(request.user), site_day())
    context = {"sheet": shown, "route": route, "found": found, "enough": STEP}
    return render(request, "reporting/after_course.html", context | {"text_language": display_tag(route.language)})
