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
            daily_letters,
            door_pages,
            door_sending,
            ending_letters,
            group_doors,
            nightly_list,
            observation_letter,
            reminder_letter,
            reminding,
            words_pages,
        )
        from courseware.assignments.mornings import register_morning_job, schedule_emails
        from courseware.jobs.condition import register_troubles
        from courseware.jobs.schedule import Daily, Every, schedule
        from courseware.jobs.tasks import DELIVERY
        from courseware.learning.completing import enrollment_completed

        words = _("End enrollments of people who are certified already")
        schedule("end-certified", words, certified_enrollments.end_certified, Daily(time(4, 35)))
        schedule("act-on-rules", _("Enroll whom the rules are about"), acting.act, Daily(time(4, 40)))
        nightly_list.register_letters()
        words = _("Bring in the list of people that lies in ROSTER_DIR")
        schedule("bring-in-list", words, nightly_list.bring_in_newest, Daily(time(1, 10)))
        reminder_letter.register_letter()
        schedule("remind", _("Write reminders of due days"), reminding.remind_due, Daily(reminding.JOB.hour))
        register_morning_job(reminding.JOB)
        arrival_letter.register_letter()
        enrollment_completed.connect(arrival_letter.tell_of_arrival, dispatch_uid="assignments.tell_of_arrival")
        ending_letters.register_letter()
        words = _("Write letters of certificates that end")
        schedule_emails("tell-endings", words, ending_letters.JOB)
        changed_lesson_letters.register_letter()
        words = _("Write letters of lessons that have changed")
        schedule_emails("tell-changes", words, changed_lesson_letters.JOB)
        observation_letter.register_letter()
        words = _("Ask leads how people work some days after a course")
        schedule_emails("ask-leads", words, observation_letter.JOB)
        daily_letters.register_letter()
        words = _("Write letters with the question of the day")
        schedule_emails("write-daily-questions", words, daily_letters.JOB)
        door_sending.register_letter()
        register_troubles("doors", door_pages.door_troubles)
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
        schedule("forget-group-cards", words, group_doors.forget_old_cards, Daily(time(4, 10)))
