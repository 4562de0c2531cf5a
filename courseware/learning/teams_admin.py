from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.admin import TeamAdmin
from courseware.accounts.models import Team
from courseware.content.course_titles import course_title
from courseware.learning.admin_forms import AnotherDayForm, EnrollTeamForm, confirmation
from courseware.learning.enrolling import begin_enrolling, choose_another_day, enroll_next, is_day_over, people_waiting
from courseware.learning.models import TeamEnrolling
from courseware.lib.background import in_background
from courseware.lib.page_views import form_status

admin.site.unregister(Team)


@admin.register(Team)
class EnrollingTeamAdmin(TeamAdmin):
    """The team's admin of `accounts`, with the action to enroll a team."""

    actions = ["enroll"]
    change_list_template = "admin/learning/teams.html"

    @admin.action(description=_("Enroll the team in a course, with a due day"))
    def enroll(self, request, teams):
        form = EnrollTeamForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            title = gettext("Enroll the team in a course, with a due day")
            return confirmation(self, request, title, form, action="enroll", chosen=teams)
        order = begin_enrolling(list(teams), **form.cleaned_data)
        return redirect("admin:enroll-team", order.pk)

    def get_urls(self):
        view = self.admin_site.admin_view(self.enrolling)
        return [path("enrolling/<int:pk>/", view, name="enroll-team"), *super().get_urls()]

    @in_background  # where there is a script, it goes on whoever is there
    def enrolling(self, request, pk):
        """How far it is. Each POST enrolls some people more; the page sends them by itself where there is a script."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        order = get_object_or_404(TeamEnrolling.objects.select_related("course"), pk=pk)
        form = AnotherDayForm(request.POST if "due_on" in request.POST else None) if is_day_over(order) else None
        if form and form.is_valid():
            choose_another_day(order, **form.cleaned_data)
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
            "left": 0 if order.finished_at else people_waiting(order),
            "form": form,
        }
        name = "_enrolling" if request.htmx else "enrolling"
        return TemplateResponse(request, f"admin/learning/{name}.html", context, status=form and form_status(form))

    def changelist_view(self, request, extra_context=None):
        unfinished = TeamEnrolling.objects.filter(finished_at=None).select_related("course").prefetch_related("teams")
        return super().changelist_view(request, {"unfinished": unfinished, **(extra_context or {})})
