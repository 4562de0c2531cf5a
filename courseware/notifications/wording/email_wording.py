"""Email wording of a company; the newest row of an email type counts. Processes cache it by the newest key."""

import uuid
from collections.abc import Mapping
from functools import lru_cache

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models, transaction
from django.db.models import QuerySet
from django.utils import timezone

from courseware.audit_log.record import record

Words = Mapping[str, Mapping[str, str]]  # block → language → text


class SetMeanwhile(Exception):
    """Another user has changed the wording since the form was opened."""


class EmailWording(models.Model):
    """Own wording of an email type; {} stands for the default. `shipped`: the default wording when it was saved."""

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)  # different in each database
    kind = models.CharField(max_length=64)
    number = models.PositiveIntegerField(help_text="Of the words of this kind; 1 is the first")
    words = models.JSONField(default=dict, help_text="Part → language → text")
    shipped = models.JSONField(default=dict, help_text="The same of the product, when these were set")
    set_at = models.DateTimeField(default=timezone.now)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["kind", "number"], name="one_wording_per_number")]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


def newest_wording_key() -> QuerySet[EmailWording, uuid.UUID]:
    """Return a query for the key of the newest row: one row or none, also usable as a subquery."""
    return EmailWording.objects.order_by("-pk").values_list("key", flat=True)[:1]


@lru_cache(maxsize=4)
def wording_at(key: uuid.UUID | None) -> Mapping[str, EmailWording]:
    """Return email type → newest wording; {} if `key` is None. `key`: of the newest row, not checked (cache key)."""
    return {row.kind: row for row in EmailWording.objects.order_by("pk")} if key else {}


def current_wording() -> Mapping[str, EmailWording]:
    return wording_at(newest_wording_key().first())


def own_wording(kind: str, key: uuid.UUID | None) -> Words:
    """Return block → language → own wording of an email type; {} if none. `key`: see `wording_at`."""
    row = wording_at(key).get(kind)
    return row.words if row else {}


@transaction.atomic
def set_wording(kind: str, words: Words, *, shipped: Words, base: int, by: AbstractBaseUser) -> bool:
    """Replace the own wording of an email type by `words`, unchecked; {} restores the default. Return False if nothing
    changes. `shipped`: all default wording. `base`: number of the type's newest row when the form was opened, 0 for
    none; raise SetMeanwhile if it is no longer the newest. Writes an event.
    """
    previous = EmailWording.objects.filter(kind=kind).order_by("-number").first()
    old_words = previous.words if previous else {}
    changed = sorted(block for block in {*words, *old_words} if words.get(block) != old_words.get(block))
    if not changed:
        return False
    if base > (previous.number if previous else 0):  # no form has shown this number
        raise SetMeanwhile
    row, is_new = EmailWording.objects.get_or_create(
        kind=kind, number=base + 1, defaults={"words": words, "shipped": shipped, "set_by": by}
    )
    if not is_new:
        raise SetMeanwhile
    record(
        "email-wording-set", actor=by, subject=f"email-wording:{kind}", data={"number": row.number, "parts": changed}
    )
    return True
