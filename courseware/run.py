"""`make run`: set up and serve a trial site with demo accounts, for this machine only: plain HTTP, emails as files."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from itertools import count
from pathlib import Path

from courseware.project import bootstrap
from courseware.project.bootstrap import BASE_DIR, LOOPBACK


def refuse_an_old_trial() -> None:
    """End with a message if the database has other initial migrations. The message shows how to move the site away."""
    from django.conf import settings

    from courseware.project.maintenance import refusal

    if reason := refusal():
        if "DATABASE_URL" not in os.environ:
            reason += f"\nTo begin anew, move the trial aside and repeat `make run`: {move_aside(settings.DATA_DIR)}"
        sys.exit(reason)


def move_aside(folder: Path) -> str:
    """Return the shell command that renames the folder to a free name."""
    free = next(name for number in count(1) if not (name := folder.with_name(f"{folder.name}-old-{number}")).exists())
    return shlex.join(["mv", str(folder), str(free)])


def set_up_database() -> None:
    """Create or upgrade the database and the static files; afterwards a server can start."""
    import django

    django.setup()
    refuse_an_old_trial()
    from courseware.management.commands.upgrade import Command

    Command().set_up_database()


def set_up_site() -> None:
    """Import or upgrade the courses. If the site has no accounts, create the demo company."""
    from django.core.management import CommandError, call_command

    from courseware.accounts.models import User
    from courseware.management.commands.upgrade import Command

    try:
        Command().set_up_courses()
    except CommandError as error:
        # An edit in the admin wins over a changed file: report it and serve the published version.
        print(f"{error}\nThe site serves what was published last.", file=sys.stderr)
    if not User.objects.exists():
        call_command("create_demo")


def accounts_in_words() -> str:
    """Return the list of demo accounts, in the language of the terminal."""
    from django.utils import translation

    from courseware.reporting.demo import ACCOUNTS, DEMO_PASSWORD

    with translation.override("zh-hans" if os.environ.get("LANG", "").startswith("zh") else "en"):
        accounts = "\n".join(f"  {email:<22} {purpose}" for email, purpose in ACCOUNTS.items())
    return f"{accounts}\n  password: {DEMO_PASSWORD}"


def main() -> None:
    port = os.environ.get("PORT", "8000")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        sys.exit(f"PORT: expected a number from 1 to 65535, got {port!r}")
    with socket.socket() as tried:
        if tried.connect_ex((LOOPBACK, int(port))) == 0:
            sys.exit(
                f"PORT: another program answers at port {port}. For another one: PORT={int(port) % 65535 + 1} make run"
            )
    bootstrap.begin()
    with bootstrap.in_one_sentence():
        bootstrap.prepare_trial()
        set_up_database()
    sys.exit(serve(port))


def serve(port: str) -> str | int:
    """Run server and worker until Ctrl+C, or until one ends (return a message); then end both.

    Pages open while the courses are imported. A new site has no accounts before that, and no work for the worker.
    """
    running: dict[int, str] = {}

    def start(name: str, *arguments: str) -> None:
        running[subprocess.Popen([sys.executable, *arguments]).pid] = name  # noqa: S603 - constants and a port

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        config = f"--config={BASE_DIR / 'gunicorn.conf.py'}"
        start("The server", "-m", "gunicorn", config, f"--bind={LOOPBACK}:{port}", "--log-level=warning")
        print(
            f"\nCourseware is at http://{LOOPBACK}:{port}\nThe accounts follow when the courses are ready.\n",
            flush=True,
        )
        with bootstrap.in_one_sentence():
            set_up_site()
        print(f"\n{accounts_in_words()}\n\nCtrl+C ends it.\n", flush=True)
        start("The worker", str(BASE_DIR / "manage.py"), "run_worker", "--verbosity=0")
        died, status = os.wait()
        name = running.pop(died)
        return f"{name} ended by itself ({os.waitstatus_to_exitcode(status)}), so everything does."
    except KeyboardInterrupt:
        return 0  # the terminal has sent SIGINT to each of them
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for pid in running:
            os.kill(pid, signal.SIGTERM)
        for pid in running:
            os.waitpid(pid, 0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # before both programs have started
        sys.exit(130)
