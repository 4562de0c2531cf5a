"""What log lines contain, and what they never contain."""

import json
import logging
import sqlite3
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, OperationalError

from courseware.lib.text.log_format import JsonFormatter, TextFormatter, log_facts

FORMS = pytest.mark.parametrize("form", [TextFormatter, JsonFormatter])


def record(message, *arguments, name="django.request", error=None, **extra):
    info = (type(error), error, error.__traceback__) if error else None
    made = logging.makeLogRecord(
        {
            "name": name,
            "levelname": "ERROR",
            "msg": message,
            "args": arguments,
            "exc_info": info,
            "created": 0,
            "msecs": 0,
        }
    )
    made.__dict__.update(extra)
    return made


def request_to(path, route=""):
    return SimpleNamespace(path=path, resolver_match=SimpleNamespace(route=route) if route else None)


def raised(error, cause=None):
    try:
        raise error from cause
    except Exception as caught:
        return caught


def test_json_line_has_message_and_facts():
    with log_facts(request="5d41402abc4b"):
        line = JsonFormatter().format(record("茶%s", "\n水", name="courseware.jobs", facts={"status": 200}))
    assert json.loads(line) == {
        "time": "1970-01-01T00:00:00.000+00:00",
        "level": "ERROR",
        "logger": "courseware.jobs",
        "message": "茶\\x0a水",
        "request": "5d41402abc4b",
        "status": 200,
    }


def test_text_line_has_message_and_facts():
    with log_facts(work="7", name="send"):
        line = TextFormatter().format(record("later", name="courseware.notifications"))
    assert line.endswith(" ERROR courseware.notifications: later [work=7 name=send]")


def test_log_facts_end_with_block():
    with log_facts(request="outer"):
        with log_facts(work="inner"):
            pass
        assert TextFormatter().format(record("x")).endswith("x [request=outer]")
    assert TextFormatter().format(record("x")).endswith("x")


@FORMS
@pytest.mark.parametrize(
    ("written", "is_said"),
    [
        ("/accounts/password/reset/key/1-secret/", "Not Found: reset/<key>/"),
        ("/", "Not Found: /"),  # contains nothing personal, and "/" is in many messages
    ],
)
def test_request_path_is_logged_as_route(form, written, is_said):
    line = form().format(record("%s: %s", "Not Found", written, request=request_to(written, "reset/<key>/")))
    assert is_said in line and "secret" not in line


@FORMS
def test_unknown_path_is_not_logged(form):
    # Django escapes non-ASCII characters.
    line = form().format(record("Not Found: %s", "/\\u738b-secret/", request=request_to("/王-secret/")))
    assert "Not Found: an address that the site does not have" in line and "secret" not in line


@FORMS
def test_unresolved_path_is_not_logged(form):
    unresolved = record("Bad Request: %s", "/secret/", request=request_to("/secret/"), status_code=400)
    line = form().format(unresolved)
    assert "Bad Request: an address not looked up yet" in line and "secret" not in line


@FORMS
@pytest.mark.parametrize(
    ("message", "left"),
    [
        ("550 <wang@example.com>: unknown", "550 <(a mail address)>: unknown"),
        ("to postgres://me:secret@db/x", "to (a mail address)"),
        ("Referer https://a.example.com/b/c?d=secret does not match", "Referer https://a.example.com/… does not match"),
        ("Error handling request /learn/?q=secret", "Error handling request /learn/?…"),
        ("Listening at: http://127.0.0.1:8000 (7)", "Listening at: http://127.0.0.1:8000 (7)"),
        ("a question? An answer", "a question? An answer"),
        ("two\r\nlines \x1b[31m", "two\\x0d\\x0alines \\x1b[31m"),
    ],
)
def test_email_addresses_and_query_strings_are_removed(form, message, left):
    line = form().format(record(message))
    logged = json.loads(line)["message"] if form is JsonFormatter else line.partition("django.request: ")[2]
    assert logged == left


@FORMS
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("secret"), "ValueError"),
        (KeyError("secret"), "KeyError"),
        (sqlite3.DataError("secret"), "sqlite3.DataError"),
        (AttributeError("no attribute x"), "AttributeError: no attribute x"),
        (OperationalError("database is locked"), "django.db.utils.OperationalError: database is locked"),
        (IntegrityError("duplicate key\nDETAIL: (secret)"), "django.db.utils.IntegrityError: duplicate key"),
    ],
)
def test_error_message_is_logged_only_if_about_code(form, error, said):
    line = form().format(record("Internal Server Error", error=raised(error)))
    trace = json.loads(line)["traceback"] if form is JsonFormatter else line
    assert trace.splitlines()[-1] == said
    assert "test_log_format.py" in trace and "in raised" in trace and "DETAIL" not in trace
    assert "secret" not in trace


def test_cause_is_logged_before_error():
    error = raised(OperationalError("away"), cause=raised(KeyError("secret")))
    line = TextFormatter().format(record("x", error=error))
    assert line.index("KeyError") < line.index("The reason of what follows.") < line.index("OperationalError: away")
    assert "secret" not in line


def test_invalid_host_is_logged_without_traceback():
    line = TextFormatter().format(
        record("Invalid host", name="django.security.DisallowedHost", error=raised(ValueError()))
    )
    assert line.splitlines()[1:] == []
