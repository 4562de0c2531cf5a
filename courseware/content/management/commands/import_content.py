from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from courseware.content.importing import ImportConflict, ImportRefused, Report, import_course, read_folder
from courseware.content.models import Course
from courseware.content.publishing import ContentErrors, recompile


class Command(BaseCommand):
    help = (
        "Import course folders: what changed in the files is released, what changed in the admin is kept. Where both "
        "changed, the files are named and nothing is written."
    )

    def add_arguments(self, parser):
        parser.add_argument("directory", nargs="?", type=Path, help="Folder of course folders (default: content/)")
        parser.add_argument("--dry-run", action="store_true", help="Say what would be done, and write nothing")

    def handle(self, *, directory: Path | None, dry_run: bool, **options):
        root = directory or settings.CONTENT_DIR
        folders = sorted({path.parent for path in root.glob("*/course.*.md")})
        if not folders:
            raise CommandError(f"{root}: no course here; expected a folder with a file like course.en.md")
        failed = [folder.name for folder in folders if not self.import_folder(folder, dry_run)]
        if not dry_run:
            for course in Course.objects.exclude(current=None).select_related("current"):
                recompile(course.current)
        if failed:
            raise CommandError(f"not imported: {', '.join(failed)}")

    def import_folder(self, folder: Path, dry_run: bool) -> bool:
        """Whether it went well; what went wrong is printed."""
        try:
            report = import_course(read_folder(folder), dry_run=dry_run)
        except ImportConflict as conflict:
            self.stderr.write(f"{folder.name}: changed in the files and in the admin; nothing was written:")
            self.stderr.write("\n".join(f"  {path}" for path in conflict.paths))
            self.stderr.write("Export the drafts, merge them into the files, and import again.")
        except ContentErrors as errors:
            self.stderr.write("\n".join(f"{folder.name}/{problem}" for problem in errors.problems))
        except ImportRefused as refusal:
            self.stderr.write(f"{folder.name}: {refusal}")
        else:
            self.stdout.write(f"{folder.name}: {summary(report, dry_run)}")
            return True
        return False


def summary(report: Report, dry_run: bool) -> str:
    if report.is_empty:
        return "unchanged"
    counts = f"{len(report.added)} added, {len(report.changed)} changed, {len(report.removed)} removed"
    kept = f", {len(report.kept)} kept as edited in the admin" if report.kept else ""
    if dry_run:
        return f"would be imported: {counts}{kept}"
    return f"{f'release {report.release.number}' if report.release else 'nothing new to release'}: {counts}{kept}"
