"""Request logging: request numbers in log lines, responses and error pages; an optional log line per request."""

import logging
import re
import secrets
import time

from django.conf import settings

from courseware.lib.text.log_format import log_facts
from courseware.project.health import LIVES, SERVES

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{7,63}")
logger = logging.getLogger(__name__)


def number_for(request) -> str:
    """Return the well-formed request number that a trusted proxy has set in HEADER, else a new one."""
    from_proxy = request.headers.get(HEADER, "") if settings.PROXIES and not settings.PLAIN_HTTP else ""
    return from_proxy if WELL_FORMED.fullmatch(from_proxy) else secrets.token_hex(6)


class RequestLogMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.number = number_for(request)
        began = time.monotonic()
        with log_facts(request=request.number):
            response = self.get_response(request)
            if settings.LOG_REQUESTS and is_worth_a_line(request):
                facts = {
                    "method": request.method,
                    "route": request.resolver_match.route if request.resolver_match else "",
                    "status": response.status_code,
                    "milliseconds": round((time.monotonic() - began) * 1000),
                }
                logger.info("answered", extra={"facts": facts})
        response[HEADER] = request.number
        return response


def is_worth_a_line(request) -> bool:
    return request.path_info not in (LIVES, SERVES) and not request.path_info.startswith(settings.STATIC_URL)
