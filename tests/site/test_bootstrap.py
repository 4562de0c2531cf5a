"""Start without settings, on the trial site of `make run`. tests/faults/test_make_run.py runs it as a whole."""

import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock, patch

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


def run_manage(checkout, *arguments, **environment):
    """Run `manage.py …` in a shell with only these variables."""
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


def make_trial(checkout):
    """Create what `make run` leaves."""
    folder = checkout / "var" / "try"
    folder.mkdir(parents=True)
    (folder / bootstrap.KEY).write_text("k" * 60)
    return folder


@pytest.mark.slow
def test_command_without_settings_uses_trial_and_says_so(checkout):
    data = make_trial(checkout)
    done = run_manage(checkout, *SHOW)
    assert done.stdout == f"http://127.0.0.1:8000 {data}\n"
    assert done.stderr == "Nothing is set, so this is the site of `make run` in var/try/.\n"


@pytest.mark.slow
def test_command_without_settings_or_trial_asks_for_key(checkout):
    done = run_manage(checkout, *SHOW)
    assert done.returncode == 1
    assert done.stderr == "SECRET_KEY: expected at least 50 random characters. To try the site: `make run`.\n"


@pytest.fixture
def trial(tmp_path, monkeypatch):
    """Another trial folder; no variable is set."""
    monkeypatch.setattr(bootstrap, "BASE_DIR", tmp_path)
    monkeypatch.setattr(bootstrap, "TRIAL", make_trial(tmp_path))
    with patch.dict(os.environ, clear=True):
        yield bootstrap.TRIAL


@pytest.mark.parametrize("name", sorted(bootstrap.SET_FOR_A_SITE))
@pytest.mark.parametrize("value", ["", "1"])
def test_any_production_variable_disables_trial(trial, name, value, capsys):
    os.environ[name] = value
    before = dict(os.environ)
    bootstrap.find_trial()
    assert dict(os.environ) == before
    assert capsys.readouterr().err == ""


def test_harmless_variables_keep_trial(trial):
    os.environ.update(TIME_ZONE="Europe/Berlin", PORT="8123", LANG="zh_CN.UTF-8")
    bootstrap.find_trial()
    assert os.environ["SITE_URL"] == "http://127.0.0.1:8123"


@pytest.mark.slow
def test_new_files_are_private_to_owner(checkout):
    data = make_trial(checkout)
    run_manage(checkout, "createcachetable")
    run_manage(checkout, "sendtestemail", "a@example.com")
    made = [path for path in data.rglob("*") if path.name != bootstrap.KEY]
    assert {path.suffix for path in made} >= {".sqlite3", ".log"}
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


@pytest.fixture
def no_trial(trial):
    """Before the first `make run`."""
    shutil.rmtree(trial)
    return trial


def test_secret_key_is_created_once_with_private_mode(no_trial):
    bootstrap.prepare_trial()
    first = os.environ.pop("SECRET_KEY")
    bootstrap.prepare_trial()
    assert os.environ["SECRET_KEY"] == first
    assert len(first) >= 50
    assert stat.S_IMODE((no_trial / bootstrap.KEY).stat().st_mode) == 0o600


def test_existing_variables_are_kept(no_trial):
    os.environ.update(SECRET_KEY="mine" * 20, PORT="8123")
    bootstrap.prepare_trial()
    assert os.environ["SECRET_KEY"] == "mine" * 20
    assert os.environ["SITE_URL"] == "http://127.0.0.1:8123"


def test_data_folder_is_private_to_owner(no_trial):
    assert bootstrap.prepare_trial() == no_trial
    assert stat.S_IMODE(no_trial.stat().st_mode) == 0o700


def test_accounts_are_printed_in_terminal_language(monkeypatch):
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    english = run.accounts_in_words()
    assert DEMO_PASSWORD in english
    assert all(email in english for email in ACCOUNTS)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "新员工" in run.accounts_in_words()


@pytest.mark.parametrize("port", ["", "http", "0", "65536"])
def test_invalid_port_is_refused(monkeypatch, port):
    monkeypatch.setenv("PORT", port)
    with pytest.raises(SystemExit, match="expected a number from 1 to 65535"):
        run.main()


def test_used_port_is_refused_before_set_up(monkeypatch):
    monkeypatch.setattr(bootstrap, "begin", Mock(side_effect=AssertionError("it was set up")))
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("PORT", str(other.getsockname()[1]))
        with pytest.raises(SystemExit, match="another program answers at port"):
            run.main()


# Ctrl+C while modules are still loading


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
def test_interrupt_while_loading_ends_silently(way, program, module, tmp_path):
    code = INTERRUPTED.format(run=way, program=program, module=module)
    environment = {"DATA_DIR": str(tmp_path), "PORT": "8000", "LANG": "en"}
    done = subprocess.run([sys.executable, "-c", code], cwd=BASE_DIR, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
