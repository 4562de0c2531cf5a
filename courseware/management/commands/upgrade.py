"""Command `upgrade`."""

import time
from collections.abc import Callable

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection

from courseware.content.models import Release
from courseware.content.releases.publishing import recompile
from courseware.content.rendering.compiler import COMPILER
from courseware.project.maintenance import (
    LOOK_EVERY,
    closed_site,
    lift_timeouts,
    migrations_of_this_version,
    refusal,
    unapplied,
)
from courseware.project.static_files import collect


class Command(BaseCommand):
    help = (
        "Bring the database, the static files and the courses to this version. Can be repeated, also after it was "
        "killed. The site answers 503 while the database changes."
    )

    def handle(self, **options):
        self.set_up_database()
        self.set_up_courses()

    def set_up_database(self) -> None:
        """Collect static files and migrate the database; afterwards a server can start."""
        lift_timeouts(connection)
        if reason := refusal():
            raise CommandError(f"{reason}. Nothing was changed.")
        self.say("static files: to be compressed where one has changed")
        self.step("static files", collect)
        if missing := unapplied():
            with closed_site():
                self.say(f"site: closed, {len(missing)} migrations to apply")
                if len(missing) < len(migrations_of_this_version()):  # an empty database has no users
                    time.sleep(LOOK_EVERY)  # until all processes have noticed, and have finished their requests
                self.step("database", lambda: call_command("migrate", interactive=False, verbosity=0))
                self.step("cache table", lambda: call_command("createcachetable", settings.CACHE_TABLE, verbosity=0))
            self.say("site: open to processes of this version; restart the server")
        else:
            self.step("database", lambda: call_command("migrate", interactive=False, verbosity=0))
            self.step("cache table", lambda: call_command("createcachetable", settings.CACHE_TABLE, verbosity=0))

    def set_up_courses(self) -> None:
        """Compile and import the courses, and check the records."""
        failed = [*self.compile_again(), *self.import_course()]
        self.step("records", lambda: call_command("check_records", stdout=self.stdout, stderr=self.stderr))
        self.step("log", lambda: call_command("create_checkpoint", stdout=self.stdout))
        if failed:
            raise CommandError("Everything else is done; left as it was: " + ", ".join(failed))
        self.say("done")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def step(self, name: str, do: Callable[[], object]) -> None:
        do()
        self.say(f"{name}: done")

    def compile_again(self) -> list[str]:
        """Compile old releases, each in its own transaction; return those that failed.
        A release that today's grammar refuses stays as it was.
        """
        failed = []
        for release in Release.objects.exclude(compiler=COMPILER).select_related("course").order_by("pk"):
            try:
                recompile(release)
            except Exception as error:
                failed.append(f"release {release}")
                self.stderr.write(f"release {release}: {error!r}")
            else:
                self.say(f"release {release}: compiled again")
        return failed

    def import_course(self) -> list[str]:
        self.say("courses: to be imported where one has changed; the first time this takes the longest")
        try:
            call_command("import_content", stdout=self.stdout, stderr=self.stderr)
        except CommandError as error:
            # An edit in the admin wins over a changed file: the site serves the last published version.
            self.stderr.write(str(error))
            return ["the course"]
        return []
