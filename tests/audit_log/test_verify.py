"""What `verify` reports after direct changes in the database."""

import pytest
from django.core.management import CommandError, call_command

from courseware.audit_log.models import Event
from courseware.audit_log.record import record
from courseware.audit_log.verify import verify
from tests.audit_log.test_checkpoints import sql
from tests.making import make_user

pytestmark = pytest.mark.django_db
CHAIN = "door:1"


@pytest.fixture
def doors():
    """Five events of door:1, with two of door:2 among them."""
    person = make_user()
    for number in range(1, 6):
        record("opened", actor=person, subject="door:1", data={"key": number})
        if number % 2 == 0:
            record("opened", subject="door:2")


def replace(place):
    """Give this event another verb and a matching digest."""
    event = Event.objects.get(chain=CHAIN, place=place)
    event.verb = "closed"
    sql(
        "UPDATE audit_log_event SET verb = 'closed', digest = %s WHERE chain = %s AND place = %s",
        event.digest_of_content(), CHAIN, place,
    )  # fmt: skip


def test_empty_log_is_intact():
    assert verify() == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2020-01-01 00:00:00+00:00"),
        ("verb", "closed"),
        ("subject", "door:9"),
        ("data", '{"key": 4}'),
        ("actor_id", None),
    ],
)
def test_changed_event_is_reported(doors, column, value):
    sql(f"UPDATE audit_log_event SET {column} = %s WHERE chain = %s AND place = 3", value, CHAIN)
    assert verify() == ["door:1, event 3: changed since it was recorded"]


def test_changed_digest_is_reported_twice(doors):
    sql("UPDATE audit_log_event SET digest = %s WHERE chain = %s AND place = 3", "0" * 64, CHAIN)
    assert verify() == [
        "door:1, event 3: changed since it was recorded",
        "door:1, event 3: replaced, door:1, event 4 names another one before it",
    ]


def test_rehashed_event_is_reported_by_next_one(doors):
    replace(3)
    assert verify() == ["door:1, event 3: replaced, door:1, event 4 names another one before it"]


def test_rehashed_last_event_is_reported_by_head(doors):
    replace(5)
    assert verify() == ["door:1, event 5: replaced, the head of its chain names another one before it"]


@pytest.mark.parametrize(
    ("gone", "line"),
    [
        ([1], "event 1: missing"),
        ([3], "event 3: missing"),
        ([2, 3, 4], "events 2 to 4: missing"),
        ([5], "event 5: missing"),
        ([1, 2, 3, 4, 5], "events 1 to 5: missing"),
    ],
)
def test_missing_events_are_reported(doors, gone, line):
    sql(f"DELETE FROM audit_log_event WHERE chain = %s AND place IN ({', '.join(map(str, gone))})", CHAIN)
    assert verify() == [f"door:1, {line}"]


def test_reordered_events_are_reported(doors):
    for old, new in [(2, 99), (3, 2), (99, 3)]:
        sql("UPDATE audit_log_event SET place = %s WHERE chain = %s AND place = %s", new, CHAIN, old)
    lines = verify()
    assert "door:1, event 2: changed since it was recorded" in lines
    assert "door:1, event 3: changed since it was recorded" in lines
    assert not any(line.startswith("door:1, event 5") for line in lines)


def test_renumbered_chain_is_reported(doors):
    sql("DELETE FROM audit_log_event WHERE chain = %s AND place = 1", CHAIN)
    for place in range(2, 6):
        sql("UPDATE audit_log_event SET place = %s WHERE chain = %s AND place = %s", place - 1, CHAIN, place)
    assert verify()[0] == "door:1, event 1: an event before it is gone"


def test_event_added_after_head_is_reported(doors):
    last = Event.objects.get(chain=CHAIN, place=5)
    forged = Event(chain=CHAIN, place=6, at=last.at, verb="closed", subject="door:1", data={}, previous=last.digest)
    forged.digest = forged.digest_of_content()
    forged.save()
    assert verify() == ["door:1, event 6: added past the head of its chain"]


def test_event_moved_to_other_chain_is_reported_twice(doors):
    sql("UPDATE audit_log_event SET chain = 'door:2', place = 3 WHERE chain = 'door:1' AND place = 5")
    assert verify() == ["door:1, event 5: missing", "door:2, event 3: added past the head of its chain"]


def test_event_digest_is_no_checkpoint(doors):
    [kept] = Event.objects.filter(chain="door:1", place=3).values_list("digest", flat=True)
    with pytest.raises(CommandError, match="1 difference"):
        call_command("verify_audit_log", checkpoint=kept)


@pytest.mark.parametrize("nothing", ["", " \n"])
def test_empty_external_checkpoint_fails(doors, capsys, nothing):
    with pytest.raises(CommandError, match="1 difference"):
        call_command("verify_audit_log", checkpoint=nothing)
    assert "got nothing" in capsys.readouterr().err


def test_missing_head_is_reported(doors):
    sql("DELETE FROM audit_log_hashchain WHERE name = 'door:1'")
    assert verify() == ["door:1: its head is gone"]


def test_several_chunks_are_read(doors, monkeypatch):
    monkeypatch.setattr("courseware.audit_log.verify.CHUNK", 1)
    assert verify() == []
    sql("DELETE FROM audit_log_event WHERE place = 2")
    assert verify() == ["door:1, event 2: missing", "door:2, event 2: missing"]


@pytest.mark.parametrize("number", [1, 3])
def test_query_count_is_constant(doors, django_assert_num_queries, number):
    for door in range(number):
        record("opened", subject=f"door:{door}")
    with django_assert_num_queries(3):
        assert verify() == []


def test_command_reports_changed_event_and_fails(doors, capsys):
    sql("UPDATE audit_log_event SET verb = 'closed' WHERE chain = 'door:1' AND place = 3")
    with pytest.raises(CommandError, match="1 difference"):
        call_command("verify_audit_log")
    assert capsys.readouterr().err == "door:1, event 3: changed since it was recorded\n"
