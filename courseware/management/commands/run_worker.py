import logging

from django.core.management import BaseCommand

from courseware.jobs.worker import WorkLoop
from courseware.project import version
from courseware.project.maintenance import Watch

logger = logging.getLogger("courseware.jobs.starting")


class Command(BaseCommand):
    help = (
        "Do what is done beside the pages: letters, the jobs of the schedule, everything that was enqueued. Runs until "
        "it is stopped; a task in hand is finished first. Several may run, on one machine or on many."
    )

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="do what is due and end, as a cron line wants it")

    def handle(self, *, once, verbosity, **options):
        logging.getLogger("courseware.jobs").setLevel(logging.INFO if verbosity else logging.WARNING)
        logger.info("%s", version.in_words())
        WorkLoop(Watch().reason).run(once=once)
