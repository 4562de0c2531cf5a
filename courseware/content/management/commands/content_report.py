"""Command that prints statistics of a course: coverage, minutes, reading, keys, age of sources."""

from pathlib import Path

import markdown
from django.core.management.base import BaseCommand
from django.template.loader import render_to_string

from courseware.content.management.commands.check_content import course_folders, read_files
from courseware.course_format.course import read_course
from courseware.course_format.reports.statistics import CourseFigures


class Command(BaseCommand):
    help = "Print statistics of the courses as Markdown: coverage, reading time, questions, age of sources."
    requires_system_checks = []  # it reads files only

    def add_arguments(self, parser):
        parser.add_argument("directory", nargs="?", type=Path, help="folder of course folders (default: content/)")
        parser.add_argument("--language", default="en", help="language of titles, if the course has it (default: en)")
        parser.add_argument("--html", action="store_true", help="print an HTML page")

    def handle(self, *, directory: Path | None, language: str, html: bool, **options):
        courses = [CourseFigures(read_course(read_files(folder)), language) for folder in course_folders(directory)]
        report = render_to_string("content/report.md", {"courses": courses})
        if html:
            body = markdown.markdown(report, extensions=["tables"])
            report = render_to_string("content/report.html", {"title": courses[0].name, "body": body})
        self.stdout.write(report, ending="")
