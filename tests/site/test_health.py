"""What a load balancer is told: by any address, over plain http, and without waiting for anybody."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from courseware.jobs.models import Worker
from courseware.lib.web.request_queue import RequestQueue
from courseware.notifications.email.circuit_breaker import CircuitBreaker
from courseware.project import health

pytestmark = pytest.mark.django_db
INSIDE = {"host": "10.0.0.7:8000"}  # as a load balancer asks, which knows no name of the site


@pytest.fixture(autouse=True)
def a_real_site(settings, monkeypatch):
    monkeypatch.setattr(health.Watch, "reason_to_be_closed", lambda watch: "")  # tests make their tables in other ways
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["training.example.com"]


def ask(client, path, **more):
    response = client.get(path, headers=INSIDE, **more)
    return response.status_code, response.text.splitlines()


@pytest.fixture
def away(monkeypatch):
    def refuse():
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "cursor", refuse)


def test_a_process_says_that_it_lives_and_asks_nobody(client, away, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert ask(client, health.LIVES) == (200, ["process: lives"])


def test_a_site_that_can_serve_says_so_and_when_a_worker_was_seen(client, monkeypatch):
    monkeypatch.setattr(health, "KEPT_FOR", 0)
    ready = ["database: answers", "migrations: applied"]
    assert ask(client, health.SERVES) == (200, [*ready, "worker: none has been seen"])
    Worker.objects.create(name="one", seen_at=timezone.now() - timedelta(seconds=3))
    Worker.objects.create(name="two", seen_at=timezone.now() - timedelta(hours=1))
    assert ask(client, health.SERVES) == (200, [*ready, "worker: seen 3 s ago"])


def test_a_mail_server_that_does_not_answer_is_told_apart_from_a_worker_that_does_not_run(client):
    Worker.objects.create(name="one", seen_at=timezone.now() - timedelta(seconds=3))
    CircuitBreaker("mail.example.com:25").note_failure("TimeoutError: timed out")
    status, lines = ask(client, health.SERVES)
    assert (status, lines[2:]) == (200, ["worker: seen 3 s ago", "mail.example.com:25: does not answer"])


def test_without_a_database_it_is_not_ready_and_says_no_more(client, away):
    assert ask(client, health.SERVES) == (503, ["database: away"])


def test_while_the_database_is_of_another_version_it_is_not_ready_and_strangers_do_not_learn_of_which(
    client, monkeypatch, caplog
):
    monkeypatch.setattr(health.Watch, "reason_to_be_closed", lambda watch: "closed: learning.0007 is not applied")
    assert ask(client, health.SERVES) == (503, ["database: answers", "site: closed; the log says why"])
    assert "learning.0007" in caplog.text


def test_within_a_second_the_database_is_asked_once(client, monkeypatch):
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
def test_the_answer_is_no_page(client, path):
    answer = client.get(path, headers=INSIDE)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_a_crowd_does_not_hold_it_up(client, monkeypatch):
    monkeypatch.setattr(RequestQueue, "take", lambda turns, is_save: False)
    assert [ask(client, path)[0] for path in (health.LIVES, health.SERVES)] == [200, 200]
    assert client.get("/", headers={"host": "training.example.com"}, secure=True).status_code == 503


@pytest.mark.parametrize("path", [health.LIVES, health.SERVES])
def test_it_is_for_reading_and_no_session_comes_of_it(client, path):
    assert client.post(path, headers=INSIDE).status_code == 405
    assert client.head(path, headers=INSIDE).status_code == 200
    assert client.get(path, headers=INSIDE).cookies == {}
    assert client.get(path, headers=INSIDE)["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/more", "/"])
def test_any_other_address_goes_the_usual_way(client, path):
    assert client.get(path, headers=INSIDE).status_code == 400
