"""Command `process_bounce`."""

import os
import sys

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from courseware.notifications.email.bounces import LONGEST, process_bounce


class Command(BaseCommand):
    help = (
        "Read one message from standard input, as mail servers pass it on. If it reports that an email could not be "
        "delivered, that email is marked as bounced. Any other message is dropped."
    )
    requires_system_checks = ()  # they would delay the mail server

    def handle(self, **options):
        mail = sys.stdin.buffer.read(LONGEST)
        while sys.stdin.buffer.read(LONGEST):  # the mail server treats a pipe that closes early as a failure
            pass
        try:
            self.stdout.write(process_bounce(mail))
        except DatabaseError as error:
            self.stderr.write(f"the database says: {error}")
            sys.exit(os.EX_TEMPFAIL)  # the mail server then retries later
