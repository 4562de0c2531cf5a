"""Command `restore`."""

import time
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import DatabaseError, connection

from courseware.project import backups
from courseware.project.database_dumps import DumpFailed, restore_dump
from courseware.project.maintenance import LOOK_EVERY, closed_site, lift_timeouts, unapplied


class Command(BaseCommand):
    help = (
        "Replace the content of the database by a backup, completely or not at all, and check the audit log and the "
        "records. The site answers 503 meanwhile."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="a file written by `backup`")
        parser.add_argument("--replace", action="store_true", help="overwrite a database that is not empty")

    def handle(self, *, file, replace, **options):
        self.refuse_a_database_that_holds_something(replace)
        try:
            with backups.lock_folder(settings.DATA_DIR), unpacked(file) as (database, manifest):
                self.say(f"{file}: whole; {manifest}")
                with closed_site():
                    time.sleep(LOOK_EVERY)  # until all processes have noticed, and have finished their requests
                    restore_dump(database)
        except (backups.BackupFailed, DumpFailed) as error:
            raise CommandError(error) from error
        connection.close()
        self.say("database: as it was then; restart the server and the worker, which still remember the other")
        self.check_what_came()

    def refuse_a_database_that_holds_something(self, replace):
        try:
            lift_timeouts(connection)
            if not replace and connection.introspection.table_names():
                raise CommandError(
                    "The database is not empty; --replace puts the backup in the place of all that is there"
                )
        except DatabaseError as error:
            raise CommandError(f"DATABASE_URL: {error}") from error

    def check_what_came(self):
        """Verify the restored records, unless the backup is of an earlier version."""
        if missing := unapplied():
            self.say(f"{'.'.join(missing[0])} is not applied: an earlier version; now call manage.py upgrade")
            return
        call_command("verify_audit_log", stdout=self.stdout, stderr=self.stderr)
        call_command("check_records", stdout=self.stdout, stderr=self.stderr)

    def say(self, line):
        self.stdout.write(line)
        self.stdout.flush()


@contextmanager
def unpacked(file):
    """Yield (path of the database, manifest). It is unpacked into DATA_DIR: /tmp may be small, and is shared."""
    database = settings.DATA_DIR / f"courseware-restoring{backups.UNFINISHED}"
    try:
        yield database, backups.unpack(file, database)
    finally:
        database.unlink(missing_ok=True)
