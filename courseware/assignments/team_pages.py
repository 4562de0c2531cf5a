"""/people/teams/"""

from collections import Counter, defaultdict

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseware.accounts.freshness import asks_before_posting
from courseware.accounts.models import Membership, Team
from courseware.accounts.permissions import handles_people, may_place
from courseware.accounts.placing import add_place, end_place
from courseware.accounts.teams import add_team, change_team, close_team
from courseware.assignments.models import AssignmentRule
from courseware.assignments.people_pages import hr_or_404, hr_or_auditor_or_404
from courseware.assignments.team_forms import CloseTeamForm, LeadForm, TeamForm
from courseware.lib.form_pages import form_on
from courseware.lib.form_status import form_status

TEAMS_A_PAGE = 100
DEEPEST = 5  # as far as the list is indented
LEARNER, MANAGER = Membership.Role.LEARNER, Membership.Role.MANAGER


def team_address(pk, **places):
    return reverse("assignments:team", args=[pk])


@require_safe
@login_required
def teams(request):
    hr_or_auditor_or_404(request.user)
    page = Paginator(in_order_of_the_tree(Team.objects.all()), TEAMS_A_PAGE).get_page(request.GET.get("page"))
    add_people(page.object_list)
    return render(request, "assignments/teams.html", {"page": page, "may_change": handles_people(request.user)})


def rules_about(team):
    return AssignmentRule.objects.filter(current__team=team.pk).select_related("current")


def in_order_of_the_tree(found):
    """Each below the one it belongs to, by name; `depth` says how far."""
    found = list(found)
    names = {team.pk: team.name for team in found}
    lines = {team.pk: [int(key) for key in f"{team.above}{team.pk}".split("/") if key] for team in found}
    for team in found:
        team.depth = min(len(lines[team.pk]) - 1, DEEPEST)
    return sorted(found, key=lambda team: [(names.get(key, ""), key) for key in lines[team.pk]])


def add_people(found):
    """Adds `learners`, how many, and `leads`, their names."""
    here = Membership.objects.filter(team__in=[team.pk for team in found], person__is_active=True).order_by()
    learners = here.filter(role=LEARNER).values_list("team").annotate(Count("pk"))
    numbers, leads = Counter(dict(learners)), defaultdict(list)
    for team, name in here.filter(role=MANAGER).order_by("person__name", "pk").values_list("team", "person__name"):
        leads[team].append(name)
    for team in found:
        team.learners, team.leads = numbers[team.pk], leads[team.pk]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@asks_before_posting
@form_on(lambda: reverse("assignments:new-team"))
def new_team(request):
    hr_or_404(request.user)
    form = TeamForm(request.POST or None, by=request.user)
    if form.is_valid():
        team = add_team(form.instance, by=request.user)
        messages.success(request, gettext("The team “%(team)s” is there. Say who leads it.") % {"team": team})
        return redirect("assignments:team", team.pk)
    return render(request, "assignments/new_team.html", {"form": form}, status=form_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@asks_before_posting
@form_on(team_address)
def team(request, pk):
    (hr_or_404 if request.method == "POST" else hr_or_auditor_or_404)(request.user)
    found = get_object_or_404(Team.objects.select_related("parent"), pk=pk)
    form = TeamForm(request.POST or None, instance=found, by=request.user)
    if form.is_valid():
        change_team(form.instance, form.changed_data, by=request.user)
        messages.success(request, gettext("“%(team)s”: saved.") % {"team": found})
        return redirect("assignments:team", pk)
    return team_page(request, found, form, LeadForm(by=request.user))


def team_page(request, found, form, lead_form):
    leads = found.memberships.filter(role=MANAGER).select_related("person").order_by("person__name", "pk")
    for place in leads:
        place.may_end = may_place(request.user, place.person)
    add_people([found])
    context = {
        "team": found,
        "form": form,
        "lead_form": lead_form,
        "places": leads,
        "below": found.children.all(),
        "may_change": handles_people(request.user),
    }
    status = form_status(form if form.is_bound else lead_form)
    return render(request, "assignments/team.html", context, status=status)


@require_POST
@login_required
@asks_before_posting
@form_on(team_address)
def add_lead(request, pk):
    hr_or_404(request.user)
    found = get_object_or_404(Team.objects.select_related("parent"), pk=pk)
    form = LeadForm(request.POST, by=request.user)
    if not form.is_valid():
        return team_page(request, found, TeamForm(instance=found, by=request.user), form)
    person = form.cleaned_data["person"]
    add_place(person, found, MANAGER, by=request.user)
    messages.success(request, gettext("%(name)s leads “%(team)s” now.") % {"name": person.name, "team": found})
    return redirect("assignments:team", pk)


@require_POST
@login_required
@form_on(team_address)
def end_lead(request, pk, place):
    hr_or_404(request.user)
    found = Membership.objects.filter(team=pk, pk=place, role=MANAGER).select_related("person", "team").first()
    if found and not may_place(request.user, found.person):
        raise Http404
    if found and end_place(found.person, place, by=request.user):
        note = gettext("%(name)s does not lead “%(team)s” any more.")
        messages.success(request, note % {"name": found.person.name, "team": found.team})
    return redirect("assignments:team", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@form_on(lambda pk: reverse("assignments:close-team", args=[pk]))
def close(request, pk):
    hr_or_404(request.user)
    found = get_object_or_404(Team.objects.select_related("parent"), pk=pk)
    form = CloseTeamForm(request.POST if request.method == "POST" else None, team=found, by=request.user)
    if form.is_valid():
        close_team(found, to=form.cleaned_data.get("to"), by=request.user)
        messages.success(request, gettext("The team “%(team)s” is closed. All records stay.") % {"team": found})
        return redirect("assignments:teams")
    add_people([found])
    context = {"team": found, "form": form, "below": found.children.all(), "rules": rules_about(found)}
    return render(request, "assignments/close_team.html", context, status=form_status(form))
