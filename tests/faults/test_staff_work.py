"""Editors and admins work while people learn (F19).

A deadlock, a 503 or a long wait for a lock is an error, see `settings_short_waits.py`. The database reports it, not a
stopwatch.
"""

import re
import time

import pytest

from tests.faults.conftest import IN_FULL, IS_POSTGRES, SERVER
from tests.faults.sites import Site, new_postgres, prepared
from tests.faults.writers import MEMBERS, Writers, files, lesson, path_of

TIMES = 5 if IN_FULL else 2
ADMIN = "/admin"


@pytest.fixture
def site(tmp_path):
    url = new_postgres(SERVER) if IS_POSTGRES else f"sqlite:///{tmp_path / 'courseware.sqlite3'}"
    site = prepared(tmp_path, url, by="tests.faults.writers")
    site.environment["DJANGO_SETTINGS_MODULE"] = "tests.faults.settings_short_waits"
    yield site
    site.assert_records_agree()


class Staff:
    """One admin with every action that changes many rows. Each method does it once."""

    def __init__(self, site, writers, folder):
        self.site, self.folder = site, folder
        self.visitor = writers.signed_in(site.told["admin"])
        for path, body in files().items():
            (folder / "tea-room" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "tea-room" / path).write_bytes(body)

    def post(self, path, **fields):
        return self.visitor.post(path, {"csrfmiddlewaretoken": self.visitor.csrf} | fields)

    def command(self, *arguments):
        status, printed = self.site.manage(*arguments)
        assert status == 0, printed
        return printed

    def publish(self, number):
        editor_url = f"{ADMIN}/content/document/{self.site.told['document']}/change/"
        base = re.search(r'name="base"[^>]*value="(\d+)"', self.visitor.get(editor_url).text)[1]
        texts = {"text-zh-hans": lesson(0, "zh-hans"), "text-en": lesson(0, "en", f"\n\nTurn {number}.")}
        assert self.post(editor_url, base=base, save="1", **texts).status == 302
        page = f"{ADMIN}/content/course/{self.site.told['course']}/publish/"
        drafts = re.findall(r'name="revisions" value="(\d+)"', self.visitor.get(page).text)
        assert len(drafts) == 1
        words = {f"impact-{drafts[0]}": "minor", "note": f"Turn {number}", "confirmed": "on"}
        assert self.post(page, revisions=drafts, **words).status == 302

    def import_(self, number):
        path = self.folder / "tea-room" / path_of(1, "en")
        path.write_text(lesson(1, "en", f"\n\nTurn {number}."))
        assert "1 changed" in self.command("import_content", str(self.folder))

    def enroll(self, number):
        team = self.site.told["teams"][number]
        fields = {"action": "enroll", "_selected_action": team, "confirmed": "yes", "course": self.site.told["course"]}
        began = self.post(f"{ADMIN}/accounts/team/", **fields)
        assert began.status == 302
        while "hx-trigger" in self.visitor.get(began.location).text:
            assert self.post(began.location).status == 302

    def export(self, number):
        self.command("export_content", str(self.folder.with_name(f"exported-{number}")))
        assert self.visitor.get("/team/dashboard.csv").status == 200

    def back_up(self, number):
        folder = self.folder.with_name("backups")
        folder.mkdir(exist_ok=True)
        self.command("backup", "--to", str(folder))


@pytest.mark.minutes
def test_staff_actions_succeed_while_people_learn(site, tmp_path, record_property):
    took = {}
    with site.served() as visitor, Writers(site, visitor.port).writing() as writers:
        staff = Staff(site, writers, tmp_path / "courses")
        for number in range(TIMES):
            for action in (staff.publish, staff.import_, staff.enroll, staff.export, staff.back_up):
                began = time.monotonic()
                action(number)
                took.setdefault(action.__name__, []).append(round(time.monotonic() - began, 1))
    record_property("figures", figures(writers, took))
    assert_backup_is_consistent(site, tmp_path)
    log = (site.folder / "server.log").read_text()
    assert re.findall("deadlock|lock timeout|database is locked", log) == []
    assert (writers.broken, set(writers.answers)) == ([], {302})
    assert site.count("content_release") == 1 + 2 * TIMES
    people = len(site.told["learners"]) + 2 + TIMES * MEMBERS  # the player and the writer
    assert site.count("learning_enrollment") == site.count("audit_log_event", "verb = 'enrolled'") == people


def assert_backup_is_consistent(site, folder):
    """Each request is in it completely or not at all."""
    (folder / "restored").mkdir()
    url = new_postgres(SERVER) if IS_POSTGRES else f"sqlite:///{folder / 'restored' / 'courseware.sqlite3'}"
    restored = Site(folder / "restored", url)
    *_, newest = sorted((folder / "backups").iterdir())
    status, printed = restored.manage("restore", str(newest))
    assert (status, printed.splitlines()[-1]) == (0, "0 differences"), printed
    assert 0 < restored.count("audit_log_event") < site.count("audit_log_event")


def figures(writers, took):
    times = sorted(writers.took)
    half, most, last = times[len(times) // 2], times[len(times) * 95 // 100], times[-1]
    staff = "; ".join(f"{action} {' '.join(map(str, each))}" for action, each in took.items())
    return (
        f"{'PostgreSQL' if IS_POSTGRES else 'SQLite'}: {len(times)} writes of six people, half within {half:.2f} s, "
        f"95 of 100 within {most:.2f} s, all within {last:.2f} s; staff, in seconds: {staff}"
    )
