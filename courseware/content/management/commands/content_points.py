"""Print every point of the outline of a course with where it is taught and asked, for docs/course-points.md."""

from pathlib import Path

from django.core.management.base import BaseCommand

from courseware.content.management.commands.check_content import course_folders, read_files
from courseware.language.course import read_course
from courseware.language.course_figures import CourseFigures
from courseware.language.course_points import TaughtPoint, points_of

OPENING = """\
# What the courses cover, and where

Made by `manage.py content_points`; not written by hand. Each point of an outline with each lesson or simulation that
covers it. The first section is the one whose words come nearest to the point’s, and the sentence is its first rule or
paragraph. Questions are those of the banks that lead there, or where none does to the lesson, with the sections that
they name.
"""
TABLE = "\n| Point | | Taught in | Sections | It says there | Questions |\n|---|---|---|---|---|---|"


class Command(BaseCommand):
    help = "Print every point of the outlines with where it is taught, in which sentence, and asked, as Markdown."
    requires_system_checks = []  # it reads files only

    def add_arguments(self, parser):
        parser.add_argument("directory", nargs="?", type=Path, help="Folder of course folders (default: content/)")
        parser.add_argument("--language", default="en", help="Language of the texts, where the course has it")

    def handle(self, *, directory: Path | None, language: str, **options):
        self.stdout.write(OPENING, ending="")
        for folder in course_folders(directory):
            course = read_course(read_files(folder))
            points = points_of(course, language)
            self.stdout.write(f"\n## {CourseFigures(course, language).name}")
            self.stdout.write("\n".join([TABLE, *map(_row, points)]) if points else "\nIt has no outline.")


def _row(point: TaughtPoint) -> str:
    sections, questions = ", ".join(point.sections), ", ".join(point.questions) or "–"
    cells = (point.id, point.says, point.document or "**nowhere**", sections, point.sentence, questions)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
