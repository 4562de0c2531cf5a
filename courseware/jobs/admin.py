"""Admin pages of scheduled jobs and background tasks, for superusers."""

from datetime import timedelta

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_tasks_db.models import DBTaskResult

from courseware.jobs.models import Job, Task
from courseware.jobs.schedule import JOBS, run_now
from courseware.lib.admin.model_admins import LargeTableAdmin, ListFiltersOnly, ReadOnly, SuperusersOnly


@admin.register(Job)
class JobAdmin(ReadOnly, SuperusersOnly, ListFiltersOnly, admin.ModelAdmin):
    list_display = ["in_words", "started_at", "took", "outcome", "said", "next_at"]
    actions = ["run_selected"]
    fields = readonly_fields = ("in_words", "started_at", "finished_at", "outcome", "said", "next_at")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Job | None:
        # The URL holds the job's name, and PostgreSQL refuses a text with NUL.
        return super().get_object(request, object_id, from_field) if object_id in JOBS else None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).filter(name__in=JOBS)

    @admin.display(description=_("job"), ordering="name")
    def in_words(self, job: Job) -> str | Promise:
        return JOBS[job.name].words

    @admin.display(description=_("duration"))
    def took(self, job: Job) -> timedelta | None:
        return job.duration

    @admin.action(description=_("Run now"))
    def run_selected(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        for name in (names := list(jobs.values_list("name", flat=True))):
            run_now(name)
        message = ngettext("%(count)d job will run soon.", "%(count)d jobs will run soon.", len(names)) % {
            "count": len(names)
        }
        self.message_user(request, message, messages.SUCCESS)


@admin.register(Task)
class TaskAdmin(ReadOnly, SuperusersOnly, ListFiltersOnly, LargeTableAdmin, admin.ModelAdmin):
    list_display = ("task_name", "status", "enqueued_at", "started_at", "finished_at")
    list_filter = ["status"]
    ordering = ["-enqueued_at"]
    fields = readonly_fields = (*list_display, "worker_ids", "exception_class_path", "traceback")


admin.site.unregister(DBTaskResult)  # TaskAdmin replaces it: it is English only, and staff with permission may open it
