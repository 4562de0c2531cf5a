"""Pages of the dashboard, subteams and saved views: /team/, /team/teams/, /team/views/; and /start/."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext

from courseware.accounts.models import Membership
from courseware.accounts.permissions.permissions import audits, handles_people, is_manager, sees_whole_company
from courseware.accounts.security.sessions import MANAGES
from courseware.content.models import Course
from courseware.course_format.parsing.documents import display_tag
from courseware.learner_home.home import most_urgent_first
from courseware.learning.due_dates.due_dates import due_of
from courseware.learning.learner_context import own_enrollments
from courseware.learning.manager_actions import FOR_MANY
from courseware.learning.models import Enrollment, ExtensionRequest
from courseware.learning.record_access_log import record_access_of_auditor
from courseware.learning.status.certification_status import CertificationStatus
from courseware.learning.status.not_asked import PERSON_OR_COURSE
from courseware.lib.web.page_views import page_view, post_view
from courseware.notifications.email.queue import HELD_FOR_UNDO
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.dashboard.saved_views import (
    LONGEST_QUERY,
    MOST_VIEWS,
    VIEWS,
    SavedView,
    TooManyViews,
    save_view,
)
from courseware.reporting.dashboard.stuck import stuck_after
from courseware.reporting.dashboard.subteams import manages_managers, subteam_rows
from courseware.reporting.dashboard.totals import FIRST_KEYS, ROWS_A_PAGE, DashboardCount, tiles_of
from courseware.reporting.exports.columns import ROWS_OF_A_WORKBOOK
from courseware.reporting.forms import DashboardFilter, SubteamFilter, ViewForm, job_roles_of
from courseware.reporting.statistics.simulations import simulations_on
from courseware.reporting.statistics.surveys import surveys_on

TO_UNDO = "acts-to-undo"  # session key: actions just confirmed on *Today*, and end of the *Undo* offer


@page_view()
def dashboard(request):
    teams, now = teams_or_404(request.user), timezone.now()
    record_access_of_auditor("dashboard", by=request.user)
    form = DashboardFilter(request.GET, teams=teams)
    chosen = form.chosen()
    if form.names_lost_team(chosen):
        return render(request, "reporting/team_gone.html", {"views": VIEWS(person=request.user.pk)})
    count = DashboardCount(request.user, teams, chosen, now)
    listed = min(count.number, dashboard_rows.SORTED_BY_NAME) if count.totals is None else count.number
    page_of_rows = Paginator(range(listed), ROWS_A_PAGE).get_page(request.GET.get("page"))
    shown = dashboard_rows.enrollments_with_facts(keys_on(page_of_rows, count), now)
    outlines = dashboard_rows.outlines(get_language())
    courses = [(outline.course_id, outline.title) for outline in outlines.values()]
    form.show_courses(courses, job_roles_of(outlines))
    context = {
        "form": form,
        "chosen": chosen,
        "count": count,
        "tiles": tiles_of(count.totals),
        "validities": count.totals.validities if count.totals else dict.fromkeys(CertificationStatus),
        "total": count.totals and count.totals.total,
        "people": count.people(len(courses)),
        "courses": courses,
        "shows_course": len(courses) > 1 and "course" not in chosen,
        "page": page_of_rows,
        "sorting": chosen.get("sort"),
        "most_sorted": dashboard_rows.SORTED_BY_NAME,
        "rows": dashboard_rows.rows(shown, dict(teams), outlines, now),
        "teams": teams,
        "shows_team": len(teams) > 1,
        "deputies": request.user.deputies,
        "manages_directly": manages_directly(request),
        "has_today": has_today(request, now),
        "own_course": own_course(request, outlines),
        "actions_to_undo": actions_to_undo(request, now),
        "chooses": not audits(request.user),
        "actions": FOR_MANY,
        "whole_team": whole_team(request.user, teams, chosen),
        "today": timezone.localdate(now),
        "stuck_after": stuck_after(),
        "filters_query": filters_query(chosen),
        "views": VIEWS(person=request.user.pk),
        "fits_a_workbook": count.number <= ROWS_OF_A_WORKBOOK,
        "filters_query_but_state": filters_query({key: value for key, value in chosen.items() if key != "state"}),
        "surveys": surveys_on(outlines.values()),
        "simulations": simulations_on(outlines.values()),
    }
    return render(request, "reporting/dashboard.html", context)


def offer_undo(request, **actions):
    """Offer *Undo* on the dashboard while the emails wait. `actions`: form fields of `undo_today`."""
    request.session[TO_UNDO] = {"until": (timezone.now() + HELD_FOR_UNDO).timestamp(), **actions}


def actions_to_undo(request, at):
    """Return the form fields of `undo_today` while *Undo* is offered, else None."""
    if at.timestamp() >= request.session.get(TO_UNDO, {}).get("until", 0):
        request.session.pop(TO_UNDO, None)
    return request.session.get(TO_UNDO)


def has_today(request, at):
    """Return whether to show *Today*: to managers, and to HR while any extension request is open."""
    if request.session[MANAGES]:
        return True
    return handles_people(request.user) and ExtensionRequest.objects.open_at(at).exists()


def whole_team(user, teams, chosen):
    """Return (id, name) of the team if the dashboard shows a single one, else None; None for auditors. `teams`: query
    of (id, name) of the teams the user may see; `chosen`: filters.
    """
    if audits(user):
        return None
    if team := chosen.get("team"):
        return team.pk, team.name
    return teams[0] if len(teams) == 1 else None


def own_course(request, outlines):
    """Return title, language and due date of the user's most urgent open course, or None. `outlines`: by course id."""
    newest = {enrollment.course_id: enrollment for enrollment in own_enrollments(request)}
    asked = most_urgent_first([enrollment for enrollment in newest.values() if enrollment.is_asked])
    if not asked:
        return None
    outline = outlines[asked[0].course_id]
    return {"title": outline.title, "language": display_tag(outline.language), "due": due_of(asked[0])}


def manages_directly(request):
    """Return whether the user manages a team other than as a deputy. Runs 1 query for deputies."""
    user = request.user
    if not any(each.person_id == user.pk for each in user.deputies):
        return request.session[MANAGES]
    return user.memberships.filter(role=Membership.Role.MANAGER).exists()


def keys_on(page, count):
    """Return ids of the enrollments on `page`, of a Paginator over a range of indexes. `count`: a `DashboardCount`."""
    rows = page.object_list
    is_first = page.number == 1 and count.number > 0 and count.is_sorted
    if is_first and count.own and not count.filters:
        return FIRST_KEYS(**count.own)[: len(rows)]
    found = dashboard_rows.sort_rows(count.rows, count.number, count.filters.get("sort"), count.user)
    return found.values_list("pk", flat=True)[rows.start : rows.stop]


def filters_query(chosen):
    """Return filters of `DashboardFilter.chosen` (name → value) as a URL query."""
    query = QueryDict(mutable=True)
    query.update({key: in_address(value) for key, value in chosen.items()})
    return query.urlencode()


def in_address(value):
    if isinstance(value, Course):
        return value.identifier
    return "on" if value is True else getattr(value, "pk", value)


def teams_or_404(user):
    """Return a query of (id, name) of the teams `user` may see. Raise `Http404` if none, except for HR and auditors."""
    teams = dashboard_rows.teams_shown_to(user).values_list("pk", "name")  # lazy: there may be thousands
    if not sees_whole_company(user) and not teams:
        raise Http404
    return teams


@page_view()
def subteam_page(request):
    teams, now = teams_or_404(request.user), timezone.now()
    record_access_of_auditor("dashboard", by=request.user)
    form = SubteamFilter(request.GET, teams=teams)
    outlines = dashboard_rows.outlines(get_language())
    form.show_courses([(outline.course_id, outline.title) for outline in outlines.values()])
    chosen = form.chosen()
    team, course = chosen.get("team"), chosen.get("course")
    context = {
        "form": form,
        "team": team,
        "rows": subteam_rows(request.user, team, course, get_language(), now),
        "course_query": filters_query({"course": course} if course else {}),
        "today": timezone.localdate(now),
    }
    return render(request, "reporting/subteams.html", context)


# Saved views


@post_view("reporting:dashboard", is_held=False)
def save_view_from_form(request):
    """Save the posted filters that are known and that this user may use."""
    teams = teams_or_404(request.user)
    form = ViewForm(request.POST)
    is_named = form.is_valid()
    query = filters_query(DashboardFilter(QueryDict(form.cleaned_data.get("query", "")), teams=teams).chosen())
    if not query:
        messages.error(request, gettext("There is nothing to save. Set a filter first, then name the view."))
    elif len(query) > LONGEST_QUERY:
        messages.error(
            request,
            gettext(
                "The filters of this view are too long to save. Shorten the text in the search field, then "
                "save the view again."
            ),
        )
    elif not is_named:
        messages.error(request, gettext("Enter a name of up to 40 characters for the view."))
    else:
        say_what_is_saved(request, form.cleaned_data["name"], query)
    return redirect(f"{reverse('reporting:dashboard')}{query and f'?{query}'}")


def say_what_is_saved(request, name, query):
    try:
        save_view(request.user, name, query)
    except TooManyViews:
        message = gettext("You can save up to %(most)d views. Delete one first.")
        messages.error(request, message % {"most": MOST_VIEWS})
    else:
        messages.success(
            request, gettext("The view “%(name)s” is saved. You find it above your dashboard.") % {"name": name}
        )


@post_view("reporting:dashboard", takes=(), is_held=False)
def delete_view(request, pk):
    teams_or_404(request.user)
    SavedView.objects.filter(pk=pk, person=request.user).delete()  # no error if already deleted
    return redirect("reporting:dashboard")


# After signing in


@page_view()
def start(request):
    return redirect(start_page(request.user))


def start_page(person):
    """Return the URL name of the page after signing in: `home` with an open enrollment, else by role."""
    if Enrollment.objects.asked(ignoring=PERSON_OR_COURSE).filter(learner=person).exists():
        return "home"
    if handles_people(person) and not person.is_superuser:
        return "hr:people"
    if manages_managers(person):
        return "reporting:subteams"
    if is_manager(person) or audits(person):
        return "reporting:dashboard"
    if person.is_staff and person.has_perm("content.change_document"):
        return "admin:content_document_changelist"
    return "admin:index" if person.is_staff else "home"
