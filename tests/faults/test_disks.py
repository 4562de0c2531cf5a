"""Full and failing disks of SQLite: no write is acknowledged in vain, and the next write works (F9).

With FAULTS=full more calls fail, at more moments, with more writes each.
"""

import shutil
import uuid

import pytest

from tests.faults.conftest import IN_FULL
from tests.faults.disks import LARGER, failing, fill, small_disk
from tests.faults.killing import killed_server
from tests.faults.outages import QUESTION, assert_unavailable, correct_answer_form
from tests.faults.sites import Site
from tests.faults.visitors import Visitor

pytestmark = pytest.mark.any_database  # it is the disk of SQLite, whatever the other tests use

TIMES = 40 if IN_FULL else 6
FAILURES = [("fsync,fdatasync", "EIO", 1), ("pwrite64", "EIO", 1), ("pwrite64", "ENOSPC", 2)]
if IN_FULL:
    FAILURES += [("fsync,fdatasync", "EIO", first) for first in (2, 3, 5, 8)]
    FAILURES += [("pwrite64", error, first) for error in ("EIO", "ENOSPC") for first in (3, 4, 7)]


class Sender:
    """Answers the same question again and again, each time as another answer."""

    def __init__(self, site, port):
        self.site, self.visitor = site, Visitor(port).sign_in(site.told)
        self.form = correct_answer_form(self.visitor)
        self.before = self.tokens()
        self.sent, self.acknowledged = set(), set()

    def tokens(self):
        return {uuid.UUID(token) for (token,) in self.site.rows("SELECT token FROM learning_answer")}

    def send(self, token):
        answer = self.visitor.post(QUESTION, self.form | {"token": str(token)})
        self.sent.add(token)
        if answer.status == 302:
            self.acknowledged.add(token)
        else:
            assert_unavailable(answer)
        return answer

    def send_times(self, times):
        """Returns the number of refused writes."""
        return sum(self.send(uuid.uuid4()).status != 302 for _ in range(times))

    def assert_acknowledged_are_stored(self):
        assert self.acknowledged <= self.tokens() - self.before <= self.sent

    def resend_refused(self):
        for token in self.sent - self.acknowledged:
            assert self.send(token).status == 302
        assert self.tokens() - self.before == self.sent


def assert_intact(site):
    assert site.rows("PRAGMA integrity_check") == [("ok",)]
    site.assert_records_agree()


def test_full_disk_gives_503_and_next_write_works(first_site, tmp_path, record_property):
    with small_disk(tmp_path / "disk", first_site.file.stat().st_size + LARGER) as disk:
        shutil.copy(first_site.file, disk / "courseware.sqlite3")
        site = Site(tmp_path, f"sqlite:///{disk / 'courseware.sqlite3'}", first_site.told)
        with site.served() as visitor:
            sender = Sender(site, visitor.port)
            fill(disk / "ballast", leave=192 * 1024)
            while not sender.send_times(1):
                pass
            fill(disk / "more")
            refused = 1 + sender.send_times(TIMES)
            (disk / "ballast").unlink()
            sender.assert_acknowledged_are_stored()
            sender.resend_refused()
        record_property("figures", f"full disk: {figures(sender, refused)}")
        assert_intact(site)


@pytest.mark.parametrize(("calls", "error", "first"), FAILURES)
def test_failing_disk_gives_503_and_next_write_works(calls, error, first, site, tmp_path, record_property):
    with killed_server(site) as server:
        sender = Sender(site, server.port)
        with failing(calls, error, first, server.workers(), tmp_path / "strace.log"):
            refused = sender.send_times(TIMES)
            sender.assert_acknowledged_are_stored()
        assert refused
        sender.resend_refused()
    record_property("figures", f"{calls} {error} from {first}: {figures(sender, refused)}")
    assert_intact(site)


def figures(sender, refused):
    return f"{len(sender.sent)} sent, {refused} refused, 0 false yes, all of them taken afterwards"
