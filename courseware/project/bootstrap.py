"""Bootstrap of manage.py, gunicorn and `make run`, before the settings are read."""

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

BASE_DIR = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
TRIAL = BASE_DIR / "var" / "try"  # data of `make run`
KEY = "secret-key"
# If one of these is set, the data of `make run` is not used.
SET_FOR_A_SITE = frozenset({
    "ALLOWED_HOSTS", "DATABASE_URL", "DATA_DIR", "DJANGO_SETTINGS_MODULE", "EMAIL_URL", "PLAIN_HTTP", "SECRET_KEY",
    "SITE_URL",
})  # fmt: skip
GUNICORN_GIVES_UP = 3  # exit status; with any other it restarts the worker forever

is_serving = False  # whether this process is a server; servers get database timeouts


def begin(*, serving: bool = False) -> None:
    """Set umask and, if it is missing, DJANGO_SETTINGS_MODULE. `serving`: this process is a server, not a command."""
    global is_serving
    is_serving = serving
    os.umask(0o077)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseware.settings")


def find_trial() -> None:
    """Use the site of `make run`, and print that, if it exists and the environment has no setting of a real site."""
    if SET_FOR_A_SITE.isdisjoint(os.environ) and (TRIAL / KEY).exists():
        print(f"Nothing is set, so this is the site of `make run` in {TRIAL.relative_to(BASE_DIR)}/.", file=sys.stderr)
        prepare_trial()


def prepare_trial() -> Path:
    """Set missing environment variables for the site of `make run`; make and return its data folder with secret key."""
    data = Path(os.environ.setdefault("DATA_DIR", str(TRIAL)))
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ.setdefault("PLAIN_HTTP", "1")
    os.environ.setdefault("SITE_URL", f"http://{LOOPBACK}:{os.environ.get('PORT', '8000')}")
    os.environ.setdefault("SECRET_KEY", kept_secret(data / KEY))
    return data


def refuse_what_must_not_be_served() -> None:
    """Run the database checks, as commands do by themselves. Raise ImproperlyConfigured if one fails."""
    errors = [error for error in run_checks(tags=[Tags.database], databases=["default"]) if error.is_serious()]
    connections.close_all()
    if errors:
        raise ImproperlyConfigured("\n".join(f"{error.msg} {error.hint or ''}" for error in errors))


def kept_secret(file: Path) -> str:
    """Return the secret in the file, which is created with a random secret if it is missing."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(50))
    return file.read_text()


@contextmanager
def in_one_sentence(status: int = 1) -> Iterator[None]:
    """Exit with `status` and a message for ImproperlyConfigured or DatabaseError. With --traceback, raise them."""
    try:
        yield
    except (ImproperlyConfigured, DatabaseError) as error:
        if "--traceback" in sys.argv:
            raise
        print(in_words(error) if isinstance(error, DatabaseError) else error, file=sys.stderr, flush=True)
        sys.exit(status)


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [repr(error)])[0]


def in_words(error: DatabaseError) -> str:
    message = first_line(error)
    is_table_missing = re.search('no such table|relation ".*" does not exist', message)
    return f"The database says: {message}" + ("; `manage.py upgrade` makes what is missing" if is_table_missing else "")
