"""What every way in does first: manage.py, gunicorn and `make run`, before a setting is read.

Here stands what "nothing is set" means, that new files are their owner's alone, and that a setting which is missing or
wrong ends in one sentence.
"""

import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections

BASE_DIR = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"
TRIAL = BASE_DIR / "var" / "try"  # what `make run` keeps
KEY = "secret-key"
# Whoever sets one of these means a site of their own and brings all that it needs: nothing of `make run` is taken then.
SET_FOR_A_SITE = frozenset({
    "ALLOWED_HOSTS", "DATABASE_URL", "DATA_DIR", "DJANGO_SETTINGS_MODULE", "EMAIL_URL", "PLAIN_HTTP", "SECRET_KEY",
    "SITE_URL",
})  # fmt: skip
GUNICORN_GIVES_UP = 3  # any other status makes it start the worker again and again

is_serving = False  # a server, and no command: the settings bound what it asks of the database


def begin(*, serving: bool = False) -> None:
    global is_serving
    is_serving = serving
    os.umask(0o077)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseware.settings")


def find_trial() -> None:
    """Where nothing is set, and `make run` was here: take its settings, and say so."""
    if SET_FOR_A_SITE.isdisjoint(os.environ) and (TRIAL / KEY).exists():
        print(f"Nothing is set, so this is the site of `make run` in {TRIAL.relative_to(BASE_DIR)}/.", file=sys.stderr)
        prepare_trial()


def prepare_trial() -> Path:
    """Settings of a site for trying out, where the caller has not set them. Returns the folder that holds all data."""
    data = Path(os.environ.setdefault("DATA_DIR", str(TRIAL)))
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ.setdefault("PLAIN_HTTP", "1")
    os.environ.setdefault("SITE_URL", f"http://{LOOPBACK}:{os.environ.get('PORT', '8000')}")
    os.environ.setdefault("SECRET_KEY", kept_secret(data / KEY))
    return data


def refuse_what_must_not_be_served() -> None:
    """Commands run these checks by themselves; a server asks here."""
    errors = [error for error in run_checks(tags=[Tags.database], databases=["default"]) if error.is_serious()]
    connections.close_all()
    if errors:
        raise ImproperlyConfigured("\n".join(f"{error.msg} {error.hint or ''}" for error in errors))


def kept_secret(file: Path) -> str:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(50))
    return file.read_text()


@contextmanager
def in_one_sentence(status: int = 1) -> Iterator[None]:
    """End the process with what is set wrong, and without a traceback unless it is asked for."""
    try:
        yield
    except (ImproperlyConfigured, DatabaseError) as error:
        if "--traceback" in sys.argv:
            raise
        print(in_words(error) if isinstance(error, DatabaseError) else error, file=sys.stderr, flush=True)
        sys.exit(status)


def in_words(error: DatabaseError) -> str:
    first_line, *_query = str(error).strip().splitlines() or [repr(error)]
    lacks_a_table = re.search('no such table|relation ".*" does not exist', first_line)
    return f"The database says: {first_line}" + ("; `manage.py upgrade` makes what is missing" if lacks_a_table else "")
