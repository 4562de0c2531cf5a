"""Command that exports courses to folders."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from courseware.content.models import Course
from courseware.content.releases.course_export import ExportRefused, export_course
from courseware.content.releases.course_files import ImportRefused


class Command(BaseCommand):
    help = "Write the released files of the courses, byte for byte, into one folder for each course."

    def add_arguments(self, parser):
        parser.add_argument("directory", type=Path, help="folder of the course folders")
        parser.add_argument("--course", help="id of one course (default: all)")
        parser.add_argument("--drafts", action="store_true", help="the latest revisions, released or not")
        parser.add_argument(
            "--force", action="store_true", help="also overwrite files that were edited there or are foreign"
        )

    def handle(self, *, directory: Path, course: str | None, drafts: bool, force: bool, **options):
        courses = Course.objects.filter(identifier=course) if course else Course.objects.all()
        if not courses:
            there_are = ", ".join(Course.objects.values_list("identifier", flat=True)) or "none"
            raise CommandError(f"no such course; there are: {there_are}")
        for each in courses:
            try:
                written = export_course(each, directory / each.identifier, drafts=drafts, force=force)
            except (ExportRefused, ImportRefused) as refusal:
                raise CommandError(f"{refusal}\nNothing was written; --force overrides this.") from refusal
            self.stdout.write(f"{directory / each.identifier}: {len(written)} files written")
