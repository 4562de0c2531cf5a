"""A person's due days as a calendar with a secret address."""

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
    """Only a digest of the secret is stored: the address is shown once."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the secret in its address")
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return f"{self.person} · {self.made_at:%Y-%m-%d}"


def digest_of(secret):
    return hashlib.sha256(secret.encode()).hexdigest()  # the secret is random: there is nothing to be guessed slowly


@transaction.atomic
def make_feed(person):
    """Its address. The one before ends."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    CalendarFeed.objects.update_or_create(
        person=person, defaults={"digest": digest_of(secret), "made_at": timezone.now()}
    )
    record("calendar-feed-created", actor=person, subject=person)
    return settings.SITE_URL + reverse("learning:calendar-feed", args=[secret])


@transaction.atomic
def end_feed(person):
    ended, _rows = CalendarFeed.objects.filter(person=person).delete()
    if ended:
        record("calendar-feed-ended", actor=person, subject=person)
    return bool(ended)


def owner_of(secret):
    """None if no feed has this secret, or its owner has left."""
    feeds = CalendarFeed.objects.filter(digest=digest_of(secret), person__is_active=True).select_related("person")
    feed = feeds.first()
    return feed.person if feed else None


def due_calendar_of(runs, language):
    """The due dates of these enrollments (with release and zone) as an .ics file (RFC 5545)."""
    from icalendar import Calendar, Event, vText  # takes 0.3 s, and most processes never write one

    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Courseware//Due days//EN")
    with translation.override(language):
        calendar.add("x-wr-calname", vText(gettext("Training: due dates")))
        for run in (run for run in runs if run.due_on):
            event = Event()
            event.add("uid", f"due-{run.pk}@{urlsplit(settings.SITE_URL).hostname}")
            event.add("dtstamp", timezone.now().astimezone(UTC))
            event.add("dtstart", run.due_on)
            event.add("dtend", run.due_on + timedelta(days=1))
            title = store.outline(run.release, language).title
            event.add("summary", gettext("Due: %(title)s") % {"title": title})
            event.add("url", settings.SITE_URL)
            event.add("transp", "TRANSPARENT")  # a due date is no appointment
            calendar.add_component(event)
    return calendar.to_ical(sorted=False)
