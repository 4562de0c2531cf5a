"""Command create_demo: fill an empty site with demo accounts."""

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from courseware.accounts.models import User
from courseware.content.models import Course
from courseware.reporting.demo import create_demo_company
from courseware.reporting.statistics.nightly_update import update_statistics


class Command(BaseCommand):
    help = "Fill an empty site with demo accounts, whose password is public. Refused unless PLAIN_HTTP is set."

    def handle(self, **options):
        if not settings.PLAIN_HTTP:
            raise CommandError("The password of demo accounts is public: they are made only where PLAIN_HTTP is set.")
        if User.objects.exists():
            raise CommandError("There are people here already. Demo accounts are only made on an empty site.")
        if not Course.objects.exclude(current=None).exists():
            raise CommandError("There is no course yet. Run import_content first.")
        create_demo_company(say=self.say)
        update_statistics()  # otherwise a nightly job

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
