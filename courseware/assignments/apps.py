from datetime import time, timedelta

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssignmentsConfig(AppConfig):
    name = "courseware.assignments"
    verbose_name = _("Assignments")

    def ready(self):
        from courseware.assignments import (
            acting,
            arrival_letter,
            certified_enrollments,
            changed_lesson_letters,
            chat_bots,
            daily_letters,
            door_sending,
            ending_letters,
            nightly_list,
            observing,
            reminding,
            words_pages,
        )
        from courseware.assignments.mornings import register_morning_job, schedule_emails
        from courseware.jobs.health import register_troubles
        from courseware.jobs.schedule import Daily, Every, schedule
        from courseware.jobs.tasks import DELIVERY
        from courseware.learning.status.completion import enrollment_completed

        nightly_list.register_letters()
        training = (reminding, arrival_letter, ending_letters, changed_lesson_letters)
        for letter in (*training, observing, daily_letters, door_sending):
            letter.register_letter()
        enrollment_completed.connect(arrival_letter.tell_of_arrival, dispatch_uid="assignments.tell_of_arrival")
        words = _("End enrollments of people who are certified already")
        schedule("end-certified", words, certified_enrollments.end_certified, Daily(time(4, 35)))
        schedule("act-on-rules", _("Enroll whom the rules are about"), acting.act, Daily(time(4, 40)))
        words = _("Bring in the list of people that lies in ROSTER_DIR")
        schedule("bring-in-list", words, nightly_list.bring_in_newest, Daily(time(1, 10)))
        schedule("remind", _("Write reminders of due days"), reminding.remind_due, Daily(reminding.JOB.hour))
        register_morning_job(reminding.JOB)
        emails = {
            "tell-endings": (_("Write letters of certificates that end"), ending_letters),
            "tell-changes": (_("Write letters of lessons that have changed"), changed_lesson_letters),
            "ask-leads": (_("Ask leads how people work some days after a course"), observing),
            "write-daily-questions": (_("Write letters with the question of the day"), daily_letters),
        }
        for name, (words, letter) in emails.items():
            schedule_emails(name, words, letter.JOB)
        register_troubles("doors", chat_bots.door_troubles)
        register_troubles("letter-words", words_pages.words_troubles)
        words = _("Tell chat groups where their teams stand")
        schedule(
            "tell-groups",
            words,
            door_sending.send_summaries,
            Every(timedelta(minutes=1)),
            has_work=door_sending.is_anything_due,
            queue=DELIVERY,
        )
        words = _("Forget cards of chat groups after 90 days")
        schedule("forget-group-cards", words, door_sending.forget_old_cards, Daily(time(4, 10)))
