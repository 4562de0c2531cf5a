"""Log format without personal data: with the route instead of the URL, and most errors without their message."""

import json
import logging
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

# Facts that are added to each line of this thread, such as {"request": "5d41402abc4b"}.
about: ContextVar[Mapping[str, str]] = ContextVar("about", default={})  # noqa: B039 - never changed in place

# Errors whose first line names code, tables or servers only. The following lines of a database error quote the row.
ERRORS_WITHOUT_PERSONAL_DATA = {
    "AttributeError", "ImportError", "NameError", "IntegrityError", "InterfaceError", "OperationalError",
    "ProgrammingError", "TemplateDoesNotExist", "TemplateSyntaxError",
}  # fmt: skip
CAUSES = 10  # of one error, at most this many
ROUTELESS = "an address that the site does not have"
NOT_LOOKED_UP = "an address not looked up yet"
HIDDEN = {
    re.compile(r"[^\s<>\"']+@[^\s<>\"']+"): "(a mail address)",
    re.compile(r"(\w+://[^\s/?#]+)[/?#]\S+"): r"\1/…",
    re.compile(r"(?<=\S)\?\S+"): "?…",
}
CONTROL = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160))}


@contextmanager
def log_facts(**facts: str) -> Iterator[None]:
    """Add these facts to each log line of this thread within the block."""
    token = about.set({**about.get(), **facts})
    try:
        yield
    finally:
        about.reset(token)


class OneLineFilter(logging.Filter):
    """A filter that turns records which any visitor can cause into a warning of one line, without a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        if vars(record).get("is_one_line"):  # a logger that is configured twice has this filter twice
            return True
        vars(record)["is_one_line"] = True
        record.msg, record.args = record.getMessage().encode("unicode_escape").decode("ascii"), ()
        record.exc_info = record.exc_text = record.stack_info = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


class TextFormatter(logging.Formatter):
    """2026-11-26 10:21:03,482 ERROR django.request: Internal Server Error: learn/<id:course>/ [request=5d41402abc4b]"""

    def format(self, record: logging.LogRecord) -> str:
        facts = " ".join(f"{name}={value}" for name, value in facts_of(record).items())
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {message_of(record)}"
        return "\n".join(filter(None, [f"{line} [{facts}]" if facts else line, traceback_of(record)]))


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message_of(record),
            **facts_of(record),
        }
        if trace := traceback_of(record):
            line["traceback"] = trace
        return json.dumps(line, ensure_ascii=False)


def facts_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return name → value to log: `request` (the request's number), facts of `log_facts`, and `record.facts`."""
    number = getattr(getattr(record, "request", None), "number", "")
    return {**({"request": number} if number else {}), **about.get(), **getattr(record, "facts", {})}


def message_of(record: logging.LogRecord) -> str:
    """Return the message with the route for the path, without email addresses, paths of URLs and control characters."""
    message = record.getMessage()
    request = getattr(record, "request", None)
    if request is not None and hasattr(request, "path"):
        path = request.path.encode("unicode_escape").decode("ascii")  # as Django logs it
        route = route_of(request, getattr(record, "status_code", HTTPStatus.NOT_FOUND))
        message = message.replace(path, route) if len(path) > 1 else message
    for pattern, replacement in HIDDEN.items():
        message = pattern.sub(replacement, message)
    return message.translate(CONTROL)


def route_of(request: Any, status: int) -> str:
    """Return the request's URL pattern; if it was not looked up, ROUTELESS for the status 404, else NOT_LOOKED_UP."""
    if match := getattr(request, "resolver_match", None):
        return str(match.route)
    return ROUTELESS if status == HTTPStatus.NOT_FOUND else NOT_LOOKED_UP


def traceback_of(record: logging.LogRecord) -> str:
    """Return the traceback with its causes, the first cause first; "" without an error or for django.security."""
    # Any visitor can cause suspicious requests (django.security).
    if not record.exc_info or not record.exc_info[1] or record.name.startswith("django.security"):
        return ""
    return "\nThe reason of what follows.\n".join(reversed([*causes_of(record.exc_info[1])]))


def causes_of(error: BaseException) -> Iterator[str]:
    """Yield traceback and description of the error and of its causes, at most CAUSES in all."""
    cause: BaseException | None = error
    for _ in range(CAUSES):
        if cause is None:
            return
        yield "".join(traceback.format_tb(cause.__traceback__)) + in_words(cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def in_words(error: BaseException) -> str:
    """Return the qualified name of the error, and the first line of its message if that cannot hold personal data."""
    error_type = type(error)
    name = (
        error_type.__qualname__
        if error_type.__module__ == "builtins"
        else f"{error_type.__module__}.{error_type.__qualname__}"
    )
    if ERRORS_WITHOUT_PERSONAL_DATA.isdisjoint(each.__name__ for each in error_type.__mro__):
        return name
    return f"{name}: {str(error).strip().partition(chr(10))[0]}"
