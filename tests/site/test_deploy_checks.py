"""What `check --deploy` finds: on a site as a firm runs it, and nothing of it while trying out."""

import pytest
from django.core.checks import run_checks

OURS = "courseware."


@pytest.fixture
def deployed(settings, monkeypatch, tmp_path):
    tmp_path.chmod(0o700)
    settings.PLAIN_HTTP, settings.DATA_DIR = False, tmp_path
    for key, value in {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "x.sqlite3"}.items():
        monkeypatch.setitem(settings.DATABASES["default"], key, value)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = "mail.example.com", True, False
    return settings


def found():
    return [error.id.removeprefix(OURS) for error in run_checks(include_deployment_checks=True) if OURS in error.id]


def test_a_site_whose_letters_go_by_tls_and_whose_data_is_closed_is_right(deployed):
    assert found() == []


def test_without_a_mail_server_links_to_sign_in_stay_on_the_disk(deployed):
    deployed.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    assert found() == ["E001"]


@pytest.mark.parametrize(
    ("host", "tls", "ssl", "errors"),
    [
        ("mail.example.com", False, False, ["E002"]),
        ("mail.example.com", False, True, []),
        ("localhost.example.com", False, False, ["E002"]),
        ("localhost", False, False, []),
        ("127.0.0.1", False, False, []),
    ],
)
def test_letters_go_in_the_clear_on_this_machine_only(host, tls, ssl, errors, deployed):
    deployed.EMAIL_HOST, deployed.EMAIL_USE_TLS, deployed.EMAIL_USE_SSL = host, tls, ssl
    assert found() == errors


@pytest.mark.parametrize(("mode", "errors"), [(0o700, []), (0o750, ["E003"]), (0o705, ["E003"]), (0o711, ["E003"])])
def test_the_folder_of_the_data_is_closed(mode, errors, deployed, tmp_path):
    tmp_path.chmod(mode)
    assert found() == errors


def test_a_database_in_a_closed_folder_may_have_any_mode_and_one_elsewhere_may_not(deployed, tmp_path):
    (tmp_path / "x.sqlite3").touch(mode=0o644)
    assert found() == []
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    deployed.DATA_DIR = data
    (tmp_path / "x.sqlite3-wal").touch(mode=0o644)
    assert found() == ["E003", "E003"]
    (tmp_path / "x.sqlite3-wal").chmod(0o600)
    assert found() == ["E003"]


def test_while_trying_out_nothing_of_it_is_asked(deployed, tmp_path):
    deployed.PLAIN_HTTP, deployed.EMAIL_USE_TLS = True, False
    tmp_path.chmod(0o755)
    assert found() == []
