"""Command check_records: compare stored values with their sources."""

from django.core.management import BaseCommand, CommandError

from courseware.reporting.integrity.check_all import differences


class Command(BaseCommand):
    help = "Compare stored values with their sources, and the audit log with its hashes. Prints every difference."

    def handle(self, **options):
        found = 0
        for difference in differences():
            found += 1
            self.stderr.write(difference)
        if found:
            raise CommandError(f"{found} differences")
        self.stdout.write("0 differences")
