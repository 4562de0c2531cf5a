"""Log formatters. No line holds names, addresses, answers or tokens: a route, not a URL; no message of most errors."""

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

# What the lines of this thread are about, such as {"request": "5d41402abc4b"}.
about: ContextVar[Mapping[str, str]] = ContextVar("about", default={})  # noqa: B039 - nobody writes into it

# Errors whose first line speaks of code, tables or servers. What a database says below it quotes the row.
SPEAK_OF_CODE = {
    "AttributeError", "ImportError", "NameError", "IntegrityError", "InterfaceError", "OperationalError",
    "ProgrammingError", "TemplateDoesNotExist", "TemplateSyntaxError",
}  # fmt: skip
CAUSES = 10  # of one error, at most
ROUTELESS = "an address that the site does not have"
NOT_LOOKED_UP = "an address not looked up yet"
HIDDEN = {
    re.compile(r"[^\s<>\"']+@[^\s<>\"']+"): "(a mail address)",
    re.compile(r"(\w+://[^\s/?#]+)[/?#]\S+"): r"\1/…",
    re.compile(r"(?<=\S)\?\S+"): "?…",
}
CONTROL = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160))}


@contextmanager
def lines_about(**what: str) -> Iterator[None]:
    """Add these facts to every line of this thread until the end of the block."""
    token = about.set({**about.get(), **what})
    try:
        yield
    finally:
        about.reset(token)


class OneLine(logging.Filter):
    """Reduces events that anybody can cause to a warning of one line, without a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        if vars(record).get("is_one_line"):  # a logger that is configured twice has two of these filters
            return True
        vars(record)["is_one_line"] = True
        record.msg, record.args = record.getMessage().encode("unicode_escape").decode("ascii"), ()
        record.exc_info = record.exc_text = record.stack_info = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


class PlainLines(logging.Formatter):
    """2026-11-26 10:21:03,482 ERROR django.request: Internal Server Error: learn/<id:course>/ [request=5d41402abc4b]"""

    def format(self, record: logging.LogRecord) -> str:
        where = " ".join(f"{name}={value}" for name, value in facts_of(record).items())
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {message_of(record)}"
        return "\n".join(filter(None, [f"{line} [{where}]" if where else line, traceback_of(record)]))


class JsonLines(logging.Formatter):
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
    """`record.facts` are given as `extra`. A request names itself, because Django logs it after our block has ended."""
    number = getattr(getattr(record, "request", None), "number", "")
    return {**({"request": number} if number else {}), **about.get(), **getattr(record, "facts", {})}


def message_of(record: logging.LogRecord) -> str:
    said = record.getMessage()
    request = getattr(record, "request", None)
    if request is not None and hasattr(request, "path"):
        written = request.path.encode("unicode_escape").decode("ascii")  # as Django writes it
        route = route_of(request, getattr(record, "status_code", HTTPStatus.NOT_FOUND))
        said = said.replace(written, route) if len(written) > 1 else said
    for pattern, instead in HIDDEN.items():
        said = pattern.sub(instead, said)
    return said.translate(CONTROL)


def route_of(request: Any, status: int) -> str:
    """A request without a route was not found (404), or a middleware answered it before the lookup."""
    if match := getattr(request, "resolver_match", None):
        return str(match.route)
    return ROUTELESS if status == HTTPStatus.NOT_FOUND else NOT_LOOKED_UP


def traceback_of(record: logging.LogRecord) -> str:
    # What Django refuses as suspicious anybody can cause at will.
    if not record.exc_info or not record.exc_info[1] or record.name.startswith("django.security"):
        return ""
    return "\nThe reason of what follows.\n".join(reversed([*causes_of(record.exc_info[1])]))


def causes_of(error: BaseException) -> Iterator[str]:
    cause: BaseException | None = error
    for _ in range(CAUSES):
        if cause is None:
            return
        yield "".join(traceback.format_tb(cause.__traceback__)) + in_words(cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def in_words(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if SPEAK_OF_CODE.isdisjoint(each.__name__ for each in kind.__mro__):
        return name
    return f"{name}: {str(error).strip().partition(chr(10))[0]}"
