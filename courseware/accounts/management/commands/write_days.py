from django.core.management.base import BaseCommand, CommandError

from courseware.accounts.shipped_days import table
from courseware.accounts.working_days import SHIPPED


class Command(BaseCommand):
    help = (
        "Writes the holidays of a year in China, as the package `holidays` has them, into the product. For developers."
    )

    def add_arguments(self, parser):
        parser.add_argument("year", type=int)

    def handle(self, *args, year, **options):
        try:
            text = table(year)
        except ImportError:
            raise CommandError("the package `holidays` is not here: it comes with the tools of development") from None
        path = SHIPPED / f"cn-{year}.csv"
        path.write_text(text, encoding="utf-8", newline="")
        self.stdout.write(f"{path}: compare it with the notice of the State Council")
