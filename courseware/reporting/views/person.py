"""Page of a person, opened by an enrollment: /team/people/<pk>/."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext

from courseware.accounts.calendar.absences import may_record_absence
from courseware.accounts.sign_in.sign_in_codes import may_give_code
from courseware.assessment.certificates.external_training import trainings_of
from courseware.assignments.manager_actions.views import NoteForm
from courseware.hr.people.absence_views import AbsenceForm
from courseware.learning.due_dates.absence_shifts import shifted_days
from courseware.learning.due_dates.due_dates import why_due_day_is_free
from courseware.learning.enrollments.enrollment import EnrollmentClosed, alone
from courseware.learning.manager_actions import ON_PERSON_PAGE
from courseware.learning.manager_actions.manager_action import may_change
from courseware.learning.models import Adjustment
from courseware.learning.record_access_log import record_access
from courseware.lib.dates import site_day
from courseware.lib.web.page_views import page_view, post_view
from courseware.reporting.dashboard import rows
from courseware.reporting.dashboard.course_history import row_and_course_statuses
from courseware.reporting.dashboard.timeline import emails_to, last_email_failed, timeline


def person_address(pk, action=None):
    return reverse("reporting:person", args=[pk])


def visible_enrollment(user, pk):
    """Return the enrollment (id `pk`) with the facts of a dashboard row. Raise `Http404` if `user` may not see it."""
    shown = rows.enrollments_shown_to(user).select_related("learner")
    return get_object_or_404(rows.with_facts(shown, timezone.now()), pk=pk)


def absence_form(user, enrollment):
    """Return the form, or None if the enrollment is closed or `user` may not record absences."""
    if not enrollment.is_open or not may_record_absence(user, enrollment.learner):
        return None
    return AbsenceForm(today=timezone.localdate(timezone=enrollment.zone))


def newest_undoable(entries):
    """Return the id of the first adjustment in `entries` (of `timeline`, newest first) that can be undone, or None."""
    return next((each.line.adjustment_id for each in entries if each.line and each.may_undo), None)


def person_page(request, enrollment, *, refused=None, status=200):
    """Render the page. `enrollment`: of `visible_enrollment`; `refused`: manager action → form with errors."""
    may = may_change(request.user, enrollment)
    actions = [action for action in ON_PERSON_PAGE if may and action.is_offered(enrollment)]
    # Also for POST requests, because the page shows the record.
    record_access(enrollment, by=request.user)
    emails = emails_to(enrollment.learner)
    teams = rows.teams_shown_to(request.user).filter(memberships__person=enrollment.learner)
    names = dict(teams.values_list("pk", "name"))
    now, outlines = timezone.now(), rows.outlines(get_language())
    row, courses = row_and_course_statuses(request.user, enrollment, names, outlines, now)
    entries = timeline(enrollment, row.journey.outline, request.user)
    context = {
        "enrollment": enrollment,
        "row": row,
        "why_due_day_is_free": why_due_day_is_free(enrollment),
        "shifted_days": shifted_days(enrollment),
        "absence_form": absence_form(request.user, enrollment),
        "timeline": entries,
        "may_change": may,
        "asked": next((each.asked for each in entries if each.asked and each.asked.is_open), None),
        "to_undo": newest_undoable(entries) if may else None,
        "note_form": NoteForm() if may and enrollment.learner.is_active else None,
        "outside": trainings_of(enrollment.learner, enrollment.course_id).filter(revoked_at=None),
        "today": site_day(),
        "courses": courses,
        "emails": emails,
        "is_out_of_reach": last_email_failed(enrollment.learner, emails),
        "forms": {action: action.form(enrollment=enrollment) for action in actions} | (refused or {}),
        "is_refused": bool(refused),
        "may_give_code": enrollment.learner.email is None and may_give_code(request.user, enrollment.learner),
    }
    return render(request, "reporting/person.html", context, status=status)


@page_view()
def person(request, pk):
    return person_page(request, visible_enrollment(request.user, pk))


@post_view(person_address)
def act(request, pk, action):
    enrollment = visible_enrollment(request.user, pk)
    if not may_change(request.user, enrollment):
        raise Http404
    form = action.form(request.POST, enrollment=enrollment)
    if form.is_valid():
        try:
            made = alone(enrollment, Adjustment(kind=action.kind, made_by=request.user, **form.cleaned_data))
            level = messages.SUCCESS if made else messages.INFO
            messages.add_message(request, level, action.sentence(enrollment, form.cleaned_data, made))
        except EnrollmentClosed:
            messages.info(request, gettext("Nothing was changed because the enrollment has ended."))
        return redirect("reporting:person", pk)
    return person_page(request, enrollment, refused={action: form}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
