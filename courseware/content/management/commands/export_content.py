from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from courseware.content.models import Course
from courseware.content.releases.course_export import ExportRefused, export_course
from courseware.content.releases.course_files import ImportRefused


class Command(BaseCommand):
    help = "Write the released text of the courses into a folder, one folder each, byte for byte as it was written."

    def add_arguments(self, parser):
        parser.add_argument("directory", type=Path, help="Where the course folders are, or shall be")
        parser.add_argument("--course", help="The id of one course (default: all)")
        parser.add_argument("--drafts", action="store_true", help="The newest text, released or not")
        parser.add_argument("--force", action="store_true", help="Replace also what was edited there or is foreign")

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
