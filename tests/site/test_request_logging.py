"""Request ids, and log lines without personal data."""

import json
import re

import pytest
from django.db import OperationalError, connection
from django.test import Client

from tests.site.test_error_pages import fails_with
from tests.site.test_settings import PRODUCTION, run

HEADER = "X-Request-ID"
MARK = "Zhuangsheng"


@pytest.fixture
def behind_a_proxy(settings):
    settings.PLAIN_HTTP, settings.PROXIES = False, 1


def test_each_response_has_own_request_id(client, db):
    numbers = [client.get(path)[HEADER] for path in ("/accounts/login/", "/nowhere/", "/healthz", "/static/icon.svg")]
    assert len({*numbers}) == 4
    assert all(re.fullmatch("[0-9a-f]{12}", number) for number in numbers)


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        ("4f2b9c1d-77aa-4e0e-9c55-0a1b2c3d4e5f", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("short", False),
        ("", False),
        ("12345678\r\nSet-Cookie: x", False),
        ("1234 5678", False),
        ("-12345678", False),
    ],
)
def test_valid_id_of_proxy_is_used(given, is_taken, client, db, behind_a_proxy):
    assert (client.get("/healthz", headers={HEADER: given})[HEADER] == given) == is_taken


@pytest.mark.parametrize("setting", ["no proxy", "plain http"])
def test_id_is_not_taken_without_proxy(setting, client, db, behind_a_proxy, settings):
    if setting == "no proxy":
        settings.PROXIES = 0
    else:
        settings.PLAIN_HTTP = True
    assert client.get("/healthz", headers={HEADER: "a" * 20})[HEADER] != "a" * 20


@pytest.mark.parametrize(("error", "status"), [(OperationalError("away"), 503), (ValueError(), 500)])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_error_page_shows_logged_request_id(error, status, language, world, log):
    visitor = Client(raise_request_exception=False, headers={"accept-language": language})
    visitor.force_login(world.learner)
    with connection.execute_wrapper(fails_with(error)):
        response = visitor.get("/learn/tea-room/boiling/")
    number = response[HEADER]
    [shown] = re.findall('<p class="request-number">(.+)</p>', response.text)
    assert (response.status_code, number in shown) == (status, True)
    [entry] = [line for line in log() if line["level"] == "ERROR"]
    assert (entry["request"], entry["logger"]) == (number, "django.request")
    assert type(error).__name__ in entry["traceback"]


def test_request_is_logged_with_route_if_enabled(client, world, log, settings):
    client.force_login(world.learner)
    client.get(f"/learn/tea-room/boiling/?{MARK}")
    client.get(f"/{MARK}/")
    client.get("/healthz")
    client.get("/static/icon.svg")
    lines = [line for line in log() if line["logger"] == "courseware.project.request_logging"]
    assert [{name: line[name] for name in ("method", "route", "status", "message")} for line in lines] == [
        {"method": "GET", "route": "learn/<id:course>/<id:step>/", "status": 200, "message": "answered"},
        {"method": "GET", "route": "", "status": 404, "message": "answered"},
    ]
    assert all(line["milliseconds"] >= 0 for line in lines)
    settings.LOG_REQUESTS = False
    before = len(log())
    client.get("/learn/tea-room/boiling/")
    assert len(log()) == before


SECRETS = (
    "accounts/join/<token>", "accounts/password/reset/key/<uidb36>-<key>", "certificates/<number>",
    "calendar/<secret>", "unsubscribe/<token>",
)  # fmt: skip


def private_lines(lines, world):
    """Log lines that name a person, a secret of a URL or MARK, or that have no request id."""
    secrets = [MARK, *(str(world.places[place]) for place in SECRETS)]
    secrets += [word for person in world.people.values() for word in (person.name, person.email)]
    private = re.compile("|".join(map(re.escape, secrets)), re.IGNORECASE)
    yield from (f"private: {line}" for line in lines if private.search(json.dumps(line, ensure_ascii=False)))
    yield from (f"without a request: {line}" for line in lines if not line.get("request"))


def test_error_lines_hold_no_personal_data(world, log):
    """test_access.py covers all routes."""
    visitor = Client(
        raise_request_exception=False, headers={"user-agent": MARK, "referer": f"http://testserver/{MARK}"}
    )
    visitor.force_login(world.people["admin"])
    sent = dict.fromkeys(("login", "password", "email", "name", "choice", "text", "comment", "code", "q"), MARK)
    with connection.execute_wrapper(fails_with(ValueError(MARK))):
        for path in ("/", f"/{MARK}/", "/learn/tea-room/boiling/", "/admin/"):
            visitor.get(f"{path}?q={MARK}")
            visitor.post(f"{path}?q={MARK}", sent)
    visitor.get(f"/accounts/password/reset/key/{MARK}-{MARK}/")
    Client(enforce_csrf_checks=True).post(f"/accounts/login/?{MARK}", sent, headers={"referer": f"http://x/{MARK}"})
    assert {line["level"] for line in log()} >= {"INFO", "WARNING", "ERROR"}
    assert list(private_lines(log(), world)) == []


def test_private_line_is_found(world):
    lines = [{"request": "1", "message": text} for text in ("answered", "Not found: LEA LEARNER", f"/x?{MARK}")]
    assert len(list(private_lines([*lines, {"message": "answered"}], world))) == 3


# Lines of gunicorn have the format of all others.


FAILING_SERVER = ("-m", "gunicorn", "--workers=1", "--bind=127.0.0.1:0")


@pytest.mark.slow
def test_gunicorn_logs_json_if_configured():
    done = run(*FAILING_SERVER, **PRODUCTION | {"SECRET_KEY": "short", "LOG_FORMAT": "json"})
    plain, lines = [], []
    for line in done.stderr.splitlines():
        (lines if line.startswith("{") else plain).append(line)
    assert plain == ["SECRET_KEY: expected at least 50 random characters. To try the site: `make run`."]
    assert {json.loads(line)["logger"] for line in lines} == {"gunicorn.error"}


@pytest.mark.slow
def test_gunicorn_logs_plain_lines_by_default():
    done = run(*FAILING_SERVER, **PRODUCTION | {"SECRET_KEY": "short"})
    assert " INFO gunicorn.error: Booting worker with pid: " in done.stderr
    assert "SECRET_KEY: expected at least 50 random characters" in done.stderr
    assert "Traceback" not in done.stderr and "{" not in done.stderr
