"""Admin search: search and filters for lists of the admin whose rows belong to people."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from courseware.accounts.calendar.absences import absent_now
from courseware.accounts.models import Membership, Team, User
from courseware.accounts.people.search import found_by
from courseware.lib.admin.model_admins import MAX_LISTED_ROWS, IndexedSearch, TextFilter


class SearchByPeople(IndexedSearch):
    """Find rows by the start of words of their person, or by an exact address or staff number."""

    def people_found(self, words):
        """Return ids of people with exactly this address or number, else MAX_LISTED_ROWS at most from `found_by`."""
        if exact := super().people_found(words):
            return exact
        return list(found_by(words, User.objects.all()).values_list("pk", flat=True)[:MAX_LISTED_ROWS])


class TeamFilter(TextFilter):
    title = _("team")
    parameter_name = "team"
    person = "pk"  # the field of a row that names a person

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        teams = Team.objects.filter(name__icontains=self.value())
        people = Membership.objects.filter(team__in=teams).values("person")
        return queryset.filter(**{f"{self.person}__in": people})


class LearnersTeamFilter(TeamFilter):
    person = "learner"


class AbsenceFilter(admin.SimpleListFilter):
    title = _("absence")
    parameter_name = "away"

    def lookups(self, request, model_admin):
        return [("now", _("is away"))]

    def queryset(self, request, queryset):
        return queryset.filter(pk__in=absent_now().values("person")) if self.value() else queryset


class NoTeamFilter(admin.SimpleListFilter):
    title = _("membership")
    parameter_name = "membership"

    def lookups(self, request, model_admin):
        return [("none", _("in no team"))]

    def queryset(self, request, queryset):
        return queryset.filter(memberships=None) if self.value() else queryset
