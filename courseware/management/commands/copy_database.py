"""Command `copy_database`."""

import time

from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection

from courseware.project import database_copy
from courseware.project.maintenance import LOOK_EVERY, closed_site, lift_timeouts


class Command(BaseCommand):
    help = (
        "Copy everything from the database of DATABASE_URL into an empty one, from SQLite to PostgreSQL or back, "
        "completely or not at all. The site answers 503 meanwhile."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--to", required=True, metavar="URL", help="address of the empty database, as in DATABASE_URL"
        )

    def handle(self, to, **options):
        try:
            database_copy.connect(to)
        except ImproperlyConfigured as error:
            raise CommandError(error) from None
        lift_timeouts(connection)
        database_copy.prepare()
        self.say("tables: made")
        with closed_site():
            time.sleep(LOOK_EVERY)  # until all processes have noticed, and have finished their requests
            database_copy.copy_everything(self.say)
        for table in database_copy.unknown_tables(database_copy.HERE):
            self.say(f"{table}: left, for this version does not know it")
        with database_copy.other_as_the_sites():
            call_command("verify_audit_log", stdout=self.stdout, stderr=self.stderr)
            call_command("check_records", stdout=self.stdout, stderr=self.stderr)
        self.say("done; put its address into DATABASE_URL, and restart the server and the worker")

    def say(self, line):
        self.stdout.write(line)
        self.stdout.flush()
