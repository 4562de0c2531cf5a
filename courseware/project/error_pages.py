"""Error pages and handlers. They do not use the database."""

import random
import sys

from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.shortcuts import render

from courseware.lib.text.log_format import about

RETRY_AFTER = 10  # seconds
TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


def page(status, template):
    """Return errors/<template>.html as a response with this HTTP status."""
    context = {"request_number": about.get().get("request", "")}
    return render(None, f"errors/{template}.html", context, status=status)


def away():
    return come_back("503", RETRY_AFTER)


def crowded():
    after = random.randint(RETRY_AFTER, 3 * RETRY_AFTER)  # noqa: S311 - spreads retries over time
    return reject_page("crowded", after)


def come_back(template, after):
    """Return errors/<template>.html as a 503 response. `after`: seconds until a retry."""
    response = page(503, template)
    response["Retry-After"] = str(after)
    return response


def reject_page(template, after):
    """Return `come_back`, not logged by Django, because the caller logs. `after`: seconds until a retry."""
    response = come_back(template, after)
    response._has_been_logged = True
    return response


def bad_request(request, exception=None):
    # The session could not be saved after the view; the request was valid.
    if isinstance(exception, SessionInterrupted):
        return away()
    return page(413, "413") if isinstance(exception, TOO_MUCH) else page(400, "400")


def permission_denied(request, exception=None):
    return page(403, "403")


def csrf_failure(request, reason=""):
    return page(403, "csrf")


def not_found(request, exception=None):
    return page(404, "404")


def server_error(request):
    """Show 500 for a bug; 503 if the database or Redis cannot be reached or is full."""
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError) or is_of_redis(error):
        return away()
    return page(500, "500")


def is_of_redis(error):
    # By name, because the library is optional.
    return any(error_class.__module__ == "redis.exceptions" for error_class in type(error).__mro__)
