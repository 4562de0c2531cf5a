"""/people/: who is in the firm."""

from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from courseware.accounts.conflicts_of_interest import LASTS, conflicts_of_deciders
from courseware.accounts.models import Membership, User
from courseware.accounts.permissions import audits, handles_people, may_handle, sees_the_firm
from courseware.assignments.event_words import with_words
from courseware.assignments.people_forms import PeopleFilter
from courseware.learning.models import Enrollment
from courseware.lib.long_lists import MOST, FirstRows

PEOPLE_A_PAGE = 50
NEW_FOR = timedelta(days=30)  # so long the page about the first day is offered


def hr_or_404(user):
    if not handles_people(user):
        raise Http404


def hr_or_auditor_or_404(user):
    if not sees_the_firm(user):
        raise Http404


def may_look_at(user, person):
    """Whether the page of `person` is there for `user`: who audits looks at everybody."""
    return audits(user) or may_handle(user, person)


@require_safe
@login_required
def people(request):
    hr_or_auditor_or_404(request.user)
    form = PeopleFilter(request.GET)
    found = form.chosen_from(User.objects.order_by("name", "pk"))
    page = FirstRows(found.prefetch_related(places_with_teams()), PEOPLE_A_PAGE).get_page(request.GET.get("page"))
    for person in page.object_list:
        person.is_shown = may_look_at(request.user, person)
    context = {"form": form, "page": page, "most": MOST, "may_change": handles_people(request.user)}
    context["is_new"] = context["may_change"] and is_company_new()
    context["sees_conflicts"] = audits(request.user) or request.user.is_superuser
    return render(request, "assignments/people.html", context)


@require_safe
@login_required
def conflicts(request):
    """For auditors and administrators."""
    if not (audits(request.user) or request.user.is_superuser):
        raise Http404
    page = Paginator(conflicts_of_deciders(), PEOPLE_A_PAGE).get_page(request.GET.get("page"))
    with_words(each.event for each in page.object_list)
    return render(request, "assignments/conflicts.html", {"page": page, "days": LASTS.days})


def is_company_new(at=None):
    """Whether there is no enrollment yet, or the first one was created within `NEW_FOR`."""
    first = Enrollment.objects.order_by("pk").values_list("enrolled_at", flat=True).first()
    return first is None or first > (at or timezone.now()) - NEW_FOR


def places_with_teams():
    places = Membership.objects.select_related("team").order_by("role", "team__name", "pk")
    return Prefetch("memberships", places, to_attr="places")
