"""Admin pages of enrollments, teams and lesson reports."""

from datetime import date

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.admin import TeamAdmin
from courseware.accounts.models import Team
from courseware.accounts.people.admin_search import LearnersTeamFilter, SearchByPeople
from courseware.accounts.people.search import HOW_PEOPLE_ARE_FOUND
from courseware.content.course_titles import CourseTitleFilter, course_title
from courseware.learning.admin.forms import EnrollmentForm, EnrollTeamForm, ExtensionForm, confirmation
from courseware.learning.enrollments.enrollment import (
    EnrollmentClosed,
    alone,
    begin_enrolling,
    enroll,
    enroll_next,
    is_day_over,
    people_pending,
    set_due_date,
)
from courseware.learning.manager_actions import ON_PERSON_PAGE
from courseware.learning.manager_actions.manager_action import may_change
from courseware.learning.models import Adjustment, BulkEnrollment, Enrollment, LessonReport
from courseware.learning.record_access_log import record_access
from courseware.learning.status.certification_status import CertificationStatus
from courseware.lib.admin.model_admins import LargeTableAdmin, ListFiltersOnly, SuperusersOnly
from courseware.lib.web.page_views import form_status, in_background

# Labels of the fields of a manager action for several people at once.
WORDS = {
    "due_on": {"label": _("due date")},
    "reason": {"label": _("reason"), "help_text": _("The learner can read this reason, and it stays on record.")},
}


@admin.register(LessonReport)
class LessonReportAdmin(ListFiltersOnly, LargeTableAdmin, admin.ModelAdmin):
    """Reports on lessons, for editors. Nothing shows who sent one, not even a number."""

    list_display = ["document", "language", "comment", "day", "is_settled"]
    list_filter = [("settled_at", admin.EmptyFieldListFilter), ("document__course", CourseTitleFilter), "language"]
    list_select_related = ["document"]
    search_fields = ["document__identifier", "comment"]
    fields = readonly_fields = ("document", "release", "language", "comment", "day", "settled_at")
    actions = ["settle"]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description=_("reported"), ordering="reported_at")
    def day(self, report):
        return timezone.localdate(report.reported_at)

    @admin.display(description=_("resolved"), boolean=True)
    def is_settled(self, report):
        return report.settled_at is not None

    @admin.action(description=_("Mark as resolved"), permissions=["change"])
    def settle(self, request, reports):
        settled = reports.filter(settled_at=None).update(settled_at=timezone.now())
        note = ngettext("%(count)d report is marked as resolved.", "%(count)d reports are marked as resolved.", settled)
        self.message_user(request, note % {"count": settled}, messages.SUCCESS)


admin.site.unregister(Team)


@admin.register(Team)
class BulkEnrollmentAdmin(TeamAdmin):
    actions = ["enroll"]
    change_list_template = "admin/learning/teams.html"

    @admin.action(description=_("Enroll the team in a course, with a due date"))
    def enroll(self, request, teams):
        form = EnrollTeamForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            title = gettext("Enroll the team in a course, with a due date")
            return confirmation(self, request, title, form, action="enroll", chosen=teams)
        order = begin_enrolling(list(teams), **form.cleaned_data)
        return redirect("admin:enroll-team", order.pk)

    def get_urls(self):
        view = self.admin_site.admin_view(self.enrolling)
        return [path("enrolling/<int:pk>/", view, name="enroll-team"), *super().get_urls()]

    @in_background  # the script of the page sends these requests, so they do not count as activity
    def enrolling(self, request, pk):
        """Show the progress. Each POST enrolls the next batch; a script sends them by itself."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        order = get_object_or_404(BulkEnrollment.objects.select_related("course"), pk=pk)
        form = ExtensionForm(request.POST if "due_on" in request.POST else None) if is_day_over(order) else None
        if form and form.is_valid():
            set_due_date(order, **form.cleaned_data)
            return redirect("admin:enroll-team", pk)
        if request.method == "POST" and not form:
            order = enroll_next(order, by=request.user)
            if not request.htmx:
                return redirect("admin:enroll-team", pk)
        title = gettext("Enrolling in %(course)s") % {"course": course_title(order.course)}
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "order": order,
            "left": 0 if order.finished_at else people_pending(order),
            "form": form,
        }
        name = "_enrolling" if request.htmx else "enrolling"
        return TemplateResponse(request, f"admin/learning/{name}.html", context, status=form and form_status(form))

    def changelist_view(self, request, extra_context=None):
        unfinished = BulkEnrollment.objects.filter(finished_at=None).select_related("course").prefetch_related("teams")
        return super().changelist_view(request, {"unfinished": unfinished, **(extra_context or {})})


class StateFilter(admin.SimpleListFilter):
    title = _("status")
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [*Enrollment.State.choices, *CertificationStatus.choices]

    def queryset(self, request, queryset):
        value = self.value()
        if value in Enrollment.State.values:
            return queryset.in_state(Enrollment.State(value))
        # Only the newest enrollment has a certification status.
        return (
            queryset.newest().in_state(CertificationStatus(value)) if value in CertificationStatus.values else queryset
        )


FIRST_FIELDS = ("learner", "course", "state", "due_on", "due_given_by", "job_role")
COLUMNS_WITH_OWN_DISPLAY = {"id", "due_at", *FIRST_FIELDS}
COLUMNS = [each.name for each in Enrollment._meta.fields if each.editable and each.name not in COLUMNS_WITH_OWN_DISPLAY]


def admin_action(manager_action):
    @admin.action(description=manager_action.admin_label)
    def action(model_admin, request, enrollments):
        return model_admin.ask(request, enrollments, manager_action)

    action.__name__ = manager_action.name  # the list sends it back
    return action


@admin.register(Enrollment)
class EnrollmentAdmin(SuperusersOnly, ListFiltersOnly, LargeTableAdmin, SearchByPeople, admin.ModelAdmin):
    """Read-only. Enrollments are changed by enrolling and by manager actions."""

    list_display = [
        "learner", "course_shown", "state", "certified", "due_on", "started_at", "last_active_at", "completed_at",
    ]  # fmt: skip
    ordering = ["urgency", "pk"]
    list_filter = [StateFilter, ("course", CourseTitleFilter), LearnersTeamFilter]
    search_people = ("learner",)
    search_help_text = HOW_PEOPLE_ARE_FOUND
    autocomplete_fields = ["learner"]
    actions = [admin_action(each) for each in ON_PERSON_PAGE if each.admin_label]
    readonly_fields = (*FIRST_FIELDS, *COLUMNS, "completions", "answers")
    fields = readonly_fields

    def get_ordering(self, request):
        """Sort by the last day of certificates if the filter is about them; there is an index for it."""
        value = request.GET.get(StateFilter.parameter_name)
        by_last_day = value in CertificationStatus.values and CertificationStatus(value).has_last_day
        return ["certified_until", *self.ordering] if by_last_day else self.ordering

    def get_queryset(self, request):
        return super().get_queryset(request).with_state().with_zone().with_release().select_related("learner")

    @admin.display(description=_("course"), ordering="course")
    def course_shown(self, enrollment):
        return course_title(enrollment.course)

    def get_fields(self, request, obj=None):
        return self.fields if obj else ["learner", "course", "due_on"]

    def get_readonly_fields(self, request, obj=None):
        return self.readonly_fields if obj else []

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = {} if obj else {"form": type("EnrollmentForm", (EnrollmentForm,), {"by": request.user})}
        return super().get_form(request, obj, change, **form | kwargs)

    def save_model(self, request, obj, form, change):
        if not change:
            enrolled = enroll(obj.learner, obj.course, due_at=form.due_at, by=request.user)
            obj.pk = enrolled.pk

    def has_delete_permission(self, request, obj=None):
        return False  # exempt it instead, so that its records stay

    def change_view(self, request, object_id, form_url="", extra_context=None):
        enrollment = self.get_object(request, object_id)
        if enrollment and self.has_view_permission(request, enrollment):
            record_access(enrollment, by=request.user)
        nothing_to_save = {"show_save": False, "show_save_and_continue": False, "show_save_and_add_another": False}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | nothing_to_save)

    @admin.display(description=_("status"), ordering="urgency")
    def state(self, enrollment):
        return Enrollment.State(enrollment.state).label

    @admin.display(description=_("certified until"))
    def certified(self, enrollment):
        day = enrollment.certified_until if enrollment.is_newest else None
        if day == date.max:
            return gettext("no expiry date")
        return None if day == date.min else day

    @admin.display(description=_("due date"), ordering="urgency")
    def due_on(self, enrollment):
        return enrollment.due_on

    @admin.display(description=_("completions"))
    def completions(self, enrollment):
        rows = enrollment.completions.select_related("document").order_by("completed_at")
        lines = ((row.document, timezone.localtime(row.completed_at).strftime("%Y-%m-%d %H:%M")) for row in rows)
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{} · {}</li>", lines))

    @admin.display(description=_("answers"))
    def answers(self, enrollment):
        return enrollment.answers.count()

    def ask(self, request, enrollments, action):
        """Show the action's form. Once it is valid, act on each enrollment and return None, which shows the list."""
        form = action.form(request.POST if "confirmed" in request.POST else None)
        for name in WORDS.keys() & form.fields.keys():
            vars(form.fields[name]).update(WORDS[name])
        if not form.is_valid():
            return confirmation(self, request, action.admin_label, form, action=action.name, chosen=enrollments)
        changed = []
        for enrollment in enrollments:
            if not may_change(request.user, enrollment):
                note = gettext(
                    "You do not have permission to change the records of %(name)s. These records were not changed."
                ) % {"name": enrollment.learner}
                self.message_user(request, note, messages.WARNING)
                continue
            try:
                adjustment = Adjustment(kind=action.kind, made_by=request.user, **form.cleaned_data)
                changed.append(bool(alone(enrollment, adjustment)))
            except EnrollmentClosed:
                named = f"{enrollment.learner} · {course_title(enrollment.course)}"
                note = gettext("%(enrollment)s has already ended, so nothing was changed.") % {"enrollment": named}
                self.message_user(request, note, messages.WARNING)
        self.tell_what_was_changed(request, changed.count(True), changed.count(False))
        return None

    def tell_what_was_changed(self, request, changed, unchanged):
        if changed:
            note = ngettext("%(count)d enrollment was changed.", "%(count)d enrollments were changed.", changed)
            self.message_user(request, note % {"count": changed}, messages.SUCCESS)
        if unchanged:
            note = ngettext(
                "%(count)d enrollment already had this value and was not changed.",
                "%(count)d enrollments already had this value and were not changed.",
                unchanged,
            )
            self.message_user(request, note % {"count": unchanged}, messages.INFO)
