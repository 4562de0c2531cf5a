"""/people/: who is in the firm; /people/first-day/: the first steps of a new company."""

from datetime import timedelta

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Prefetch
from django.shortcuts import render
from django.utils import timezone

from courseware.accounts.conflicts_of_interest import LASTS, conflicts_of_deciders
from courseware.accounts.models import Membership, Team, User
from courseware.accounts.permissions import audits, handles_people, is_no_staff, may_handle, may_read_log, sees_the_firm
from courseware.accounts.sign_in_codes import people_without_code
from courseware.assessment.models import OutsideTraining
from courseware.assignments.event_words import with_words
from courseware.assignments.models import AssignmentRule
from courseware.assignments.people_forms import PeopleFilter
from courseware.learning.models import Enrollment
from courseware.lib.model_admins import MOST, FirstRows
from courseware.lib.page_views import page_view

PEOPLE_A_PAGE = 50
NEW_FOR = timedelta(days=30)  # so long the page about the first day is offered


def may_look_at(user, person):
    """Whether the page of `person` is there for `user`: who audits looks at everybody."""
    return audits(user) or may_handle(user, person)


@page_view(allowed=sees_the_firm)
def people(request):
    form = PeopleFilter(request.GET)
    found = form.chosen_from(User.objects.order_by("name", "pk"))
    page = FirstRows(found.prefetch_related(places_with_teams()), PEOPLE_A_PAGE).get_page(request.GET.get("page"))
    for person in page.object_list:
        person.is_shown = may_look_at(request.user, person)
    context = {"form": form, "page": page, "most": MOST, "may_change": handles_people(request.user)}
    context["is_new"] = context["may_change"] and is_company_new()
    context["sees_conflicts"] = may_read_log(request.user)
    return render(request, "assignments/people.html", context)


@page_view(allowed=may_read_log)
def conflicts(request):
    page = Paginator(conflicts_of_deciders(), PEOPLE_A_PAGE).get_page(request.GET.get("page"))
    with_words(each.event for each in page.object_list)
    return render(request, "assignments/conflicts.html", {"page": page, "days": LASTS.days})


def is_company_new():
    """Whether there is no enrollment yet, or the first one was created within `NEW_FOR`."""
    first = Enrollment.objects.order_by("pk").values_list("enrolled_at", flat=True).first()
    return first is None or first > timezone.now() - NEW_FOR


def places_with_teams():
    places = Membership.objects.select_related("team").order_by("role", "team__name", "pk")
    return Prefetch("memberships", places, to_attr="places")


@page_view(allowed=handles_people)
def first_day(request):
    managers = Membership.objects.filter(team=OuterRef("pk"), role=Membership.Role.MANAGER, person__is_active=True)
    learners = User.objects.filter(is_no_staff(), is_active=True, memberships__role=Membership.Role.LEARNER)
    rules = AssignmentRule.objects.exclude(current=None)
    context = {
        "teams": Team.objects.count(),
        "without_manager": Team.objects.filter(~Exists(managers)).count(),
        "people": learners.distinct().count(),
        "without_code": people_without_code(timezone.now()).count(),
        "certificates": OutsideTraining.objects.filter(withdrawn_at=None).count(),
        "rules_on": rules.exclude(switched_on_at=None).count(),
        "rules_off": rules.filter(switched_on_at=None).count(),
    }
    return render(request, "assignments/first_day.html", context)
