"""Branding of the site or of a course: name, logo, colours, sender. A course without its own uses that of the site."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from courseware.audit_log.record import record
from courseware.branding.colours import digest_of_stylesheet
from courseware.branding.models import SETTABLE_FIELDS, Branding, Logo

WORDS = ("name", "issuer", "signer", "sender", "signature", "contact")
SITE = ""
LOOKED_AT_FOR = timedelta(days=1)


class ChangedMeanwhile(Exception):
    """Another user has changed the branding since the form was opened."""


@dataclass(frozen=True)
class ActiveBranding:
    """The branding in effect. `styles`: that of the course, then that of the site, as far as they exist."""

    styles: tuple[Branding, ...] = ()

    def own_wording(self, field: str) -> dict[str, str]:
        """Return language → text of `field` (one of WORDS), from the first branding that has it; else {}."""
        return next((style.words[field] for style in self.styles if style.words.get(field)), {})

    def said(self, field: str, language: str | None) -> str:
        """Return the text of `field` (one of WORDS) in this language, else in the site's or any other; "" if none."""
        texts = self.own_wording(field)
        found = (texts.get(each or "") for each in (language, settings.LANGUAGE_CODE))
        return next(filter(None, found), "") or next(iter(texts.values()), "")

    def name(self, language: str | None) -> str:
        return self.said("name", language) or settings.COMPANY_NAME

    @property
    def contact(self) -> str:
        return self.said("contact", get_language())

    def of(self, column: str) -> Any:
        """Return the value of a column of `Branding` (name) from the first branding where it is not empty; else ""."""
        return next((value for style in self.styles if (value := getattr(style, column))), "")

    @property
    def is_emergency_card_public(self) -> bool:
        return any(style.is_card_public for style in self.styles if style.course == SITE)

    @property
    def own_stylesheet_url(self) -> str:
        light, dark = self.of("light"), self.of("dark")
        return stylesheet_url(light, dark) if light or dark else ""

    @property
    def logo_url(self) -> str:
        digest = self.of("logo_id")
        return reverse("branding:logo", args=[digest]) if digest else ""


def stylesheet_url(light: str, dark: str) -> str:
    """Return the URL of the style sheet for these colours, each "#rrggbb" or "" for the product's."""
    colours = [colour.removeprefix("#") or "none" for colour in (light, dark)]
    return reverse("branding:colours", args=[*colours, digest_of_stylesheet(light, dark)])


def newest_key() -> QuerySet[Branding, UUID]:
    """Return a query for the key of the newest branding: one row or none, also usable as a subquery."""
    return Branding.objects.order_by("-pk").values_list("key", flat=True)[:1]


@lru_cache(maxsize=4)
def styles_at(key: UUID | None) -> Mapping[str, Branding]:
    """Return course id or SITE → branding; {} for None. `key`: see `newest_key`; the process caches the result."""
    return {style.course: style for style in Branding.objects.order_by("pk")} if key else {}


def branding_at(key: UUID | None, course: str = SITE) -> ActiveBranding:
    """Return the branding of a course (id) or SITE. `key`: see `newest_key`; None: no branding was ever set."""
    styles = styles_at(key)
    return ActiveBranding(tuple(styles[name] for name in dict.fromkeys((course, SITE)) if name in styles))


def branding_of(course: str = SITE) -> ActiveBranding:
    """Return the current branding of a course (id) or SITE. Runs a query."""
    return branding_at(newest_key().first(), course)


def branding_on(at: datetime, course: str = SITE) -> ActiveBranding:
    """Return the branding of a course (id) or SITE as of the instant `at`. Runs a query."""
    styles = {style.course: style for style in Branding.objects.filter(set_at__lte=at, course__in={course, SITE})}
    return ActiveBranding(tuple(styles[name] for name in dict.fromkeys((course, SITE)) if name in styles))


def style_of(course: str) -> Branding | None:
    """Return the newest row of a course (id) or SITE; None if there is none."""
    return Branding.objects.filter(course=course).order_by("-number").first()


def fields_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the names that differ between two `Branding.values`: those of WORDS, then other SETTABLE_FIELDS."""
    fields = [field for field in WORDS if after["words"].get(field) != before["words"].get(field)]
    return fields + [name for name in SETTABLE_FIELDS if name != "words" and after[name] != before[name]]


@transaction.atomic
def set_branding(
    course: str, values: Mapping[str, Any], *, base: int, logo: Logo | None = None, by: AbstractBaseUser
) -> bool:
    """Set the branding of a course (id) or SITE and log it. Return False if nothing changes. `values`: a value for each
    of SETTABLE_FIELDS. `base`: number of the newest row when the form was opened, 0 for none. `logo`: unsaved logo with
    the id `values["logo_id"]`; None if it is stored. Raise ChangedMeanwhile if there is a newer row. Deletes unused
    logos.
    """
    before = style_of(course)
    old_values = before.values if before else Branding().values
    if all(values[name] == old_values[name] for name in SETTABLE_FIELDS):
        return False
    if base > (before.number if before else 0):  # no form has shown this number
        raise ChangedMeanwhile
    if logo:
        store_logo(logo)
    style, is_new = Branding.objects.get_or_create(course=course, number=base + 1, defaults={**values, "set_by": by})
    if not is_new:
        raise ChangedMeanwhile
    forget_unused_logos()
    record(
        "branding-set",
        actor=by,
        subject=f"branding:{course or 'site'}",
        data={"course": course, "style": style.number, "fields": fields_changed(old_values, values)},
    )
    return True


def store_logo(logo: Logo) -> None:
    Logo.objects.bulk_create([logo], update_conflicts=True, unique_fields=["digest"], update_fields=["sent_at"])


def forget_unused_logos() -> None:
    """Delete unused logos uploaded longer ago than LOOKED_AT_FOR; newer ones may be in a preview."""
    old = Logo.objects.filter(sent_at__lte=timezone.now() - LOOKED_AT_FOR)
    old.exclude(pk__in=Branding.objects.exclude(logo=None).values("logo")).delete()
