"""/team/simulations/, /team/questions/ and /surveys/: figures about many, without names."""

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from courseware.accounts.models import Team
from courseware.accounts.permissions import may_preview
from courseware.content.compiled.serving import PageData, outline, page
from courseware.content.models import Course, Document, Page
from courseware.language.documents import display_tag
from courseware.lib.dates import site_day
from courseware.lib.disclosure import STEP
from courseware.reporting.after_course import after_course
from courseware.reporting.board_rows import teams_shown_to
from courseware.reporting.group_figures import GroupFigure
from courseware.reporting.question_statistics import question_splits
from courseware.reporting.simulation_statistics import split_of
from courseware.reporting.survey_statistics import survey_results


def released_document_or_404(user, course: str, identifier: str, *kinds: Document.Kind) -> tuple[Document, PageData]:
    """A document and its released page. Raises Http404, also for who is no editor and sees nobody's records."""
    if not may_preview(user):
        raise Http404
    found = get_object_or_404(Course.objects.select_related("current"), identifier=course)
    if found.current is None:
        raise Http404(course)
    document = get_object_or_404(Document, course=found, identifier=identifier, kind__in=kinds)
    try:
        return document, page(found.current, identifier, get_language())
    except Page.DoesNotExist:
        raise Http404(identifier) from None


def teams_in_figures(user) -> QuerySet:
    return Team.objects.all() if user.is_staff else teams_shown_to(user)


@require_safe
@login_required
def simulation(request, course, simulation):
    document, shown = released_document_or_404(request.user, course, simulation, Document.Kind.SIMULATION)
    split = split_of(document, shown, GroupFigure.objects.shown_to(request.user))
    context = {"simulation": shown, "split": split, "enough": STEP}
    return render(request, "reporting/simulation.html", context)


def asked_or_404(user, course: str, identifier: str) -> tuple[Document, PageData]:
    """A lesson or, for staff, a bank: others may have to sit the exam that draws from it."""
    kinds = [Document.Kind.LESSON, *([Document.Kind.BANK] if user.is_staff else [])]
    return released_document_or_404(user, course, identifier, *kinds)


@require_safe
@login_required
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


@require_safe
@login_required
def survey(request, course, survey):
    document, shown = released_document_or_404(request.user, course, survey, Document.Kind.SURVEY)
    if shown.data["audience"] == "manager":
        return sheet(request, document, shown)
    number, results = survey_results(document, shown)
    context = {"survey": shown, "number": number, "results": results, "enough": STEP}
    return render(request, "reporting/survey.html", context)


def sheet(request, document, shown):
    """What leads saw some days after the course, beside what was gained in it."""
    route = outline(document.course.current, get_language())
    found = after_course(document, shown, route, teams_in_figures(request.user), site_day())
    context = {"sheet": shown, "route": route, "found": found, "enough": STEP}
    return render(request, "reporting/after_course.html", context | {"text_language": display_tag(route.language)})
