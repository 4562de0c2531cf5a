"""Health checks for load balancers: any host, plain HTTP, no waiting."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from courseware.jobs.models import Worker
from courseware.lib.web.request_queue import RequestQueue
from courseware.notifications.email.circuit_breaker import CircuitBreaker
from courseware.project import health

pytestmark = pytest.mark.django_db
INSIDE = {"host": "10.0.0.7:8000"}  # a load balancer asks by IP address


@pytest.fixture(autouse=True)
def production_site(settings, monkeypatch):
    monkeypatch.setattr(health.Watch, "reason_to_be_closed", lambda watch: "")  # tests make their tables in other ways
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["training.example.com"]


def ask(client, path, **more):
    response = client.get(path, headers=INSIDE, **more)
    return response.status_code, response.text.splitlines()


@pytest.fixture
def database_unavailable(monkeypatch):
    def refuse():
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "cursor", refuse)


def test_liveness_needs_no_database(client, database_unavailable, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert ask(client, health.LIVES) == (200, ["process: lives"])


def test_readiness_shows_last_seen_worker(client, monkeypatch):
    monkeypatch.setattr(health, "KEPT_FOR", 0)
    ready = ["database: answers", "migrations: applied"]
    assert ask(client, health.SERVES) == (200, [*ready, "worker: none has been seen"])
    Worker.objects.create(name="one", seen_at=timezone.now() - timedelta(seconds=3))
    Worker.objects.create(name="two", seen_at=timezone.now() - timedelta(hours=1))
    assert ask(client, health.SERVES) == (200, [*ready, "worker: seen 3 s ago"])


def test_silent_mail_server_is_reported_apart_from_worker(client):
    Worker.objects.create(name="one", seen_at=timezone.now() - timedelta(seconds=3))
    CircuitBreaker("mail.example.com:25").note_failure("TimeoutError: timed out")
    status, lines = ask(client, health.SERVES)
    assert (status, lines[2:]) == (200, ["worker: seen 3 s ago", "mail.example.com:25: does not answer"])


def test_readiness_fails_without_database(client, database_unavailable):
    assert ask(client, health.SERVES) == (503, ["database: away"])


def test_other_database_version_is_not_ready_and_not_revealed(client, monkeypatch, caplog):
    monkeypatch.setattr(health.Watch, "reason_to_be_closed", lambda watch: "closed: learning.0007 is not applied")
    assert ask(client, health.SERVES) == (503, ["database: answers", "site: closed; the log says why"])
    assert "learning.0007" in caplog.text


def test_database_is_asked_once_a_second(client, monkeypatch):
    asked = []
    monkeypatch.setattr(health.HealthMiddleware, "readiness", lambda middleware: asked.append(1) or (200, ["ready"]))
    now = 100.0
    monkeypatch.setattr(health.time, "monotonic", lambda: now)
    assert [ask(client, health.SERVES) for _ in range(5)] == [(200, ["ready"])] * 5
    assert len(asked) == 1
    now += health.KEPT_FOR
    ask(client, health.SERVES)
    assert len(asked) == 2


@pytest.mark.parametrize("path", [health.LIVES, health.SERVES])
def test_response_has_strict_headers(client, path):
    answer = client.get(path, headers=INSIDE)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_overload_does_not_delay_health_checks(client, monkeypatch):
    monkeypatch.setattr(RequestQueue, "take", lambda turns, is_save: False)
    assert [ask(client, path)[0] for path in (health.LIVES, health.SERVES)] == [200, 200]
    assert client.get("/", headers={"host": "training.example.com"}, secure=True).status_code == 503


@pytest.mark.parametrize("path", [health.LIVES, health.SERVES])
def test_health_checks_are_read_only_without_session(client, path):
    assert client.post(path, headers=INSIDE).status_code == 405
    assert client.head(path, headers=INSIDE).status_code == 200
    assert client.get(path, headers=INSIDE).cookies == {}
    assert client.get(path, headers=INSIDE)["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/more", "/"])
def test_other_urls_still_check_host(client, path):
    assert client.get(path, headers=INSIDE).status_code == 400
