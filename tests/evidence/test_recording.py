import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from courseware.accounts.models import Team, User
from courseware.assessment.models import Attempt
from courseware.content.models import Course, Release
from courseware.evidence.models import ChainHead, Event, EventChanged
from courseware.evidence.recording import NewEvent, record, record_many, subject_of
from courseware.evidence.verifying import verify
from courseware.learning.models import Enrollment
from courseware.simulations.models import Run

WRITERS = 20


def sql(statement, *values):
    """What somebody with the database's password could do."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def numbers():
    return list(Event.objects.values_list("number", flat=True))


@pytest.mark.django_db
class TestRecording:
    def test_events_are_numbered_without_a_gap_and_each_carries_the_digest_before_it(self):
        first, second = record("opened", subject="door:1"), record("closed", subject="door:1", data={"by": 7})
        assert (first.number, first.previous) == (1, "")
        assert (second.number, second.previous) == (2, first.digest)
        assert verify() == []

    def test_an_event_is_read_back_as_it_was_recorded(self):
        actor = User.objects.create_user("a@example.com", name="A")
        at = datetime(2026, 11, 27, 16, 0, 0, 123456, tzinfo=UTC)
        data = {"text": "核验 “阶梯” \n", "whole": 10**15, "list": [1, None, True], "z": {"b": 1, "a": 2}}
        event = Event.objects.get(pk=record("opened", actor=actor, subject="door:1", data=data, at=at).pk)
        assert (event.verb, event.actor, event.subject, event.data, event.at) == ("opened", actor, "door:1", data, at)
        assert event.digest == event.digest_of_content()

    def test_a_row_is_named_by_its_kind_and_key_at_hand_or_not(self):
        person = User.objects.create_user("a@example.com", name="A")
        assert record("opened", subject=person).subject == f"person:{person.pk}"
        assert record("opened", subject="board").subject == "board"
        assert (subject_of(User, 0), subject_of(User, "unknown")) == ("person:0", "person:unknown")

    @pytest.mark.parametrize("unnamed", [(User(name="A"),), (User, None), (User,)])
    def test_what_has_no_key_has_no_name(self, unnamed):
        with pytest.raises(ValueError, match="no primary key"):
            subject_of(*unnamed)

    def test_what_the_log_calls_things_stays_for_ever(self):
        named = [Attempt, Course, Enrollment, Release, Run, Team, User]
        assert [subject_of(model, 7) for model in named] == [
            "attempt:7", "course:7", "enrollment:7", "release:7", "run:7", "team:7", "person:7",
        ]  # fmt: skip

    def test_dates_and_uuids_are_kept_as_text(self):
        token = uuid.uuid4()
        event = record("opened", subject="door:1", data={"on": date(2026, 11, 27), "token": token, 3: "three"})
        assert event.data == {"on": "2026-11-27", "token": str(token), "3": "three"}
        assert verify() == []

    @pytest.mark.parametrize("value", [0.5, 1e300, float("nan"), float("inf")])
    def test_fractions_are_refused(self, value):
        with pytest.raises(TypeError), transaction.atomic():
            record("opened", subject="door:1", data={"deep": [{"value": value}]})
        assert not Event.objects.exists()

    def test_an_event_lives_and_dies_with_the_transaction_of_the_fact(self):
        record("opened", subject="door:1")
        with pytest.raises(RuntimeError), transaction.atomic():
            record("closed", subject="door:1")
            raise RuntimeError
        record("closed", subject="door:1")
        assert numbers() == [1, 2]
        assert verify() == []

    def test_events_refuse_to_be_changed_or_deleted(self):
        event = record("opened", subject="door:1")
        event.verb = "closed"
        for change in (
            event.save,
            event.delete,
            Event.objects.all().delete,
            lambda: Event.objects.update(verb="closed"),
            lambda: Event.objects.bulk_update([event], ["verb"]),
        ):
            with pytest.raises(EventChanged), transaction.atomic():
                change()
        assert Event.objects.get().verb == "opened"

    def test_who_stands_in_the_log_cannot_be_deleted(self):
        actor = User.objects.create_user("a@example.com", name="A")
        record("opened", actor=actor, subject="door:1")
        with pytest.raises(ProtectedError):
            actor.delete()

    def test_a_chain_has_one_head(self):
        record("opened", subject="door:1")
        with pytest.raises(IntegrityError), transaction.atomic():
            ChainHead.objects.create(pk=2)

    def test_recording_costs_three_queries_however_long_the_log(self, django_assert_num_queries):
        for _ in range(3):
            record("opened", subject="door:1")
        with transaction.atomic(), django_assert_num_queries(3):
            record("opened", subject="door:1")

    def test_many_at_once_are_the_same_chain_as_one_after_the_other(self):
        actor, at = User.objects.create_user("a@example.com", name="A"), datetime(2026, 11, 27, tzinfo=UTC)
        record("opened", subject="door:1")
        many = record_many(
            [
                NewEvent("closed", "door:1", actor, {"on": date(2026, 11, 27)}, at),
                NewEvent("opened", actor),
                NewEvent("shut", "gate"),
            ]
        )
        record("closed", subject="door:2")
        rows = list(Event.objects.values_list("number", "verb", "subject", "actor", "data"))
        assert rows == [
            (1, "opened", "door:1", None, {}),
            (2, "closed", "door:1", actor.pk, {"on": "2026-11-27"}),
            (3, "opened", f"person:{actor.pk}", None, {}),
            (4, "shut", "gate", None, {}),
            (5, "closed", "door:2", None, {}),
        ]
        assert [(event.pk, event.at) for event in many] == list(
            Event.objects.filter(number__in=[2, 3, 4]).values_list("pk", "at")
        )
        assert many[0].at == at
        assert verify() == []

    def test_of_many_with_one_that_is_refused_none_is_recorded(self):
        with pytest.raises(TypeError), transaction.atomic():
            record_many([NewEvent("opened", "door:1"), NewEvent("opened", "door:2", data={"wide": 0.5})])
        assert not Event.objects.exists()
        assert not ChainHead.objects.filter(number__gt=0).exists()

    def test_of_none_nothing_is_recorded_and_the_log_is_not_locked(self, django_assert_num_queries):
        with transaction.atomic(), django_assert_num_queries(0):
            assert record_many([]) == []

    @pytest.mark.parametrize("number", [1, 3, 100])
    def test_many_cost_what_one_costs(self, django_assert_num_queries, number):
        record("opened", subject="door:1")
        with transaction.atomic(), django_assert_num_queries(3):
            record_many([NewEvent("opened", f"door:{one}") for one in range(number)])


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_make_one_chain_without_a_gap():
    def write(number):
        try:
            with transaction.atomic():
                return record("opened", subject=f"door:{number}").number
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        given = list(pool.map(write, range(WRITERS)))
    assert sorted(given) == numbers() == list(range(1, WRITERS + 1))
    assert verify() == []


@pytest.mark.django_db
class TestVerifying:
    @pytest.fixture(autouse=True)
    def five_events(self):
        self.people = [User.objects.create_user(f"{name}@example.com", name=name) for name in "ab"]
        for number in range(1, 6):
            record("opened", actor=self.people[0], subject=f"door:{number}", data={"key": number})

    def test_a_whole_log_has_nothing_to_say(self):
        assert verify() == []

    def test_an_empty_log_has_nothing_to_say(self):
        sql("DELETE FROM evidence_event")
        sql("DELETE FROM evidence_chainhead")
        assert verify() == []

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("at", "2020-01-01 00:00:00+00:00"),
            ("verb", "closed"),
            ("subject", "door:9"),
            ("data", '{"key": 4}'),
            ("digest", "0" * 64),
            ("actor_id", None),
        ],
    )
    def test_a_changed_row_is_named(self, column, value):
        sql(f"UPDATE evidence_event SET {column} = %s WHERE number = 3", value)
        assert "event 3: changed since it was recorded" in verify()
        assert not any(line.startswith(("event 1", "event 2", "event 4:", "event 5")) for line in verify())

    def test_another_actor_is_a_change(self):
        sql("UPDATE evidence_event SET actor_id = %s WHERE number = 3", self.people[1].pk)
        assert verify() == ["event 3: changed since it was recorded"]

    def test_a_changed_row_with_a_new_digest_is_named_by_the_next_one(self):
        event = Event.objects.get(number=3)
        event.verb = "closed"
        sql("UPDATE evidence_event SET verb = 'closed', digest = %s WHERE number = 3", event.digest_of_content())
        assert verify() == ["event 3: replaced, event 4 remembers another"]

    def test_the_last_row_with_a_new_digest_is_named_by_the_head(self):
        event = Event.objects.get(number=5)
        event.verb = "closed"
        sql("UPDATE evidence_event SET verb = 'closed', digest = %s WHERE number = 5", event.digest_of_content())
        assert verify() == ["event 5: replaced, the head of the log remembers another"]

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
    def test_missing_rows_are_named_the_last_ones_too(self, gone, line):
        sql(f"DELETE FROM evidence_event WHERE number IN ({', '.join(map(str, gone))})")
        assert verify() == [line]

    def test_reordered_rows_are_named(self):
        for old, new in [(2, 99), (3, 2), (99, 3)]:
            sql("UPDATE evidence_event SET number = %s WHERE number = %s", new, old)
        lines = verify()
        assert "event 2: changed since it was recorded" in lines
        assert "event 3: changed since it was recorded" in lines

    def test_a_beginning_cut_off_and_numbered_anew_is_named(self):
        sql("DELETE FROM evidence_event WHERE number = 1")
        for number in range(2, 6):
            sql("UPDATE evidence_event SET number = %s WHERE number = %s", number - 1, number)
        assert verify()[0] == "event 1: an event before it is gone"

    def test_a_row_added_past_the_head_is_named(self):
        last = Event.objects.get(number=5)
        forged = Event(number=6, at=last.at, verb="closed", subject="door:1", data={}, previous=last.digest)
        forged.digest = forged.digest_of_content()
        forged.save()
        assert verify() == ["event 6: added past the head of the log"]

    def test_rows_without_a_head_are_named(self):
        sql("DELETE FROM evidence_chainhead")
        assert verify() == [f"event {number}: added past the head of the log" for number in range(1, 6)]

    def test_the_command_prints_the_last_digest(self, capsys):
        call_command("verify_evidence")
        digest = Event.objects.get(number=5).digest
        assert capsys.readouterr().out == f"Evidence holds: 5 events, the last with sha256 {digest}.\n"

    def test_the_command_names_the_changed_row_and_fails(self, capsys):
        sql("UPDATE evidence_event SET verb = 'closed' WHERE number = 3")
        with pytest.raises(CommandError, match="1 difference"):
            call_command("verify_evidence")
        assert capsys.readouterr().err == "event 3: changed since it was recorded\n"
