"""Command `backup`."""

from pathlib import Path

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from courseware.project import backups


class Command(BaseCommand):
    help = (
        "Write the database into one file in BACKUP_DIR while the site keeps running. Deletes the oldest backups "
        "beyond BACKUPS_KEPT."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--to", type=Path, metavar="FOLDER", help="write there instead of BACKUP_DIR, and delete nothing"
        )

    def handle(self, *, to, **options):
        folder = to or settings.BACKUP_DIR
        if folder is None:
            raise CommandError("BACKUP_DIR: expected a folder, or one by --to")
        try:
            path, manifest = backups.make(folder)
            old = [] if to else backups.thin(folder, settings.BACKUPS_KEPT, path)
        except backups.BackupFailed as error:
            raise CommandError(error) from error
        self.stdout.write(f"{path}: {path.stat().st_size / 1_000_000:.1f} MB, {manifest}")
        for each in old:
            self.stdout.write(f"{each}: gone, for {settings.BACKUPS_KEPT} are kept")
