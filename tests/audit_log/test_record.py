import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from hashlib import sha256

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from courseware.accounts.models import Team, User
from courseware.assessment.models import ExamAttempt
from courseware.audit_log.models import Event, EventChanged, HashChain
from courseware.audit_log.record import NewEvent, record, record_many, subject_of
from courseware.audit_log.verify import verify
from courseware.content.models import Course, Release
from courseware.learning.models import Enrollment
from courseware.simulations.models import SimulationAttempt

WRITERS = 20


def chains():
    """Return name → (length, digest of the last event)."""
    return {chain.name: (chain.length, chain.digest) for chain in HashChain.objects.all()}


def places(subject):
    return list(Event.objects.filter(chain=subject).order_by("place").values_list("place", flat=True))


@pytest.mark.django_db
class TestRecording:
    def test_events_form_hash_chain_per_subject(self):
        first, second = record("opened", subject="door:1"), record("closed", subject="door:1", data={"by": 7})
        other = record("opened", subject="door:2")
        assert (first.chain, first.place, first.previous) == ("door:1", 1, "")
        assert (second.chain, second.place, second.previous) == ("door:1", 2, first.digest)
        assert (other.chain, other.place, other.previous) == ("door:2", 1, "")
        assert chains() == {"door:1": (2, second.digest), "door:2": (1, other.digest)}
        assert verify() == []

    def test_hashed_content_never_changes(self):
        at = datetime(2026, 11, 27, 16, 0, 0, 123456, tzinfo=UTC)
        first = record("opened", subject="door:1", at=at, data={"b": "核验", "a": [1, None]})
        second = record("closed", subject="door:1", at=at)
        hashed = (
            '{"actor":null,"at":"2026-11-27T16:00:00.123456+00:00","chain":"door:1","data":{"a":[1,null],"b":"核验"},'
            '"place":1,"previous":"","subject":"door:1","verb":"opened"}',
            '{"actor":null,"at":"2026-11-27T16:00:00.123456+00:00","chain":"door:1","data":{},'
            f'"place":2,"previous":"{first.digest}","subject":"door:1","verb":"closed"}}',
        )
        assert [first.digest, second.digest] == [sha256(text.encode()).hexdigest() for text in hashed]

    def test_event_is_read_back_unchanged(self):
        actor = User.objects.create_user("a@example.com", name="A")
        at = datetime(2026, 11, 27, 16, 0, 0, 123456, tzinfo=UTC)
        data = {"text": "核验 “阶梯” \n", "whole": 10**15, "list": [1, None, True], "z": {"b": 1, "a": 2}}
        event = Event.objects.get(pk=record("opened", actor=actor, subject="door:1", data=data, at=at).pk)
        assert (event.verb, event.actor, event.subject, event.data, event.at) == ("opened", actor, "door:1", data, at)
        assert event.digest == event.digest_of_content()

    def test_subject_is_kind_and_key(self):
        person = User.objects.create_user("a@example.com", name="A")
        assert record("opened", subject=person).subject == f"person:{person.pk}"
        assert record("opened", subject="dashboard").subject == "dashboard"
        assert (subject_of(User, 0), subject_of(User, "unknown")) == ("person:0", "person:unknown")

    @pytest.mark.parametrize("unnamed", [(User(name="A"),), (User, None), (User,)])
    def test_unsaved_object_has_no_subject(self, unnamed):
        with pytest.raises(ValueError, match="no primary key"):
            subject_of(*unnamed)

    def test_subject_names_never_change(self):
        named = [ExamAttempt, Course, Enrollment, Release, SimulationAttempt, Team, User]
        assert [subject_of(model, 7) for model in named] == [
            "exam-attempt:7", "course:7", "enrollment:7", "release:7", "simulation-attempt:7", "team:7", "person:7",
        ]  # fmt: skip

    def test_dates_and_uuids_are_stored_as_text(self):
        token = uuid.uuid4()
        event = record("opened", subject="door:1", data={"on": date(2026, 11, 27), "token": token, 3: "three"})
        assert event.data == {"on": "2026-11-27", "token": str(token), "3": "three"}
        assert verify() == []

    @pytest.mark.parametrize("value", [0.5, 1e300, float("nan"), float("inf")])
    def test_floats_are_refused(self, value):
        with pytest.raises(TypeError), transaction.atomic():
            record("opened", subject="door:1", data={"deep": [{"value": value}]})
        assert not Event.objects.exists()

    def test_event_is_rolled_back_with_its_transaction(self):
        record("opened", subject="door:1")
        with pytest.raises(RuntimeError), transaction.atomic():
            record("closed", subject="door:1")
            raise RuntimeError
        record("closed", subject="door:1")
        assert places("door:1") == [1, 2]
        assert verify() == []

    def test_events_cannot_be_changed_or_deleted(self):
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

    def test_actor_cannot_be_deleted(self):
        actor = User.objects.create_user("a@example.com", name="A")
        record("opened", actor=actor, subject="door:1")
        with pytest.raises(ProtectedError):
            actor.delete()

    def test_place_in_chain_is_unique(self):
        event = record("opened", subject="door:1")
        with pytest.raises(IntegrityError), transaction.atomic():
            Event.objects.create(chain="door:1", place=1, at=event.at, verb="closed", subject="door:1", digest="0")

    @pytest.mark.parametrize("earlier", [0, 1, 3])
    def test_recording_takes_3_queries(self, django_assert_num_queries, earlier):
        for _ in range(earlier):
            record("opened", subject="door:1")
        with transaction.atomic(), django_assert_num_queries(3):
            record("opened", subject="door:1")

    def test_record_many_makes_same_chains_as_record(self):
        actor, at = User.objects.create_user("a@example.com", name="A"), datetime(2026, 11, 27, tzinfo=UTC)
        record("opened", subject="door:1")
        many = record_many(
            [
                NewEvent("closed", "door:1", actor, {"on": date(2026, 11, 27)}, at),
                NewEvent("opened", actor),
                NewEvent("shut", "gate"),
                NewEvent("shut", "gate"),
            ]
        )
        record("closed", subject="door:1")
        rows = list(Event.objects.order_by("pk").values_list("place", "verb", "subject", "actor", "data"))
        assert rows == [
            (1, "opened", "door:1", None, {}),
            (2, "closed", "door:1", actor.pk, {"on": "2026-11-27"}),
            (1, "opened", f"person:{actor.pk}", None, {}),
            (1, "shut", "gate", None, {}),
            (2, "shut", "gate", None, {}),
            (3, "closed", "door:1", None, {}),
        ]
        assert [(event.pk, event.at) for event in many] == list(
            Event.objects.order_by("pk").values_list("pk", "at")[1:5]
        )
        assert many[0].at == at
        assert verify() == []

    def test_record_many_is_all_or_nothing(self):
        with pytest.raises(TypeError), transaction.atomic():
            record_many([NewEvent("opened", "door:1"), NewEvent("opened", "door:2", data={"wide": 0.5})])
        assert not Event.objects.exists()
        assert chains() == {}

    def test_recording_no_events_takes_no_query(self, django_assert_num_queries):
        with transaction.atomic(), django_assert_num_queries(0):
            assert record_many([]) == []

    @pytest.mark.parametrize("number", [1, 3, 100])
    def test_record_many_takes_3_queries(self, django_assert_num_queries, number):
        record("opened", subject="door:1")
        with transaction.atomic(), django_assert_num_queries(3):
            record_many([NewEvent("opened", f"door:{one}") for one in range(number)])


def in_parallel(write, over):
    """Run `write` for each of `over` at the same time, each on its own connection."""
    begin = threading.Barrier(len(over))

    def run(one):
        begin.wait()
        try:
            with transaction.atomic():
                return write(one)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(over)) as pool:
        return list(pool.map(run, over))


@pytest.mark.django_db(transaction=True)
class TestWritersAtTheSameTime:
    def test_writers_of_1_subject_make_1_chain(self):
        given = in_parallel(lambda _: record("opened", subject="door:1").place, range(WRITERS))
        assert sorted(given) == places("door:1") == list(range(1, WRITERS + 1))
        assert verify() == []

    @pytest.mark.slow
    def test_writers_of_many_subjects_do_not_deadlock(self):
        doors = [f"door:{number}" for number in range(WRITERS)]

        def write(number):
            order = doors[number:] + doors[:number]
            return len(record_many([NewEvent("opened", door) for door in order[:: -1 if number % 2 else 1]]))

        assert in_parallel(write, range(WRITERS)) == [WRITERS] * WRITERS
        assert {name: length for name, (length, _digest) in chains().items()} == dict.fromkeys(doors, WRITERS)
        assert verify() == []
