"""What is done where nothing is set, and where something is. Whole it is tried in tests/faults/test_make_run.py."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from courseware import run
from courseware.project import bootstrap
from courseware.project.bootstrap import BASE_DIR
from courseware.reporting.demo import ACCOUNTS, DEMO_PASSWORD

ROOT = Path(__file__).resolve().parents[2]
SHOW = "shell", "--no-imports", "-c", "from django.conf import settings; print(settings.SITE_URL, settings.DATA_DIR)"


@pytest.fixture
def checkout(tmp_path):
    """A folder with the code and without data."""
    for name in ("courseware", "templates", "content", "manage.py"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "courseware").unlink()
    shutil.copytree(ROOT / "courseware", tmp_path / "courseware", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "manage.py").unlink()
    shutil.copy(ROOT / "manage.py", tmp_path)
    return tmp_path


def typed(checkout, *arguments, **environment):
    """Type `manage.py …` into a shell in which nothing is set but this."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=checkout,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def try_it(checkout):
    """Leave what `make run` leaves."""
    folder = checkout / "var" / "try"
    folder.mkdir(parents=True)
    (folder / bootstrap.KEY).write_text("k" * 60)
    return folder


@pytest.mark.exhaustive
def test_where_nothing_is_set_a_command_takes_the_site_of_make_run_and_says_so(checkout):
    data = try_it(checkout)
    done = typed(checkout, *SHOW)
    assert done.stdout == f"http://127.0.0.1:8000 {data}\n"
    assert done.stderr == "Nothing is set, so this is the site of `make run` in var/try/.\n"


def test_where_nothing_is_set_and_nothing_was_tried_a_command_asks_for_a_key(checkout):
    done = typed(checkout, *SHOW)
    assert done.returncode == 1
    assert done.stderr == "SECRET_KEY: expected at least 50 random characters. To try the site: `make run`.\n"


@pytest.fixture
def tried(tmp_path, monkeypatch):
    """The folder of `make run`, which is another one; nothing is set."""
    monkeypatch.setattr(bootstrap, "BASE_DIR", tmp_path)
    monkeypatch.setattr(bootstrap, "TRIAL", try_it(tmp_path))
    with patch.dict(os.environ, clear=True):
        yield bootstrap.TRIAL


@pytest.mark.parametrize("name", sorted(bootstrap.SET_FOR_A_SITE))
@pytest.mark.parametrize("value", ["", "1"])
def test_one_variable_of_a_real_site_and_nothing_of_make_run_is_taken(tried, name, value, capsys):
    os.environ[name] = value
    before = dict(os.environ)
    bootstrap.find_trial()
    assert dict(os.environ) == before
    assert capsys.readouterr().err == ""


def test_what_changes_no_site_may_be_set_beside_it(tried):
    os.environ.update(TIME_ZONE="Europe/Berlin", PORT="8123", LANG="zh_CN.UTF-8")
    bootstrap.find_trial()
    assert os.environ["SITE_URL"] == "http://127.0.0.1:8123"


@pytest.mark.exhaustive
def test_new_files_are_their_owners_alone(checkout):
    data = try_it(checkout)
    typed(checkout, "createcachetable")
    typed(checkout, "sendtestemail", "a@example.com")
    made = [path for path in data.rglob("*") if path.name != bootstrap.KEY]
    assert {path.suffix for path in made} >= {".sqlite3", ".log"}
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


@pytest.fixture
def new(tried):
    """As before the first `make run`."""
    shutil.rmtree(tried)
    return tried


def test_the_secret_is_made_once_and_only_the_owner_can_read_it(new):
    bootstrap.prepare_trial()
    first = os.environ.pop("SECRET_KEY")
    bootstrap.prepare_trial()
    assert os.environ["SECRET_KEY"] == first
    assert len(first) >= 50
    assert stat.S_IMODE((new / bootstrap.KEY).stat().st_mode) == 0o600


def test_what_the_caller_has_set_is_kept(new):
    os.environ.update(SECRET_KEY="mine" * 20, PORT="8123")
    bootstrap.prepare_trial()
    assert os.environ["SECRET_KEY"] == "mine" * 20
    assert os.environ["SITE_URL"] == "http://127.0.0.1:8123"


def test_the_data_has_a_folder_that_only_the_owner_can_open(new):
    assert bootstrap.prepare_trial() == new
    assert stat.S_IMODE(new.stat().st_mode) == 0o700


def test_the_accounts_are_told_in_the_language_of_the_terminal(monkeypatch):
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    english = run.address_and_accounts("8123")
    assert "http://127.0.0.1:8123" in english
    assert DEMO_PASSWORD in english
    assert all(email in english for email in ACCOUNTS)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "新员工" in run.address_and_accounts("8123")


@pytest.mark.parametrize("port", ["", "http", "0", "65536"])
def test_a_port_that_is_none_is_refused_with_what_was_expected(monkeypatch, port):
    monkeypatch.setenv("PORT", port)
    with pytest.raises(SystemExit, match="expected a number from 1 to 65535"):
        run.main()


# Ctrl+C while a program still loads what it needs is no mistake: it ends at once and without a word.


INTERRUPTED = """
import runpy, sys
class PressedOn:
    def find_spec(self, name, *args):
        if name == "{module}":
            raise KeyboardInterrupt
sys.meta_path.insert(0, PressedOn())
sys.argv = ["{program}", "check"]
runpy.{run}("{program}", run_name="__main__")
"""


@pytest.mark.parametrize(
    ("way", "program", "module"),
    [
        ("run_path", "manage.py", "django.core.management"),
        ("run_path", "manage.py", "courseware.settings"),
        ("run_module", "courseware.run", "django.core.management"),
    ],
)
def test_it_ends_silently(way, program, module, tmp_path):
    code = INTERRUPTED.format(run=way, program=program, module=module)
    environment = {"DATA_DIR": str(tmp_path), "PORT": "8000", "LANG": "en"}
    done = subprocess.run([sys.executable, "-c", code], cwd=BASE_DIR, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
