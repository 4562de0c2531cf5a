"""/people/first-day/: the first steps of a new company in order, each with what is missing."""

from django.db.models import Exists, OuterRef
from django.shortcuts import render
from django.utils import timezone

from courseware.accounts.models import Membership, Team, User
from courseware.accounts.permissions import handles_people, is_no_staff
from courseware.accounts.printed_codes import people_without_code
from courseware.assessment.outside_training import OutsideTraining
from courseware.assignments.models import AssignmentRule
from courseware.lib.page_views import page_view


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
