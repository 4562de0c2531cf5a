"""Command `reset_two_factor`: remove the lost second factor of a person."""

from django.core.management.base import BaseCommand, CommandError

from courseware.accounts.models import User
from courseware.accounts.security import two_factor


class Command(BaseCommand):
    help = "Reset two-step verification of a person who lost it. The person sets it up again at the next sign-in."

    def add_arguments(self, parser):
        parser.add_argument("address", help="email address of the person")

    def handle(self, *args, address, **options):
        person = User.objects.filter(email=address.strip().lower()).first()
        if not person:
            raise CommandError(f"{address}: nobody signs in with this address")
        if two_factor.reset(person):
            self.stdout.write(
                f"{person.sign_in_name} signs in with the password alone, and then sets up two-step verification again."
            )
        else:
            self.stdout.write(f"{person.sign_in_name} has no two-step verification; nothing was changed.")
