"""App of emails and notifications; schedules delivery and the deletion of old rows."""

from datetime import time, timedelta

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "courseware.notifications"
    verbose_name = _("Emails")

    def ready(self) -> None:
        from courseware.jobs.schedule import Daily, Every, schedule
        from courseware.jobs.tasks import DELIVERY
        from courseware.notifications.email.delivery import delete_emails_without_account, deliver_due, is_any_due
        from courseware.notifications.inbox import delete_old_notifications

        schedule(
            "send-emails",
            _("Retry emails that could not be sent before"),
            deliver_due,
            Every(timedelta(minutes=1)),
            has_work=is_any_due,
            queue=DELIVERY,
        )
        words = _("Delete emails to people without an account")
        schedule("delete-emails-without-account", words, delete_emails_without_account, Daily(time(3, 50)))
        words = _("Delete notifications after 90 days")
        schedule("delete-old-notifications", words, delete_old_notifications, Daily(time(4, 0)))
