"""/team/"""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from courseware.accounts.models import Membership
from courseware.accounts.permissions import audits, handles_people
from courseware.accounts.sessions import MANAGES
from courseware.assignments.decision_forms import DECISIONS
from courseware.content.models import Course
from courseware.journey.home import most_urgent_first
from courseware.language.documents import display_tag
from courseware.learning.access import own_enrollments
from courseware.learning.day_requests import DayRequest
from courseware.learning.due import due_of
from courseware.learning.looks import record_look_of_auditor
from courseware.learning.validity import Validity
from courseware.outbox.telling import HELD_FOR_UNDO
from courseware.reporting import board_counts, board_rows
from courseware.reporting.forms import BoardFilter, posts_of
from courseware.reporting.own_board import (
    ROWS_A_PAGE,
    counts_of_own,
    first_keys_of_own,
    is_own_board,
    people_on_own,
)
from courseware.reporting.saved_views import VIEWS
from courseware.reporting.simulation_statistics import simulations_on
from courseware.reporting.stuck import stuck_after
from courseware.reporting.survey_statistics import surveys_on
from courseware.reporting.tiles import tiles_of
from courseware.reporting.views.people import teams_or_404
from courseware.reporting.workbooks import ROWS_OF_A_WORKBOOK

NOT_KEPT = frozenset({"name", "post", "away", "stuck"})  # filters of which no numbers are kept
MANY = "board-of-many"  # in the session: this person's board has had more rows than are sorted by name
TO_UNDO = "acts-to-undo"  # session key: the actions just confirmed on *Today*, and until when *Undo* is offered


@require_safe
@login_required
def board(request):
    teams, now = teams_or_404(request.user), timezone.now()
    record_look_of_auditor("board", by=request.user)
    form = BoardFilter(request.GET, teams=teams)
    chosen = form.chosen()
    if form.names_lost_team(chosen):
        return render(request, "reporting/team_gone.html", {"views": VIEWS(person=request.user.pk)})
    everyone, found = chosen_enrollments(request.user, chosen, now)
    tally, most = tally_of(request, teams, chosen, everyone, now), board_rows.SORTED_BY_NAME
    number = number_in(tally, chosen) if tally else number_up_to(most + 1, chosen, found)
    has_more = tally is None and number > most
    page_of_rows = Paginator(range(most if has_more else number), ROWS_A_PAGE).get_page(request.GET.get("page"))
    shown = board_rows.facts_of(keys_on(page_of_rows, number, request.user, teams, chosen, found, now), now)
    routes = board_rows.outlines(get_language())
    courses = [(outline.course_id, outline.title) for outline in routes.values()]
    form.show_courses(courses, posts_of(routes))
    context = {
        "form": form,
        "chosen": chosen,
        "tiles": tiles_of(tally),
        "validities": tally.validities if tally else dict.fromkeys(Validity),
        "total": tally and tally.total,
        "has_more": has_more,
        "people": tally and people_on(request, teams, chosen, everyone, tally, courses, now),
        "courses": courses,
        "shows_course": len(courses) > 1 and "course" not in chosen,
        "page": page_of_rows,
        "sorting": chosen.get("sort"),
        "is_sorted": number <= most,
        "most_sorted": most,
        "rows": board_rows.rows(shown, dict(teams), routes, now),
        "teams": teams,
        "shows_team": len(teams) > 1,
        "substitutes": request.user.substitutes,
        "leads": leads_oneself(request),
        "has_today": has_today(request, now),
        "own_course": own_course(request, routes),
        "acts_to_undo": acts_to_undo(request, now),
        "chooses": not audits(request.user),
        "decisions": DECISIONS,
        "whole_team": whole_team(request.user, teams, chosen),
        "today": timezone.localdate(now),
        "stuck_after": stuck_after(),
        "filters_query": filters_query(chosen),
        "views": VIEWS(person=request.user.pk),
        "fits_a_workbook": number <= ROWS_OF_A_WORKBOOK,
        "filters_query_but_state": filters_query({key: value for key, value in chosen.items() if key != "state"}),
        "surveys": surveys_on(routes.values()),
        "simulations": simulations_on(routes.values()),
    }
    return render(request, "reporting/board.html", context)


def offer_undo(request, **acts):
    """Offer *Undo* on the dashboard as long as the emails wait. `acts`: as `undo_today` takes them."""
    request.session[TO_UNDO] = {"until": (timezone.now() + HELD_FOR_UNDO).timestamp(), **acts}


def acts_to_undo(request, at):
    if at.timestamp() >= request.session.get(TO_UNDO, {}).get("until", 0):
        request.session.pop(TO_UNDO, None)
    return request.session.get(TO_UNDO)


def has_today(request, at):
    """Of leads; of human resources, while somebody asks for another day: it may be one whom nobody leads."""
    if request.session[MANAGES]:
        return True
    return handles_people(request.user) and DayRequest.objects.standing(at).exists()


def whole_team(user, teams, chosen):
    """(key, name) of the team that the board is about, where it is one and the reader may decide."""
    if audits(user):
        return None
    if team := chosen.get("team"):
        return team.pk, team.name
    return teams[0] if len(teams) == 1 else None


def own_course(request, routes):
    """What the reader has to learn, the most urgent of several; None for who has to learn nothing. Runs a query."""
    newest = {run.course_id: run for run in own_enrollments(request)}
    asked = most_urgent_first([run for run in newest.values() if run.is_asked])
    if not asked:
        return None
    route = routes[asked[0].course_id]
    return {"title": route.title, "language": display_tag(route.language), "due": due_of(asked[0])}


def leads_oneself(request):
    """Whether the person leads a team, and not only for somebody else. Runs a query for who is anybody's substitute."""
    user = request.user
    if not any(each.person_id == user.pk for each in user.substitutes):
        return request.session[MANAGES]
    return user.memberships.filter(role=Membership.Role.MANAGER).exists()


def chosen_enrollments(user, chosen, at):
    # The counts are by state, so they are about everyone, and the page about those in the chosen state.
    filters = {key: value for key, value in chosen.items() if key not in {"state", "sort"}}
    is_stuck = filters.pop("stuck", False)
    everyone = SimpleLazyObject(lambda: everyone_on(user, filters, is_stuck, at))  # on most mornings none is needed
    if "state" not in chosen:
        return everyone, everyone
    return everyone, SimpleLazyObject(lambda: board_rows.in_standing(everyone, chosen["state"], at))


def everyone_on(user, filters, is_stuck, at):
    everyone = board_rows.board(user, at=at, **filters)
    return board_rows.those_stuck(everyone, get_language(), at) if is_stuck else everyone


def keys_on(page, number, user, teams, chosen, found, at):
    """Of these rows; `number` are there, or more."""
    rows = page.object_list
    is_first = page.number == 1 and 0 < number <= board_rows.SORTED_BY_NAME
    if is_first and not chosen and is_own_board(user, teams, chosen):
        return first_keys_of_own(user, dict(teams), at)[: len(rows)]
    found = board_rows.sorted_within_reason(found, number, chosen.get("sort"), user)
    return found.values_list("pk", flat=True)[rows.start : rows.stop]


def tally_of(request, teams, chosen, everyone, at):
    """None where they are too many to be counted by rows, and no numbers are kept."""
    if "stuck" in chosen or chosen.keys().isdisjoint(NOT_KEPT):
        return counts_of(request, teams, chosen, everyone, at)
    return board_counts.counts_of_few(everyone, board_rows.SORTED_BY_NAME, at)


def counts_of(request, teams, chosen, everyone, at):
    """Where there are many people, from what is kept: which costs two statements more, so few are counted by rows."""
    is_large = len(teams) > board_rows.MANY_TEAMS or MANY in request.session
    places = (chosen.get("team"), chosen.get("course"))
    if (
        is_large
        and chosen.keys().isdisjoint(NOT_KEPT)
        and (kept := board_counts.counts_kept(request.user, *places, at, chosen.get("days")))
    ):
        return with_leavers(kept, everyone, at) if "left" in chosen else kept
    is_own = is_own_board(request.user, teams, chosen)
    counts = counts_of_own(request.user, dict(teams), at) if is_own else board_counts.counts(everyone, at)
    if counts.total > board_rows.SORTED_BY_NAME:
        request.session[MANY] = True  # the session remembers, for only counting can tell
    return counts


def with_leavers(kept, everyone, at):
    return kept + board_counts.counts(everyone.filter(learner__is_active=False), at)


def number_in(tally, chosen):
    return tally.number_in(chosen["state"]) if "state" in chosen else tally.total


def number_up_to(most, chosen, found):
    """Of rows that are not all counted. Runs a query where a state is chosen."""
    return found.order_by()[:most].count() if "state" in chosen else most


def people_on(request, teams, chosen, everyone, tally, courses, at):
    """How many; None where that many are not counted. In one course each of them has one row."""
    if len(courses) < 2 or "course" in chosen:
        return tally.total
    if tally.total > board_rows.SORTED_BY_NAME:
        return None
    if is_own_board(request.user, teams, chosen):
        return people_on_own(request.user, dict(teams), at)
    return sum(number for _all, number in board_counts.people(everyone))


def filters_query(chosen):
    query = QueryDict(mutable=True)
    query.update({key: in_address(value) for key, value in chosen.items()})
    return query.urlencode()


def in_address(value):
    if isinstance(value, Course):
        return value.identifier
    return "on" if value is True else getattr(value, "pk", value)
