from contextlib import suppress
from http import HTTPStatus

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponseBadRequest, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from courseware.accounts.permissions import is_manager
from courseware.content.compiled.serving import page
from courseware.content.models import Course, Document, Page
from courseware.evidence.recording import record
from courseware.learning.enrolling import EnrollmentClosed
from courseware.learning.models import Enrollment
from courseware.learning.verbs import VERBS
from courseware.reporting import board_rows, exports
from courseware.reporting.forms import BoardFilter
from courseware.reporting.simulation_statistics import simulations_on, split_of
from courseware.reporting.survey_statistics import ENOUGH, survey_results, surveys_on
from courseware.reporting.timeline import timeline

ROWS_A_PAGE = 25


def teams_or_404(user):
    """The teams this person answers for; whoever answers for none finds no page here."""
    teams = board_rows.teams_shown_to(user)
    if not user.is_superuser and not teams:
        raise Http404
    return teams


# /team/


@login_required
@require_safe
def board(request):
    teams, now = teams_or_404(request.user), timezone.now()
    form = BoardFilter(request.GET, teams=teams)
    chosen = form.chosen()
    everyone, found = chosen_enrollments(request.user, chosen, now)
    counts = board_rows.counts_by_state(everyone)
    paginator = Paginator(found, ROWS_A_PAGE)
    paginator.count = counts[chosen["state"]] if "state" in chosen else sum(counts.values())  # else a query of its own
    page_of_rows = paginator.get_page(request.GET.get("page"))
    routes = board_rows.outlines(get_language()).values()
    context = {
        "form": form,
        "chosen": chosen,
        "counts": counts,
        "page": page_of_rows,
        "rows": board_rows.rows(page_of_rows.object_list, teams, get_language(), now),
        "teams": teams,
        "shows_team": len(teams) > 1,
        "today": timezone.localdate(now),
        "filters_query": filters_query(chosen),
        "filters_query_but_state": filters_query({key: value for key, value in chosen.items() if key != "state"}),
        "surveys": surveys_on(routes),
        "simulations": simulations_on(routes),
    }
    return render(request, "reporting/board.html", context)


def chosen_enrollments(user, chosen, at):
    """(those the counts are about, those that are shown): the state is the one filter that the counts leave out."""
    everyone = board_rows.board(user, at=at, team=chosen.get("team"), name=chosen.get("name", ""))
    return everyone, everyone.filter(state=chosen["state"]) if "state" in chosen else everyone


def filters_query(chosen):
    """The filters as the query of an address."""
    query = QueryDict(mutable=True)
    query.update({key: getattr(value, "pk", value) for key, value in chosen.items()})
    return query.urlencode()


@login_required
@require_safe
def board_csv(request):
    """The rows of the board as it is filtered, all of them. Who took it away is on record."""
    teams, now = teams_or_404(request.user), timezone.now()
    chosen = BoardFilter(request.GET, teams=teams).chosen()
    _everyone, found = chosen_enrollments(request.user, chosen, now)
    data = {"state": chosen.get("state"), "team": chosen["team"].pk if "team" in chosen else None}
    record("board-exported", actor=request.user, subject="board", data=data | {"rows": found.count()})
    rows = board_rows.rows_in_chunks(found, teams, get_language(), now)
    response = StreamingHttpResponse(exports.board_csv(rows, get_language()), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="team-{timezone.localdate(now):%Y-%m-%d}.csv"'
    return response


# /team/people/<pk>/


def visible_enrollment(user, pk):
    return get_object_or_404(board_rows.enrollments_shown_to(user), pk=pk)


def person_page(request, enrollment, teams, *, refused=None, status=200):
    """Whoever gets to see it is on record, whatever the request was. `refused`: verb → its form, as it was sent."""
    record("record-viewed", actor=request.user, subject=enrollment)
    (row,) = board_rows.rows([enrollment], teams, get_language(), timezone.now())
    context = {
        "enrollment": enrollment,
        "row": row,
        "timeline": timeline(enrollment, row.outline),
        "earlier": board_rows.earlier_runs(request.user, enrollment),
        "forms": {verb: verb.form(enrollment=enrollment) for verb in VERBS} | (refused or {}),
        "is_refused": bool(refused),
    }
    return render(request, "reporting/person.html", context, status=status)


@login_required
@require_safe
def person(request, pk):
    teams = teams_or_404(request.user)
    return person_page(request, visible_enrollment(request.user, pk), teams)


@login_required
@require_POST
def act(request, pk, verb):
    """One of the manager's verbs, by its own address."""
    teams = teams_or_404(request.user)
    enrollment = visible_enrollment(request.user, pk)
    form = verb.form(request.POST, enrollment=enrollment)
    if form.is_valid():
        with suppress(EnrollmentClosed):  # completed or waived meanwhile: the page then says so
            verb.act(enrollment, **form.cleaned_data, by=request.user)
        return redirect("reporting:person", pk)
    if not verb.may_err:
        return HttpResponseBadRequest()
    return person_page(request, enrollment, teams, refused={verb: form}, status=HTTPStatus.UNPROCESSABLE_ENTITY)


# /team/simulations/<course>/<simulation>/


@login_required
@require_safe
def simulation(request, course, simulation):
    """How it was played, without names: for managers their own people, for editors everybody."""
    if not (request.user.is_staff or is_manager(request.user)):
        raise Http404
    course = get_object_or_404(Course.objects.exclude(current=None).select_related("current"), identifier=course)
    document = get_object_or_404(Document, course=course, identifier=simulation, kind=Document.Kind.SIMULATION)
    try:
        shown = page(course.current, simulation, get_language())
    except Page.DoesNotExist:
        raise Http404(simulation) from None
    people = Enrollment.objects.all() if request.user.is_staff else Enrollment.objects.visible_to(request.user)
    context = {"simulation": shown, "split": split_of(document, shown, people), "enough": ENOUGH}
    return render(request, "reporting/simulation.html", context)


# /surveys/<course>/<survey>/


@login_required
@require_safe
def survey(request, course, survey):
    if not (request.user.is_staff or is_manager(request.user)):
        raise Http404
    course = get_object_or_404(Course.objects.exclude(current=None).select_related("current"), identifier=course)
    document = get_object_or_404(Document, course=course, identifier=survey, kind=Document.Kind.SURVEY)
    try:
        shown = page(course.current, survey, get_language())
    except Page.DoesNotExist:
        raise Http404(survey) from None
    number, results = survey_results(document, shown)
    context = {"survey": shown, "number": number, "results": results, "enough": ENOUGH}
    return render(request, "reporting/survey.html", context)
