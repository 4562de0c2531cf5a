"""/people/teams/: list, change and close teams; /team/deputies/, /people/<pk>/deputies/: deputies of managers."""

from collections import Counter, defaultdict

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Deputy, Membership, Team, User
from courseware.accounts.people.form_fields import PersonField
from courseware.accounts.permissions.permissions import (
    handles_people,
    may_change_membership,
    sees_whole_company,
    teams_managed_by,
)
from courseware.accounts.security.reauthentication import asks_before_posting
from courseware.accounts.teams.deputies import add_deputy, end_deputy
from courseware.accounts.teams.memberships import add_membership, end_membership
from courseware.accounts.teams.teams import add_team, change_team, close_team
from courseware.assignments.models import AssignmentRule
from courseware.hr.people.forms import SinceShownForm
from courseware.lib.dates import site_day
from courseware.lib.web.form_layout import DayInput, Fields, LongSelect
from courseware.lib.web.page_views import form_status, form_view, page_view, post_view, posted, render_form


class TeamForm(SinceShownForm):
    helper = Fields(error_summary=True, marks_required=True)

    class Meta:
        model = Team
        fields = ("name", "parent", "time_zone")
        labels = {"name": _("Team name"), "parent": _("Parent team")}

    def __init__(self, *args, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.by = by
        parents = Team.objects.only("name")
        if self.instance.pk:
            below = Team.objects.filter(pk=self.instance.pk).with_subteams()
            parents = parents.exclude(pk__in=below.values("pk"))
        self.fields["parent"].queryset = parents
        self.fields["parent"].empty_label = _("no parent team")

    def clean_parent(self):
        """Refuse a new parent team that the user manages, unless a superuser: it would give access to more people."""
        parent = self.cleaned_data["parent"]
        is_own = parent and "parent" in self.changed_data and teams_managed_by(self.by).filter(pk=parent.pk).exists()
        if is_own and not self.by.is_superuser:
            raise forms.ValidationError(
                _("You manage this team, so you cannot choose it as the parent team. Another person must do this.")
            )
        return parent


class ManagerForm(forms.Form):
    helper = Fields(error_summary=True)

    person = PersonField()

    def __init__(self, *args, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.by = by

    def clean_person(self):
        person = self.cleaned_data["person"]
        if not may_change_membership(self.by, person):
            raise forms.ValidationError(_("Only an admin can change this person’s data. Ask an admin."))
        return person


class CloseTeamForm(forms.Form):
    helper = Fields(error_summary=True)

    to = forms.ModelChoiceField(
        label=_("Move the learners to"),
        required=False,
        queryset=Team.objects.none(),
        empty_label=_("choose a team"),
        widget=LongSelect,
    )

    def __init__(self, *args, team, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.team, self.by = team, by
        self.fields["to"].queryset = Team.objects.only("name").exclude(pk=team.pk)
        self.has_learners = team.memberships.filter(role=Membership.Role.LEARNER).exists()
        if not self.has_learners:
            del self.fields["to"]

    def clean(self):
        super().clean()
        if self.has_learners and not self.cleaned_data.get("to") and "to" not in self.errors:
            self.add_error("to", _("Choose the team that the learners move to."))
        memberships = self.team.memberships.select_related("person")
        if any(not may_change_membership(self.by, membership.person) for membership in memberships):
            raise forms.ValidationError(
                _("This team includes you, or a person whose data only an admin can change. Ask an admin.")
            )


TEAMS_A_PAGE = 100
DEEPEST = 5  # levels of indentation
LEARNER, MANAGER = Membership.Role.LEARNER, Membership.Role.MANAGER


@page_view(allowed=sees_whole_company)
def teams(request):
    page = Paginator(in_order_of_the_tree(Team.objects.all()), TEAMS_A_PAGE).get_page(request.GET.get("page"))
    add_people(page.object_list)
    return render(request, "hr/teams.html", {"page": page, "may_change": handles_people(request.user)})


def in_order_of_the_tree(teams):
    """Return the teams by name, each below its parent, with `depth` (at most DEEPEST)."""
    teams = list(teams)
    names = {team.pk: team.name for team in teams}
    lines = {team.pk: [int(key) for key in f"{team.ancestors}{team.pk}".split("/") if key] for team in teams}
    for team in teams:
        team.depth = min(len(lines[team.pk]) - 1, DEEPEST)
    return sorted(teams, key=lambda team: [(names.get(key, ""), key) for key in lines[team.pk]])


def add_people(teams):
    """Set `learners` (number) and `managers` (names) of a list of teams, active people only. Runs two queries."""
    active = Membership.objects.filter(team__in=[team.pk for team in teams], person__is_active=True).order_by()
    learners = active.filter(role=LEARNER).values_list("team").annotate(Count("pk"))
    numbers, managers = Counter(dict(learners)), defaultdict(list)
    for team, name in active.filter(role=MANAGER).order_by("person__name", "pk").values_list("team", "person__name"):
        managers[team].append(name)
    for team in teams:
        team.learners, team.managers = numbers[team.pk], managers[team.pk]


@form_view("hr:new-team", allowed=handles_people, reauthenticate=asks_before_posting)
def new_team(request):
    form = TeamForm(request.POST or None, by=request.user)
    if form.is_valid():
        team = add_team(form.instance, by=request.user)
        messages.success(request, gettext("The team “%(team)s” is created. Choose its manager.") % {"team": team})
        return redirect("hr:team", team.pk)
    return render_form(request, "hr/new_team.html", form)


@form_view("hr:team", allowed=sees_whole_company, reauthenticate=asks_before_posting)
def team(request, pk):
    if request.method == "POST" and not handles_people(request.user):
        raise Http404
    found = get_object_or_404(Team.objects.select_related("parent"), pk=pk)
    form = TeamForm(request.POST or None, instance=found, by=request.user)
    if form.is_valid():
        change_team(form.instance, form.changed_data, by=request.user)
        messages.success(request, gettext("“%(team)s”: saved.") % {"team": found})
        return redirect("hr:team", pk)
    return team_page(request, found, form, ManagerForm(by=request.user))


def team_page(request, found, form, manager_form):
    managers = found.memberships.filter(role=MANAGER).select_related("person").order_by("person__name", "pk")
    for membership in managers:
        membership.may_end = may_change_membership(request.user, membership.person)
    add_people([found])
    context = {
        "team": found,
        "form": form,
        "manager_form": manager_form,
        "places": managers,
        "below": found.children.all(),
        "may_change": handles_people(request.user),
    }
    status = form_status(form if form.is_bound else manager_form)
    return render(request, "hr/team.html", context, status=status)


@post_view("hr:team", allowed=handles_people, reauthenticate=asks_before_posting)
def add_manager(request, pk):
    found = get_object_or_404(Team.objects.select_related("parent"), pk=pk)
    form = ManagerForm(request.POST, by=request.user)
    if not form.is_valid():
        return team_page(request, found, TeamForm(instance=found, by=request.user), form)
    person = form.cleaned_data["person"]
    add_membership(person, found, MANAGER, by=request.user)
    messages.success(
        request, gettext("%(name)s is now a manager of “%(team)s”.") % {"name": person.name, "team": found}
    )
    return redirect("hr:team", pk)


@post_view("hr:team", takes=("pk",), allowed=handles_people)
def end_manager(request, pk, place):
    found = Membership.objects.filter(team=pk, pk=place, role=MANAGER).select_related("person", "team").first()
    if found and not may_change_membership(request.user, found.person):
        raise Http404
    if found and end_membership(found.person, place, by=request.user):
        note = gettext("%(name)s is no longer a manager of “%(team)s”.")
        messages.success(request, note % {"name": found.person.name, "team": found.team})
    return redirect("hr:team", pk)


@form_view("hr:close-team", allowed=handles_people)
def close_team_page(request, pk):
    found = get_object_or_404(Team.objects.select_related("parent"), pk=pk)
    form = CloseTeamForm(posted(request), team=found, by=request.user)
    if form.is_valid():
        close_team(found, to=form.cleaned_data.get("to"), by=request.user)
        messages.success(request, gettext("The team “%(team)s” is closed. All records stay.") % {"team": found})
        return redirect("hr:teams")
    add_people([found])
    rules = AssignmentRule.objects.filter(current__team=pk).select_related("current")
    context = {"team": found, "below": found.children.all(), "rules": rules}
    return render_form(request, "hr/close_team.html", form, context)


class DeputyForm(forms.Form):
    helper = Fields(error_summary=True, marks_required=True)

    person = PersonField(label=_("Deputy (email or staff number)"))
    first_day = forms.DateField(label=_("First day"), widget=DayInput)
    last_day = forms.DateField(label=_("Last day"), widget=DayInput)

    def __init__(self, *args, manager, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.manager, self.by = manager, by

    def clean_person(self):
        person = self.cleaned_data["person"]
        if person == self.manager:
            raise forms.ValidationError(_("This is the person who needs a deputy. Choose another person."))
        if self.by != self.manager and not may_change_membership(self.by, person):
            raise forms.ValidationError(_("Only an admin can change this person’s data. Ask an admin."))
        return person

    def clean_last_day(self):
        day = self.cleaned_data["last_day"]
        if day < site_day():
            raise forms.ValidationError(_("This date is in the past. Choose today or a later date."))
        return day

    def clean(self):
        super().clean()
        first, last = self.cleaned_data.get("first_day"), self.cleaned_data.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("The last day is before the first day."))


def deputies_url(pk=None, **places):
    return reverse("hr:own-deputies") if pk is None else reverse("hr:deputies", args=[pk])


def manager_or_404(user, pk):
    """Return the manager with id `pk` (None: `user`). Raise Http404 without permission, or if they manage no team."""
    manager = user if pk is None else get_object_or_404(User, pk=pk)
    if pk is not None and not (handles_people(user) and may_change_membership(user, manager)):
        raise Http404
    if not manager.memberships.filter(role=Membership.Role.MANAGER).exists():
        raise Http404
    return manager


@form_view(deputies_url, reauthenticate=asks_before_posting)
def deputies(request, pk=None):
    manager = manager_or_404(request.user, pk)
    form = DeputyForm(request.POST or None, manager=manager, by=request.user)
    if form.is_valid():
        add_deputy(manager, **form.cleaned_data, by=request.user)
        note = gettext("%(name)s is now the deputy of %(manager)s.")
        messages.success(request, note % {"name": form.cleaned_data["person"].name, "manager": manager.name})
        return redirect(deputies_url(pk))
    deputies = Deputy.objects.filter(manager=manager, ended_at=None, last_day__gte=site_day()).order_by(
        "first_day", "pk"
    )
    context = {"manager": manager, "is_own": pk is None, "named": deputies.select_related("person")}
    return render_form(request, "hr/deputies.html", form, context)


@post_view(deputies_url)
def end_deputy_page(request, deputy, pk=None):
    manager = manager_or_404(request.user, pk)
    found = get_object_or_404(Deputy.objects.select_related("manager", "person"), pk=deputy, manager=manager)
    if end_deputy(found, by=request.user):
        note = gettext("%(name)s is no longer the deputy of %(manager)s.")
        messages.success(request, note % {"name": found.person.name, "manager": manager.name})
    return redirect(deputies_url(pk))
