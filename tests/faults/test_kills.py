"""Random kills while people write: every acknowledged write is stored, once (F2).

A small size by default; FAULTS=full takes some minutes.
"""

import random
import time
from collections import Counter
from contextlib import nullcontext

import pytest

from tests.faults.conftest import IN_FULL, IS_POSTGRES
from tests.faults.database_servers import database_server
from tests.faults.killing import KINDS, RetryingWriters, kill_at_random, killed_server, stored
from tests.faults.sites import prepared

KILLS, WRITES = (50, 3000) if IN_FULL else (5, 150)


@pytest.mark.minutes
def test_acknowledged_writes_are_stored_once_despite_kills(tmp_path, record_property):
    seed, began = random.randrange(10**6), time.monotonic()
    with database_server() if IS_POSTGRES else nullcontext() as database:
        url = database.url if database else f"sqlite:///{tmp_path / 'courseware.sqlite3'}"
        site = prepared(tmp_path, url, by="tests.faults.writers")
        site.environment["DJANGO_SETTINGS_MODULE"] = "tests.faults.settings_no_rate_limits"
        before = stored(site)
        with killed_server(site, database) as server, RetryingWriters(site, server.port).writing() as writers:
            killed = kill_at_random(server, writers, kills=KILLS, writes=WRITES, chance=random.Random(seed))
        acknowledged, found = Counter(writers.acknowledged), stored(site) - before
        record_property("figures", figures(acknowledged, found, killed, writers, time.monotonic() - began, seed))
        assert (writers.broken, set(writers.answers)) == ([], {302})
        assert found == acknowledged
        site.assert_records_agree()
        assert site.manage("verify_audit_log")[0] == 0


def figures(acknowledged, found, killed, writers, seconds, seed):
    def by_kind(counts):
        return " · ".join(f"{counts[kind]} {kind}" for kind in counts)

    kinds = {kind: sum(count for (of, _), count in acknowledged.items() if of == kind) for kind in KINDS}
    lost, doubled = (acknowledged - found).total(), (found - acknowledged).total()
    return (
        f"{'PostgreSQL' if IS_POSTGRES else 'SQLite'}, {killed.total()} kills ({by_kind(killed)}): "
        f"{acknowledged.total()} acknowledged ({by_kind(kinds)}), {writers.repeats} times sent again, "
        f"{lost} lost, {doubled} doubled; {seconds:.0f} s, seed {seed}"
    )
