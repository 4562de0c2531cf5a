"""What a line of the log says, and what no line says."""

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


def asked(path, route=""):
    return SimpleNamespace(path=path, resolver_match=SimpleNamespace(route=route) if route else None)


def raised(error, cause=None):
    try:
        raise error from cause
    except Exception as caught:
        return caught


def test_a_line_for_machines_is_one_object_with_what_it_is_about():
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


def test_a_line_for_people_says_the_same():
    with log_facts(work="7", name="send"):
        line = TextFormatter().format(record("later", name="courseware.notifications"))
    assert line.endswith(" ERROR courseware.notifications: later [work=7 name=send]")


def test_what_lines_are_about_ends_with_the_block():
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
        ("/", "Not Found: /"),  # it tells nothing, and stands in every sentence with a slash
    ],
)
def test_the_address_of_a_request_is_said_as_its_route(form, written, is_said):
    line = form().format(record("%s: %s", "Not Found", written, request=asked(written, "reset/<key>/")))
    assert is_said in line and "secret" not in line


@FORMS
def test_an_address_that_leads_nowhere_is_not_said(form):
    # Django writes what is no ASCII as escapes.
    line = form().format(record("Not Found: %s", "/\\u738b-secret/", request=asked("/王-secret/")))
    assert "Not Found: an address that the site does not have" in line and "secret" not in line


@FORMS
def test_an_address_that_was_not_looked_up_is_not_called_one_that_the_site_does_not_have(form):
    said = record("Bad Request: %s", "/secret/", request=asked("/secret/"), status_code=400)
    line = form().format(said)
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
def test_addresses_and_queries_are_taken_out_and_nothing_else(form, message, left):
    line = form().format(record(message))
    said = json.loads(line)["message"] if form is JsonFormatter else line.partition("django.request: ")[2]
    assert said == left


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
def test_an_error_is_told_by_its_places_and_its_words_only_where_they_are_about_code(form, error, said):
    line = form().format(record("Internal Server Error", error=raised(error)))
    trace = json.loads(line)["traceback"] if form is JsonFormatter else line
    assert trace.splitlines()[-1] == said
    assert "test_log_format.py" in trace and "in raised" in trace and "DETAIL" not in trace
    assert "secret" not in trace


def test_the_cause_of_an_error_is_told_before_it():
    error = raised(OperationalError("away"), cause=raised(KeyError("secret")))
    line = TextFormatter().format(record("x", error=error))
    assert line.index("KeyError") < line.index("The reason of what follows.") < line.index("OperationalError: away")
    assert "secret" not in line


def test_what_strangers_can_cause_at_will_is_one_line():
    line = TextFormatter().format(
        record("Invalid host", name="django.security.DisallowedHost", error=raised(ValueError()))
    )
    assert line.splitlines()[1:] == []
