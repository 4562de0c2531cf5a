"""A mail server that hangs or drips delays its own connection and no other work."""

import os
import signal
import socket
import threading
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connections
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from courseware.jobs import tasks, worker
from courseware.jobs.worker import WorkLoop
from courseware.notifications.email import delivery, delivery_batch
from courseware.notifications.email.circuit_breaker import REST, CircuitBreaker, UnreachableServer
from courseware.notifications.email.email_types import EMAIL_TYPES, EmailCategory
from courseware.notifications.email.queue import queue_email
from courseware.notifications.email.smtp_connection import SmtpConnection
from courseware.notifications.models import OutgoingEmail
from tests.jobs import sample_tasks
from tests.making import make_user
from tests.notifications.sinks import mail_sink, note_type
from tests.patience import PATIENCE

TLS_RECORD = b"\x16\x03\x03\x3f\xff"  # the head of a TLS record of 16 kB
GREETING = b"220 here\r\n250 here\r\n250 sender\r\n250 recipient\r\n354 go on\r\n"  # sent before it was asked for


class RawServer:
    """Sends `words`, then `drips` again and again; hangs if `drips` is empty."""

    def __init__(self, words=b"", drips=b""):
        self.words, self.drips = words, drips
        self.connections, self.accepted, self.released = 0, threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.accepted.set()
            threading.Thread(target=self.hold, args=[client], daemon=True).start()

    def hold(self, client):
        with client:
            try:
                client.sendall(self.words)
                while not self.released.wait(0.02):
                    client.sendall(self.drips)
            except OSError:
                return


@contextmanager
def raw_server(settings, **manners):
    server = RawServer(**manners)
    settings.EMAIL_BACKEND = "courseware.notifications.email.smtp_backend.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, PATIENCE
    try:
        yield server
    finally:
        server.released.set()
        server.listener.close()


@pytest.fixture
def note(monkeypatch):
    monkeypatch.setitem(EMAIL_TYPES, "note", note_type())
    monkeypatch.setitem(EMAIL_TYPES, "lesson", note_type(EmailCategory.TRAINING))
    numbers = iter(range(100))
    return lambda kind="note": queue_email(kind, make_user(email=f"tea{next(numbers)}@example.com"))


def states():
    return [(message.state, message.tries) for message in OutgoingEmail.objects.order_by("pk")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("hangs", [True, False])
def test_other_jobs_run_while_mail_server_hangs(settings, note, monkeypatch, hangs):
    monkeypatch.setattr(worker, "enqueue_due", lambda: None)
    monkeypatch.setattr(worker, "LOOK_EVERY", 0.02)
    sample_tasks.done.clear()
    loop, seen = WorkLoop(lambda: ""), {}

    def enqueue_meanwhile():
        try:
            seen["server is held"] = server.accepted.wait(PATIENCE) if hangs else False
            task = sample_tasks.note.enqueue("tea")
            ended = threading.Event()
            while not ended.wait(0.02) and not seen.get("job is done"):
                seen["job is done"] = DBTaskResult.objects.successful().filter(pk=task.id).exists()
            seen["email"] = list(OutgoingEmail.objects.values_list("tries", "why"))
        finally:
            server.released.set()
            os.kill(os.getpid(), signal.SIGTERM)
            connections.close_all()

    with raw_server(settings) as server:
        if hangs:
            note()
        thread = threading.Thread(target=enqueue_meanwhile)
        thread.start()
        loop.run()
        thread.join()
    # Claimed without a result: the connection was still open.
    assert seen == {"server is held": hangs, "job is done": True, "email": [(1, "")] * hangs}
    assert sample_tasks.done == ["tea"]
    assert not DBTaskResult.objects.running().exists(), "told to stop, both threads finish what they have in hand"


@pytest.mark.django_db(transaction=True)
def test_failing_delivery_ends_worker(monkeypatch):
    monkeypatch.setattr(worker, "enqueue_due", lambda: None)
    loop = WorkLoop(lambda: "")
    monkeypatch.setattr(loop.delivery, "look", lambda once: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        loop.run()


@pytest.mark.django_db
def test_stopping_worker_leaves_remaining_emails_untried(settings, note, monkeypatch):
    with mail_sink(settings) as sink:
        for _ in range(3):
            note()
        original = SmtpConnection.send

        def send_and_hear_the_signal(self, *email):
            original(self, *email)
            monkeypatch.setattr(tasks, "stops", [1])

        monkeypatch.setattr(SmtpConnection, "send", send_and_hear_the_signal)
        delivery.deliver_due()
        assert (states(), len(sink.taken)) == ([("sent", 1), ("queued", 0), ("queued", 0)], 1)


@pytest.mark.slow
@pytest.mark.django_db
def test_unreachable_server_is_tried_once_a_minute(settings, note, time_machine):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    with raw_server(settings) as server:
        settings.EMAIL_TIMEOUT = 0.1
        for _ in range(25):
            note()
        delivery.deliver_due()
        assert states() == [("queued", 1)] + [("queued", 0)] * 24
        delivery.deliver_due()
        assert server.connections == 1
        time_machine.move_to(now + REST - timedelta(seconds=1), tick=False)
        delivery.deliver_due()
        assert server.connections == 1
        time_machine.move_to(now + REST, tick=False)
        delivery.deliver_due()
        assert server.connections == 2
        [known] = UnreachableServer.objects.all()
        assert (known.name, known.since, known.tried_at) == (f"127.0.0.1:{server.port}", now, now + REST)
        assert "timed out" in known.why
        with mail_sink(settings) as sink:
            UnreachableServer.objects.update(name=f"127.0.0.1:{settings.EMAIL_PORT}")  # the same server, working again
            time_machine.move_to(now + 10 * REST, tick=False)
            assert delivery.deliver_due() == "sent 25"
            assert len(sink.taken) == 25
    assert not UnreachableServer.objects.exists()


@pytest.mark.django_db
def test_deferred_email_opens_no_circuit_breaker(settings, note):
    with mail_sink(settings) as sink:
        sink.manner, sink.spell = "busy", 1
        note(), note()
        assert delivery.deliver_due() == "queued 1, sent 1"
    assert not UnreachableServer.objects.exists()


@pytest.mark.django_db
def test_only_one_worker_retries_unreachable_server(time_machine):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    CircuitBreaker("mail.example.com:25").note_failure("timed out")
    time_machine.move_to(now + REST, tick=False)
    assert [CircuitBreaker("mail.example.com:25").allows() for _ in range(3)] == [True, False, False]
    assert CircuitBreaker("other.example.com:25").allows()


@pytest.mark.django_db
def test_future_failure_time_does_not_block_server(time_machine):
    now = timezone.now()
    time_machine.move_to(now + timedelta(days=365), tick=False)
    CircuitBreaker("mail.example.com:25").note_failure("timed out")
    time_machine.move_to(now, tick=False)
    assert CircuitBreaker("mail.example.com:25").allows()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "drips", "use_ssl"),
    [(b"", b"2", False), (GREETING, b"2", False), (TLS_RECORD, b"\x02", True)],
    ids=["greeting", "answer to the email", "TLS handshake"],
)
def test_dripping_mail_server_is_cut_off_by_time_limit(settings, note, words, drips, use_ssl):
    settings.SMTP_SECONDS, settings.EMAIL_USE_SSL = 0.3, use_ssl
    with raw_server(settings, words=words, drips=drips) as server:
        note()
        assert delivery.deliver_due() == "queued 1"
        assert not server.released.is_set()
    [message] = OutgoingEmail.objects.all()
    assert (message.tries, message.why) == (1, "no whole answer within 0.3 s")


def test_claim_outlasts_longest_batch(settings):
    assert delivery.CLAIMED_FOR.total_seconds() / 2 > settings.SMTP_SECONDS + settings.EMAIL_TIMEOUT


@pytest.mark.django_db
def test_immediate_email_precedes_rest_of_slow_batch(settings, note, monkeypatch):
    clock = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(delivery_batch, "time", SimpleNamespace(monotonic=lambda: clock.seconds))
    original, immediate = SmtpConnection.send, []

    def send_slowly(self, *email):
        original(self, *email)
        clock.seconds += delivery_batch.SECONDS + 1
        if not immediate:
            immediate.append(note())

    monkeypatch.setattr(SmtpConnection, "send", send_slowly)
    with mail_sink(settings) as sink:
        lessons = [note("lesson") for _ in range(3)]
        assert delivery.deliver_due() == "queued 3, sent 4"
        assert [address for address, _ in sink.taken] == [
            message.address for message in (lessons[0], *immediate, *lessons[1:])
        ]


@pytest.mark.django_db
def test_one_task_sends_all_queued_emails(settings, note, monkeypatch):
    monkeypatch.setattr(worker, "enqueue_due", lambda: None)
    monkeypatch.setattr(worker.connections, "close_all", lambda: None)
    monkeypatch.setattr("django_tasks_db.management.commands.db_worker.close_old_connections", lambda: None)
    with mail_sink(settings) as sink:
        for _ in range(3):
            note()
        assert {row.queue_name for row in DBTaskResult.objects.all()} == {"delivery"}
        WorkLoop(lambda: "").run(once=True)
        assert len(sink.taken) == 3
    assert DBTaskResult.objects.successful().count() == DBTaskResult.objects.count() == 1
