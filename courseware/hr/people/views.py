"""/people/: list and pages of people; /people/first-day/: the first steps of a new company."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Prefetch
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.calendar.absences import absences_of, may_record_absence
from courseware.accounts.models import AccountMerge, Membership, Team, User, merge_of
from courseware.accounts.people import offboarding
from courseware.accounts.people.offboarding import HasRecord, remove_person
from courseware.accounts.permissions.conflicts_of_interest import CONFLICT_DURATION, conflicts_of_deciders
from courseware.accounts.permissions.permissions import (
    audits,
    handles_people,
    is_no_staff,
    may_change_membership,
    may_handle,
    may_read_log,
    sees_whole_company,
)
from courseware.accounts.security.reauthentication import (
    asks_before_appointing,
    asks_before_posting,
    requires_reauthentication,
)
from courseware.accounts.sign_in.sign_in_codes import may_give_code, people_without_code
from courseware.accounts.teams.memberships import add_membership, change_profile, end_membership, move
from courseware.assessment.certificates.external_training import trainings_of
from courseware.assessment.certificates.issuing import revoke_certificate
from courseware.assessment.models import Certificate, ExternalTraining
from courseware.assignments.audit_log_labels import with_label
from courseware.assignments.manager_actions.views import record_page
from courseware.assignments.models import AssignmentRule
from courseware.audit_log.models import Event
from courseware.audit_log.record import subject_of
from courseware.content.course_titles import course_title
from courseware.content.rendering.store import outline
from courseware.hr.people.forms import MembershipForm, PeopleFilter, ProfileForm
from courseware.learning.enrollments.newest import MergedEnrollment
from courseware.learning.models import Enrollment
from courseware.learning.record_access_log import VERB as LOOKED
from courseware.learning.record_access_log import record_access
from courseware.lib.admin.model_admins import MAX_LISTED_ROWS, LimitedPaginator
from courseware.lib.dates import site_day
from courseware.lib.web.form_layout import Fields
from courseware.lib.web.page_views import form_view, page_view, post_view, posted, render_form
from courseware.notifications.models import OutgoingEmail

PEOPLE_A_PAGE = 50
NEW_FOR = timedelta(days=30)  # for this long the page about the first day is offered


def may_view(user, person):
    """Return whether `user` may open the page of `person`. Only call it for users who see the whole company."""
    return audits(user) or may_handle(user, person)


@page_view(allowed=sees_whole_company)
def people(request):
    form = PeopleFilter(request.GET)
    found = form.chosen_from(User.objects.order_by("name", "pk"))
    page = LimitedPaginator(found.prefetch_related(memberships_with_teams()), PEOPLE_A_PAGE).get_page(
        request.GET.get("page")
    )
    for person in page.object_list:
        person.is_shown = may_view(request.user, person)
    context = {"form": form, "page": page, "most": MAX_LISTED_ROWS, "may_change": handles_people(request.user)}
    context["is_new"] = context["may_change"] and is_company_new()
    context["sees_conflicts"] = may_read_log(request.user)
    return render(request, "hr/people.html", context)


@page_view(allowed=may_read_log)
def conflicts(request):
    page = Paginator(conflicts_of_deciders(), PEOPLE_A_PAGE).get_page(request.GET.get("page"))
    with_label(each.event for each in page.object_list)
    return render(request, "hr/conflicts.html", {"page": page, "days": CONFLICT_DURATION.days})


def is_company_new():
    """Return whether there is no enrollment yet, or the first was created within NEW_FOR."""
    first = Enrollment.objects.order_by("pk").values_list("enrolled_at", flat=True).first()
    return first is None or first > timezone.now() - NEW_FOR


def memberships_with_teams():
    """Return a Prefetch that loads the memberships with their teams as the list `places`."""
    memberships = Membership.objects.select_related("team").order_by("role", "team__name", "pk")
    return Prefetch("memberships", memberships, to_attr="places")


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
        "certificates": ExternalTraining.objects.filter(revoked_at=None).count(),
        "rules_on": rules.exclude(switched_on_at=None).count(),
        "rules_off": rules.filter(switched_on_at=None).count(),
    }
    return render(request, "hr/first_day.html", context)


SHOWN = 10  # emails, and events of the log


def member_or_404(request, pk):
    """Return the person with id `pk`. Raise Http404 if missing, or the user may not change the person."""
    person = get_object_or_404(User, pk=pk)
    if not (handles_people(request.user) and may_change_membership(request.user, person)):
        raise Http404
    return person


@page_view(allowed=sees_whole_company)
def person(request, pk):
    found = get_object_or_404(User.objects.prefetch_related(memberships_with_teams()), pk=pk)
    if not may_view(request.user, found):
        raise Http404
    return person_page(request, found, MembershipForm())


def person_page(request, found, form):
    may_change = handles_people(request.user) and may_handle(request.user, found)
    record_access(found, by=request.user)
    enrollments = enrollments_of(found, request.user)
    merge = merge_of(found)
    by_link = Event.objects.filter(subject=subject_of(found), verb="invite-link-used").order_by("pk").first()
    aliases = [each.other for each in AccountMerge.objects.in_force().filter(kept=found).select_related("other")]
    context = {
        "person": found,
        "runs": enrollments,
        "record_page": record_page(),
        "absences": absences_of(found),
        "may_record_absence": may_record_absence(request.user, found),
        "certificates": certificates_of(found, site_day()),
        "outside": titled(trainings_of(found)),
        "today": site_day(),
        "emails": OutgoingEmail.objects.of(found)[:SHOWN],
        "events": with_label(events_about([found, *aliases])[:SHOWN]),
        "by_link": by_link,
        "merge": merge,
        "names": aliases,
        "is_manager": any(place.role == Membership.Role.MANAGER for place in found.places),
        "may_change": may_change,
        "may_change_membership": may_change and may_change_membership(request.user, found),
        "may_give_code": found.is_active and may_give_code(request.user, found),
        "is_removable": may_change and not found.last_login and not enrollments and not (merge or aliases),
    }
    return render_form(request, "hr/person.html", form, context)


def enrollments_of(found, user):
    """Return enrollments in released courses that `user` may see, newest first, with `label`, `title`, `is_merged`."""
    enrollments = Enrollment.objects.visible_to(user).filter(learner=found, course__current__isnull=False)
    closed = MergedEnrollment.objects.in_force().filter(enrollment=OuterRef("pk"), is_closed=True)
    enrollments = enrollments.with_release().with_state().with_zone().annotate(is_merged=Exists(closed))
    enrollments = list(enrollments.order_by("-is_newest", "-pk"))
    for enrollment in enrollments:
        enrollment.label = Enrollment.State(enrollment.state)
        enrollment.title = outline(enrollment.course.current, get_language()).title
    return enrollments


def events_about(accounts):
    """Return a queryset of the events about these accounts (users), newest first, without views of the record."""
    events = Event.objects.filter(subject__in=[subject_of(each) for each in accounts]).exclude(verb=LOOKED)
    return events.select_related("actor").order_by("-pk")


def titled(trainings):
    """Return the external trainings (a queryset) as a list, each with `title` in the active language."""
    trainings = list(trainings.select_related("course__current").defer("course__current__outlines"))
    for training in trainings:
        training.title = course_title(training.course, get_language())
    return trainings


def certificates_of(found, today):
    """Return all certificates of the person, newest first, with `title`, and `holds`: it is valid on `today`."""
    certificates = list(Certificate.objects.filter(enrollment__learner=found).order_by("-issued_at", "-pk"))
    for certificate in certificates:
        certificate.title = certificate.titles.get(get_language()) or next(iter(certificate.titles.values()))
        certificate.holds = today <= certificate.certifies_until
    return certificates


@form_view("hr:edit-person", reauthenticate=requires_reauthentication)
def edit_person(request, pk):
    found = member_or_404(request, pk)
    form = ProfileForm(request.POST or None, instance=found, by=request.user)
    if form.is_valid() and is_changed(request, form):
        return redirect("hr:person", pk)
    return render_form(request, "hr/edit_person.html", form, {"person": found})


def is_changed(request, form):
    """Save the valid form. Return False if the address or number was taken meanwhile; the form then has the error."""
    try:
        changed = change_profile(form.instance, form.changed_values(), by=request.user)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    note = gettext("%(name)s: saved.") if changed else gettext("%(name)s: nothing was changed.")
    messages.success(request, note % {"name": form.instance.name})
    return True


@post_view("hr:person", reauthenticate=asks_before_appointing)
def add_membership_page(request, pk):
    """Add the person to a team. With `act` "move" the team replaces the others of this role."""
    found = member_or_404(request, pk)
    form = MembershipForm(request.POST)
    if form.is_valid() and form.cleaned_data["role"] == Membership.Role.MANAGER and not found.is_active:
        form.add_error("role", gettext("This person has left the company."))  # the role would return with the person
    if not form.is_valid():
        found.places = list(found.memberships.select_related("team"))
        return person_page(request, found, form)
    team, role = form.cleaned_data["team"], form.cleaned_data["role"]
    if request.POST.get("act") == "move":
        move(found, team, role=role, by=request.user)
    else:
        add_membership(found, team, role, by=request.user)
    note = gettext("%(name)s is now in the team “%(team)s”.")
    messages.success(request, note % {"name": found.name, "team": team})
    return redirect("hr:person", pk)


@post_view("hr:person", takes=("pk",))
def end_membership_page(request, pk, place):
    found = member_or_404(request, pk)
    if end_membership(found, place, by=request.user):
        messages.success(
            request, gettext("%(name)s was removed from the team. The person’s records stay.") % {"name": found.name}
        )
    return redirect("hr:person", pk)


@post_view("hr:person", reauthenticate=requires_reauthentication)
def let_leave(request, pk):
    found = member_or_404(request, pk)
    if offboarding.leave(found, by=request.user):
        note = gettext(
            "%(name)s is marked as left. The person is signed out on all devices, no longer appears on "
            "dashboards and gets no more emails. The record stays."
        )
        messages.success(request, note % {"name": found.name})
    return redirect("hr:person", pk)


@post_view("hr:person")
def let_return(request, pk):
    found = member_or_404(request, pk)
    if offboarding.come_back(found, by=request.user):
        note = gettext("%(name)s has returned to the company. The courses continue where the person stopped.")
        messages.success(request, note % {"name": found.name})
    return redirect("hr:person", pk)


@form_view("hr:remove-person", reauthenticate=asks_before_posting)
def remove(request, pk):
    found = member_or_404(request, pk)
    if request.method != "POST":
        return render(request, "hr/remove_person.html", {"person": found})
    try:
        remove_person(found, by=request.user)
    except HasRecord:
        note = gettext(
            "The account of %(name)s was not deleted, because it has records. Mark the person as left instead."
        )
        messages.error(request, note % {"name": found.name})
        return redirect("hr:person", pk)
    messages.success(request, gettext("%(name)s was deleted.") % {"name": found.name})
    return redirect("hr:people")


class ReasonForm(forms.Form):
    helper = Fields(error_summary=True, marks_required=True)

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_(
            "The certificate holder can read this reason, and it stays in the record. People who check the "
            "certificate number cannot see it."
        ),
    )


@form_view(
    "hr:revoke-certificate",
    allowed=handles_people,
    reauthenticate=requires_reauthentication,
)
def revoke_certificate_page(request, pk):
    certificate = get_object_or_404(Certificate.objects.select_related("enrollment__learner"), pk=pk)
    holder = certificate.enrollment.learner
    if not may_change_membership(request.user, holder):
        raise Http404
    form = ReasonForm(posted(request))
    if form.is_valid():
        if revoke_certificate(certificate, reason=form.cleaned_data["reason"], by=request.user):
            note = gettext("The certificate of %(name)s is revoked. An email tells the person the reason.")
            messages.success(request, note % {"name": certificate.holder})
        return redirect("hr:person", holder.pk)
    context = {"certificate": certificate, "holder": holder}
    return render_form(request, "hr/revoke_certificate.html", form, context)
