"""App configuration of assignments."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssignmentsConfig(AppConfig):
    name = "courseware.assignments"
    verbose_name = _("Assignments")

    def ready(self):
        from courseware.assignments.chat import delivery
        from courseware.assignments.emails import certificate_expiry, changed_lesson, completion, daily_question
        from courseware.assignments.follow_ups import follow_ups
        from courseware.assignments.reminders import daily_reminders
        from courseware.assignments.rules import certified_enrollments, execution

        emails = (daily_reminders, completion, certificate_expiry, changed_lesson, follow_ups, daily_question, delivery)
        for module in (certified_enrollments, execution, *emails):
            module.register()
