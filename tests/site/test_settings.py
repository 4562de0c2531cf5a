"""The settings as an operator runs them: in a process of their own, with nothing of the tests."""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from django.core.exceptions import ImproperlyConfigured

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


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    done = run("-m", "tests.site.production", DATA_DIR=str(tmp_path_factory.mktemp("site")), **PRODUCTION)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.long
def test_cookies_belong_to_this_host_alone_and_travel_by_tls_only(answers):
    cookies = answers["page"]["cookies"] | answers["signed in"]["cookies"] | answers["language"]["cookies"]
    own = {"__Host-device", "__Host-last-person", "__Host-language"}
    assert set(cookies) == own | {"__Host-sessionid", "__Host-csrftoken"}
    strict = {"secure": True, "httponly": True, "samesite": "Lax", "path": "/", "domain": ""}
    assert cookies == dict.fromkeys(cookies, strict)


@pytest.mark.long
def test_browsers_are_told_to_use_tls_for_a_year_and_more(answers):
    hsts = answers["page"]["headers"]["Strict-Transport-Security"]
    assert int(re.search(r"max-age=(\d+)", hsts)[1]) >= 365 * 24 * 60 * 60
    assert "includeSubDomains" in hsts


@pytest.mark.long
def test_a_request_in_the_clear_is_sent_to_tls(answers):
    response = answers["in the clear"]
    assert response["status"] == 301
    assert response["headers"]["Location"] == "https://training.example.com/accounts/login/?next=/team/"


@pytest.mark.long
def test_a_forged_host_is_refused(answers):
    assert answers["forged"]["status"] == 400
    assert answers["forged by a proxy's header"]["status"] == 404
    assert "evil.example" not in str(answers["forged by a proxy's header"])


def test_what_the_address_of_the_database_says_of_the_way_there_is_kept():
    asked = "from courseware.settings import DATABASES; print(DATABASES['default']['OPTIONS']['sslmode'])"
    address = "postgres://courseware@db.example.com/courseware?sslmode=verify-full"
    assert run("-c", asked, **PRODUCTION | {"DATABASE_URL": address}).stdout.split() == ["verify-full"]


def test_a_site_that_sets_none_asks_for_seventy_percent():
    asked = "import django; django.setup(); from django.conf import settings; print(settings.PASS_MARK_FLOOR)"
    assert run("-c", asked, **PRODUCTION).stdout.split() == ["70"]


def test_the_address_of_the_site_ends_with_its_host_whoever_wrote_a_slash_behind_it():
    asked = "from courseware.settings import SITE_URL; print(SITE_URL)"
    slash = {"SITE_URL": "https://training.example.com/"}
    assert run("-c", asked, **PRODUCTION | slash).stdout.split() == ["https://training.example.com"]


@pytest.mark.parametrize(
    ("named", "environment"),
    [
        ("SECRET_KEY", {"SECRET_KEY": ""}),
        ("SECRET_KEY", {"SECRET_KEY": "short"}),
        ("SITE_URL", {"SITE_URL": ""}),
        ("SITE_URL", {"SITE_URL": "training.example.com"}),
        ("SITE_URL", {"SITE_URL": "ftp://training.example.com"}),
        ("PLAIN_HTTP", {"PLAIN_HTTP": "perhaps"}),
        ("PLAIN_HTTP", {"PLAIN_HTTP": "1"}),
        ("PLAIN_HTTP", {"PLAIN_HTTP": "1", "SITE_URL": "http://127.0.0.1:8000"}),
        ("PLAIN_HTTP", {"PLAIN_HTTP": "1", "SITE_URL": "http://10.0.0.5", "ALLOWED_HOSTS": "127.0.0.1"}),
        ("DEBUG", {"DEBUG": "perhaps"}),
        ("DEBUG", {"DEBUG": "1"}),
        ("SITE_URL", {"SITE_URL": "http://training.example.com"}),
        ("SITE_URL", {"SITE_URL": "https://example.com/training/"}),
        ("SITE_URL", {"SITE_URL": "https://"}),
        ("SITE_URL", {"SITE_URL": "https://:443"}),
        ("SITE_URL", {"SITE_URL": "https://training.example.com:port"}),
        ("SITE_URL", {"SITE_URL": "https://training.example.com?x=1"}),
        ("CSRF_TRUSTED_ORIGINS", {"CSRF_TRUSTED_ORIGINS": "https://a.example.com,b.example.com"}),
        ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": "training.example.com,*"}),
        ("SECRET_KEY_FALLBACKS", {"SECRET_KEY_FALLBACKS": f"{SECRET},short"}),
        ("SECURITY_CONTACT", {"SECURITY_CONTACT": "security@example.com"}),
        ("PROXIES", {"PROXIES": "-1"}),
        ("PROXIES", {"PROXIES": "nginx"}),
        ("TIME_ZONE", {"TIME_ZONE": "Asia/Nowhere"}),
        ("WORKING_DAYS", {"WORKING_DAYS": "de"}),
        ("LANGUAGE_CODE", {"LANGUAGE_CODE": "xx"}),
        ("LOG_FORMAT", {"LOG_FORMAT": "xml"}),
        ("LOG_REQUESTS", {"LOG_REQUESTS": "all"}),
        ("PASS_MARK_FLOOR", {"PASS_MARK_FLOOR": "seventy"}),
        ("PASS_MARK_FLOOR", {"PASS_MARK_FLOOR": "0"}),
        ("PASS_MARK_FLOOR", {"PASS_MARK_FLOOR": "101"}),
        ("STUCK_AFTER_MISSES", {"STUCK_AFTER_MISSES": "0"}),
        ("STUCK_AFTER_IDLE_DAYS", {"STUCK_AFTER_IDLE_DAYS": "a week"}),
        ("CERTIFICATE_ENDING_DAYS", {"CERTIFICATE_ENDING_DAYS": "two months"}),
        ("CERTIFICATE_ENDING_DAYS", {"CERTIFICATE_ENDING_DAYS": "0"}),
        ("CERTIFICATE_ENDING_DAYS", {"CERTIFICATE_ENDING_DAYS": "3651"}),
        ("WEB_CONCURRENCY", {"WEB_CONCURRENCY": "abc"}),
        ("WEB_CONCURRENCY", {"WEB_CONCURRENCY": "0"}),
        ("PREVIEW_SECONDS", {"PREVIEW_SECONDS": "soon"}),
        ("PREVIEW_SECONDS", {"PREVIEW_SECONDS": "0"}),
        ("BACKUPS_KEPT", {"BACKUPS_KEPT": "all"}),
        ("BACKUPS_KEPT", {"BACKUPS_KEPT": "0"}),
        ("DATABASE_URL", {"DATABASE_URL": "nonsense"}),
        ("DATABASE_URL", {"DATABASE_URL": "oracle://nowhere/x"}),
        ("DATABASE_URL", {"DATABASE_URL": "postgres://a:b@localhost:port/x"}),
        ("STATEMENT_TIMEOUT", {"DATABASE_URL": "postgres://a:b@localhost/x", "STATEMENT_TIMEOUT": "soon"}),
        ("IDLE_TRANSACTION_TIMEOUT", {"DATABASE_URL": "postgres://a:b@localhost/x", "IDLE_TRANSACTION_TIMEOUT": "-1"}),
        ("CACHE_URL", {"CACHE_URL": "memcached://localhost"}),
        ("CACHE_URL", {"CACHE_URL": "redis://"}),
        ("CACHE_URL", {"CACHE_URL": "redis://localhost:port"}),
        ("CACHE_URL", {"CACHE_URL": "redis://localhost/courseware"}),
        ("CACHE_URL", {"CACHE_URL": "redis://localhost?db=1"}),
        ("EMAIL_URL", {"EMAIL_URL": "nonsense://x"}),
        ("BOUNCES_TO", {"BOUNCES_TO": "bounces"}),
        ("BOUNCES_TO", {"BOUNCES_TO": "Bounces <bounces@training.example.com>"}),
        ("EMAIL_URL", {"EMAIL_URL": "smtp+tls://mail.example.com:port"}),
        ("DATA_DIR", {"DATA_DIR": "/proc/nowhere"}),
        ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": ""}),
    ],
)
def test_settings_refuse_a_value_that_makes_no_sense_in_one_line_that_names_it(named, environment, tmp_path):
    environment = PRODUCTION | {"DATA_DIR": str(tmp_path)} | environment
    with patch.dict(os.environ, environment, clear=True), pytest.raises(ImproperlyConfigured) as refused:
        runpy.run_path(str(ROOT / "courseware" / "settings.py"))
    assert str(refused.value).startswith(f"{named}: ")
    assert len(str(refused.value).splitlines()) == 1


def test_a_refused_setting_stops_the_start_with_that_line_alone(tmp_path):
    done = run("manage.py", "check", **PRODUCTION | {"DATA_DIR": str(tmp_path), "LOG_FORMAT": "xml"})
    assert done.returncode != 0
    assert done.stderr == "LOG_FORMAT: expected lines or json, got 'xml'\n"


def test_the_server_gives_up_at_once_and_says_why_without_a_trace():
    gunicorn = ("-m", "gunicorn", "courseware.wsgi", "--workers=1", "--bind=127.0.0.1:0", "--log-level=warning")
    done = run(*gunicorn, **PRODUCTION | {"SECRET_KEY": "short"})
    assert done.returncode != 0
    assert "SECRET_KEY: expected at least 50 random characters" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_of_no_processes_gives_up_in_a_sentence_instead_of_answering_nobody():
    done = run("-m", "gunicorn", "--bind=127.0.0.1:0", **PRODUCTION | {"WEB_CONCURRENCY": "0"})
    assert (done.returncode, done.stderr) == (3, "WEB_CONCURRENCY: expected a number such as 2, got 0\n")


def test_a_database_that_cannot_be_opened_is_one_line_too(tmp_path):
    settings = PRODUCTION | {"DATABASE_URL": f"sqlite:///{tmp_path}/nowhere/x.sqlite3", "DATA_DIR": str(tmp_path)}
    done = run("manage.py", "check_records", **settings)
    assert done.returncode != 0
    assert done.stderr == "The database says: unable to open database file\n"
    assert "Traceback" in run("manage.py", "check_records", "--traceback", **settings).stderr


def test_what_the_database_lacks_or_is_not_is_one_line_with_what_to_do(tmp_path):
    settings = PRODUCTION | {"DATA_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3"}
    done = run("manage.py", "import_content", **settings)
    lacking = "no such table: content_course; `manage.py upgrade` makes what is missing"
    assert (done.returncode, done.stderr) == (1, f"The database says: {lacking}\n")
    (tmp_path / "x.sqlite3").write_text("a letter\n" * 100)
    done = run("manage.py", "import_content", **settings)
    assert (done.returncode, done.stderr) == (1, "The database says: file is not a database\n")
    away = settings | {"DATABASE_URL": "postgres://a:b@127.0.0.1:1/x"}
    done = run("manage.py", "import_content", **away)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert (
        "127.0.0.1" in done.stderr and "Traceback" in run("manage.py", "import_content", "--traceback", **away).stderr
    )


def test_a_folder_that_is_set_to_nothing_is_the_one_of_before():
    told = "from django.conf import settings; print(settings.DATA_DIR)"
    assert run("-c", told, DATA_DIR="", **PRODUCTION).stdout.strip() == str(ROOT / "var")


def test_the_settings_of_production_pass_djangos_own_check(tmp_path):
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", DATA_DIR=str(tmp_path), **PRODUCTION)
    assert done.returncode == 0, done.stderr


def test_on_ones_own_machine_what_helps_to_find_a_fault_is_allowed(tmp_path):
    own = {"PLAIN_HTTP": "1", "DEBUG": "1", "ALLOWED_HOSTS": "*", "SITE_URL": "http://127.0.0.1:8000"}
    done = run("manage.py", "check", **PRODUCTION | own | {"DATA_DIR": str(tmp_path)})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("proxies", "trusted"), [("", "1 True"), ("0", "0 False"), ("1", "1 True"), ("2", "2 True")])
def test_as_many_proxies_are_trusted_as_there_are(proxies, trusted, tmp_path):
    told = (
        "from django.conf import settings; "
        "print(getattr(settings, 'ALLAUTH_TRUSTED_PROXY_COUNT', 0), bool(settings.SECURE_PROXY_SSL_HEADER))"
    )
    assert run("-c", told, PROXIES=proxies, DATA_DIR=str(tmp_path), **PRODUCTION).stdout.strip() == trusted


def test_nothing_is_shown_to_strangers_by_default(tmp_path):
    told = "from django.conf import settings; print(settings.DEBUG, settings.SESSION_COOKIE_SECURE)"
    assert run("-c", told, DATA_DIR=str(tmp_path), **PRODUCTION).stdout.split() == ["False", "True"]


MAKE_SOMEBODY = "from courseware.accounts.models import User; User.objects.create_user('a@example.com', name='A', {})"


@pytest.mark.long
def test_a_real_site_does_not_start_on_the_database_of_a_trial(tmp_path):
    folder = {"DATA_DIR": str(tmp_path)}
    trial = folder | {"PLAIN_HTTP": "1", "SECRET_KEY": SECRET}
    run("manage.py", "migrate", "--verbosity=0", **trial)
    import_server = ("-c", "import courseware.wsgi")
    assert run(*import_server, **PRODUCTION | folder).returncode == 0
    run("manage.py", "shell", "--no-imports", "-c", MAKE_SOMEBODY.format("is_demo=True"), **trial)
    assert run(*import_server, **trial).returncode == 0
    for start in (import_server, ("manage.py", "migrate"), ("manage.py", "check", "--database=default")):
        done = run(*start, **PRODUCTION | folder)
        assert done.returncode != 0
        assert "1 people of a trial are in this database" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.long
def test_a_server_starts_while_the_database_is_away(tmp_path):
    away = {"DATABASE_URL": "postgres://a:b@127.0.0.1:1/x", "DATA_DIR": str(tmp_path)}
    assert run("-c", "import courseware.wsgi", **PRODUCTION | away).returncode == 0
