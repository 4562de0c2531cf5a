from typing import Any

from django.core.management.base import BaseCommand

from courseware.evidence.sealing import seal


class Command(BaseCommand):
    help = "Seals what was recorded since the last seal. Repeating it changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if sealed := seal():
            self.stdout.write(f"Seal {sealed.number}, events: {sealed.count}, sha256 {sealed.digest}.")
