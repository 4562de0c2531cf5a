"""Load shedding: limits the requests served at a time. Form submissions wait for a slot, page views get a 503 early."""

import logging
import threading
import time

from django.conf import settings
from django.db import connections
from django.utils import translation

from courseware.lib.web.request_queue import RequestQueue
from courseware.project import error_pages

READING = {"GET", "HEAD", "OPTIONS", "TRACE"}
LOGGED_EVERY = 10.0  # seconds
logger = logging.getLogger(__name__)


class LoadSheddingMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response
        self.turns = RequestQueue(settings.MAX_ACTIVE_REQUESTS, settings.MAX_QUEUED_REQUESTS, settings.QUEUE_TIMEOUT)
        self.lock, self.rejected, self.logged_at = threading.Lock(), 0, -LOGGED_EVERY

    def __call__(self, request):
        if not self.turns.take(is_save=request.method not in READING):
            self.log_refusal()
            with translation.override(translation.get_language_from_request(request)):
                return error_pages.crowded()
        try:
            return self.get_response(request)
        finally:
            give_connections_back()
            self.turns.give_back()

    def log_refusal(self):
        """Log one line per LOGGED_EVERY seconds about all refused requests."""
        with self.lock:
            self.rejected += 1
            if time.monotonic() < self.logged_at + LOGGED_EVERY:
                return
            self.logged_at, count, self.rejected = time.monotonic(), self.rejected, 0
        logger.warning("crowded: %d wait, %d at work, %d turned away", self.turns.waiting, self.turns.at_work, count)


def give_connections_back():
    # The next request can use them before a slow client has received the response.
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
