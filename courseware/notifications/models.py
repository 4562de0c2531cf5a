"""Models of notifications: outgoing emails, unsubscribed email types, and notifications on the site."""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext as in_language_of_reader  # for texts marked by gettext_noop
from django.utils.translation import gettext_lazy as _

from courseware.notifications.email.circuit_breaker import UnreachableServer  # noqa: F401 - Django looks for models here
from courseware.notifications.wording.email_wording import EmailWording  # noqa: F401 - same reason

PAUSES = [
    timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 6 * 60, 12 * 60, 24 * 60)
]  # after each delivery attempt
LINES_KEPT_FOR = timedelta(days=90)
TYPE_LABELS: dict[str, str | Promise] = {}  # by email type, filled by `register_email_type`


class DeliveryState(models.TextChoices):
    QUEUED = "queued", _("waiting")
    SENT = "sent", _("sent")
    REFUSED = "refused", _("rejected")
    BOUNCED = "bounced", _("bounced")
    SKIPPED = "skipped", _("not sent")
    GIVEN_UP = "given-up", _("failed")


class OutgoingEmailQuerySet(models.QuerySet["OutgoingEmail"]):
    def due(self, at: datetime) -> Self:
        """Return the queued emails due by `at`, the oldest first; also those due over 1 day later (wrong clock)."""
        is_due = models.Q(next_at__lte=at) | models.Q(next_at__gt=at + PAUSES[-1])
        return self.filter(is_due, state=DeliveryState.QUEUED).order_by("next_at", "pk")

    def of(self, person: models.Model) -> Self:
        return self.filter(person=person.pk).order_by("-pk")

    def handed_over(self) -> Self:
        """Return the emails that a mail server accepted, also those that bounced later."""
        return self.filter(state__in=[DeliveryState.SENT, DeliveryState.BOUNCED])

    def that_bounced(self) -> Self:
        """Return the last accepted email to the current address of each active person, if it bounced."""
        to_current_address = self.filter(person__is_active=True, address=models.F("person__email"))
        later = OutgoingEmail.objects.handed_over().filter(
            person=models.OuterRef("person"), address=models.OuterRef("address"), pk__gt=models.OuterRef("pk")
        )
        return to_current_address.filter(~models.Exists(later), state=DeliveryState.BOUNCED)


class OutgoingEmail(models.Model):
    """An email, queued in the transaction of its cause. Its text is rendered from `data` when it is sent."""

    id = models.BigAutoField(primary_key=True)
    number = models.UUIDField(
        unique=True, default=uuid.uuid4, editable=False
    )  # part of the Message-ID, the same at each attempt
    kind = models.CharField(_("type"), max_length=64)
    key = models.CharField(max_length=200, blank=True, editable=False)  # unique, for emails that must be sent once only
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        verbose_name=_("recipient"),
    )
    address = models.EmailField(_("address"))
    language = models.CharField(max_length=16, blank=True)
    data = models.JSONField(default=dict)
    written_at = models.DateTimeField(_("created at"), default=timezone.now)
    state = models.CharField(_("status"), max_length=16, choices=DeliveryState, default=DeliveryState.QUEUED)
    why = models.TextField(_("why"), blank=True)
    tries = models.PositiveSmallIntegerField(_("delivery attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    combined_into = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="The email that this one was combined with. If that email reaches nobody, this one waits again",
    )
    limit_category = models.CharField(max_length=16, blank=True, help_text="Category whose limit it used that day")
    sending_day = models.DateField(
        null=True, help_text="The day of the reader on which it left or is leaving: see `sending_limits`"
    )

    objects = OutgoingEmailQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("email"), _("emails")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=~models.Q(key=""), name="told_once"),
            models.UniqueConstraint(
                fields=["person", "limit_category", "sending_day"],
                condition=models.Q(sending_day__isnull=False),
                name="one_email_per_category_and_day",
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="message_queued", condition=models.Q(state="queued")),
            models.Index(fields=["written_at"], name="message_waiting", condition=models.Q(state="queued")),
            models.Index(fields=["person", "-id"], name="message_of_person"),
            models.Index(fields=["person"], name="message_bounced", condition=models.Q(state="bounced")),
            models.Index(fields=["kind", "state", "ended_at"], name="message_of_kind"),
            models.Index(fields=["address"], name="message_by_address"),
            models.Index(fields=["state", "-id"], name="message_by_state"),
            models.Index(
                fields=["combined_into"], name="message_told_in", condition=models.Q(combined_into__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind}"

    @property
    def words(self) -> str | Promise:
        return TYPE_LABELS.get(self.kind, self.kind)

    @property
    def why_not_sent(self) -> str:
        """The reason of a skipped email, for its recipient; else "", because a mail server may quote other people."""
        if self.state != DeliveryState.SKIPPED or not self.why:
            return ""
        return gettext("combined with another email") if self.combined_into_id else in_language_of_reader(self.why)

    @property
    def may_be_taken_back(self) -> bool:
        return self.state == DeliveryState.QUEUED and not self.tries


class EmailOptOut(models.Model):
    """An email type that a person has unsubscribed from."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    kind = models.CharField(max_length=64)
    stopped_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["person", "kind"], name="one_stop_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.kind}"


class NotificationQuerySet(models.QuerySet["Notification"]):
    def of(self, person: int | None) -> Self:
        return self.filter(person=person).order_by("-pk")

    def unread(self) -> Self:
        return self.filter(read_at=None)

    def over(self, at: datetime) -> Self:
        """Return the notifications older than LINES_KEPT_FOR at `at`."""
        return self.filter(written_at__lt=at - LINES_KEPT_FOR)


class Notification(models.Model):
    """A notification on the site, stored with its email. Its text is rendered from `data` when it is shown."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=64)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    data = models.JSONField(default=dict)
    written_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["person", "-id"], name="tray_of_person"),
            models.Index(fields=["person"], name="tray_unread", condition=models.Q(read_at=None)),
            models.Index(fields=["written_at"], name="tray_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind}"
