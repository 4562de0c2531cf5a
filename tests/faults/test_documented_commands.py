"""Every command of README and docs works as printed, page by page, in a fresh clone with nothing set.

Commands for a real site run in a second clone with the variables of a real site. systemd commands are replaced by what
their units run. Commands that need a missing service are listed with the reason. The Chinese guide for operators has
the same commands as the English one (see tests/site/test_docs.py), so they run once.
"""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.patience import PATIENCE

pytestmark = [
    pytest.mark.any_database,  # each clone has SQLite
    pytest.mark.only_if_changed(
        *("docs/", "README", "CONTRIBUTING.md", "SECURITY.md", "Makefile", "requirements/", "pyproject.toml"),
        *("courseware/run.py", "courseware/settings.py", "courseware/project/bootstrap.py", "courseware/*management/"),
        "gunicorn.conf.py",
    ),
]

ROOT = Path(__file__).resolve().parents[2]
README = ("README.md", "README.zh-hans.md")
SITE_PAGES = ("docs/help/operator.en.md", "docs/settings.md", "docs/commands.md", "docs/upgrading.md", "SECURITY.md")
TYPED_IN_ENGLISH = "docs/help/operator.zh-hans.md"
INSTALLED_IN = "/srv/courseware"
PAGES = [*README, "CONTRIBUTING.md", *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md"))]
TRIAL_PAGES = [page for page in PAGES if page not in {*SITE_PAGES, TYPED_IN_ENGLISH}]

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
IN_A_SENTENCE = re.compile(r"`(?:\.venv/bin/python )?(manage\.py \w[^`\n]*)`")

OTHER_BLOCKS = {  # why they are not typed
    "": "a drawing",
    "markdown": "a piece of a course",
    "sql": "asks records that a trial does not have",
    "postfix": "needs a mail server",
    "cron": "runs on another machine",
}
NOT_TYPED = {
    "make test": "these tests are part of it",
    "make check": "the same",
    "manage.py run_worker": "runs until it is stopped; `manage.py run_worker --once` is typed",
    "manage.py NAME": "stands for each command",
    "manage.py copy_database --to postgres://courseware@127.0.0.1:5432/courseware": "needs a PostgreSQL",
    "read -rs PGPASSWORD && export PGPASSWORD": "reads from a keyboard",
    "manage.py verify_audit_log --checkpoint 5f2c…": "no log has this checkpoint",
    "manage.py process_bounce": "reads a mail that a mail server passes on; tests/notifications/test_bounces.py does",
    "manage.py sendtestemail you@example.com": "needs a mail server",
}
NOT_TYPED_BEGINNINGS = {
    "docker compose ": "needs a container runtime; .ci/deployment does what the files for it say",
    "COMMIT=$(git rev-parse HEAD) docker compose build": "the same",
    "sudo ": "changes this machine; .ci/operator_guide types the operator's guide on an empty one",
    "curl ": "asks a running site; .ci/deployment does",
    "mkdir -p var/tls": "belongs to the containers",
    "install -m 600 deploy/environment.example .env": "the same",
}


def unit_command(name):
    """What a systemd unit runs, as a shell line in the folder of the clone."""
    unit = (ROOT / "deploy" / "systemd" / f"{name}.service").read_text(encoding="utf-8")
    (command,) = re.findall(rf"^ExecStart={INSTALLED_IN}/(.*)$", unit, re.MULTILINE)
    return command.replace("%i", "8000")


TYPED_INSTEAD = {
    "sudo systemctl start courseware-upgrade": [unit_command("courseware-upgrade")],
    "sudo systemctl enable --now courseware-site@8001 courseware-site@8002 courseware-work": [
        unit_command("courseware-site@"),
        f"{unit_command('courseware-work')} --once",
    ],
}
SERVERS = ("make run", ".venv/bin/gunicorn")
PRODUCTION = {
    "SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "SITE_URL": "https://training.example.com",
    "ALLOWED_HOSTS": "training.example.com",
    "EMAIL_URL": "smtp+tls://mail.example.com:587",
}
SUPERUSER_VARIABLES = {
    "DJANGO_SUPERUSER_EMAIL": "name@example.com",
    "DJANGO_SUPERUSER_NAME": "Ada",
    "DJANGO_SUPERUSER_PASSWORD": "four words that go together",
}
NETWORK_NAMES = re.compile(r"PIP_|UV_|SSL_|.*_proxy$|.*CERT|.*CAINFO", re.IGNORECASE)


def blocks(page):
    return BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


def typed_lines(page):
    """Lines of the page's blocks for a shell, and the commands of manage.py in its sentences, without comments."""
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = [line for kind, block in blocks(page) if kind == "sh" for line in block.splitlines()]
    lines += [f".venv/bin/python {command}" for command in IN_A_SENTENCE.findall(BLOCK.sub("", text))]
    bare = (re.sub(r"\s+# .*", "", line).strip() for line in lines)
    given = (typed for line in bare for typed in TYPED_INSTEAD.get(line, [line]))
    return [line for line in given if line and not is_left_out(line)]


def is_left_out(line):
    return line.startswith(tuple(NOT_TYPED_BEGINNINGS)) or line.removeprefix(".venv/bin/python ") in NOT_TYPED


def shell_environment():
    """The environment of a new shell."""
    return {name: value for name, value in os.environ.items() if name in ("PATH", "HOME") or NETWORK_NAMES.match(name)}


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def status_of(port, host):
    try:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/accounts/login/", headers={"Host": host, "X-Forwarded-Proto": "https"})
        return connection.getresponse().status
    except OSError:
        return None


@contextmanager
def running(line, folder, environment, output):
    process = subprocess.Popen(
        ["bash", "-c", line], cwd=folder, env=environment, start_new_session=True,
        stdout=output, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=PATIENCE)  # gunicorn gives a worker that just boots thirty seconds


class Shell:
    """Runs lines one after the other; `failed` holds those that went wrong."""

    def __init__(self, folder, environment, host="127.0.0.1"):
        self.folder, self.environment, self.host, self.failed = folder, environment, host, []

    def type(self, line):
        if line.startswith(SERVERS):
            return self.serve(line)
        if "createsuperuser" in line:
            line += " --no-input"
        here = self.folder / "where"
        done = subprocess.run(
            ["bash", "-e", "-c", f'{line}\npwd > "{here}"'],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        if done.returncode or "Traceback" in done.stderr:
            self.failed.append(f"{line}: {done.returncode}\n{done.stdout[-500:]}\n{done.stderr[-1500:]}")
        else:
            self.folder = Path(here.read_text().strip())
            here.unlink()
        return done

    def serve(self, line):
        port = free_port()
        environment = self.environment | {"PORT": str(port)}
        last = "Ctrl+C ends it." if line.startswith("make run") else ""  # pages open before all is set up
        with (
            tempfile.NamedTemporaryFile("r+", encoding="utf-8") as output,
            running(line.replace(":8000", f":{port}"), self.folder, environment, output) as process,
        ):
            status, until = None, time.monotonic() + PATIENCE
            while not (status and last in Path(output.name).read_text()) and process.poll() is None:
                assert time.monotonic() < until, f"{line}: {status}"
                time.sleep(0.2)
                status = status_of(port, self.host)
        if status != 200:
            self.failed.append(f"{line}: the page to sign in answers {status}")
        return status


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A repository with the files of this folder, as its next commit."""
    folder = tmp_path_factory.mktemp("published")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "All"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    return folder


CONFLICT = """
from courseware.accounts.models import User
from courseware.content.models import Document
from courseware.content.releases.drafts import save_drafts
document = Document.objects.get(identifier="{identifier}")
text = document.latest_revision.texts.get(language="{language}")
body = bytes(text.body) + b"\\nWritten in the admin.\\n"
editor = User.objects.get(email="editor@example.com")
save_drafts(document, {{text.language: body}}, base=document.latest_revision, by=editor)
"""


def make_conflict(shell, path):
    """Make a conflict in the file that the page names: a draft in the admin and a change in the file."""
    _number, identifier = Path(path).name.split(".")[0].split("-", 1)
    language = path.split(".")[-2]
    code = CONFLICT.format(identifier=identifier, language=language)
    subprocess.run(
        [".venv/bin/python", "manage.py", "shell", "-c", code],
        cwd=shell.folder, env=shell.environment, check=True, capture_output=True,
    )  # fmt: skip
    with (shell.folder / "content" / path).open("a") as file:
        file.write("\nWritten in the file.\n")
    assert shell.type(".venv/bin/python manage.py import_content").returncode == 1
    shell.failed.pop()


def change_file(shell, name):
    """Add a sentence to the document that is named by course and id."""
    course, identifier = name.split("/")
    (path,) = (shell.folder / "content" / course).glob(f"*/*-{identifier}.en.md")
    with path.open("a") as file:
        file.write("\nOne more sentence.\n")


@pytest.mark.faults
@pytest.mark.minutes
def test_trial_commands_work_with_nothing_set(published, tmp_path):
    subprocess.run(["git", "clone", "-q", published, tmp_path / "clone"], check=True)
    shell = Shell(tmp_path / "clone", shell_environment())
    lines = [line for page in TRIAL_PAGES for line in typed_lines(page)]
    assert lines[0] == "make run"
    assert len(lines) > 10
    for line in dict.fromkeys(lines):
        for name in re.findall(r"--re(?:read|take) (\S+)", line):
            change_file(shell, name)
        if "--drafts" in line:
            (path,) = set(re.findall(r"--merged (\S+/\S+\.md)", "\n".join(lines)))
            make_conflict(shell, path)
        shell.type(line)
    assert shell.failed == []
    assert readable_by_others(shell.folder / "var" / "try") == []


def readable_by_others(folder):
    """The folder if others can open it, else nothing. Files inside need no check."""
    return [folder] if stat.S_IMODE(folder.stat().st_mode) & 0o077 else []


@pytest.mark.faults
@pytest.mark.minutes
def test_production_commands_work_with_variables_of_page(published, tmp_path):
    environment = shell_environment() | PRODUCTION | SUPERUSER_VARIABLES
    folders = {"DATA_DIR": str(tmp_path / "data"), "BACKUP_DIR": str(tmp_path / "backups")}
    (tmp_path / "backups").mkdir()
    shell = Shell(tmp_path, environment | folders, host="training.example.com")
    lines = [line for page in SITE_PAGES for line in typed_lines(page)]
    assert lines[0].startswith("git clone ")
    for line in lines:
        shell.type(line.replace("<your copy>", str(published)).replace(INSTALLED_IN, str(tmp_path / "courseware")))
    assert shell.failed == []
    assert readable_by_others(tmp_path / "data") == []


@pytest.mark.parametrize("page", [*PAGES, "SECURITY.md"])
def test_every_block_runs_or_is_listed_with_reason(page):
    assert {kind for kind, _block in blocks(page)} - {"sh"} - set(OTHER_BLOCKS) == set()


def test_listed_commands_are_still_printed():
    printed = "".join((ROOT / page).read_text(encoding="utf-8") for page in [*PAGES, "SECURITY.md"])
    assert [command for command in [*NOT_TYPED, *NOT_TYPED_BEGINNINGS, *TYPED_INSTEAD] if command not in printed] == []
    kinds = {kind for page in PAGES for kind, _block in blocks(page)}
    assert set(OTHER_BLOCKS) - kinds == set()
