"""`make run`: from a bare clone to a served site with demo people, in one process. Run again, it changes nothing.

For trying out on this machine only: plain http, SQLite in var/try/, letters kept as files.
How a firm runs the site for real is docs/operator.md.
"""

import os
import sys
from pathlib import Path

from courseware import starting
from courseware.starting import BASE_DIR, KEY, LOOPBACK, TRIAL


def earlier_trial(data: Path) -> str:
    """What to say where the data of `make run` is still in var/, its folder once: it may be in use, so it stays."""
    before = TRIAL.parent
    if data != TRIAL or (data / KEY).exists() or not (before / KEY).exists():
        return ""
    move = f"mkdir -p {data} && cd {before} && mv {KEY} courseware.sqlite3* mail {data}/"
    return (
        f"A site that was tried out earlier is in {before}/ and stays there; this one is new.\nTo go on with it: {move}"
    )


def set_up() -> None:
    """Database, static files, course and, where nobody is there yet, the demo firm."""
    import django
    from django.core.management import CommandError, call_command

    django.setup()
    from courseware.accounts.models import User

    try:
        call_command("upgrade")
    except CommandError as error:
        # Edits made in the admin win over a file that changed too: say so, and serve what is published.
        print(f"{error}\nThe site serves what was published last.", file=sys.stderr)
    if not User.objects.exists():
        call_command("make_demo")


def address_and_accounts(port: str) -> str:
    """What to print, in the language of the terminal."""
    from django.utils import translation

    from courseware.reporting.demo import ACCOUNTS, SIGN_IN_WITH

    with translation.override("zh-hans" if os.environ.get("LANG", "").startswith("zh") else "en"):
        accounts = "\n".join(f"  {email:<22} {purpose}" for email, purpose in ACCOUNTS.items())
    return f"\nCourseware is at http://{LOOPBACK}:{port}\n\n{accounts}\n  password: {SIGN_IN_WITH}\n\nCtrl+C ends it.\n"


def main() -> None:
    port = os.environ.get("PORT", "8000")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        sys.exit(f"PORT: expected a number from 1 to 65535, got {port!r}")
    starting.begin()
    if said := earlier_trial(Path(os.environ.get("DATA_DIR", TRIAL))):
        print(said, file=sys.stderr)
    with starting.in_one_sentence():
        starting.prepare_trial()
        set_up()
    print(address_and_accounts(port), flush=True)
    gunicorn = ["gunicorn", f"--config={BASE_DIR / 'gunicorn.conf.py'}"]
    os.execv(  # noqa: S606 - replaced by the server, so that Ctrl+C reaches it and no process is left behind
        sys.executable,
        [sys.executable, "-m", *gunicorn, f"--bind={LOOPBACK}:{port}", "--log-level=warning"],
    )


if __name__ == "__main__":
    main()
