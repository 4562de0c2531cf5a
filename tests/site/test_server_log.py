"""The server's own lines have the form of all others."""

import json

import pytest

from tests.site.test_settings import PRODUCTION, run

GIVES_UP = ("-m", "gunicorn", "--workers=1", "--bind=127.0.0.1:0")


@pytest.mark.long
def test_gunicorn_writes_objects_where_the_site_does():
    done = run(*GIVES_UP, **PRODUCTION | {"SECRET_KEY": "short", "LOG_FORMAT": "json"})
    said, lines = [], []
    for line in done.stderr.splitlines():
        (lines if line.startswith("{") else said).append(line)
    assert said == ["SECRET_KEY: expected at least 50 random characters. To try the site: `make run`."]
    assert {json.loads(line)["logger"] for line in lines} == {"gunicorn.error"}


@pytest.mark.long
def test_gunicorn_writes_lines_where_the_site_does():
    done = run(*GIVES_UP, **PRODUCTION | {"SECRET_KEY": "short"})
    assert " INFO gunicorn.error: Booting worker with pid: " in done.stderr
    assert "{" not in done.stderr
