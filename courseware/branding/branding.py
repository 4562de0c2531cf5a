"""The branding of a course, otherwise of the site; processes cache styles under the key of the newest one."""

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
from courseware.branding.models import SAID, Branding, Logo

WORDS = ("name", "issuer", "signer", "sender", "signature", "contact")
SITE = ""
LOOKED_AT_FOR = timedelta(days=1)


class ChangedMeanwhile(Exception):
    """Another user has set the style since the form was opened."""


@dataclass(frozen=True)
class ActiveBranding:
    """The style of the course, then that of the site, if they exist."""

    styles: tuple[Branding, ...] = ()

    def own_wording(self, what: str) -> dict[str, str]:
        """Language → text, of the first style that has it."""
        return next((style.words[what] for style in self.styles if style.words.get(what)), {})

    def said(self, what: str, language: str | None) -> str:
        """The text in this language, otherwise in the site's or any other; "" without one."""
        texts = self.own_wording(what)
        found = (texts.get(each or "") for each in (language, settings.LANGUAGE_CODE))
        return next(filter(None, found), "") or next(iter(texts.values()), "")

    def name(self, language: str | None) -> str:
        return self.said("name", language) or settings.COMPANY_NAME

    @property
    def contact(self) -> str:
        return self.said("contact", get_language())

    def of(self, column: str) -> Any:
        return next((value for style in self.styles if (value := getattr(style, column))), "")

    @property
    def is_emergency_card_public(self) -> bool:
        return any(style.is_card_public for style in self.styles if style.course == SITE)

    @property
    def own_stylesheet_url(self) -> str:
        light, dark = self.of("light"), self.of("dark")
        return stylesheet_url(light, dark) if light or dark else ""

    @property
    def logo_address(self) -> str:
        digest = self.of("logo_id")
        return reverse("branding:logo", args=[digest]) if digest else ""


def stylesheet_url(light: str, dark: str) -> str:
    colours = [colour.removeprefix("#") or "none" for colour in (light, dark)]
    return reverse("branding:colours", args=[*colours, digest_of_stylesheet(light, dark)])


def newest_key() -> QuerySet[Branding, UUID]:
    return Branding.objects.order_by("-pk").values_list("key", flat=True)[:1]


@lru_cache(maxsize=4)
def styles_at(key: UUID | None) -> Mapping[str, Branding]:
    """Course, or SITE → its style, while the newest has this key. Runs a query the first time."""
    return {style.course: style for style in Branding.objects.order_by("pk")} if key else {}


def branding_at(key: UUID | None, course: str = SITE) -> ActiveBranding:
    styles = styles_at(key)
    return ActiveBranding(tuple(styles[name] for name in dict.fromkeys((course, SITE)) if name in styles))


def branding_of(course: str = SITE) -> ActiveBranding:
    """The current branding. Runs a query."""
    return branding_at(newest_key().first(), course)


def branding_on(at: datetime, course: str = SITE) -> ActiveBranding:
    """The branding at this time. Runs a query."""
    styles = {style.course: style for style in Branding.objects.filter(set_at__lte=at, course__in={course, SITE})}
    return ActiveBranding(tuple(styles[name] for name in dict.fromkeys((course, SITE)) if name in styles))


def style_of(course: str) -> Branding | None:
    return Branding.objects.filter(course=course).order_by("-number").first()


def fields_changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The texts that differ, then the other fields that do."""
    fields = [what for what in WORDS if now["words"].get(what) != before["words"].get(what)]
    return fields + [name for name in SAID if name != "words" and now[name] != before[name]]


@transaction.atomic
def set_style(
    course: str, values: Mapping[str, Any], *, base: int, logo: Logo | None = None, by: AbstractBaseUser
) -> bool:
    """Set the fields in `SAID`; False if nothing changes. Raises ChangedMeanwhile if the style is newer than `base`."""
    before = style_of(course)
    said = before.values if before else Branding().values
    if all(values[name] == said[name] for name in SAID):
        return False
    if base > (before.number if before else 0):  # never shown
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
        data={"course": course, "style": style.number, "fields": fields_changed(said, values)},
    )
    return True


def store_logo(logo: Logo) -> None:
    """Store a logo; one that exists counts as sent now."""
    Logo.objects.bulk_create([logo], update_conflicts=True, unique_fields=["digest"], update_fields=["sent_at"])


def forget_unused_logos() -> None:
    """Delete unused logos sent before LOOKED_AT_FOR; newer ones may be in a preview."""
    viewed_at = Logo.objects.filter(sent_at__lte=timezone.now() - LOOKED_AT_FOR)
    viewed_at.exclude(pk__in=Branding.objects.exclude(logo=None).values("logo")).delete()
