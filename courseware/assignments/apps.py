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
        for letter in (*training, follow_ups, daily_question, delivery):
            letter.register_email()
        enrollment_completed.connect(
            completion.queue_completion_email, dispatch_uid="assignments.queue_completion_email"
        )
        words = _("End enrollments of people who are certified already")
        schedule("end-certified", words, certified_enrollments.end_certified, Daily(time(4, 35)))
        schedule("act-on-rules", _("Enroll whom the rules are about"), execution.act, Daily(time(4, 40)))
        schedule(
            "remind", _("Write reminders of due days"), daily_reminders.remind_due, Daily(daily_reminders.JOB.hour)
        )
        register_morning_job(daily_reminders.JOB)
        emails = {
            "tell-endings": (_("Write letters of certificates that end"), certificate_expiry),
            "tell-changes": (_("Write letters of lessons that have changed"), changed_lesson),
            "ask-leads": (_("Ask leads how people work some days after a course"), follow_ups),
            "write-daily-questions": (_("Write letters with the question of the day"), daily_question),
        }
        for name, (words, letter) in emails.items():
            schedule_emails(name, words, letter.JOB)
        words = _("Tell chat groups where their teams stand")
        schedule(
            "tell-groups",
            words,
            delivery.send_summaries,
            Every(timedelta(minutes=1)),
            has_work=delivery.is_anything_due,
            queue=DELIVERY,
        )
        words = _("Forget cards of chat groups after 90 days")
        schedule("forget-group-cards", words, delivery.delete_old_messages, Daily(time(4, 10)))
