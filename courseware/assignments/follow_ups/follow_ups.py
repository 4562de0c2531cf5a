"""Follow-ups: surveys for managers about a learner some days after a course, stored without the person."""

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
from courseware.assignments.emails.daily_email_jobs import DailyEmailJob, DailyEmails, in_order, schedule_emails
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
from courseware.notifications.email.email_types import EmailCategory, EmailType, one_by_one, register_email_type
from courseware.notifications.email.queue import email_to
from courseware.notifications.models import OutgoingEmail

ASKED_FOR = timedelta(days=60)  # after the first day; later managers do not remember
LOOKED_AT = 200  # enrollments per survey: own teams first, then earliest completion


@dataclass(frozen=True)
class FollowUpDue:
    """A survey (`survey`, in the active language) to answer about the learner of the enrollment `run`."""

    run: Enrollment
    course: Course
    survey: FollowUpSurvey


def current_surveys() -> Iterator[tuple[Course, FollowUpSurvey]]:
    """Yield (course, survey) of current releases, in the active language. One query, and once one per course."""
    courses = Course.objects.exclude(current=None).select_related("current").defer("current__outlines")
    for course in courses.order_by("pk"):
        for survey in outline(course.current, get_language()).follow_up_surveys if course.current else ():
            yield course, survey


def enrollments_to_follow_up(
    course: Course, survey: FollowUpSurvey, day: date, since: timedelta = ASKED_FOR
) -> EnrollmentQuerySet:
    """Return a queryset of completed enrollments whose follow-up has been due on `day` for up to `since`: of active
    learners, not absent now, without a follow-up in any enrollment in the course.
    """
    zone, last = timezone.get_default_timezone(), day - timedelta(days=survey.after_days)
    answered = FollowUp.objects.filter(enrollment__learner=OuterRef("learner"), survey__identifier=survey.id)
    completed = Enrollment.objects.filter(
        course=course, completed_at__lt=due_instant(last, zone), learner__is_active=True
    )
    completed = completed.filter(completed_at__gte=due_instant(last - since, zone))
    return completed.exclude(Exists(answered.filter(survey__course=course))).exclude(
        Exists(absent_now().filter(person=OuterRef("learner")))
    )


def follow_ups_due(user: User, day: date | None = None) -> list[FollowUpDue]:
    """Return follow-ups due on `day` (default: today), earliest completion first, of learners whose nearest team with
    another manager is one of `own_teams(user)`. Per survey, it looks at LOOKED_AT enrollments.
    """
    teams = {team.pk for team in own_teams(user)}
    if not teams:
        return []
    near = Membership.objects.filter(person=OuterRef("learner"), role=Membership.Role.LEARNER, team__in=teams)
    found = []
    for course, survey in current_surveys():
        due = enrollments_to_follow_up(course, survey, day or site_day()).filter(learner__in=people_managed_by(user))
        due = due.annotate(is_near=Exists(near)).order_by("-is_near", "completed_at", "pk")
        found += [FollowUpDue(enrollment, course, survey) for enrollment in due.select_related("learner")[:LOOKED_AT]]
    managers = nearest_managers({each.run.learner_id for each in found}) if found else {}
    asked = [
        each for each in found if any(manager.team_id in teams for manager in managers.get(each.run.learner_id, ()))
    ]
    return sorted(asked, key=attrgetter("run.completed_at", "run.pk"))


SALT = "courseware.assignments.follow_ups.follow_ups"


class FollowUpRefusal(models.TextChoices):
    EARLY = "early", _("The follow-up survey opens some days after the person completes the course.")
    NOT_MANAGED = "not-managed", _("You no longer manage this person’s team.")
    OVER = (
        "over",
        _(
            "This follow-up survey is closed: the person completed the course too long ago, is away or has left "
            "the company."
        ),
    )


class NotAsked(Exception):
    def __init__(self, why: FollowUpRefusal) -> None:
        super().__init__(why)
        self.why = why


def follow_up_of(enrollment: Enrollment, survey: str) -> FollowUp | None:
    """Return the person's follow-up of `survey` (document id) in any enrollment in the course, or None. One query."""
    found = FollowUp.objects.filter(enrollment__learner=enrollment.learner_id, survey__course=enrollment.course_id)
    return found.filter(survey__identifier=survey).select_related("made_by").order_by("pk").first()


def why_not_asked(enrollment: Enrollment, survey: FollowUpSurvey, day: date) -> FollowUpRefusal | None:
    """Return why nobody can answer on `day`, or None. For an answered survey (see `follow_up_of`), return OVER."""
    if enrollments_to_follow_up(enrollment.course, survey, day).filter(pk=enrollment.pk).exists():
        return None
    is_early = enrollment.completed_at is None or (day - site_day(enrollment.completed_at)).days < survey.after_days
    return FollowUpRefusal.EARLY if is_early else FollowUpRefusal.OVER


@transaction.atomic
def answer_follow_up(
    enrollment: Enrollment,
    survey: FollowUpSurvey,
    answers: Mapping[str, Any] | None,
    *,
    revision: int = 0,
    by: User,
    day: date | None = None,
) -> tuple[FollowUp, bool]:
    """Store the answers without the person. Return (follow-up, whether it is new). Raise NotAsked or SurveyChanged.
    `answers`: question id → answer; None: the manager cannot say. `revision`: id of the survey's revision in the form,
    needed with answers.
    """
    day = day or site_day()
    document = lock_follow_up(enrollment, survey)
    enrollment = lock_enrollments_of(enrollment)
    if known := follow_up_of(enrollment, survey.id):
        return known, False
    if why := why_not_asked(enrollment, survey, day):
        raise NotAsked(why)
    team = team_of(enrollment, by)
    if team is None:  # changed since the page was loaded
        raise NotAsked(FollowUpRefusal.NOT_MANAGED)
    if answers is not None:
        now = store.page(enrollment.release, survey.id, enrollment.source_language)
        if now.revision_id != revision:
            raise SurveyChanged(survey.id)
        # Stores no time, log entry or sequence, which could link the answers to the person.
        store_anonymously(enrollment, document, answers, team=team, day=day)
    fields = {"made_by": by, "made_on": day, "is_answered": answers is not None}
    return FollowUp.objects.create(enrollment=enrollment, survey=document, **fields), True


def lock_follow_up(enrollment: Enrollment, survey: FollowUpSurvey) -> Document:
    """Lock and return the survey document, because each answer rewrites the waiting answers. Needs a transaction."""
    return Document.objects.select_for_update(no_key=True).get(course=enrollment.course_id, identifier=survey.id)


def lock_enrollments_of(enrollment: Enrollment) -> Enrollment:
    """Lock the person's enrollments in the course. Return `enrollment` as stored now. Needs a transaction."""
    own = (
        Enrollment.objects.filter(learner=enrollment.learner_id, course=enrollment.course_id)
        .with_release()
        .order_by("pk")
    )
    return next(each for each in own.select_for_update(of=("self",), no_key=True) if each.pk == enrollment.pk)


def store_anonymously(
    enrollment: Enrollment, survey: Document, answers: Mapping[str, Any], *, team: Team, day: date
) -> None:
    [known_as, *before] = digests_of_team(team, survey)
    FollowUpAnswers.objects.create(
        survey=survey,
        release=enrollment.release,
        answers=dict(answers),
        pending_key=known_as,
        counts_from=counts_from_month_of(enrollment.learner, day),
    )
    publish_in_groups(survey, team, {known_as, *before}, day)


def team_of(enrollment: Enrollment, by: User) -> Team | None:
    """Return the team, joined first, in which the person learns and that `by` manages; None without one."""
    memberships = Membership.objects.filter(person=enrollment.learner_id, role=Membership.Role.LEARNER)
    membership = memberships.filter(team__in=teams_managed_by(by)).order_by("pk").select_related("team").first()
    return membership.team if membership else None


def digests_of_team(team: Team, survey: Document) -> list[str]:
    """Return keyed hashes (hex) of the team: by SECRET_KEY, then by its fallbacks."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [salted_hmac(SALT, f"{team.pk}:{survey.pk}", key, algorithm="sha256").hexdigest() for key in keys]


def publish_in_groups(survey: Document, team: Team, known_as: set[str], day: date) -> None:
    """Publish waiting answers of the team (hashes `known_as`) in groups of 5. The caller holds `lock_follow_up`."""
    rows = list(FollowUpAnswers.objects.filter(survey=survey, shown_from=None).order_by("pk"))
    own = [row for row in rows if row.pending_key in known_as and (not row.counts_from or row.counts_from <= day)]
    for row in own[: len(own) - len(own) % disclosure.STEP]:
        row.pending_key, row.team, row.month = "", team, day.replace(day=1)
        row.shown_from, row.counts_from = disclosure.shown_from(day), None
    # Rewritten ordered by random id, so that the table does not reveal the order of arrival.
    FollowUpAnswers.objects.filter(pk__in=[row.pk for row in rows]).delete()
    FollowUpAnswers.objects.bulk_create(rows)


KIND = "follow-up"
CAUGHT_UP = timedelta(days=3)  # missed days are caught up within this time
RUNS_AT_ONCE = 500  # in memory
NAMED = 10
NOT_MANAGED = gettext_noop("the recipient no longer manages the people in the email")
ANSWERED = gettext_noop("another manager has already answered the survey")
NOT_HERE = gettext_noop("the people in the email are away or have left the company, or the follow-up survey is closed")


def register() -> None:
    questions = one_by_one(why_unwanted), one_by_one(in_words)
    template = "assignments/mail/follow_up.txt"
    words, sort = _("Follow-up survey after a course"), EmailCategory.SUBSCRIBED
    register_email_type(KIND, EmailType(words, template, *questions, sort, is_for=is_manager))
    schedule_emails("queue-follow-ups", _("Ask managers to answer a follow-up survey some days after a course"), JOB)


def emails(morning: DailyEmails) -> Iterator[OutgoingEmail]:
    batches = newly_due(morning.at, CAUGHT_UP if morning.catches_up else timedelta(days=1))
    unsorted = (each for enrollments, survey in batches for each in emails_about(enrollments, survey, morning.at))
    yield from in_order(unsorted)


JOB = DailyEmailJob(KIND, time(5, 25), emails)
ask_managers = JOB.run


def newly_due(at: datetime, since: timedelta) -> Iterator[tuple[list[Enrollment], str]]:
    """Yield (enrollments, survey id) batches of follow-ups due at `at` for up to `since`."""
    for course, survey in current_surveys():
        enrollments, last = enrollments_to_follow_up(course, survey, site_day(at), since).order_by("pk"), 0
        while batch := list(enrollments.filter(pk__gt=last)[:RUNS_AT_ONCE]):
            last = batch[-1].pk
            yield batch, survey.id


def emails_about(enrollments: Collection[Enrollment], survey: str, at: datetime) -> list[OutgoingEmail]:
    """Return one unsaved email for each enrollment and nearest manager. `survey`: document id."""
    managers = nearest_managers({enrollment.learner_id for enrollment in enrollments})
    hours = hours_of({manager.person_id for each in managers.values() for manager in each})
    return [
        follow_up_email(manager.person, enrollment, survey, hours[manager.person_id], at)
        for enrollment in enrollments
        for manager in managers.get(enrollment.learner_id, ())
    ]


def follow_up_email(
    manager: User, enrollment: Enrollment, survey: str, hours: EmailHours, at: datetime
) -> OutgoingEmail:
    key = f"{KIND}:{enrollment.pk}:{survey}:{manager.pk}"
    return email_to(manager, KIND, key=key, data={"subjects": [[enrollment.pk, survey]]}, next_at=hours.opens_at(at))


def managed_enrollments_in(message: OutgoingEmail) -> set[int]:
    """Return ids of the email's enrollments whose learners its recipient manages. Runs one query."""
    enrollments = Enrollment.objects.filter(pk__in=[enrollment for enrollment, _survey in message.data["subjects"]])
    return set(enrollments.filter(learner__in=people_managed_by(message.person)).values_list("pk", flat=True))


def still_due(message: OutgoingEmail, managed: Collection[int]) -> list[FollowUpDue]:
    """Return the email's follow-ups still due, earliest completion first. `managed`: see `managed_enrollments_in`."""
    found = []
    for course, survey in current_surveys():
        ids = [pk for pk, asked in message.data["subjects"] if asked == survey.id and pk in managed]
        enrollments = enrollments_to_follow_up(course, survey, site_day()).filter(pk__in=ids)
        found += [FollowUpDue(pk, course, survey) for pk in enrollments.select_related("learner")]
    return sorted(found, key=lambda each: (each.run.completed_at, each.run.pk))


def why_unwanted(message: OutgoingEmail) -> str:
    managed = managed_enrollments_in(message)
    if not managed:
        return NOT_MANAGED
    if still_due(message, managed):
        return ""
    people = Enrollment.objects.filter(pk__in=managed).values("learner")
    return ANSWERED if FollowUp.objects.filter(enrollment__learner__in=people).exists() else NOT_HERE


def in_words(message: OutgoingEmail) -> dict[str, object]:
    language = message.language or settings.LANGUAGE_CODE
    with translation.override(language):
        due = still_due(message, managed_enrollments_in(message))
        named = [
            {
                "name": each.run.learner.name,
                "title": course_title(each.course, language),
                "day": day_text(site_day(each.run.completed_at)),
            }
            for each in due[:NAMED]
        ]
    return {
        "name": message.person.name,  # type: ignore[union-attr]  # these emails always have a person
        "people": named,
        "number": len(due),
        "others": len(due[NAMED:]),
        "link": settings.SITE_URL.rstrip("/") + reverse("assignments:follow-ups"),
    }
