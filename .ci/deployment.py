"""Write to the deployed site while a server is killed and while it is upgraded, and count acknowledged writes.

Usage: .ci/deployment [--writes NUMBER] [--from REVISION]

The new version is this tree with one more migration, so that the site enters maintenance mode. The old version is this
tree or REVISION. Fails if a write is lost or stored twice, or if a page is refused in an undocumented way.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from compose_file import ROOT

sys.path.insert(0, str(ROOT))

from deployed_site import ABOVE, Deployment, build

from tests.faults.deployed import PacedWriters, TlsVisitor
from tests.faults.killing import KINDS, stored
from tests.faults.sites import Site, wait_until

# Retry-After under load, see `error_pages.crowded`. 10 is left out, because it also means that the database is away.
CROWDED = {str(seconds) for seconds in range(11, 30)}
UPGRADING, AWAY = "30", "5"  # Retry-After of the site's own page during an upgrade, and of the proxy's
PREPARE = """
import json, django; from courseware.project import bootstrap; bootstrap.begin(); django.setup()
from tests.faults import writers
writers.PEOPLE, writers.MEMBERS = 10, 0  # each is a slow hash of a password
print(json.dumps(writers.prepare()))
"""
MIGRATION = """from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("learning", "{after}")]
    operations = [migrations.RunSQL("ALTER TABLE learning_answer ADD COLUMN of_the_next_version integer")]
"""


def main() -> None:
    # `.ci/run` ends this process by SIGTERM. `end` must run, because the services run in sessions of their own.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writes", type=int, default=300, metavar="NUMBER")
    parser.add_argument("--from", dest="revision", metavar="REVISION")
    options = parser.parse_args()
    if options.revision is not None and not is_known(options.revision):
        parser.error(
            f"this clone does not know the revision {options.revision!r}; `git fetch --tags --unshallow` may bring it"
        )
    with tempfile.TemporaryDirectory(prefix="deployment-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # nginx reads its files as user nobody
        deployment = Deployment(folder, os.environ["DATABASE_URL"])
        try:
            wrong = WritesDuringUpgrade(deployment, options.revision).play(options.writes)
        except BaseException:
            show_logs(folder)
            raise
        finally:
            deployment.end()
    if wrong:
        sys.exit("\n".join(wrong))


def show_logs(folder: Path) -> None:
    for log in [*folder.glob("*.log"), *folder.glob("var/log/nginx/*.log")]:
        print(f"-- {log.name}", *log.read_text(errors="replace").splitlines()[-15:], sep="\n", file=sys.stderr)


class WritesDuringUpgrade:
    def __init__(self, deployment: Deployment, revision: str | None) -> None:
        self.deployment, self.wrong = deployment, []
        self.source = checked_out(revision, deployment.folder / "source") if revision else ROOT
        self.old, self.new = deployment.folder / "old", deployment.folder / "new"
        with timed("built"):
            build(self.old, self.source)
            build(self.new, ROOT)
        add_migration(self.new)
        self.files = files_of(self.old), files_of(self.new)
        self.site = Site(deployment.folder, deployment.database_url)

    def play(self, writes: int) -> list[str]:
        """Run all steps, from the empty database to the final count; return the problems."""
        with timed("installed"):
            self.install()
        self.look()
        before = stored(self.site)
        with PacedWriters(self.site, self.deployment.place, self.deployment.certificate).writing() as writers:
            wait_for(writers, writes // 4)
            self.expect("refusals before the kill", writers.refused, Counter())
            with timed("server killed and restarted"):
                self.deployment.kill_and_come_back("site1", self.old)
            wait_for(writers, writes // 2)
            refused_by_kill = writers.refused
            self.upgrade()
            with timed("manage.py backup"):
                self.deployment.run("worker", self.new, ["python", "manage.py", "backup"])
            self.expect("backups", len(list(self.deployment.data.glob("backups/courseware-*.zip"))), 1)
            wait_for(writers, writes)
        self.count(writers, stored(self.site) - before, refused_by_kill)
        self.look()
        self.look_at_an_empty_house()
        self.read_log_of_the_proxy()
        self.expect("changed files of the new code", files_of(self.new), self.files[1])
        self.expect("changed files of the old code", files_of(self.old), self.files[0])
        return self.wrong

    def install(self) -> None:
        self.deployment.run("upgrade", self.old)
        # This needs packages of the tests, which create people and a small course.
        output = self.deployment.run("upgrade", self.source, [sys.executable, "-c", PREPARE])
        self.site.told = json.loads(output.splitlines()[-1])
        for name in ("site1", "site2", "worker"):
            self.deployment.start(name, self.old)
        for name in ("site1", "site2"):
            self.deployment.wait_until_healthy(name, self.old)
        self.deployment.start_proxy()

    def upgrade(self) -> None:
        """Upgrade as described for containers in docs/help/operator.en.md."""
        with timed("manage.py upgrade"):
            output = self.deployment.run("upgrade", self.new)
        self.expect("last line of the upgrade", output.splitlines()[-1], "done")
        for name in ("site1", "site2", "worker"):
            with timed(f"{name} restarted"):
                self.deployment.restart(name, self.new)

    def look(self) -> None:
        """Check the site from outside: readiness, sign-in page, caching, redirect, size limit."""
        visitor = self.visitor()
        wait_until(lambda: is_ready(visitor), "the site and its worker are not ready", within=60)
        page = visitor.get("/accounts/login/")
        self.expect("sign-in page", page.status, 200)
        # The last call is for this version; older ones may have no numbers.
        self.number = next(iter(page.headers.get_all("X-Request-ID", [])), "no number")
        visitor.get("/accounts/password/reset/key/1-end-of-a-link/?what=somebody-looked-for")
        style = next(path for path in page.text.split('"') if path.startswith("/static/css/site"))
        cache_control = visitor.get(style).headers["Cache-Control"]
        self.expect("caching of a stylesheet", cache_control, "max-age=315360000, public, immutable")
        address = self.deployment.address("proxy")
        redirect = TlsVisitor(f"{address}:{80 + ABOVE}", self.deployment.certificate, "http").get("/certificates/")
        self.expect("plain HTTP", (redirect.status, redirect.location), (301, f"https://{address}/certificates/"))
        rejected = visitor.post("/accounts/login/", {"login": "x" * 4_000_000})
        self.expect("POST of 4 MB", rejected.status, 413)

    def look_at_an_empty_house(self) -> None:
        """Check the page of the proxy when no server answers."""
        for name in ("site1", "site2", "worker"):
            self.deployment.stop(name)
        page = self.visitor().ask_once("/")
        self.expect("no server answers", (page.status, page.headers["Retry-After"]), (503, AWAY))
        self.expect("no server answers: the page", "One moment, please" in page.text, True)

    def read_log_of_the_proxy(self) -> None:
        """Check that the proxy's log has the request number, but no personal data."""
        logs = (self.deployment.folder / "var/log/nginx").iterdir()
        log = "".join(file.read_text(encoding="utf-8") for file in logs)
        found = [word in log for word in (self.number, "/reset/key/...", "end-of-a-link", "somebody-looked-for")]
        self.expect("log of the proxy", found, [True, True, False, False])

    def visitor(self) -> TlsVisitor:
        return TlsVisitor(self.deployment.place, self.deployment.certificate)

    def count(self, writers: PacedWriters, found: Counter, refused_by_kill: Counter) -> None:
        acknowledged, refused = Counter(writers.acknowledged), writers.refused
        kinds = Counter(kind for kind, _row in writers.acknowledged)
        print(f"{acknowledged.total()} acknowledged (" + " · ".join(f"{kinds[kind]} {kind}" for kind in KINDS) + ")")
        print(
            f"sent again: {refused[UPGRADING]} times for the upgrade, {refused[AWAY]} times without a server "
            f"({refused_by_kill[AWAY]} at the kill); longest wait {writers.longest:.1f} s"
        )
        ((deadlocks,),) = self.site.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        self.expect("lost", acknowledged - found, Counter())
        self.expect("doubled", found - acknowledged, Counter())
        self.expect("deadlocks", deadlocks, 0)
        self.expect("statuses of the writes", set(writers.answers), {302})
        self.expect("writers that gave up", writers.broken, [])
        self.expect("other refusals", set(refused) - {UPGRADING, AWAY} - CROWDED, set())
        # Each writer may lose one response at the kill and at each restart.
        self.expect("refusals by the proxy are within the limit", refused[AWAY] <= 3 * writers.number, True)
        self.expect("check_records", self.manage("check_records"), "0 differences")
        self.expect("verify_audit_log", self.manage("verify_audit_log").startswith("The audit log is intact"), True)

    def manage(self, command: str) -> str:
        return self.deployment.run("upgrade", self.new, ["python", "manage.py", command]).strip()

    def expect(self, label: str, got: object, expected: object) -> None:
        if got != expected:
            self.wrong.append(f"{label}: expected {expected!r}, got {got!r}")


def is_known(revision: str) -> bool:
    command = ["git", "rev-parse", "--quiet", "--verify", "--end-of-options", f"{revision}^{{commit}}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0


def checked_out(revision: str, folder: Path) -> Path:
    archive = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, capture_output=True).stdout
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder


def add_migration(tree: Path) -> None:
    folder = tree / "courseware" / "learning" / "migrations"
    newest = max(file.stem for file in folder.glob("0*.py"))
    (folder / "9999_of_the_next_version.py").write_text(MIGRATION.format(after=newest))


def files_of(tree: Path) -> dict[str, float]:
    """Return file → time of change. A container could not change its code."""
    return {str(file): file.stat().st_mtime for file in tree.rglob("*")}


def is_ready(visitor: TlsVisitor) -> bool:
    answer = visitor.ask_once("/readyz")
    return answer.status == 200 and "worker: seen" in answer.text


def wait_for(writers: PacedWriters, writes: int) -> None:
    wait_until(
        lambda: len(writers.acknowledged) >= writes or writers.broken, f"{writes} writes were not reached", within=3600
    )


@contextmanager
def timed(label: str):
    began = time.monotonic()
    yield
    print(f"{label}: {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
