"""API keys, with which programs read reports as their owner; a new password or a full sign-out deletes them."""

import hashlib
import secrets
from datetime import date

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.utils import timezone

from courseware.accounts.sign_in.account_notices import notify
from courseware.audit_log.record import record
from courseware.lib.dates import site_day
from courseware.lib.text.names import NameField

SECRET_BYTES = 32
MOST_KEYS = 10  # per person
MOST_DAYS = 365  # checked by the form, not by `make_key`


class ApiKey(models.Model):
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = NameField(max_length=60, help_text="Of the program, as its owner calls it")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the secret")
    made_at = models.DateTimeField(default=timezone.now)
    ends_on = models.DateField(help_text="The last day on which it works, by the site's clock")
    used_on = models.DateField(null=True, help_text="The last day on which it was used")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="one_api_key_per_name")]

    def __str__(self):
        return f"{self.person} · {self.name}"

    @property
    def is_over(self) -> bool:
        return self.ends_on < site_day()


def digest_of_key(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()  # random, so a fast hash is enough


@transaction.atomic
def make_key(person, *, name: str, ends_on: date) -> str:
    """Create and log a key, which works until `ends_on` (included); return its secret. Return "" if the person has a
    key of this name or MOST_KEYS keys, is inactive, or has a new password since `person` was loaded.
    """
    # Compare the password: if it changed while this request waited for the lock, its session has ended.
    owner = get_user_model().objects.filter(pk=person.pk, is_active=True, password=person.password)
    owner = owner.select_for_update(no_key=True)
    if not owner or ApiKey.objects.filter(person=person).count() >= MOST_KEYS:
        return ""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    values = {"digest": digest_of_key(secret), "ends_on": ends_on}
    key, is_new = ApiKey.objects.get_or_create(person=person, name=name, defaults=values)
    if not is_new:
        return ""
    record("api-key-created", actor=person, subject=key, data={"ends_on": ends_on})
    notify(person, "api-key-created", detail=name)
    return secret


@transaction.atomic
def end_key(person, pk: int) -> bool:
    """Delete and log the person's key with the id `pk`. Return False if there is none."""
    key = ApiKey.objects.select_for_update(no_key=True).filter(person=person, pk=pk).first()
    if key is None:
        return False
    record("api-key-ended", actor=person, subject=key)
    key.delete()
    return True


@transaction.atomic
def end_all_keys(person, *, by) -> None:
    """Delete and log all keys of `person`. `by`: the acting user, or None."""
    for key in ApiKey.objects.select_for_update(no_key=True).filter(person=person).order_by("pk"):
        record("api-key-ended", actor=by, subject=key)
        key.delete()


def working_key(secret: str) -> ApiKey | None:
    """Return the key, with `person` loaded; None if unknown or expired, or the owner is inactive. Runs one query."""
    keys = ApiKey.objects.filter(digest=digest_of_key(secret), ends_on__gte=site_day(), person__is_active=True)
    return keys.select_related("person").first()


def note_use(key: ApiKey) -> None:
    today = site_day()
    if key.used_on != today:
        ApiKey.objects.filter(pk=key.pk).update(used_on=today)
