"""Calendar feed of a person's due dates, at a secret URL."""

import hashlib
import secrets
from datetime import UTC, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from courseware.audit_log.record import record
from courseware.content.rendering import store

SECRET_BYTES = 24


class CalendarFeed(models.Model):
    """Only a hash of the secret is stored, so the URL is shown once."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the secret in its address")
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return f"{self.person} · {self.made_at:%Y-%m-%d}"


def digest_of(secret):
    return hashlib.sha256(secret.encode()).hexdigest()  # the secret is random, so it needs no slow hash


@transaction.atomic
def make_feed(person):
    """Create and log a feed; return its URL. The person's former URL stops working."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    CalendarFeed.objects.update_or_create(
        person=person, defaults={"digest": digest_of(secret), "made_at": timezone.now()}
    )
    record("calendar-feed-created", actor=person, subject=person)
    return settings.SITE_URL + reverse("learning:calendar-feed", args=[secret])


@transaction.atomic
def end_feed(person):
    """Delete and log the person's feed. Return whether there was one."""
    ended, _rows = CalendarFeed.objects.filter(person=person).delete()
    if ended:
        record("calendar-feed-ended", actor=person, subject=person)
    return bool(ended)


def owner_of(secret):
    """Return the person with this secret; None if no feed has it or the person has left."""
    feeds = CalendarFeed.objects.filter(digest=digest_of(secret), person__is_active=True).select_related("person")
    feed = feeds.first()
    return feed.person if feed else None


def due_calendar_of(enrollments, language):
    """Return the due dates of enrollments (`with_release`, `with_zone`), if set, as an .ics file (bytes, RFC 5545)."""
    from icalendar import Calendar, Event, vText  # takes 0.3 s and is rarely needed

    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Courseware//Due days//EN")
    with translation.override(language):
        calendar.add("x-wr-calname", vText(gettext("Training: due dates")))
        for enrollment in (enrollment for enrollment in enrollments if enrollment.due_on):
            event = Event()
            event.add("uid", f"due-{enrollment.pk}@{urlsplit(settings.SITE_URL).hostname}")
            event.add("dtstamp", timezone.now().astimezone(UTC))
            event.add("dtstart", enrollment.due_on)
            event.add("dtend", enrollment.due_on + timedelta(days=1))
            title = store.outline(enrollment.release, language).title
            event.add("summary", gettext("Due: %(title)s") % {"title": title})
            event.add("url", settings.SITE_URL)
            event.add("transp", "TRANSPARENT")  # a due date is no appointment
            calendar.add_component(event)
    return calendar.to_ical(sorted=False)
