"""Settings as an operator runs them: in their own process, without test settings."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection

from courseware.project import bootstrap

ROOT = Path(__file__).resolve().parents[2]
SECRET = "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PRODUCTION = {
    "SECRET_KEY": SECRET,
    "SITE_URL": "https://training.example.com",
    "ALLOWED_HOSTS": "training.example.com",
    "EMAIL_URL": "smtp+tls://mail.example.com:587",
}


def run(*arguments, **environment):
    """Run Python on the settings of the site with exactly this environment; returns the finished process."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SYSTEMROOT") if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=kept | {"DJANGO_SETTINGS_MODULE": "courseware.settings"} | environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def read_settings(folder, **environment):
    """Names → values of the settings, read in this process with exactly this environment."""
    with patch.dict(os.environ, PRODUCTION | {"DATA_DIR": str(folder)} | environment, clear=True):
        return runpy.run_path(str(ROOT / "courseware" / "settings.py"))


@pytest.fixture(scope="module")
def migrate(request, django_db_setup):
    """migrate(data folder) creates its database, as a copy of the test database if possible."""

    def migrate(folder):
        if connection.vendor == "sqlite" and not request.config.getoption("nomigrations"):
            shutil.copy(settings.DATABASES["default"]["TEST"]["NAME"], folder / "courseware.sqlite3")
        else:
            trial = {"DATA_DIR": str(folder), "PLAIN_HTTP": "1", "SECRET_KEY": SECRET}
            run("manage.py", "migrate", "--verbosity=0", **trial)
            run("manage.py", "createcachetable", **trial)

    return migrate


@pytest.fixture(scope="module")
def answers(migrate, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    migrate(folder)
    done = run("-m", "tests.site.production", DATA_DIR=str(folder), **PRODUCTION)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_cookies_are_host_only_and_secure(answers):
    cookies = answers["page"]["cookies"] | answers["signed in"]["cookies"] | answers["language"]["cookies"]
    own = {"__Host-device", "__Host-last-person", "__Host-language"}
    assert set(cookies) == own | {"__Host-sessionid", "__Host-csrftoken"}
    strict = {"secure": True, "httponly": True, "samesite": "Lax", "path": "/", "domain": ""}
    assert cookies == dict.fromkeys(cookies, strict)


@pytest.mark.slow
def test_hsts_lasts_at_least_one_year(answers):
    hsts = answers["page"]["headers"]["Strict-Transport-Security"]
    assert int(re.search(r"max-age=(\d+)", hsts)[1]) >= 365 * 24 * 60 * 60
    assert "includeSubDomains" in hsts


@pytest.mark.slow
def test_plain_request_is_redirected_to_tls(answers):
    response = answers["in the clear"]
    assert response["status"] == 301
    assert response["headers"]["Location"] == "https://training.example.com/accounts/login/?next=/team/"


@pytest.mark.slow
def test_forged_host_is_refused(answers):
    assert answers["forged"]["status"] == 400
    assert answers["forged by a proxy's header"]["status"] == 404
    assert "evil.example" not in str(answers["forged by a proxy's header"])


@pytest.mark.parametrize(
    ("environment", "name", "value"),
    [
        ({}, "MIN_PASS_MARK", 70),
        ({}, "DEBUG", False),
        ({}, "SESSION_COOKIE_SECURE", True),
        ({"DATA_DIR": ""}, "DATA_DIR", ROOT / "var"),
        ({"SITE_URL": "https://training.example.com/"}, "SITE_URL", "https://training.example.com"),
        ({"PLAIN_HTTP": "1", "DEBUG": "1", "ALLOWED_HOSTS": "*", "SITE_URL": "http://127.0.0.1:8000"}, "DEBUG", True),
        ({"COMMIT": "c0ffee0123456789"}, "COMMIT", "c0ffee0123456789"),
    ],
)
def test_setting_follows_environment_or_safe_default(environment, name, value, tmp_path):
    assert read_settings(tmp_path, **environment)[name] == value


def test_database_url_options_are_kept(tmp_path):
    address = "postgres://courseware@db.example.com/courseware?sslmode=verify-full"
    read = read_settings(tmp_path, DATABASE_URL=address)
    assert read["DATABASES"]["default"]["OPTIONS"]["sslmode"] == "verify-full"


@pytest.mark.parametrize(("proxies", "trusted"), [("", 1), ("0", 0), ("1", 1), ("2", 2)])
def test_trusted_proxies_follow_setting(proxies, trusted, tmp_path):
    read = read_settings(tmp_path, PROXIES=proxies)
    assert read.get("ALLAUTH_TRUSTED_PROXY_COUNT", 0) == trusted
    assert bool(read.get("SECURE_PROXY_SSL_HEADER")) == bool(trusted)


@pytest.mark.parametrize(
    ("named", "environment"),
    [
        ("SECRET_KEY", {"SECRET_KEY": ""}),
        ("SECRET_KEY", {"SECRET_KEY": "short"}),
        ("SITE_URL", {"SITE_URL": ""}),
        ("SITE_URL", {"SITE_URL": "training.example.com"}),
        ("PLAIN_HTTP", {"PLAIN_HTTP": "perhaps"}),
        ("PLAIN_HTTP", {"PLAIN_HTTP": "1"}),
        ("PLAIN_HTTP", {"PLAIN_HTTP": "1", "SITE_URL": "http://10.0.0.5", "ALLOWED_HOSTS": "127.0.0.1"}),
        ("DEBUG", {"DEBUG": "perhaps"}),
        ("DEBUG", {"DEBUG": "1"}),
        ("SITE_URL", {"SITE_URL": "http://training.example.com"}),
        ("SITE_URL", {"SITE_URL": "https://example.com/training/"}),
        ("SITE_URL", {"SITE_URL": "https://:443"}),
        ("SITE_URL", {"SITE_URL": "https://training.example.com:port"}),
        ("CSRF_TRUSTED_ORIGINS", {"CSRF_TRUSTED_ORIGINS": "https://a.example.com,b.example.com"}),
        ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": "training.example.com,*"}),
        ("SECRET_KEY_FALLBACKS", {"SECRET_KEY_FALLBACKS": f"{SECRET},short"}),
        ("SECURITY_CONTACT", {"SECURITY_CONTACT": "security@example.com"}),
        ("COMMIT", {"COMMIT": "main"}),
        ("COMMIT", {"COMMIT": "<b>c0ffee</b>"}),
        ("PROXIES", {"PROXIES": "-1"}),
        ("TIME_ZONE", {"TIME_ZONE": "Asia/Nowhere"}),
        ("HOLIDAY_CALENDAR", {"HOLIDAY_CALENDAR": "de"}),
        ("LANGUAGE_CODE", {"LANGUAGE_CODE": "xx"}),
        ("LOG_FORMAT", {"LOG_FORMAT": "xml"}),
        ("LOG_REQUESTS", {"LOG_REQUESTS": "all"}),
        ("MIN_PASS_MARK", {"MIN_PASS_MARK": "0"}),
        ("MIN_PASS_MARK", {"MIN_PASS_MARK": "101"}),
        ("STUCK_AFTER_MISSES", {"STUCK_AFTER_MISSES": "0"}),
        ("STUCK_AFTER_IDLE_DAYS", {"STUCK_AFTER_IDLE_DAYS": "a week"}),
        ("CERTIFICATE_EXPIRY_NOTICE_DAYS", {"CERTIFICATE_EXPIRY_NOTICE_DAYS": "0"}),
        ("CERTIFICATE_EXPIRY_NOTICE_DAYS", {"CERTIFICATE_EXPIRY_NOTICE_DAYS": "3651"}),
        ("WEB_CONCURRENCY", {"WEB_CONCURRENCY": "0"}),
        ("PREVIEW_SECONDS", {"PREVIEW_SECONDS": "0"}),
        ("BACKUPS_KEPT", {"BACKUPS_KEPT": "0"}),
        ("DATABASE_URL", {"DATABASE_URL": "nonsense"}),
        ("DATABASE_URL", {"DATABASE_URL": "oracle://nowhere/x"}),
        ("DATABASE_URL", {"DATABASE_URL": "postgres://a:b@localhost:port/x"}),
        ("STATEMENT_TIMEOUT", {"DATABASE_URL": "postgres://a:b@localhost/x", "STATEMENT_TIMEOUT": "soon"}),
        ("IDLE_TRANSACTION_TIMEOUT", {"DATABASE_URL": "postgres://a:b@localhost/x", "IDLE_TRANSACTION_TIMEOUT": "-1"}),
        ("CACHE_URL", {"CACHE_URL": "memcached://localhost"}),
        ("CACHE_URL", {"CACHE_URL": "redis://localhost:port"}),
        ("CACHE_URL", {"CACHE_URL": "redis://localhost/courseware"}),
        ("CACHE_URL", {"CACHE_URL": "redis://localhost?db=1"}),
        ("EMAIL_URL", {"EMAIL_URL": "nonsense://x"}),
        ("BOUNCE_ADDRESS", {"BOUNCE_ADDRESS": "bounces"}),
        ("BOUNCE_ADDRESS", {"BOUNCE_ADDRESS": "Bounces <bounces@training.example.com>"}),
        ("EMAIL_URL", {"EMAIL_URL": "smtp+tls://mail.example.com:port"}),
        ("DATA_DIR", {"DATA_DIR": "/proc/nowhere"}),
        ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": ""}),
    ],
)
def test_invalid_value_is_refused_in_one_line(named, environment, tmp_path):
    with pytest.raises(ImproperlyConfigured) as refused:
        read_settings(tmp_path, **environment)
    assert str(refused.value).startswith(f"{named}: ")
    assert len(str(refused.value).splitlines()) == 1


def test_refused_setting_stops_start_with_one_line(tmp_path):
    done = run("manage.py", "check", **PRODUCTION | {"DATA_DIR": str(tmp_path), "LOG_FORMAT": "xml"})
    assert done.returncode != 0
    assert done.stderr == "LOG_FORMAT: expected lines or json, got 'xml'\n"


def test_gunicorn_gives_up_with_0_workers():
    done = run("-m", "gunicorn", "--bind=127.0.0.1:0", **PRODUCTION | {"WEB_CONCURRENCY": "0"})
    assert (done.returncode, done.stderr) == (3, "WEB_CONCURRENCY: expected a number such as 2, got 0\n")


@pytest.mark.slow
def test_database_without_tables_is_reported_in_one_line(tmp_path):
    settings = PRODUCTION | {"DATA_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3"}
    done = run("manage.py", "import_content", **settings)
    lacking = "no such table: content_course; `manage.py upgrade` makes what is missing"
    assert (done.returncode, done.stderr) == (1, f"The database says: {lacking}\n")


@pytest.mark.parametrize(
    "said", ["unable to open database file", "file is not a database", "connection to 127.0.0.1 failed\nIs it there?"]
)
def test_database_error_is_one_line_unless_traceback_requested(said, capsys, monkeypatch):
    with pytest.raises(SystemExit), bootstrap.in_one_sentence():
        raise OperationalError(said)
    assert capsys.readouterr().err == f"The database says: {said.splitlines()[0]}\n"
    monkeypatch.setattr(sys, "argv", ["manage.py", "check_records", "--traceback"])
    with pytest.raises(OperationalError), bootstrap.in_one_sentence():
        raise OperationalError(said)


@pytest.mark.slow
def test_production_settings_pass_deploy_check(tmp_path):
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", DATA_DIR=str(tmp_path), **PRODUCTION)
    assert done.returncode == 0, done.stderr


CREATE_PERSON = "from courseware.accounts.models import User; User.objects.create_user('a@example.com', name='A', {})"


@pytest.mark.slow
def test_production_site_refuses_trial_database(migrate, tmp_path):
    migrate(tmp_path)
    folder = {"DATA_DIR": str(tmp_path)}
    trial = folder | {"PLAIN_HTTP": "1", "SECRET_KEY": SECRET}
    import_server = ("-c", "import courseware.wsgi")
    assert run(*import_server, **PRODUCTION | folder).returncode == 0
    run("manage.py", "shell", "--no-imports", "-c", CREATE_PERSON.format("is_demo=True"), **trial)
    assert run(*import_server, **trial).returncode == 0
    for start in (import_server, ("manage.py", "migrate")):
        done = run(*start, **PRODUCTION | folder)
        assert done.returncode != 0
        assert "1 people of a trial are in this database" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_server_starts_without_database(tmp_path):
    unreachable = {"DATABASE_URL": "postgres://a:b@127.0.0.1:1/x", "DATA_DIR": str(tmp_path)}
    assert run("-c", "import courseware.wsgi", **PRODUCTION | unreachable).returncode == 0
