"""App configuration of assignments: registers email types and schedules jobs."""

from datetime import time, timedelta

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssignmentsConfig(AppConfig):
    name = "courseware.assignments"
    verbose_name = _("Assignments")

    def ready(self):
        from courseware.assignments.chat import delivery
        from courseware.assignments.emails import certificate_expiry, changed_lesson, completion, daily_question
        from courseware.assignments.emails.daily_email_jobs import register_morning_job, schedule_emails
        from courseware.assignments.follow_ups import follow_ups
        from courseware.assignments.reminders import daily_reminders
        from courseware.assignments.rules import certified_enrollments, execution
        from courseware.jobs.schedule import Daily, Every, schedule
        from courseware.jobs.tasks import DELIVERY
        from courseware.learning.status.completion import enrollment_completed

        training = (daily_reminders, completion, certificate_expiry, changed_lesson)
        for module in (*training, follow_ups, daily_question, delivery):
            module.register_email()
        enrollment_completed.connect(
            completion.queue_completion_email, dispatch_uid="assignments.queue_completion_email"
        )
        words = _("End enrollments of people who are already certified")
        schedule("end-certified", words, certified_enrollments.end_certified, Daily(time(4, 35)))
        schedule("act-on-rules", _("Enroll people by assignment rules"), execution.act, Daily(time(4, 40)))
        schedule("remind", _("Create due-date reminders"), daily_reminders.remind_due, Daily(daily_reminders.JOB.hour))
        register_morning_job(daily_reminders.JOB)
        emails = {
            "tell-endings": (_("Create emails about expiring certificates"), certificate_expiry),
            "tell-changes": (_("Create emails about updated lessons"), changed_lesson),
            "ask-leads": (_("Ask managers for a follow-up some days after a course"), follow_ups),
            "write-daily-questions": (_("Create daily question emails"), daily_question),
        }
        for name, (words, module) in emails.items():
            schedule_emails(name, words, module.JOB)
        words = _("Send team progress to chat groups")
        schedule(
            "tell-groups",
            words,
            delivery.send_summaries,
            Every(timedelta(minutes=1)),
            has_work=delivery.is_anything_due,
            queue=DELIVERY,
        )
        words = _("Delete group-chat messages after 90 days")
        schedule("forget-group-cards", words, delivery.delete_old_messages, Daily(time(4, 10)))
