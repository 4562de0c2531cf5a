"""Base class of commands that print a Markdown table for each course."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from django.core.management.base import BaseCommand

from courseware.content.management.commands.check_content import course_folders, read_files
from courseware.course_format.course import CourseText, read_course
from courseware.course_format.reports.statistics import CourseFigures


class CourseTablesCommand(BaseCommand):
    """Print `opening`, then for each course its name and the result of `lines`."""

    opening = ""
    requires_system_checks = []  # it reads files only

    def add_arguments(self, parser):
        parser.add_argument("directory", nargs="?", type=Path, help="folder of course folders (default: content/)")
        parser.add_argument(
            "--language", default="en", help="language of the texts, if the course has it (default: en)"
        )

    def handle(self, *, directory: Path | None, language: str, **options):
        self.stdout.write(self.opening, ending="")
        for folder in course_folders(directory):
            course = read_course(read_files(folder))
            self.stdout.write(f"\n## {CourseFigures(course, language).name}")
            self.stdout.write("\n".join(self.lines(course, language)))

    def lines(self, course: CourseText, language: str) -> Iterator[str]:
        """Return the lines about one course. `language`: of the texts, else the source language."""
        raise NotImplementedError


def table_row(cells: Iterable[str]) -> str:
    """Return a row of a Markdown table. `cells`: plain text or Markdown; a "|" in them is escaped."""
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
