"""Daily reminders of due dates: which are due, and their emails. Each day of a schedule has its own email key."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import partial
from itertools import product
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from courseware.accounts.calendar.working_days import Calendar, calendars_in_use, calendars_of_people
from courseware.accounts.models import Team
from courseware.accounts.sign_in.emails import EmailHours
from courseware.assignments.emails.daily_email_jobs import DailyEmailJob, DailyEmails, by_person, schedule_emails
from courseware.assignments.emails.samples import REMINDER
from courseware.assignments.models import AssignmentRule, ReminderSchedule, RuleAction
from courseware.assignments.reminders.schedules import (
    CAUGHT_UP,
    DEFAULT_PLAN,
    FARTHEST_REMINDER,
    planned_day,
    reminder_on,
    with_repeats,
)
from courseware.content.models import Course
from courseware.content.rendering import store
from courseware.learner_home.next_action import LearnerProgress, learner_progress_of
from courseware.learning.due_dates.due_dates import day_text
from courseware.learning.emails.enrollment import signers_of
from courseware.learning.models import Enrollment, ExtensionRequest, zone_named
from courseware.learning.status.not_asked import PERSON_OR_COURSE, NotAskedReason
from courseware.lib.dates import days_between, due_instant, now
from courseware.notifications.email.email_types import EmailCategory, EmailType, register_email_type
from courseware.notifications.email.queue import email_to
from courseware.notifications.models import OutgoingEmail

KIND = "reminder"
# Less than a day: after a late reminder the next one may leave early on the next morning.
APART = timedelta(hours=20)
GONE, ANOTHER_DAY = (
    gettext_noop(
        "before this email was sent, the person completed the course or became exempt, or the accounts were merged"
    ),
    gettext_noop("the due date was changed in the meantime"),
)
REMINDED = gettext_noop("the person was reminded in the last 20 hours")
ASKS = gettext_noop("the person asked for an extension and has no answer yet")
# Reasons that may end: an exemption, extension or merge is undone, or the request is answered.
RETRY_REASONS = (GONE, ANOTHER_DAY, ASKS)


def register() -> None:
    template = "assignments/mail/reminder.txt"
    words, sort = _("Due-date reminder"), EmailCategory.TRAINING
    register_email_type(KIND, EmailType(words, template, why_unwanted, in_words, sort, editable=REMINDER))
    schedule_emails("remind", _("Create due-date reminders"), JOB)


def still_asked(messages: Sequence[OutgoingEmail]) -> dict[int, tuple[list[Enrollment], str]]:
    """Return email id → (enrollments to remind of, first due first; why, valid if there are none). Runs 3 queries."""
    asked = {enrollment for message in messages for enrollment, _day in message.data["subjects"]}
    # Delivery checks for every email whether the recipient has left or is away.
    found = Enrollment.objects.asked(ignoring=PERSON_OR_COURSE).filter(pk__in=asked).select_related("learner")
    open_enrollments = list(found.with_zone().with_release().order_by("urgency", "pk"))
    reminded, asking = reminded_of({message.person_id for message in messages}), asked_about(asked)
    return {
        message.pk: still_asked_by(message, open_enrollments, reminded[message.person_id], asking)
        for message in messages
    }


def still_asked_by(
    message: OutgoingEmail, enrollments: Iterable[Enrollment], reminded: Collection[int], asking: Collection[int]
) -> tuple[list[Enrollment], str]:
    """Return the value of `still_asked` for one email. `enrollments`: open ones, also of other people, first due first.
    `reminded`, `asking`: enrollment ids of `reminded_of` and of `asked_about`.
    """
    days = {(each, day and date.fromisoformat(day)) for each, day in message.data["subjects"]}
    keys = {each for each, _day in days}
    own = [each for each in enrollments if each.pk in keys and each.learner_id == message.person_id]
    if not own:
        return [], GONE
    same = [each for each in own if (each.pk, each.due_on) in days]
    if not same:
        return [], ANOTHER_DAY
    same = [each for each in same if each.pk not in asking]
    if not same:
        return [], ASKS
    return [each for each in same if each.pk not in reminded], REMINDED


def reminded_of(people: Collection[int | None]) -> dict[int | None, set[int]]:
    """Return a defaultdict: person id → ids of enrollments reminded of within APART. `people`: ids. Runs one query."""
    emails = OutgoingEmail.objects.handed_over().filter(kind=KIND, person__in=people, ended_at__gt=now() - APART)
    found: dict[int | None, set[int]] = defaultdict(set)
    for person, data in emails.values_list("person", "data"):
        found[person] |= enrollments_in([data])
    return found


def asked_about(enrollments: Collection[int]) -> set[int]:
    """Return those of `enrollments` (ids) that have an open extension request. Runs one query."""
    waiting = ExtensionRequest.objects.open_at(now()).filter(enrollment__in=enrollments)
    return set(waiting.values_list("enrollment", flat=True))


def enrollments_in(data_of_emails: Iterable[dict]) -> set[int]:
    """Return the enrollment ids in `data_of_emails`: `data` of reminders."""
    return {enrollment for data in data_of_emails for enrollment, *_said in data["subjects"]}


def why_unwanted(messages: Sequence[OutgoingEmail]) -> dict[int, str]:
    return {key: "" if enrollments else why for key, (enrollments, why) in still_asked(messages).items()}


def in_words(messages: Sequence[OutgoingEmail]) -> dict[int, dict[str, object]]:
    asked = still_asked(messages)
    signers = signers_of({message.person_id: message.data["by"] for message in messages})
    courses = courses_text({message: asked[message.pk][0] for message in messages})
    return {
        message.pk: {
            "name": message.person.name,  # type: ignore[union-attr]  # these emails always have a person
            "courses": courses[message],
            "house_style_of": courses[message][0]["id"] if len(courses[message]) == 1 else "",
            "host": urlsplit(settings.SITE_URL).netloc,
            **signers[message.person_id],
        }
        for message in messages
        if courses[message]
    }


def courses_text(enrollments: Mapping[OutgoingEmail, list[Enrollment]]) -> dict[OutgoingEmail, list[dict[str, object]]]:
    """Return email → template contexts of its enrollments, in the language of the email. `enrollments`: email →
    enrollments, loaded `with_zone` and `with_release`.
    """
    by_language: dict[str, list[OutgoingEmail]] = defaultdict(list)
    for message in enrollments:
        by_language[message.language or settings.LANGUAGE_CODE].append(message)
    found: dict[OutgoingEmail, list[dict[str, object]]] = {}
    for language, messages in by_language.items():
        with translation.override(language):
            together = [enrollment for message in messages for enrollment in enrollments[message]]
            outlines = {enrollment.course_id: store.outline(enrollment.release, language) for enrollment in together}
            texts = {each.enrollment.pk: remaining_text(each) for each in learner_progress_of(together, outlines)}
        found |= {message: [texts[enrollment.pk] for enrollment in enrollments[message]] for message in messages}
    return found


def remaining_text(learner_progress: LearnerProgress) -> dict[str, object]:
    enrollment, action = learner_progress.enrollment, learner_progress.next_action
    return {
        "id": learner_progress.outline.course_id,
        "title": learner_progress.outline.title,
        "day": day_text(enrollment.due_on) if enrollment.due_on else "",
        "is_over": enrollment.state_at() is Enrollment.State.OVERDUE,
        "is_begun": enrollment.started_at is not None,
        "stops": learner_progress.progress.total - learner_progress.progress.done_count,
        "minutes": learner_progress.outline.minutes_left(learner_progress.progress.done),
        "next": action.step.title if action.step else "",
        "next_minutes": action.minutes,
        "link": settings.SITE_URL.rstrip("/") + action.address,
        "ask": settings.SITE_URL.rstrip("/") + reverse("learning:extension", args=[learner_progress.outline.course_id]),
    }


DAY = timedelta(days=1)
REACH = 3 * FARTHEST_REMINDER  # calendar days; always more than that many working days
Plans = Mapping[tuple[int | None, int | None], list[int]]  # (course id, None) or (None, rule id) → days
Span = tuple[datetime, datetime]  # after the first instant, up to the second


def near(at: datetime, plans: Plans, *, caught_up: int) -> Q:
    """Return a `Q` of enrollments that may have a day of `plans` on the date of `at`, or up to `caught_up` working days
    before. Due dates match in any time zone and calendar in use: check each row afterwards. Runs at most 5 queries.
    """
    combinations = list(product(zones_in_use(), calendars_in_use()))
    found = Q(pk__in=[])
    for before, courses in courses_by_day(plans).items():
        for after, until in joined_spans(spans_of(before, at, combinations, caught_up)):
            found |= Q(course__in=courses, urgency__gt=after, urgency__lte=until)
    return found


def courses_by_day(plans: Plans) -> dict[int, list[int]]:
    """Return day of a schedule → ids of published courses; the days of a course include those of its rules."""
    courses = Course.objects.exclude(current=None).values_list("pk", flat=True)
    days = {key: set(plans.get((key, None), DEFAULT_PLAN)) for key in courses}
    rules = AssignmentRule.objects.filter(pk__in=[rule for _course, rule in plans if rule])
    for rule, course in rules.values_list("pk", "course"):
        if course in days:
            days[course] |= set(plans[None, rule])
    found = defaultdict(list)
    for course, those in days.items():
        for before in those:
            found[before].append(course)
    return found


def zones_in_use() -> list[tzinfo]:
    names = {"", *Team.objects.order_by().values_list("time_zone", flat=True).distinct()}
    return list({zone_named(name) for name in names})


def spans_of(
    before: int, at: datetime, combinations: Collection[tuple[tzinfo, Calendar]], caught_up: int
) -> Iterator[Span]:
    """Yield spans of due dates `before` working days away (`caught_up`: see `near`), for time zones and calendars."""
    for zone, calendar in combinations:
        today = EmailHours(zone, calendar).day_at(at)
        earliest = calendar.add_working_days(today, -caught_up) if caught_up else today - DAY
        if due := due_days(before, earliest, today, calendar):
            yield due_instant(due[0] - DAY, zone), due_instant(due[1], zone)


def due_days(before: int, earliest: date, today: date, calendar: Calendar) -> tuple[date, date] | None:
    """Return (first, last) of the due dates whose reminder `before` is planned after `earliest` and up to `today`; None
    if there is none. `before`: working days before the due date, negative: after.
    """
    if before < 0:
        worked = [day for day in days_between(earliest + DAY, today) if calendar.is_working(day)]
        if not worked:
            return None
        earliest_due, latest_due = (calendar.add_working_days(day, before) for day in (worked[0], worked[-1]))
        return earliest_due, calendar.working_day_after(latest_due) - DAY
    days = [today + number * DAY for number in range(-REACH, REACH + 1)]
    planned = partial(planned_day, before=before, calendar=calendar)
    first, end = (bisect_right(days, each, key=planned) for each in (earliest, today))
    return (days[first], days[end - 1]) if first < end else None


def joined_spans(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for after, until in sorted(spans):
        if found and after <= found[-1][1]:
            found[-1] = found[-1][0], max(until, found[-1][1])
        else:
            found.append((after, until))
    return found


@dataclass(frozen=True)
class DueReminder:
    """A reminder to send. `before`: day of the schedule; `at`: when it was checked; `hours`: of the learner."""

    run: Enrollment
    due_on: date
    before: int
    at: datetime
    hours: EmailHours

    @property
    def key(self) -> str:
        return f"{KIND}:{self.run.pk}:{self.due_on}:{self.before}"

    @property
    def is_of_the_day(self) -> bool:
        planned = planned_day(self.due_on, self.before, self.hours.calendar)
        return planned == self.hours.day_at(self.at)

    @property
    def message(self) -> OutgoingEmail:
        data = {"subjects": [[self.run.pk, self.due_on.isoformat()]], "by": None}
        return email_to(self.run.learner, KIND, key=self.key, data=data, next_at=self.hours.opens_at(self.at))


def remind_due() -> str:
    written = JOB.write()
    return f"reminders: {written}" if written else ""


def emails(morning: DailyEmails) -> Iterator[OutgoingEmail]:
    """Yield unsaved reminders by recipient id; with an open extension request they have a reason in `why`."""
    for batch in reminders_due(morning):
        asking = asked_about([each.run.pk for each in batch])
        for each in batch:
            message = each.message
            message.why = ASKS if each.run.pk in asking else ""
            yield message


JOB = DailyEmailJob(KIND, time(5, 10), emails, again=RETRY_REASONS)


def reminders_due(morning: DailyEmails, plans: Plans | None = None) -> Iterator[list[DueReminder]]:
    """Yield due reminders, in lists of up to 200 people. `plans`: default are the stored schedules."""
    plans = schedules_stored() if plans is None else plans
    enrollments = enrollments_near(morning.at, plans, caught_up=CAUGHT_UP if morning.catches_up else 0)
    for batch in by_person(enrollments, "learner_id"):
        due = due_of_batch(batch, plans, morning.at)
        if found := [each for each in due if morning.catches_up or each.is_of_the_day]:
            yield found


def schedules_stored() -> Plans:
    return {
        (schedule.course_id, schedule.rule_id): with_repeats(schedule.days, schedule.every)
        for schedule in ReminderSchedule.objects.all()
    }


def enrollments_near(at: datetime, plans: Plans, *, caught_up: int) -> QuerySet[Enrollment]:
    # Emails to people who are away are held when they are sent.
    enrollments = Enrollment.objects.newest().asked(at, ignoring={NotAskedReason.AWAY})
    return enrollments.filter(near(at, plans, caught_up=caught_up)).select_related("learner").with_zone()


def due_of_batch(enrollments: list[Enrollment], plans: Plans, at: datetime) -> Iterator[DueReminder]:
    calendars, rules = (
        calendars_of_people({enrollment.learner_id for enrollment in enrollments}),
        rules_that_began(enrollments),
    )
    for enrollment in enrollments:
        of_course = plans.get((enrollment.course_id, None), DEFAULT_PLAN)
        schedule = plans.get((None, rules.get(enrollment.pk)), of_course)
        hours = EmailHours(enrollment.zone, calendars[enrollment.learner_id])
        enrolled_on = enrollment.enrolled_at.astimezone(enrollment.zone).date()
        before = reminder_on(hours.day_at(at), enrollment.due_on, schedule, hours.calendar, after=enrolled_on)
        if before is not None:
            yield DueReminder(enrollment, enrollment.due_on, before, at, hours)


def rules_that_began(enrollments: Iterable[Enrollment]) -> dict[int, int]:
    """Return enrollment id → id of the first rule that created it; enrollments not created by a rule are missing."""
    done = RuleAction.objects.filter(enrollment__in=[enrollment.pk for enrollment in enrollments], undone_at=None)
    done = done.exclude(kind=RuleAction.Kind.EXEMPT).order_by("-pk")
    return dict(done.values_list("enrollment", "rule"))
