"""Models of the audit log: events, hash chains and checkpoints. Events cannot be changed or deleted."""

import hashlib
import json
from datetime import UTC
from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class EventChanged(Exception):
    """Raised by attempts to change or delete an event."""


class EventQuerySet(models.QuerySet["Event"]):
    def update(self, **fields: object) -> NoReturn:
        raise EventChanged("events are appended, never changed")

    def delete(self) -> NoReturn:
        raise EventChanged("events are appended, never deleted")


class Event(models.Model):
    """An event, appended by `record.record` and never changed. It holds the checksum of its chain's previous event."""

    chain = models.CharField(
        _("hash chain"),
        max_length=200,
        help_text=_("What the events of the chain are about: type and number, for example exam-attempt:12"),
    )
    place = models.PositiveBigIntegerField(
        _("number"), help_text=_("The events of a hash chain are numbered 1, 2, 3 … without a gap.")
    )
    at = models.DateTimeField(_("time"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        verbose_name=_("person"),
    )
    verb = models.CharField(_("type"), max_length=64)
    subject = models.CharField(
        _("object"),
        max_length=200,
        help_text=_("What the event is about: its type and number, for example exam-attempt:12"),
    )
    data = models.JSONField(_("details"), default=dict)
    previous = models.CharField(_("checksum of the previous event"), max_length=64)
    digest = models.CharField(_("checksum"), max_length=64, unique=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("event"), _("events")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["chain", "place"], name="one_event_a_place")]
        indexes = [
            models.Index(fields=["subject", "id"], name="event_of_subject"),
            models.Index(fields=["verb", "id"], name="event_by_verb"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.verb} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise EventChanged(f"event {self.pk} is recorded and stays as it is")
        super().save(*args, **kwargs)

    def delete(self, *args: object, **kwargs: object) -> NoReturn:
        raise EventChanged(f"event {self.pk} is recorded and stays")

    def digest_of_content(self) -> str:
        """Return the SHA-256 (hex) of all columns except `digest`, so including `previous`."""
        content = {
            "chain": self.chain,
            "place": self.place,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": self.actor_id,
            "verb": self.verb,
            "subject": self.subject,
            "data": self.data,
            "previous": self.previous,
        }
        return digest_of(content)


class HashChain(models.Model):
    """Length and last checksum of the events of one subject. The row is locked while an event is appended."""

    name = models.CharField(max_length=200, primary_key=True)  # equals `chain` of its events
    length = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64, blank=True)  # of the last event

    class Meta:
        verbose_name, verbose_name_plural = _("hash chain"), _("hash chains")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} {self.length} {self.digest}"


class Checkpoint(models.Model):
    """A checksum over all chains. A copy stored elsewhere proves the whole log up to this checkpoint."""

    number = models.PositiveBigIntegerField(
        _("number"), unique=True, help_text=_("Checkpoints are numbered 1, 2, 3 … without a gap")
    )
    at = models.DateTimeField(_("time"))
    last_event = models.PositiveBigIntegerField(_("last event"))
    count = models.PositiveBigIntegerField(_("events since the previous checkpoint"))
    events = models.CharField(_("checksum of the events since the previous checkpoint"), max_length=64)
    previous = models.CharField(_("checksum of the previous checkpoint"), max_length=64)
    digest = models.CharField(_("checksum"), max_length=64, unique=True)

    class Meta:
        verbose_name, verbose_name_plural = _("checkpoint"), _("checkpoints")
        ordering = ["number"]
        default_permissions = ["view"]

    def __str__(self) -> str:
        return f"{self.number} {self.digest}"

    def digest_of_content(self) -> str:
        """Return the SHA-256 (hex) of all columns except `digest`, so including `previous`."""
        return digest_of(
            {
                "number": self.number,
                "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
                "last_event": self.last_event,
                "count": self.count,
                "events": self.events,
                "previous": self.previous,
            }
        )


def digest_of(content: dict[str, Any]) -> str:
    """Return the SHA-256 (hex) of the content as canonical JSON. Raise ValueError for NaN and infinity."""
    # Sorted, because PostgreSQL reorders the keys of a JSON object.
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
