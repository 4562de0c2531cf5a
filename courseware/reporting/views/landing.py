"""/start/: where somebody's work is, who has just signed in."""

from django.shortcuts import redirect

from courseware.accounts.permissions import audits, handles_people, is_manager
from courseware.learning.models import Enrollment
from courseware.learning.not_asked import PERSON_OR_COURSE
from courseware.lib.page_views import page_view
from courseware.reporting.branches import leads_leads


@page_view()
def start(request):
    return redirect(place_of_work(request.user))


def place_of_work(person):
    """The name of an address. Who has to learn learns first; the other places are in the menu."""
    if Enrollment.objects.asked(ignoring=PERSON_OR_COURSE).filter(learner=person).exists():
        return "home"
    if handles_people(person) and not person.is_superuser:
        return "assignments:people"
    if leads_leads(person):
        return "reporting:branch"
    if is_manager(person) or audits(person):
        return "reporting:board"
    if person.is_staff and person.has_perm("content.change_document"):
        return "admin:content_document_changelist"
    return "admin:index" if person.is_staff else "home"
