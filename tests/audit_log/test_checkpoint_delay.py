"""Health warnings and command output if a transaction delays checkpoints."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from courseware.audit_log import checkpoints
from courseware.audit_log.checkpoints import Writer, create_checkpoint
from courseware.audit_log.record import record
from courseware.jobs import health, schedule
from tests.audit_log.test_checkpoints import Writer as Recording

NOW = datetime(2026, 11, 26, 14, 0, tzinfo=UTC)
PSQL = Writer(4711, "psql", NOW - timedelta(minutes=20))


def warnings(now):
    return [(str(warning.about), str(warning.words)) for warning in health.health_warnings(now)]


@pytest.fixture
def no_other_warnings(db, time_machine):
    time_machine.move_to(NOW - timedelta(minutes=16), tick=False)
    schedule.enqueue_due()


@pytest.mark.parametrize(
    ("writing", "said"),
    [
        ([], ""),
        ([PSQL, Writer(7, "courseware server", NOW)], ": process 4711 of the database (psql) has had a transaction "
         "open for 20\xa0minutes. No checkpoint can be created until the transaction ends"),
        ([PSQL._replace(application="")], ": process 4711 of the database (–) has had a transaction open for "
         "20\xa0minutes. No checkpoint can be created until the transaction ends"),
        ([Writer(7, "courseware server", NOW - timedelta(seconds=59))], ""),  # may end any moment
        ([Writer(None, None, None)], ""),  # prepared, or of another role and not visible
    ],
)  # fmt: skip
def test_long_wait_is_reported_with_blocking_process(writing, said, no_other_warnings, monkeypatch):
    record("opened", subject="door:1")
    monkeypatch.setattr(checkpoints, "writers", lambda: dict(enumerate(writing)))
    waited = f"the oldest event without a checkpoint has waited for 16\xa0minutes{said}"
    assert warnings(NOW) == [("Create a checkpoint of the audit log", waited)]


def test_recent_or_covered_events_give_no_warning(no_other_warnings, time_machine, monkeypatch):
    monkeypatch.setattr(checkpoints, "writers", lambda: {"2/1": PSQL})
    monkeypatch.setattr(checkpoints, "last_settled_event_id", lambda: checkpoints.events_without_checkpoint().last().pk)
    record("opened", subject="door:1")
    create_checkpoint()
    time_machine.move_to(NOW - timedelta(minutes=14), tick=False)
    record("opened", subject="door:1")
    assert warnings(NOW) == []


@pytest.mark.parametrize("events", [1, 3])
def test_query_count_is_constant(no_other_warnings, django_assert_num_queries, events):
    for number in range(events):
        record("opened", subject=f"door:{number}")
    with django_assert_num_queries(5 if connection.vendor == "postgresql" else 4):
        assert len(warnings(NOW)) == 1


def test_commands_print_nothing_without_long_transaction(db, capsys, monkeypatch):
    monkeypatch.setattr(checkpoints, "writers", lambda: {"2/1": Writer(7, "courseware server", timezone.now())})
    monkeypatch.setattr(checkpoints, "PATIENCE", 0)
    record("opened", subject="door:1")
    call_command("create_checkpoint")
    call_command("verify_audit_log")
    assert capsys.readouterr().out == "The audit log is intact: 1 events in 1 chains.\nThere is no checkpoint yet.\n"


def test_idle_postgresql_transaction_is_named(transactional_db, time_machine, capsys):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer: nobody is left in the middle without everybody waiting")
    schedule.enqueue_due()
    open_writer = Recording("door:1")
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(open_writer)
        assert open_writer.has_written.wait(60)
        record("opened", subject="door:2")
        (writer,) = checkpoints.writers().values()
        assert writer.application == connection.settings_dict["OPTIONS"]["application_name"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT xact_start FROM pg_stat_activity WHERE pid = %s", [writer.process])
            assert cursor.fetchall() == [(writer.since,)]
        later = timezone.now() + timedelta(minutes=30)
        called = f"process {writer.process} of the database ({writer.application}) has had a transaction open"
        ((_job, words),) = warnings(later)
        assert words == (
            "the oldest event without a checkpoint has waited for 30\xa0minutes: "
            f"{called} for 30\xa0minutes. No checkpoint can be created until the transaction ends"
        )
        time_machine.move_to(later)
        call_command("create_checkpoint")
        call_command("verify_audit_log")
        since = f"{called} since {writer.since:%Y-%m-%d %H:%M:%S} UTC"
        until = f"{since}, and no checkpoint can be created until this transaction ends.\n"
        assert capsys.readouterr().out == (
            f"No checkpoint: {until}The audit log is intact: 1 events in 1 chains.\n"
            f"There is no checkpoint yet.\nNo newer checkpoint: {until}"
        )
        open_writer.may_end.set()
        ended.result()
    call_command("create_checkpoint")
    assert capsys.readouterr().out.startswith("Checkpoint 1, events: 2, sha256 ")
    assert warnings(timezone.now()) == []
