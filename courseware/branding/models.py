"""Models of the branding: logos, and the branding of the site and of courses."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone


class Logo(models.Model):
    """A PNG image made by `branding.logos`; never changed."""

    digest = models.CharField(primary_key=True, max_length=64, help_text="SHA-256 of the body")
    body = models.BinaryField(help_text="PNG")
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField(default=timezone.now, help_text="When somebody last sent it, perhaps to look at")

    def __str__(self) -> str:
        return self.digest


class Branding(models.Model):
    """The branding of the site or of a course. Rows are never changed: old certificates show older ones."""

    # The cache key of processes, different in each database.
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    course = models.CharField(max_length=64, blank=True, help_text="Its id; empty: the site")
    number = models.PositiveIntegerField(help_text="Of the styles of this course or site; 1 is the first")
    words = models.JSONField(default=dict, help_text="What is said → language → text")
    sender_address = models.EmailField(blank=True)
    light = models.CharField(max_length=7, blank=True, help_text="Colour of the line on light pages, #rrggbb")
    dark = models.CharField(max_length=7, blank=True, help_text="And on dark ones")
    logo = models.ForeignKey(Logo, on_delete=models.PROTECT, null=True, related_name="+")
    is_card_public = models.BooleanField(
        default=False, help_text="Emergency cards are also shown to people who are not signed in; set for the site only"
    )
    set_at = models.DateTimeField(default=timezone.now)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["course", "number"], name="one_house_style_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.course or '/'} {self.number}"

    @property
    def values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in SETTABLE_FIELDS}


SETTABLE_FIELDS = ("words", "sender_address", "light", "dark", "logo_id", "is_card_public")
