"""Pages for what went wrong. None of them asks the database, which may be what went wrong."""

import sys

from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import InterfaceError, OperationalError
from django.shortcuts import render

RETRY_AFTER = 10  # seconds


def page(status, template):
    return render(None, f"errors/{template}.html", status=status)


def away():
    response = page(503, "503")
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def bad_request(request, exception=None):
    # The session could not be written after the view had done its work: nothing was wrong with the request.
    return away() if isinstance(exception, SessionInterrupted) else page(400, "400")


def permission_denied(request, exception=None):
    return page(403, "403")


def csrf_failure(request, reason=""):
    return page(403, "csrf")


def not_found(request, exception=None):
    return page(404, "404")


def server_error(request):
    """500 for a bug; 503 while the database is away or full. Either way nothing was acknowledged that was not saved."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return away()
    return page(500, "500")
