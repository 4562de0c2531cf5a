"""Command export_openapi: write docs/openapi.json."""

import json

from django.conf import settings
from django.core.management import BaseCommand

from courseware.reporting.api.endpoints import description


class Command(BaseCommand):
    help = "Write docs/openapi.json, the description of the API, after a change of the API. For developers."

    def handle(self, **options):
        path = settings.BASE_DIR / "docs" / "openapi.json"
        path.write_text(json.dumps(description(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        self.stdout.write(str(path))
