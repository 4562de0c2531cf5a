"""Any history with checkpoints and any tampering: `verify` reports what it can detect and nothing else.

The tampering recomputes hashes, as somebody with the database password could."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from hashlib import sha256

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from courseware.audit_log.checkpoints import create_checkpoint
from courseware.audit_log.models import Checkpoint, Event, HashChain
from courseware.audit_log.record import NewEvent, record, record_many
from courseware.audit_log.verify import verify
from tests.audit_log.test_checkpoints import sql

DOORS = [f"door:{number}" for number in (1, 2, 10)]
POINT = "seal"
STEPS = st.lists(st.one_of(st.sampled_from(DOORS), st.just(POINT), st.permutations(DOORS)), min_size=2, max_size=14)
IS_DEEP = settings.get_current_profile_name() == "deep"
SIZE = settings(
    max_examples=2000 if IS_DEEP else 8, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
LAST_KEY = 10**9


def record_history(steps):
    """Record this history; return the key of the last event under a checkpoint."""
    for number, step in enumerate(steps):
        if step == POINT:
            create_checkpoint()
        elif isinstance(step, list):
            record_many(NewEvent("opened", door, data={"step": number}) for door in step)
        else:
            record("opened", subject=step, data={"step": number})
    last = Checkpoint.objects.last()
    return last.last_event if last else 0


def digest_of(event):
    content = {name: getattr(event, name) for name in ("chain", "place", "verb", "subject", "data", "previous")}
    content |= {"actor": event.actor_id, "at": event.at.astimezone(UTC).isoformat(timespec="microseconds")}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


class Forger:
    """Each method tampers with the log from one event on and returns whether `verify` must report it:
    always, or, if the forgery is consistent, only if a checkpoint covers it."""

    def __init__(self, last_covered, event, other):
        self.last_covered, self.event, self.other = last_covered, event, other

    def is_covered(self, *keys):
        return any(key <= self.last_covered for key in keys)

    def rest(self):
        return Event.objects.filter(chain=self.event.chain, place__gte=self.event.place).order_by("place")

    def set(self, event, **columns):
        names = ", ".join(f"{name} = %s" for name in columns)
        sql(f"UPDATE audit_log_event SET {names} WHERE id = %s", *columns.values(), event.pk)

    def changes_verb(self):
        self.set(self.event, verb="closed")
        return True

    def changes_digest(self):
        self.set(self.event, digest="f" * 64)
        return True

    def changes_verb_and_digest(self):
        self.event.verb = "closed"
        self.set(self.event, verb="closed", digest=digest_of(self.event))
        return True

    def deletes_event(self):
        sql("DELETE FROM audit_log_event WHERE id = %s", self.event.pk)
        return True

    def moves_event_to_other_chain(self):
        assume(self.other.chain != self.event.chain)
        free = Event.objects.filter(chain=self.other.chain).count() + 1
        self.set(self.event, chain=self.other.chain, subject=self.other.chain, place=free)
        return True

    def swaps_two_places(self):
        [_, *later] = self.rest()
        assume(later)
        one, two = self.event.place, later[-1].place
        for event, place in [(self.event, 10**6), (later[-1], one), (self.event, two)]:
            self.set(event, place=place)
        return True

    def increases_head_length(self):
        sql("UPDATE audit_log_hashchain SET length = length + 1 WHERE name = %s", self.event.chain)
        return True

    def decreases_head_length(self):
        sql("UPDATE audit_log_hashchain SET length = length - 1 WHERE name = %s", self.event.chain)
        return True

    def deletes_head(self):
        sql("DELETE FROM audit_log_hashchain WHERE name = %s", self.event.chain)
        return True

    def changes_checkpoint(self):
        assume(self.last_covered)
        sql("UPDATE audit_log_checkpoint SET count = count + 1 WHERE number = 1")
        return True

    def deletes_first_checkpoint(self):
        assume(Checkpoint.objects.count() > 1)
        sql("DELETE FROM audit_log_checkpoint WHERE number = 1")
        return True

    def truncates_chain_and_head(self):
        keys = [event.pk for event in self.rest()]
        self.rest()._raw_delete(using="default")
        sql(
            "UPDATE audit_log_hashchain SET length = %s, digest = %s WHERE name = %s",
            self.event.place - 1, self.event.previous, self.event.chain,
        )  # fmt: skip
        return self.is_covered(*keys)

    def deletes_chain_and_head(self):
        keys = list(Event.objects.filter(chain=self.event.chain).values_list("pk", flat=True))
        sql("DELETE FROM audit_log_event WHERE chain = %s", self.event.chain)
        sql("DELETE FROM audit_log_hashchain WHERE name = %s", self.event.chain)
        return self.is_covered(*keys)

    def rewrites_rest_of_chain(self):
        previous, forged = self.event.previous, []
        for event in self.rest():
            event.verb, event.previous = "closed", previous
            event.digest = previous = digest_of(event)
            self.set(event, verb="closed", previous=event.previous, digest=event.digest)
            forged.append(event.pk)
        sql("UPDATE audit_log_hashchain SET digest = %s WHERE name = %s", previous, self.event.chain)
        return self.is_covered(*forged)

    def swaps_two_keys(self):
        assume(self.other.pk != self.event.pk)
        one, two = self.event.pk, self.other.pk
        for old, new in [(one, LAST_KEY), (two, one), (LAST_KEY, two)]:
            sql("UPDATE audit_log_event SET id = %s WHERE id = %s", new, old)
        return self.is_covered(one, two)

    def inserts_event_before_all_others(self):
        forged = Event(chain="door:99", place=1, at=self.event.at, verb="closed", subject="door:99", data={})
        forged.pk, forged.digest = 0, digest_of(forged)
        Event.objects.bulk_create([forged])
        HashChain.objects.create(name="door:99", length=1, digest=forged.digest)
        return bool(self.last_covered)


FORGERIES = [name for name in vars(Forger) if "_" in name and name[0] != "_" and name != "is_covered"]


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("forgery", FORGERIES)
@given(steps=STEPS, data=st.data())
@SIZE
def test_detectable_tampering_is_reported(forgery, steps, data):
    with transaction.atomic():
        last_covered = record_history(steps)
        assert verify() == []
        events = list(Event.objects.order_by("pk"))
        assume(events)
        event, other = data.draw(st.sampled_from(events)), data.draw(st.sampled_from(events))
        must_be_seen = getattr(Forger(last_covered, event, other), forgery)()
        assert bool(verify()) == must_be_seen
        transaction.set_rollback(True)


def test_every_forgery_is_tested():
    assert len(FORGERIES) == 16


@pytest.mark.django_db(transaction=True)
def test_concurrent_writes_and_checkpoints_report_nothing():
    is_over = threading.Event()

    def write(number):
        try:
            for step in range(30):
                record_many(NewEvent("opened", door, data={"step": step}) for door in (DOORS[number], f"gate:{step}"))
        finally:
            connection.close()

    def verify_repeatedly():
        try:
            problems = []
            while not is_over.is_set() and not problems:
                create_checkpoint()
                problems = verify()
            return problems
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        checker = pool.submit(verify_repeatedly)
        for future in [pool.submit(write, number) for number in range(3)]:
            future.result()
        is_over.set()
        assert checker.result() == []
    create_checkpoint()
    assert verify() == []
    assert HashChain.objects.get(name="door:1").length == 30
