"""Findings of `check --deploy` on a production site; none on a trial site."""

import pytest
from django.core.checks import run_checks

PREFIX = "courseware."


@pytest.fixture
def deployed(settings, monkeypatch, tmp_path):
    tmp_path.chmod(0o700)
    settings.PLAIN_HTTP, settings.DATA_DIR = False, tmp_path
    for key, value in {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "x.sqlite3"}.items():
        monkeypatch.setitem(settings.DATABASES["default"], key, value)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = "mail.example.com", True, False
    return settings


def check_ids():
    return [error.id.removeprefix(PREFIX) for error in run_checks(include_deployment_checks=True) if PREFIX in error.id]


def test_site_with_tls_email_and_private_data_passes(deployed):
    assert check_ids() == []


def test_missing_mail_server_is_reported(deployed):
    deployed.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    assert check_ids() == ["E001"]


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
def test_unencrypted_mail_is_allowed_on_localhost_only(host, tls, ssl, errors, deployed):
    deployed.EMAIL_HOST, deployed.EMAIL_USE_TLS, deployed.EMAIL_USE_SSL = host, tls, ssl
    assert check_ids() == errors


@pytest.mark.parametrize(("mode", "errors"), [(0o700, []), (0o750, ["E003"]), (0o705, ["E003"]), (0o711, ["E003"])])
def test_data_folder_must_be_private(mode, errors, deployed, tmp_path):
    tmp_path.chmod(mode)
    assert check_ids() == errors


def test_database_outside_data_folder_must_be_private(deployed, tmp_path):
    (tmp_path / "x.sqlite3").touch(mode=0o644)
    assert check_ids() == []
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    deployed.DATA_DIR = data
    (tmp_path / "x.sqlite3-wal").touch(mode=0o644)
    assert check_ids() == ["E003", "E003"]
    (tmp_path / "x.sqlite3-wal").chmod(0o600)
    assert check_ids() == ["E003"]


def test_trial_site_is_not_checked(deployed, tmp_path):
    deployed.PLAIN_HTTP, deployed.EMAIL_USE_TLS = True, False
    tmp_path.chmod(0o755)
    assert check_ids() == []
