"""Models of assignment rules, reminders, follow-ups, conversations and group-chat bots."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Membership, Team
from courseware.assignments.rules.scope import Because, RuleReason
from courseware.content.models import Course, Document, Release
from courseware.learning.models import Enrollment
from courseware.lib.text.names import NameField
from courseware.notifications.chat.client import masked
from courseware.notifications.chat.messages import SERVICES
from courseware.notifications.models import OutgoingEmail

DEFAULT_REMINDER_DAYS = [7, 1, -3]
DEFAULT_EVERY = 10  # working days


class AssignmentRule(models.Model):
    """A rule that, while switched on, enrolls people who match in a course; its current version has the terms."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="+", verbose_name=_("course"))
    current = models.ForeignKey(
        "RuleVersion", on_delete=models.PROTECT, null=True, related_name="+", help_text="The one that holds"
    )
    switched_on_at = models.DateTimeField(null=True, help_text="Null: it is off and does nothing")

    class Meta:
        verbose_name, verbose_name_plural = _("rule"), _("rules")
        ordering = ["pk"]

    def __str__(self):
        return self.current.name if self.current else f"{self.pk}"

    @property
    def is_on(self):
        return self.switched_on_at is not None


class RuleVersion(models.Model):
    """One version of a rule, which is never changed."""

    class Due(models.TextChoices):
        AFTER_START = "start", _("days after the first day of work")
        AFTER_JOINING = "joining", _("days after the account was created")
        AFTER_ASSIGNMENT = "assignment", _("days after enrollment by the rule")
        DATE = "date", _("a date")
        QUARTER = "quarter", _("the end of the quarter")

    class Renewal(models.TextChoices):
        NONE = "", _("no renewal")
        WHOLE = "whole", _("the whole course")
        SHORT = "short", _("short renewal: updated lessons, missed questions, 1 simulation and the exam")

    rule = models.ForeignKey(AssignmentRule, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(help_text="1 is the first")
    name = NameField(_("name"), max_length=80)
    # Scope; empty: any.
    team = models.ForeignKey(
        Team,
        on_delete=models.DO_NOTHING,  # a closed team stays here, and the rule does nothing: see `plan.acting_rules`
        db_constraint=False,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("team"),
    )
    role = models.CharField(_("role"), max_length=10, blank=True, choices=Membership.Role)
    job_role = models.CharField(_("job role"), max_length=32, blank=True)
    joined_since = models.DateField(_("first day of work is on or after"), null=True, blank=True)
    other_course = models.ForeignKey(
        Course, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("another course")
    )
    other_certified = models.BooleanField(default=True, help_text="Whether a certificate in the other course is asked")
    # Due date and start.
    due = models.CharField(_("due date"), max_length=10, choices=Due, default=Due.AFTER_START)
    due_days = models.PositiveSmallIntegerField(_("days"), null=True, blank=True)
    due_on = models.DateField(_("date"), null=True, blank=True)
    acts_since = models.DateField(_("applies from"))
    exempts = models.BooleanField(
        _("people who no longer match the rule become exempt"),
        default=False,
        help_text="For open enrollments created by this rule",
    )
    # A renewal opens some days before a certificate expires, or on a date each year.
    renewal = models.CharField(_("renewal"), max_length=5, blank=True, choices=Renewal)
    renewal_days = models.PositiveSmallIntegerField(_("days before the certificate expires"), null=True, blank=True)
    renewal_month = models.PositiveSmallIntegerField(_("month"), null=True, blank=True)
    renewal_day = models.PositiveSmallIntegerField(_("day of the month"), null=True, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("version of a rule"), _("versions of rules")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="one_version_per_number"),
            models.CheckConstraint(
                condition=Q(due="quarter")
                | Q(due="date", due_on__isnull=False)
                | Q(due__in=["start", "joining", "assignment"], due_days__isnull=False),
                name="a_rule_says_by_when",
            ),
            models.CheckConstraint(
                condition=Q(renewal="", renewal_days=None, renewal_month=None, renewal_day=None)
                | ~Q(renewal="") & Q(renewal_days__isnull=False, renewal_month=None, renewal_day=None)
                | ~Q(renewal="") & Q(renewal_days=None, renewal_month__isnull=False, renewal_day__isnull=False),
                name="a_renewal_opens_on_one_day",
            ),
        ]

    def __str__(self):
        return f"{self.name} · {self.number}"


class RuleAction(models.Model):
    class Kind(models.TextChoices):
        ENROLL = "enroll", _("enrolled")
        RENEW = "renew", _("renewal opened")
        EXEMPT = "exempt", _("exempt")

    rule = models.ForeignKey(AssignmentRule, on_delete=models.PROTECT, related_name="assignments")
    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    enrollment = models.ForeignKey(
        Enrollment, on_delete=models.SET_NULL, null=True, related_name="+", help_text="Null: it was undone"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    occasion = models.CharField(
        max_length=40, blank=True, help_text="What a rule does once for; empty: the first enrollment"
    )
    why = models.CharField(max_length=24, help_text="A value of `rules.scope.RuleReason`")
    why_day = models.DateField(null=True, help_text="The day in the words of the reason")
    due_on = models.DateField(null=True)
    at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True)
    is_final = models.BooleanField(default=False, help_text="Undone for this person: the rule does not repeat it")

    class Meta:
        verbose_name, verbose_name_plural = _("action of a rule"), _("actions of rules")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "person", "kind", "occasion"],
                condition=Q(undone_at=None),
                name="a_rule_does_it_once",
            )
        ]

    def __str__(self):
        return f"{self.person} · {self.rule} · {self.get_kind_display()}"

    @property
    def because(self):
        return Because(RuleReason(self.why), self.why_day)


class ManualReminder(models.Model):
    """Reminders that a manager sent together. `email_ids`: in the order of sending."""

    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    email_ids = models.JSONField(default=list)

    class Meta:
        verbose_name, verbose_name_plural = _("manual reminder"), _("manual reminders")
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.made_by} · {self.made_at:%Y-%m-%d}"

    def sent(self) -> models.QuerySet[OutgoingEmail]:
        return OutgoingEmail.objects.filter(pk__in=self.email_ids).select_related("person").order_by("pk")


class ReminderSchedule(models.Model):
    """Reminders of a course or rule. `days`: working days before the due date; negative: after.
    `every`: working days between repeats after the last of `days`; 0: no repeats. Without a row, defaults apply.
    """

    course = models.OneToOneField(Course, on_delete=models.PROTECT, null=True, related_name="+")
    rule = models.OneToOneField(AssignmentRule, on_delete=models.PROTECT, null=True, related_name="+")
    days = models.JSONField(default=list)
    every = models.PositiveSmallIntegerField(default=DEFAULT_EVERY)

    class Meta:
        verbose_name, verbose_name_plural = _("reminder schedule"), _("reminder schedules")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(course=None, rule__isnull=False) | Q(course__isnull=False, rule=None),
                name="a_plan_of_a_course_or_of_a_rule",
            )
        ]

    def __str__(self):
        return f"{self.rule or self.course}: {self.days}"


class EscalationSetting(models.Model):
    """Whether senior managers get escalation emails. The newest row counts; without one they get none."""

    is_on = models.BooleanField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("escalation setting"), _("escalation settings")
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.made_at:%Y-%m-%d} {self.is_on}"


class FollowUp(models.Model):
    """A manager has answered the survey about this person, or cannot say. It holds no answers."""

    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="+")
    survey = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_on = models.DateField(help_text="By the clock of the site; the day alone, for answers have no time either")
    is_answered = models.BooleanField(help_text="False: the manager could not tell")

    class Meta:
        verbose_name, verbose_name_plural = _("follow-up"), _("follow-ups")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["enrollment", "survey"], name="one_follow_up_per_enrollment")]

    def __str__(self):
        return f"{self.survey} ({self.enrollment})"


class FollowUpAnswers(models.Model):
    """Answers of a survey without the person. Until enough wait, team and month are hidden; ids are random."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    survey = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    answers = models.JSONField(help_text="Question id → place, list of places, number or text")
    pending_key = models.CharField(
        max_length=64, blank=True, help_text="The team, under the key of the site, as long as it waits"
    )
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, related_name="+")
    month = models.DateField(null=True, help_text="The first day of the month in which the fifth answer came")
    shown_from = models.DateField(null=True, help_text="The day from which figures hold it; null: it waits for others")
    counts_from = models.DateField(
        null=True,
        help_text="The first day of the month from which it may count, while the person is new to the company",
    )

    class Meta:
        verbose_name, verbose_name_plural = _("answers of a follow-up survey"), _("answers of follow-up surveys")
        ordering = ["id"]
        indexes = [models.Index(fields=["survey", "team"], name="follow_ups_of_team")]
        constraints = [
            models.CheckConstraint(
                condition=Q(shown_from=None, month=None, team=None) & ~Q(pending_key="")
                | Q(shown_from__isnull=False, month__isnull=False, pending_key=""),
                name="follow_up_waits_or_is_shown",
            )
        ]

    def __str__(self):
        return str(self.survey)


class ConversationQuerySet(models.QuerySet):
    def in_force(self):
        return self.filter(undone_at=None)

    def last_about(self, enrollments: Collection[int]) -> dict[int, datetime]:
        """Return enrollment id → time of the last conversation, for those that have one. Runs one query."""
        found = self.in_force().filter(enrollment__in=enrollments).order_by().values_list("enrollment")
        return dict(found.annotate(Max("made_at")))


class Conversation(models.Model):
    enrollment = models.ForeignKey(Enrollment, on_delete=models.CASCADE, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("conversation"), _("conversations")
        ordering = ["pk"]

    def __str__(self):
        return f"{self.enrollment} · {self.made_at:%Y-%m-%d}"


FURTHEST_TRY = timedelta(hours=4)  # ahead; later times were set by a wrong clock


class ChatBotQuerySet(models.QuerySet["ChatBot"]):
    def in_use(self) -> Self:
        return self.filter(is_on=True, refused_at=None)

    def refused(self) -> Self:
        return self.filter(is_on=True).exclude(refused_at=None)


class ChatBot(models.Model):
    """A bot that posts the progress of a team and the teams below once a day to a chat group."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", verbose_name=_("team"))
    service = models.CharField(
        _("service"), max_length=16, choices=[(name, service.words) for name, service in SERVICES.items()]
    )
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    address = models.CharField(max_length=1000, help_text="Secret: everyone who has it can post to the group")
    secret = models.CharField(max_length=200, blank=True)
    is_on = models.BooleanField(_("in use"), default=True)
    is_for_managers = models.BooleanField(_("this chat group is only for managers"), default=False)
    refused_at = models.DateTimeField(null=True, help_text="Not used since, until somebody saves it anew")
    refused_why = models.TextField(blank=True)

    objects = ChatBotQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("group-chat bot"), _("group-chat bots")
        ordering = ["team__name", "pk"]

    def __str__(self) -> str:
        return f"{self.team} · {self.get_service_display()}"

    @property
    def masked_address(self) -> str:
        return masked(self.address)


class ChatDeliveryState(models.TextChoices):
    QUEUED = "queued", _("waiting")
    LATER = "later", _("sending failed, will be tried again")
    SENT = "sent", _("sent")
    REFUSED = "refused", _("rejected")
    SKIPPED = "skipped", _("not sent")
    GIVEN_UP = "given-up", _("failed")


WAITING = Q(state__in=[ChatDeliveryState.QUEUED, ChatDeliveryState.LATER])


class ChatMessageQuerySet(models.QuerySet["ChatMessage"]):
    def due(self, at: datetime) -> Self:
        """Return messages to send at `at`, oldest first; also those that a wrong clock put too far ahead."""
        is_due = Q(next_at__lte=at) | Q(next_at__gt=at + FURTHEST_TRY)
        return self.filter(WAITING & is_due).order_by("next_at", "pk")


class ChatMessage(models.Model):
    """A message to a chat group: the summary of a day, or a test message without a day."""

    id = models.BigAutoField(primary_key=True)
    bot = models.ForeignKey(ChatBot, on_delete=models.CASCADE, related_name="messages")
    day = models.DateField(null=True, help_text="Date in the time zone of the team. Null: a test message")
    state = models.CharField(max_length=16, choices=ChatDeliveryState, default=ChatDeliveryState.QUEUED)
    why = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    written_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField(default=timezone.now)
    tried_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = ChatMessageQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["bot", "day"], name="one_summary_per_bot_and_day"),
            models.UniqueConstraint(fields=["bot"], condition=Q(day=None) & WAITING, name="one_try_at_a_time"),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="group_card_waiting", condition=WAITING),
            models.Index(fields=["tried_at"], name="group_card_tried"),
            models.Index(fields=["written_at"], name="group_card_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.bot_id} {self.day or 'try'}"

    @property
    def is_try(self) -> bool:
        return self.day is None
