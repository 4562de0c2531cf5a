"""Command `run_worker`."""

import logging

from django.core.management import BaseCommand

from courseware.jobs.worker import WorkLoop
from courseware.project import version
from courseware.project.maintenance import Watch

logger = logging.getLogger("courseware.jobs.starting")


class Command(BaseCommand):
    help = (
        "Run background tasks: emails, chat messages and scheduled jobs. Runs until it is stopped, and finishes the "
        "current task first. On PostgreSQL several can run."
    )

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="run what is due and end, for cron")

    def handle(self, *, once, verbosity, **options):
        logging.getLogger("courseware.jobs").setLevel(logging.INFO if verbosity else logging.WARNING)
        logger.info("%s", version.in_words())
        WorkLoop(Watch().reason).run(once=once)
