"""Deploy checks: system checks of email encryption and file permissions, for `manage.py check --deploy`."""

import stat
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Tags, register


@register(Tags.security, deploy=True)
def emails_leave_by_tls(**kwargs):
    if settings.PLAIN_HTTP:
        return []
    if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        words = "EMAIL_URL: expected a mail server. Without one, emails with sign-in links stay in DATA_DIR/mail."
        return [Error(words, id="courseware.E001")]
    is_local = urlsplit(f"//{settings.EMAIL_HOST}").hostname in {"localhost", "127.0.0.1"}
    is_unencrypted = settings.EMAIL_BACKEND.endswith("smtp.EmailBackend") and not (
        settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    )
    if is_unencrypted and not is_local:
        words = "EMAIL_URL: expected smtp+tls:// or smtp+ssl://, because emails contain sign-in links."
        return [Error(words, id="courseware.E002")]
    return []


@register(Tags.security, deploy=True)
def only_the_owner_reads_the_data(**kwargs):
    if settings.PLAIN_HTTP:
        return []
    return [
        Error(f"{path}: expected to be readable by its owner only.", hint=f"chmod go= {path}", id="courseware.E003")
        for path in places_of_data()
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]


def places_of_data() -> list[Path]:
    """Return the data folder, and the database files outside of it."""
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite3"):
        return [settings.DATA_DIR]
    file = Path(database["NAME"])
    files = [] if settings.DATA_DIR in file.parents else [Path(f"{file}{end}") for end in ("", "-wal", "-shm")]
    return [settings.DATA_DIR, *files]
