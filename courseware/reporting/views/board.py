"""/team/"""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from courseware.accounts.freshness import asks_who_it_is
from courseware.accounts.models import Membership
from courseware.accounts.permissions import audits
from courseware.accounts.sessions import MANAGES
from courseware.assignments.decision_forms import DECISIONS
from courseware.evidence.recording import record
from courseware.learning.looks import record_look_of_auditor
from courseware.learning.states import State
from courseware.reporting import board_rows, exports
from courseware.reporting.forms import BoardFilter
from courseware.reporting.own_board import ROWS_A_PAGE, counts_of_own, first_keys_of_own, is_own_board
from courseware.reporting.simulation_statistics import simulations_on
from courseware.reporting.survey_statistics import surveys_on
from courseware.reporting.views.people import teams_or_404

MANY = "board-of-many"  # in the session: this person's board has had more rows than are sorted by name


@require_safe
@login_required
def board(request):
    teams, now = teams_or_404(request.user), timezone.now()
    record_look_of_auditor("board", by=request.user)
    form = BoardFilter(request.GET, teams=teams)
    chosen = form.chosen()
    everyone, found = chosen_enrollments(request.user, chosen, now)
    counts = counts_of(request, teams, chosen, everyone, now)
    number = number_in(counts, chosen)
    page_of_rows = Paginator(range(number), ROWS_A_PAGE).get_page(request.GET.get("page"))
    shown = board_rows.facts_of(keys_on(page_of_rows, request.user, teams, chosen, found, now), now)
    routes = board_rows.outlines(get_language())
    context = {
        "form": form,
        "chosen": chosen,
        "counts": counts,
        "page": page_of_rows,
        "rows": board_rows.rows(shown, dict(teams), routes, now),
        "teams": teams,
        "shows_team": len(teams) > 1,
        "substitutes": request.user.substitutes,
        "leads": leads_oneself(request),
        "chooses": not audits(request.user),
        "decisions": DECISIONS,
        "whole_team": whole_team(request.user, teams, chosen),
        "today": timezone.localdate(now),
        "filters_query": filters_query(chosen),
        "filters_query_but_state": filters_query({key: value for key, value in chosen.items() if key != "state"}),
        "surveys": surveys_on(routes.values()),
        "simulations": simulations_on(routes.values()),
    }
    return render(request, "reporting/board.html", context)


def whole_team(user, teams, chosen):
    """(key, name) of the team that the board is about, where it is one and the reader may decide."""
    if audits(user):
        return None
    if team := chosen.get("team"):
        return team.pk, team.name
    return teams[0] if len(teams) == 1 else None


def leads_oneself(request):
    """Whether the person leads a team, and not only for somebody else. Runs a query for who is anybody's substitute."""
    user = request.user
    if not any(each.person_id == user.pk for each in user.substitutes):
        return request.session[MANAGES]
    return user.memberships.filter(role=Membership.Role.MANAGER).exists()


def chosen_enrollments(user, chosen, at):
    # The counts are by state, so they are about everyone, and the page about those in the chosen state.
    filters = {key: value for key, value in chosen.items() if key != "state"}
    everyone = SimpleLazyObject(lambda: board_rows.board(user, at=at, **filters))  # on most mornings none is needed
    if "state" not in chosen:
        return everyone, everyone
    return everyone, SimpleLazyObject(lambda: everyone.in_state(State(chosen["state"]), at))


def keys_on(page, user, teams, chosen, found, at):
    rows, number = page.object_list, page.paginator.count
    is_first = page.number == 1 and 0 < number <= board_rows.SORTED_BY_NAME
    if is_first and not chosen and is_own_board(user, teams, chosen):
        return first_keys_of_own(user, dict(teams), at)[: len(rows)]
    return board_rows.sorted_within_reason(found, number).values_list("pk", flat=True)[rows.start : rows.stop]


def counts_of(request, teams, chosen, everyone, at):
    """Where there are many people, from what is kept: which costs two statements more, so few are counted by rows."""
    is_large = len(teams) > board_rows.MANY_TEAMS or MANY in request.session
    if (
        is_large
        and chosen.keys().isdisjoint({"name", "away"})
        and (kept := board_rows.counts_kept(request.user, chosen.get("team"), at))
    ):
        return with_leavers(kept, everyone) if "left" in chosen else kept
    is_own = is_own_board(request.user, teams, chosen)
    counts = counts_of_own(request.user, dict(teams), at) if is_own else board_rows.counts_by_state(everyone)
    if sum(counts.values()) > board_rows.SORTED_BY_NAME:
        request.session[MANY] = True  # the session remembers, for only counting can tell
    return counts


def with_leavers(kept, everyone):
    gone = board_rows.counts_by_state(everyone.filter(learner__is_active=False))
    return {state: number + gone[state] for state, number in kept.items()}


def number_in(counts, chosen):
    return counts[chosen["state"]] if "state" in chosen else sum(counts.values())


def filters_query(chosen):
    query = QueryDict(mutable=True)
    query.update({key: "on" if value is True else getattr(value, "pk", value) for key, value in chosen.items()})
    return query.urlencode()


@require_safe
@login_required
@asks_who_it_is
def board_csv(request):
    teams, now = teams_or_404(request.user), timezone.now()
    chosen = BoardFilter(request.GET, teams=teams).chosen()
    everyone, found = chosen_enrollments(request.user, chosen, now)
    number = number_in(counts_of(request, teams, chosen, everyone, now), chosen)
    data = {"state": chosen.get("state"), "team": chosen["team"].pk if "team" in chosen else None, "rows": number}
    data |= {name: True for name in ("left", "away") if name in chosen}
    record("board-exported", actor=request.user, subject="board", data=data)
    sorted_rows = board_rows.sorted_within_reason(found, number)
    rows = board_rows.rows_in_chunks(sorted_rows, dict(teams), get_language(), now)
    response = StreamingHttpResponse(exports.board_csv(rows, get_language()), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="team-{timezone.localdate(now):%Y-%m-%d}.csv"'
    return response
