"""`make run`: the parts that need no server. Whole it is tried in tests/faults/test_run_as_typed.py."""

import os
import stat

import pytest

from courseware import run, starting
from courseware.reporting.demo import ACCOUNTS, SIGN_IN_WITH


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """An environment in which nothing is set yet, restored afterwards."""
    kept = dict(os.environ)
    for name in ("SECRET_KEY", "SITE_URL", "PLAIN_HTTP"):
        os.environ.pop(name, None)
    os.environ |= {"DATA_DIR": str(tmp_path), "PORT": "8123"}
    yield os.environ
    os.environ.clear()
    os.environ.update(kept)


def test_the_accounts_are_told_in_the_language_of_the_terminal(monkeypatch):
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    english = run.address_and_accounts("8123")
    assert "http://127.0.0.1:8123" in english
    assert SIGN_IN_WITH in english
    assert all(email in english for email in ACCOUNTS)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "新员工" in run.address_and_accounts("8123")


def test_the_secret_is_made_once_and_only_the_owner_can_read_it(environment, tmp_path):
    starting.prepare_trial()
    first = environment.pop("SECRET_KEY")
    starting.prepare_trial()
    assert environment["SECRET_KEY"] == first
    assert len(first) >= 50
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600


def test_what_the_caller_has_set_is_kept(environment):
    environment["SECRET_KEY"] = "mine" * 20
    starting.prepare_trial()
    assert environment["SECRET_KEY"] == "mine" * 20
    assert environment["SITE_URL"] == "http://127.0.0.1:8123"


def test_the_data_has_a_folder_that_no_real_site_uses_and_only_the_owner_can_open(environment, monkeypatch, tmp_path):
    monkeypatch.setattr(starting, "TRIAL", tmp_path / "var" / "try")
    del environment["DATA_DIR"]
    assert starting.prepare_trial() == tmp_path / "var" / "try"
    assert stat.S_IMODE((tmp_path / "var" / "try").stat().st_mode) == 0o700


@pytest.mark.parametrize("port", ["", "http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused_with_what_was_expected(monkeypatch, port):
    monkeypatch.setenv("PORT", port)
    with pytest.raises(SystemExit, match="expected a number from 1 to 65535"):
        run.main()
