"""Command `clearsessions`: delete expired sessions, cache rows and autosaved texts."""

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.management.commands import clearsessions
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from courseware.autosave.store import drop_old


class Command(clearsessions.Command):
    help = (
        "Delete expired sessions with their networks, expired rows of the cache table, and unsaved texts that are "
        "older than 30 days."
    )

    def handle(self, **options):
        super().handle(**options)
        # They hold network and browser; allauth deletes them only when the person opens the page of sessions.
        UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
        self.clear_cache()
        drop_old()

    def clear_cache(self):
        # Django deletes expired rows, such as unsent forms, only above MAX_ENTRIES rows, and never after a change to
        # Redis.
        if settings.CACHE_TABLE not in connection.introspection.table_names():
            return
        table = connection.ops.quote_name(settings.CACHE_TABLE)
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE expires < %s", [now])  # noqa: S608 - a name from the settings
