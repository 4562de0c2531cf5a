"""What somebody with the database's password could do to the log, and what is said of it."""

import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from courseware.accounts.models import User
from courseware.evidence.models import Chain, Event
from courseware.evidence.recording import record
from courseware.evidence.verifying import verify

pytestmark = pytest.mark.django_db


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.fixture
def people():
    return [User.objects.create_user(f"{name}@example.com", name=name) for name in "ab"]


@pytest.fixture
def doors(people):
    """Five events of door:1, with two of door:2 among them."""
    for number in range(1, 6):
        record("opened", actor=people[0], subject="door:1", data={"key": number})
        if number % 2 == 0:
            record("opened", subject="door:2")


@pytest.fixture
def first_chain(people):
    """Five events of the time when the whole site had one chain, of five subjects."""
    at, previous = datetime(2026, 11, 1, 8, 30, tzinfo=UTC), ""
    for number in range(1, 6):
        content = {"number": number, "at": "2026-11-01T08:30:00.000000+00:00", "actor": people[0].pk}
        content |= {"verb": "opened", "subject": f"door:{number}", "data": {"key": number}, "previous": previous}
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        row = {"chain": "", "place": number, "at": at, "actor": people[0], "verb": "opened", "previous": previous}
        previous = sha256(text.encode()).hexdigest()
        Event.objects.create(**row, subject=f"door:{number}", data={"key": number}, digest=previous)
    Chain.objects.create(name="", length=5, digest=previous)


@pytest.fixture(params=["door:1", ""], ids=["of_a_subject", "of_the_whole_site"])
def chain(request):
    """The name of a chain of five events."""
    request.getfixturevalue("doors" if request.param else "first_chain")
    return request.param


def said(chain, line):
    return f"{chain}, {line}" if chain else line


def replace(chain, place):
    """Another verb in this event, with the digest that goes with it."""
    event = Event.objects.get(chain=chain, place=place)
    event.verb = "closed"
    sql(
        "UPDATE evidence_event SET verb = 'closed', digest = %s WHERE chain = %s AND place = %s",
        event.digest_of_content(), chain, place,
    )  # fmt: skip


def test_a_whole_log_has_nothing_to_say(chain):
    assert verify() == []


def test_an_empty_log_has_nothing_to_say():
    assert verify() == []


def test_a_log_with_both_kinds_of_chains_goes_on(doors, first_chain):
    for door in ("door:1", "door:3", "door:9"):
        record("closed", subject=door)
    assert verify() == []
    assert dict(Chain.objects.values_list("name", "length")) == {
        "": 5,
        "door:1": 6,
        "door:2": 2,
        "door:3": 1,
        "door:9": 1,
    }


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
def test_a_changed_row_is_named_and_no_other(chain, column, value):
    sql(f"UPDATE evidence_event SET {column} = %s WHERE chain = %s AND place = 3", value, chain)
    assert verify() == [said(chain, "event 3: changed since it was recorded")]


def test_another_actor_is_a_change(chain, people):
    sql("UPDATE evidence_event SET actor_id = %s WHERE chain = %s AND place = 3", people[1].pk, chain)
    assert verify() == [said(chain, "event 3: changed since it was recorded")]


def test_another_digest_is_named_by_the_row_and_the_next_one(chain):
    sql("UPDATE evidence_event SET digest = %s WHERE chain = %s AND place = 3", "0" * 64, chain)
    assert verify() == [
        said(chain, "event 3: changed since it was recorded"),
        said(chain, "event 3: replaced, ") + said(chain, "event 4 remembers another"),
    ]


def test_a_changed_row_with_a_new_digest_is_named_by_the_next_one(chain):
    replace(chain, 3)
    assert verify() == [said(chain, "event 3: replaced, ") + said(chain, "event 4 remembers another")]


def test_the_last_row_with_a_new_digest_is_named_by_the_head(chain):
    replace(chain, 5)
    assert verify() == [said(chain, "event 5: replaced, the head of its chain remembers another")]


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
def test_missing_rows_are_named_the_last_ones_too(chain, gone, line):
    sql(f"DELETE FROM evidence_event WHERE chain = %s AND place IN ({', '.join(map(str, gone))})", chain)
    assert verify() == [said(chain, line)]


def test_reordered_rows_are_named(chain):
    for old, new in [(2, 99), (3, 2), (99, 3)]:
        sql("UPDATE evidence_event SET place = %s WHERE chain = %s AND place = %s", new, chain, old)
    lines = verify()
    assert said(chain, "event 2: changed since it was recorded") in lines
    assert said(chain, "event 3: changed since it was recorded") in lines
    assert not any(line.startswith(said(chain, "event 5")) for line in lines)


def test_a_beginning_cut_off_and_numbered_anew_is_named(chain):
    sql("DELETE FROM evidence_event WHERE chain = %s AND place = 1", chain)
    for place in range(2, 6):
        sql("UPDATE evidence_event SET place = %s WHERE chain = %s AND place = %s", place - 1, chain, place)
    assert verify()[0] == said(chain, "event 1: an event before it is gone")


def test_a_row_added_past_the_head_is_named(chain):
    last = Event.objects.get(chain=chain, place=5)
    forged = Event(chain=chain, place=6, at=last.at, verb="closed", subject="door:1", data={}, previous=last.digest)
    forged.digest = forged.digest_of_content()
    forged.save()
    assert verify() == [said(chain, "event 6: added past the head of its chain")]


def test_a_row_moved_to_another_chain_is_missing_here_and_changed_there(doors):
    sql("UPDATE evidence_event SET chain = 'door:2', place = 3 WHERE chain = 'door:1' AND place = 5")
    assert verify() == ["door:1, event 5: missing", "door:2, event 3: added past the head of its chain"]


def test_a_digest_that_was_kept_while_there_was_one_chain_is_found_again(doors, first_chain, capsys):
    [kept] = Event.objects.filter(chain="", place=3).values_list("digest", flat=True)
    call_command("verify_evidence", seal=kept)
    said = "Event 3 of the first chain is in it: all that it covers is as it was then."
    assert said in capsys.readouterr().out.splitlines()


def test_the_digest_of_an_event_of_a_subject_covers_too_little_to_be_taken_for_a_seal(doors, first_chain):
    [kept] = Event.objects.filter(chain="door:1", place=3).values_list("digest", flat=True)
    with pytest.raises(CommandError, match="1 difference"):
        call_command("verify_evidence", seal=kept)


@pytest.mark.parametrize("nothing", ["", " \n"])
def test_a_kept_seal_that_was_read_from_an_empty_file_is_not_taken_for_one_that_holds(doors, capsys, nothing):
    with pytest.raises(CommandError, match="1 difference"):
        call_command("verify_evidence", seal=nothing)
    assert "got nothing" in capsys.readouterr().err


def test_rows_of_the_first_chain_are_not_those_of_a_subject(first_chain):
    """Else its events could be taken apart and begun anew, one chain each."""
    sql("UPDATE evidence_event SET chain = subject, place = 1, previous = '' WHERE place = 1")
    assert "door:1, event 1: changed since it was recorded" in verify()


@pytest.mark.parametrize("name", ["door:1", ""])
def test_a_chain_without_its_head_is_named(doors, first_chain, name):
    sql("DELETE FROM evidence_chain WHERE name = %s", name)
    assert verify() == [f"{name or 'the first chain'}: its head is gone"]


def test_it_reads_on_past_a_chunk(doors, first_chain, monkeypatch):
    monkeypatch.setattr("courseware.evidence.verifying.CHUNK", 1)
    assert verify() == []
    sql("DELETE FROM evidence_event WHERE place = 2")
    assert verify() == ["event 2: missing", "door:1, event 2: missing", "door:2, event 2: missing"]


@pytest.mark.parametrize("number", [1, 3])
def test_it_runs_the_same_statements_however_many_chains(doors, django_assert_num_queries, number):
    for door in range(number):
        record("opened", subject=f"door:{door}")
    with django_assert_num_queries(3):
        assert verify() == []


def test_the_command_counts(doors, capsys):
    call_command("verify_evidence")
    assert capsys.readouterr().out == "Evidence holds: 7 events in 2 chains.\nThere is no seal yet.\n"


def test_the_command_names_the_changed_row_and_fails(doors, capsys):
    sql("UPDATE evidence_event SET verb = 'closed' WHERE chain = 'door:1' AND place = 3")
    with pytest.raises(CommandError, match="1 difference"):
        call_command("verify_evidence")
    assert capsys.readouterr().err == "door:1, event 3: changed since it was recorded\n"
