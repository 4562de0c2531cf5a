"""Command that checks course files and prints the issues."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from courseware.course_format.checks import check
from courseware.course_format.checks.overlap import check_overlap
from courseware.course_format.course import read_course
from courseware.course_format.diagnostic_messages import LEVELS, pattern
from courseware.course_format.diagnostics import Diagnostic


class Command(BaseCommand):
    help = "Check the course files and print each issue with file, line and what was expected."
    requires_system_checks = []  # it reads files only, and should answer at once

    def add_arguments(self, parser):
        parser.add_argument("directory", nargs="?", type=Path, help="folder of course folders (default: content/)")
        parser.add_argument("--complete", action="store_true", help="also check what holds for a finished course only")
        parser.add_argument(
            "--against",
            nargs="+",
            type=Path,
            default=[],
            metavar="FILE",
            help="texts whose sentences must not occur in the course",
        )
        parser.add_argument("--strict", action="store_true", help="also fail on warnings")
        parser.add_argument(
            "--list",
            action="store_true",
            dest="only_list",
            help="print all issues that the checker knows, and check nothing",
        )

    def handle(self, *, only_list: bool, **options):
        if not only_list:
            return self._check(**options)
        for finding, level in sorted(LEVELS.items()):
            self.stdout.write(f"{finding:28} {level:7} {pattern(finding)}")

    def _check(self, *, directory: Path | None, complete: bool, against: list[Path], strict: bool, **options):
        root = directory or settings.CONTENT_DIR
        all_problems: list[Diagnostic] = []
        texts = {path.name: path.read_text() for path in against}
        folders = course_folders(directory)
        for folder in folders:
            files = read_files(folder)
            problems = sorted([*check(files, complete=complete), *check_overlap(read_course(files), texts)])
            all_problems += problems
            for problem in problems:
                mark = "" if problem.level == "error" else " (warning)"
                self.stdout.write(f"{_shown(root)}/{folder.name}/{problem}{mark}")
        errors = sum(problem.level == "error" for problem in all_problems)
        self.stdout.write(f"courses: {len(folders)}, errors: {errors}, warnings: {len(all_problems) - errors}")
        if errors or (strict and all_problems):
            raise SystemExit(1)


def course_folders(directory: Path | None) -> list[Path]:
    """Return the course folders directly in `directory` (None: CONTENT_DIR). Raise `CommandError` if there is none."""
    root = directory or settings.CONTENT_DIR
    folders = sorted({path.parent for path in root.glob("*/course.*.md")})
    if not folders:
        raise CommandError(f"{root}: no course here; expected a folder with a file like course.en.md")
    return folders


def read_files(folder: Path) -> dict[str, bytes]:
    """Return path inside `folder`, also in subfolders → content, without hidden files and folders."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    inside = ((path.relative_to(folder), path) for path in paths)
    return {
        relative.as_posix(): path.read_bytes()
        for relative, path in inside
        if not any(part.startswith(".") for part in relative.parts)
    }


def _shown(root: Path) -> Path:
    # The path that an author would type in the project folder.
    root = root.resolve()
    return root.relative_to(settings.BASE_DIR) if root.is_relative_to(settings.BASE_DIR) else root
