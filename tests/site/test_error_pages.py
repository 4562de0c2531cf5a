"""Error pages: database unavailable, overload, forms that are too large."""

import re
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import DataError, InterfaceError, OperationalError, ProgrammingError, connection
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation

from courseware.accounts.security.sessions import SEEN, SEEN_EVERY
from courseware.learning.models import Answer
from courseware.lib.web.request_queue import RequestQueue
from courseware.project import load_shedding
from tests.learning.lesson_pages import sent

PAGES = settings.BASE_DIR / "templates" / "errors"
UNAVAILABLE = "We will be back in a moment"


@pytest.fixture
def visitor(world):
    visitor = Client(raise_request_exception=False, headers={"accept-language": "en"})
    visitor.force_login(world.learner)
    return visitor


def fails_with(error):
    """A wrapper for `connection.execute_wrapper` that raises this error on every query."""

    def execute(*args):
        raise error

    return execute


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize("path", ["/", "/learn/tea-room/boiling/", "/admin/"])
def test_unavailable_database_gives_503_page(error, path, visitor):
    with connection.execute_wrapper(fails_with(error("unable to open database file"))):
        response = visitor.get(path)
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert UNAVAILABLE in response.text
    assert "unable to open" not in response.text


@pytest.mark.slow
def test_post_during_outage_is_not_acknowledged(visitor):
    with connection.execute_wrapper(fails_with(OperationalError())):
        response = visitor.post("/learn/tea-room/boiling/answer/is-it-off/", {"choice": "1"})
    assert (response.status_code, UNAVAILABLE in response.text) == (503, True)


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, DataError])
def test_failed_session_write_leaves_result_open(error, world, visitor):
    session = visitor.session
    session[SEEN] -= SEEN_EVERY
    session.save()
    before = Answer.objects.count()

    def execute(run, sql, *args):
        if sql.startswith('UPDATE "django_session"'):
            raise error
        return run(sql, *args)

    with connection.execute_wrapper(execute):
        response = visitor.post("/learn/tea-room/boiling/answer/is-it-off/", sent("1", tries=before))
    assert Answer.objects.count() == before + 1
    assert (response.status_code, response["Retry-After"], UNAVAILABLE in response.text) == (503, "10", True)
    assert "we do not know whether your last step was saved" in response.text


@pytest.mark.parametrize("template", sorted(path.name for path in PAGES.glob("*.html")))
def test_error_pages_do_not_claim_that_nothing_was_saved(template):
    with translation.override("en"):
        text = render_to_string(f"errors/{template}")
    assert not re.search("othing was|was not (saved|recorded|changed)", text)


@pytest.mark.parametrize("error", [DataError, ProgrammingError, ValueError])
def test_bug_is_not_reported_as_outage(error, visitor):
    with connection.execute_wrapper(fails_with(error())):
        response = visitor.get("/")
    assert (response.status_code, UNAVAILABLE in response.text) == (500, False)
    assert "Retry-After" not in response


def overloaded_client(monkeypatch, **options):
    """A client whose requests find no free slot in the queue."""
    monkeypatch.setattr(load_shedding, "RequestQueue", lambda *_: RequestQueue(places=0, room=0, patience=0))
    return Client(raise_request_exception=False, **options)


@pytest.mark.parametrize(("language", "lang"), [("en", "en"), ("zh-Hans", "zh-Hans")])
@pytest.mark.parametrize("path", ["/", "/learn/tea-room/boiling/", "/admin/", "/accounts/login/"])
def test_overload_page_is_localized_and_needs_no_query(
    monkeypatch, world, path, language, lang, django_assert_num_queries
):
    client = overloaded_client(monkeypatch, headers={"accept-language": language})
    with django_assert_num_queries(0):
        response = client.get(path)
    assert (response.status_code, f'<html lang="{lang}">' in response.text) == (503, True)
    assert 10 <= int(response["Retry-After"]) <= 30
    assert response["Cache-Control"] == "private, no-store"


def test_rejections_are_logged_once_in_10_seconds(monkeypatch, world, caplog):
    client, clock = overloaded_client(monkeypatch), [1000.0]
    monkeypatch.setattr(load_shedding, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    for seconds in (0, 1, 9, 10):
        clock[0] = 1000.0 + seconds
        client.get("/learn/tea-room/boiling/")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "crowded: 0 wait, 0 at work, 1 turned away"),
        ("WARNING", "crowded: 0 wait, 0 at work, 3 turned away"),
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "x" * 1000}, 422),
        ({"text": "x" * 3_000_000}, 413),
        ({f"f{number}": "" for number in range(1011)}, 413),
    ],
    ids=["a small form", "a long text", "many fields"],
)
@pytest.mark.django_db
def test_large_form_is_refused_with_limits(body, status):
    visitor = Client(headers={"accept-language": "en"})
    response = visitor.post("/accounts/login/", urlencode(body), content_type="application/x-www-form-urlencoded")
    assert (response.status_code, "2 MB of text in 1,000 fields" in response.text) == (status, status == 413)
