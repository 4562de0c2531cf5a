"""Health checks before all other middleware: /healthz (the process is alive), /readyz (the site can serve requests)."""

import threading
import time

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpResponse, HttpResponseNotAllowed
from django.utils import timezone

from courseware.jobs.health import age_of_last_sign
from courseware.notifications.email.circuit_breaker import unreachable_servers
from courseware.project.error_pages import is_of_redis
from courseware.project.maintenance import Watch

LIVES, SERVES = "/healthz", "/readyz"
KEPT_FOR = 1  # second
POLICY = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


class HealthMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response
        self.watch = Watch()
        self.kept = 0, [""]
        self.asked_at = -float(KEPT_FOR)
        self.lock = threading.Lock()

    def __call__(self, request):
        if request.path_info not in (LIVES, SERVES):
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        status, lines = (200, ["process: lives"]) if request.path_info == LIVES else self.kept_readiness()
        text = "".join(f"{line}\n" for line in lines)
        return HttpResponse(text, status=status, content_type="text/plain", headers=POLICY)

    def kept_readiness(self):
        """Return `readiness`, computed at most once per KEPT_FOR."""
        with self.lock:
            if time.monotonic() - self.asked_at >= KEPT_FOR:
                self.kept, self.asked_at = self.readiness(), time.monotonic()
            return self.kept

    def readiness(self):
        """Return (HTTP status, lines of text). A site without a worker is ready."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except (DatabaseError, InterfaceError):
            return 503, ["database: away"]
        if self.watch.reason():  # logged only, because it may name a migration
            return 503, ["database: answers", "site: closed; the log says why"]
        age = age_of_last_sign()
        worker = "none has been seen" if age is None else f"seen {age.total_seconds():.0f} s ago"
        servers = [f"{server}: does not answer" for server in unreachable_servers(timezone.now())]
        return 200, ["database: answers", "migrations: applied", f"worker: {worker}", *servers, *self.counting()]

    def counting(self):
        """Return the lines about Redis; [] if none is configured."""
        if not settings.CACHE_URL:
            return []
        try:
            cache.has_key("readyz")
        except Exception as error:
            if not is_of_redis(error):
                raise
            return ["redis: away, so nobody signs in"]
        return ["redis: answers"]
