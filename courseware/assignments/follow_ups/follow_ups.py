"""Ask leads about a learner some days after a course, by email and page, and store answers without the person.

All who lead the nearest team of the learner are asked, and their substitutes; once for a person and sheet.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext_lazy as _

from courseware.accounts.calendar.absences import absent_now
from courseware.accounts.models import Membership, Team, User
from courseware.accounts.permissions.permissions import is_manager, own_teams, people_managed_by, teams_managed_by
from courseware.accounts.sign_in.emails import EmailHours, hours_of
from courseware.accounts.teams.managers import nearest_managers
from courseware.assignments.emails.daily_email_jobs import DailyEmailJob, DailyEmails, in_order
from courseware.assignments.models import FollowUp, FollowUpAnswers
from courseware.content.course_titles import course_title
from courseware.content.models import Course, Document
from courseware.content.rendering import store
from courseware.content.rendering.store import FollowUpSurvey, outline
from courseware.learning.due_dates.due_dates import day_text
from courseware.learning.lessons.feedback import SurveyChanged, counts_from_month_of
from courseware.learning.models import Enrollment, EnrollmentQuerySet
from courseware.lib import disclosure
from courseware.lib.dates import due_instant, site_day
from courseware.notifications.email.email_types import EmailCategory, EmailType, one_by_one, register_kind
from courseware.notifications.email.queue import email_to
from courseware.notifications.models import OutgoingEmail

ASKED_FOR = timedelta(days=60)  # from the day on which it is first asked; later nobody remembers
LOOKED_AT = 200  # runs of a sheet, those of the own teams first, the earliest completion in front


@dataclass(frozen=True)
class FollowUpDue:
    """`run` has its learner, and `sheet` is in the language of the reader."""

    run: Enrollment
    course: Course
    sheet: FollowUpSurvey


def current_surveys() -> Iterator[tuple[Course, FollowUpSurvey]]:
    """Of the releases of today. Runs one query, and one more for each course the first time in a process."""
    courses = Course.objects.exclude(current=None).select_related("current").defer("current__outlines")
    for course in courses.order_by("pk"):
        for sheet in outline(course.current, get_language()).sheets if course.current else ():
            yield course, sheet


def enrollments_to_follow_up(
    course: Course, sheet: FollowUpSurvey, day: date, since: timedelta = ASKED_FOR
) -> EnrollmentQuerySet:
    """Completed by people who are here on `day`, for which it is asked now, and was not yet so long ago."""
    zone, last = timezone.get_default_timezone(), day - timedelta(days=sheet.after_days)
    told = FollowUp.objects.filter(enrollment__learner=OuterRef("learner"), sheet__identifier=sheet.id)
    runs = Enrollment.objects.filter(course=course, completed_at__lt=due_instant(last, zone), learner__is_active=True)
    runs = runs.filter(completed_at__gte=due_instant(last - since, zone))
    return runs.exclude(Exists(told.filter(sheet__course=course))).exclude(
        Exists(absent_now().filter(person=OuterRef("learner")))
    )


def observations_due(user: User, day: date | None = None) -> list[FollowUpDue]:
    """What is asked of `user`, the earliest completion first. Runs as many statements for one person as for all."""
    teams = {team.pk for team in own_teams(user)}
    if not teams:
        return []
    near = Membership.objects.filter(person=OuterRef("learner"), role=Membership.Role.LEARNER, team__in=teams)
    found = []
    for course, sheet in current_surveys():
        runs = enrollments_to_follow_up(course, sheet, day or site_day()).filter(learner__in=people_managed_by(user))
        runs = runs.annotate(is_near=Exists(near)).order_by("-is_near", "completed_at", "pk")
        found += [FollowUpDue(run, course, sheet) for run in runs.select_related("learner")[:LOOKED_AT]]
    leads = nearest_managers({each.run.learner_id for each in found}) if found else {}
    asked = [each for each in found if any(lead.team_id in teams for lead in leads.get(each.run.learner_id, ()))]
    return sorted(asked, key=attrgetter("run.completed_at", "run.pk"))


SALT = "courseware.assignments.follow_ups.follow_ups"


class Unobserved(models.TextChoices):
    EARLY = "early", _("The follow-up opens some days after the course is completed.")
    LED_NO_MORE = "led-no-more", _("You no longer manage a team in which this person learns.")
    OVER = "over", _("This follow-up is closed: too much time has passed, or the person is away or has left.")


class NotAsked(Exception):
    def __init__(self, why: Unobserved) -> None:
        super().__init__(why)
        self.why = why


def observation_of(run: Enrollment, sheet: str) -> FollowUp | None:
    """Also where another run of the person was asked about. Runs one query."""
    found = FollowUp.objects.filter(enrollment__learner=run.learner_id, sheet__course=run.course_id)
    return found.filter(sheet__identifier=sheet).select_related("made_by").order_by("pk").first()


def why_not_asked(run: Enrollment, sheet: FollowUpSurvey, day: date) -> Unobserved | None:
    if enrollments_to_follow_up(run.course, sheet, day).filter(pk=run.pk).exists():
        return None
    is_early = run.completed_at is None or (day - site_day(run.completed_at)).days < sheet.after_days
    return Unobserved.EARLY if is_early else Unobserved.OVER


@transaction.atomic
def observe(
    run: Enrollment,
    sheet: FollowUpSurvey,
    answers: Mapping[str, Any] | None,
    *,
    revision: int = 0,
    by: User,
    day: date | None = None,
) -> tuple[FollowUp, bool]:
    """(observation, whether it is new). `answers` None: the lead cannot say. Raises NotAsked and SurveyChanged.

    Nothing leads from the answers to the person: no time, no log entry, no sequence. `revision` is that of the form.
    """
    day = day or site_day()
    document = lock_follow_up(run, sheet)
    run = lock_enrollments_of(run)
    if known := observation_of(run, sheet.id):
        return known, False
    if why := why_not_asked(run, sheet, day):
        raise NotAsked(why)
    team = team_of(run, by)
    if team is None:  # since the page was asked for
        raise NotAsked(Unobserved.LED_NO_MORE)
    if answers is not None:
        now = store.page(run.release, sheet.id, run.source_language)
        if now.revision_id != revision:
            raise SurveyChanged(sheet.id)
        store_anonymously(run, document, answers, team=team, day=day)
    fields = {"made_by": by, "made_on": day, "is_answered": answers is not None}
    return FollowUp.objects.create(enrollment=run, sheet=document, **fields), True


def lock_follow_up(run: Enrollment, sheet: FollowUpSurvey) -> Document:
    """Serialize answers about different people: each rewrites the waiting rows.

    PostgreSQL hides rows rewritten while a statement waits.
    """
    return Document.objects.select_for_update(no_key=True).get(course=run.course_id, identifier=sheet.id)


def lock_enrollments_of(run: Enrollment) -> Enrollment:
    """The run as it is now. Two who answer about one person come one after the other."""
    runs = Enrollment.objects.filter(learner=run.learner_id, course=run.course_id).with_release().order_by("pk")
    return next(each for each in runs.select_for_update(of=("self",), no_key=True) if each.pk == run.pk)


def store_anonymously(run: Enrollment, sheet: Document, answers: Mapping[str, Any], *, team: Team, day: date) -> None:
    [known_as, *before] = digests_of_team(team, sheet)
    FollowUpAnswers.objects.create(
        sheet=sheet,
        release=run.release,
        answers=dict(answers),
        pending_key=known_as,
        counts_from=counts_from_month_of(run.learner, day),
    )
    let_in_by_fives(sheet, team, {known_as, *before}, day)


def team_of(run: Enrollment, by: User) -> Team | None:
    """In which the person learns, of those that `by` leads: the one joined first."""
    places = Membership.objects.filter(person=run.learner_id, role=Membership.Role.LEARNER)
    place = places.filter(team__in=teams_managed_by(by)).order_by("pk").select_related("team").first()
    return place.team if place else None


def digests_of_team(team: Team, sheet: Document) -> list[str]:
    """Under the site's key, by which new answers wait, then under those it had before."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [salted_hmac(SALT, f"{team.pk}:{sheet.pk}", key, algorithm="sha256").hexdigest() for key in keys]


def let_in_by_fives(sheet: Document, team: Team, known_as: set[str], day: date) -> None:
    """Show five waiting answers of the team together, and rewrite the others in the order of their random keys, so
    that the table keeps no order of arrival. Call it with the sheet held.
    """
    rows = list(FollowUpAnswers.objects.filter(sheet=sheet, shown_from=None).order_by("pk"))
    own = [row for row in rows if row.pending_key in known_as and (not row.counts_from or row.counts_from <= day)]
    for row in own[: len(own) - len(own) % disclosure.STEP]:
        row.pending_key, row.team, row.month = "", team, day.replace(day=1)
        row.shown_from, row.counts_from = disclosure.shown_from(day), None
    FollowUpAnswers.objects.filter(pk__in=[row.pk for row in rows]).delete()
    FollowUpAnswers.objects.bulk_create(rows)


KIND = "observation"
CAUGHT_UP = timedelta(days=3)  # a day on which nobody looked is told by then
RUNS_AT_ONCE = 500  # in memory
NAMED = 10
LED_NO_MORE = gettext_noop("the recipient no longer manages these people")
ANSWERED = gettext_noop("another person answered in the meantime")
NOT_HERE = gettext_noop("these people are away or have left, or the follow-up has closed")


def register_email() -> None:
    questions = one_by_one(why_unwanted), one_by_one(in_words)
    template = "assignments/mail/observation.txt"
    words, sort = _("Follow-up after a course"), EmailCategory.SUBSCRIBED
    register_kind(KIND, EmailType(words, template, *questions, sort, is_for=is_manager))


def emails(morning: DailyEmails) -> Iterator[OutgoingEmail]:
    batches = newly_due(morning.at, CAUGHT_UP if morning.catches_up else timedelta(days=1))
    letters = (letter for runs, sheet in batches for letter in emails_about(runs, sheet, morning.at))
    yield from in_order(letters)


JOB = DailyEmailJob(KIND, time(5, 25), emails)
ask_leads = JOB.run


def newly_due(at: datetime, since: timedelta) -> Iterator[tuple[list[Enrollment], str]]:
    for course, sheet in current_surveys():
        runs, last = enrollments_to_follow_up(course, sheet, site_day(at), since).order_by("pk"), 0
        while batch := list(runs.filter(pk__gt=last)[:RUNS_AT_ONCE]):
            last = batch[-1].pk
            yield batch, sheet.id


def emails_about(runs: Collection[Enrollment], sheet: str, at: datetime) -> list[OutgoingEmail]:
    leads = nearest_managers({run.learner_id for run in runs})
    hours = hours_of({lead.person_id for each in leads.values() for lead in each})
    return [
        letter_to(lead.person, run, sheet, hours[lead.person_id], at)
        for run in runs
        for lead in leads.get(run.learner_id, ())
    ]


def letter_to(lead: User, run: Enrollment, sheet: str, hours: EmailHours, at: datetime) -> OutgoingEmail:
    key = f"{KIND}:{run.pk}:{sheet}:{lead.pk}"
    return email_to(lead, KIND, key=key, data={"subjects": [[run.pk, sheet]]}, next_at=hours.opens_at(at))


def led_in(message: OutgoingEmail) -> set[int]:
    """Keys of the runs it tells of whose learners the reader leads still. Runs one query."""
    runs = Enrollment.objects.filter(pk__in=[run for run, _sheet in message.data["subjects"]])
    return set(runs.filter(learner__in=people_managed_by(message.person)).values_list("pk", flat=True))


def still_due(message: OutgoingEmail, led: Collection[int]) -> list[FollowUpDue]:
    """In the language that is active; the earliest completion first."""
    found = []
    for course, sheet in current_surveys():
        told = [run for run, asked in message.data["subjects"] if asked == sheet.id and run in led]
        runs = enrollments_to_follow_up(course, sheet, site_day()).filter(pk__in=told)
        found += [FollowUpDue(run, course, sheet) for run in runs.select_related("learner")]
    return sorted(found, key=lambda each: (each.run.completed_at, each.run.pk))


def why_unwanted(message: OutgoingEmail) -> str:
    led = led_in(message)
    if not led:
        return LED_NO_MORE
    if still_due(message, led):
        return ""
    people = Enrollment.objects.filter(pk__in=led).values("learner")
    return ANSWERED if FollowUp.objects.filter(enrollment__learner__in=people).exists() else NOT_HERE


def in_words(message: OutgoingEmail) -> dict[str, object]:
    language = message.language or settings.LANGUAGE_CODE
    with translation.override(language):
        due = still_due(message, led_in(message))
        named = [
            {
                "name": each.run.learner.name,
                "title": course_title(each.course, language),
                "day": day_text(site_day(each.run.completed_at)),
            }
            for each in due[:NAMED]
        ]
    return {
        "name": message.person.name,  # type: ignore[union-attr]  # these letters are to people alone
        "people": named,
        "number": len(due),
        "others": len(due[NAMED:]),
        "link": settings.SITE_URL.rstrip("/") + reverse("assignments:follow-ups"),
    }
