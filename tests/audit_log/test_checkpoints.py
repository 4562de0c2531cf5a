import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from courseware.audit_log import checkpoints
from courseware.audit_log.checkpoints import create_checkpoint
from courseware.audit_log.models import Checkpoint, Event, HashChain
from courseware.audit_log.record import record
from courseware.audit_log.verify import verify


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def keys(*doors):
    return list(Event.objects.filter(chain__in=doors).order_by("pk").values_list("pk", flat=True))


@pytest.mark.django_db
class TestCreating:
    def test_checkpoint_covers_events_since_previous_one(self, time_machine):
        time_machine.move_to("2026-11-27 16:00:00.000001+00:00", tick=False)
        first, second = record("opened", subject="door:1"), record("opened", subject="door:2")
        one = create_checkpoint()
        third = record("closed", subject="door:1")
        two = create_checkpoint()
        events = [
            "".join(f"{event.pk} {event.digest}\n" for event in each) for each in ([first, second], [third])
        ]  # fmt: skip
        digests = [sha256(text.encode()).hexdigest() for text in events]
        hashed = [
            f'{{"at":"2026-11-27T16:00:00.000001+00:00","count":{count},"events":"{events}",'
            f'"last_event":{last.pk},"number":{number},"previous":"{previous}"}}'
            for number, count, events, last, previous in [
                (1, 2, digests[0], second, ""),
                (2, 1, digests[1], third, one.digest),
            ]
        ]
        assert [one.digest, two.digest] == [sha256(text.encode()).hexdigest() for text in hashed]
        assert list(Checkpoint.objects.values_list("number", "last_event", "count")) == [
            (1, second.pk, 2),
            (2, third.pk, 1),
        ]
        assert verify() == []

    def test_no_checkpoint_without_new_events(self):
        assert create_checkpoint() is None
        record("opened", subject="door:1")
        assert create_checkpoint().number == 1
        assert create_checkpoint() is None
        assert Checkpoint.objects.count() == 1

    def test_concurrent_checkpoint_returns_first(self, monkeypatch):
        """Simulates the second process, which finds no newest checkpoint."""
        record("opened", subject="door:1")
        first = create_checkpoint()
        record("opened", subject="door:1")
        monkeypatch.setattr(checkpoints, "newest", lambda: None)
        assert create_checkpoint() == first
        monkeypatch.undo()
        assert (create_checkpoint().number, create_checkpoint()) == (2, None)
        assert verify() == []

    @pytest.mark.parametrize("events", [1, 3])
    def test_checkpoint_query_count_is_constant(self, django_assert_max_num_queries, events):
        for number in range(events):
            record("opened", subject=f"door:{number}")
        with django_assert_max_num_queries(8):
            create_checkpoint()


@pytest.mark.django_db
class TestVerifying:
    @pytest.fixture(autouse=True)
    def three_checkpoints(self):
        """Three checkpoints, each over one event of two doors."""
        for _ in range(3):
            record("opened", subject="door:1")
            record("opened", subject="door:2")
            create_checkpoint()

    def test_deleted_chain_is_missed_by_every_checkpoint(self):
        sql("DELETE FROM audit_log_event WHERE chain = 'door:2'")
        sql("DELETE FROM audit_log_hashchain WHERE name = 'door:2'")
        first, second, third = Checkpoint.objects.values_list("last_event", flat=True)
        assert verify() == [
            f"checkpoint 1: of its 2 events up to {first}, gone: 1",
            f"checkpoint 2: of its 2 events up to {second}, gone: 1",
            f"checkpoint 3: of its 2 events up to {third}, gone: 1",
        ]

    def test_truncated_chain_is_missed(self):
        sql("DELETE FROM audit_log_event WHERE chain = 'door:2' AND place = 3")
        sql(
            "UPDATE audit_log_hashchain SET length = 2, digest = %s WHERE name = 'door:2'",
            Event.objects.get(chain="door:2", place=2).digest,
        )
        last = Checkpoint.objects.get(number=3).last_event
        assert verify() == [f"checkpoint 3: of its 2 events up to {last}, gone: 1"]

    def test_reordered_events_are_reported(self):
        one, other = keys("door:1")[1], keys("door:2")[1]
        for old, new in [(one, 10**6), (other, one), (10**6, other)]:
            sql("UPDATE audit_log_event SET id = %s WHERE id = %s", new, old)
        assert verify() == [f"checkpoint 2: of its 2 events up to {other}, some were replaced"]

    def test_inserted_event_is_reported(self):
        """With a key left free by a rolled-back transaction."""
        sql("UPDATE audit_log_event SET id = id + 100")
        sql("DELETE FROM audit_log_checkpoint")
        last = create_checkpoint().last_event
        added = record("opened", subject="door:3")
        sql("UPDATE audit_log_event SET id = 1 WHERE id = %s", added.pk)
        assert verify() == [f"checkpoint 1: of its 6 events up to {last}, added: 1"]

    @pytest.mark.parametrize(
        ("column", "value"),
        [("at", "2020-01-01 00:00:00+00:00"), ("events", "0" * 64), ("count", 3), ("last_event", 0)],
    )
    def test_changed_checkpoint_is_reported(self, column, value):
        sql(f"UPDATE audit_log_checkpoint SET {column} = %s WHERE number = 2", value)
        assert "checkpoint 2: changed after it was created" in verify()
        assert not any(line.startswith("checkpoint 1") for line in verify())

    def test_rehashed_checkpoint_is_reported_by_next_one(self):
        altered = Checkpoint.objects.get(number=2)
        altered.at = altered.at.replace(year=2020)
        altered.digest = altered.digest_of_content()
        altered.save()
        assert verify() == ["checkpoint 2: replaced, checkpoint 3 names another one before it"]

    @pytest.mark.parametrize(
        ("gone", "line"), [([1], "checkpoint 1: missing"), ([1, 2], "checkpoints 1 to 2: missing")]
    )
    def test_missing_checkpoints_are_reported(self, gone, line):
        Checkpoint.objects.filter(number__in=gone).delete()
        assert verify() == [line]

    def test_events_after_last_checkpoint_are_ignored(self):
        record("closed", subject="door:1")
        record("closed", subject="door:3")
        assert verify() == []

    def test_several_chunks_are_read(self, monkeypatch):
        monkeypatch.setattr("courseware.audit_log.verify.CHUNK", 1)
        assert verify() == []


@pytest.mark.django_db
class TestCommands:
    def test_create_checkpoint_prints_new_checkpoint_only(self, capsys):
        record("opened", subject="door:1")
        call_command("create_checkpoint")
        digest = Checkpoint.objects.get().digest
        assert capsys.readouterr().out == f"Checkpoint 1, events: 1, sha256 {digest}.\n"
        call_command("create_checkpoint")
        assert capsys.readouterr().out == ""

    def test_verify_prints_newest_checkpoint(self, capsys, time_machine):
        time_machine.move_to("2026-11-27 16:00:00+00:00", tick=False)
        record("opened", subject="door:1")
        kept = create_checkpoint()
        record("opened", subject="door:2")
        call_command("verify_audit_log")
        assert capsys.readouterr().out == (
            "The audit log is intact: 2 events in 2 chains.\n"
            "Newest checkpoint: number 1 of 2026-11-27 16:00:00 UTC, "
            f"up to event {kept.last_event}, sha256 {kept.digest}. "
            "Events since: 1.\n"
        )

    def test_external_checkpoint_matches(self, capsys, time_machine):
        time_machine.move_to("2026-11-27 16:00:00+00:00", tick=False)
        record("opened", subject="door:1")
        kept = create_checkpoint()
        record("opened", subject="door:1")
        create_checkpoint()
        call_command("verify_audit_log", checkpoint=f" {kept.digest.upper()}\n")
        said = "Checkpoint 1 of 2026-11-27 16:00:00 UTC matches: its events have not changed since."
        assert said in capsys.readouterr().out.splitlines()

    def test_rewritten_log_fails_external_checkpoint(self, capsys):
        record("opened", subject="door:1")
        kept = create_checkpoint()
        for table in ("event", "hashchain", "checkpoint"):
            sql(f"DELETE FROM audit_log_{table}")
        record("closed", subject="door:1")
        create_checkpoint()
        call_command("verify_audit_log")
        with pytest.raises(CommandError, match="1 difference"):
            call_command("verify_audit_log", checkpoint=kept.digest)
        assert capsys.readouterr().err == (
            f"no checkpoint of this log is {kept.digest}: the log was rewritten, or it is from another site\n"
        )


class Writer:
    """An open transaction of another process that has recorded an event."""

    def __init__(self, door):
        self.door, self.may_end, self.has_written = door, threading.Event(), threading.Event()

    def __call__(self):
        try:
            with transaction.atomic():
                record("opened", subject=self.door)
                self.has_written.set()
                assert self.may_end.wait(60)
        finally:
            connection.close()


@pytest.fixture
def pool(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer: its keys come in the order of the commits")
    with ThreadPoolExecutor(4) as pool:
        yield pool


class TestBesideWriters:
    def test_uncommitted_event_delays_checkpoint(self, pool, monkeypatch):
        monkeypatch.setattr(checkpoints, "PATIENCE", 0)
        writer = Writer("door:1")
        written = pool.submit(writer)
        writer.has_written.wait(60)
        record("opened", subject="door:2")
        assert create_checkpoint() is None
        writer.may_end.set()
        written.result()
        assert create_checkpoint().count == 2
        assert verify() == []

    def test_checkpoint_waits_for_writers_without_blocking(self, pool, monkeypatch):
        monkeypatch.setattr(checkpoints, "PATIENCE", 60)
        asked = threading.Event()
        look = checkpoints.writers
        monkeypatch.setattr(checkpoints, "writers", lambda: (look(), asked.set())[0])
        writer = Writer("door:1")
        written = pool.submit(writer)
        writer.has_written.wait(60)
        record("opened", subject="door:2")
        sealed = pool.submit(lambda: (create_checkpoint(), connection.close())[0])
        asked.wait(60)
        later = record("opened", subject="door:3")  # not blocked by the waiting checkpoint
        assert not sealed.done()
        writer.may_end.set()
        written.result()
        assert sealed.result().count == 2
        assert sealed.result().last_event < later.pk
        assert verify() == []

    def test_rolled_back_writer_does_not_delay_checkpoint(self, pool):
        with transaction.atomic():
            record("opened", subject="door:1")
            transaction.set_rollback(True)
        record("opened", subject="door:2")
        assert create_checkpoint().count == 1
        assert HashChain.objects.get().name == "door:2"
