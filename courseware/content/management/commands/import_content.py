"""Command that imports course folders."""

import shlex
from collections.abc import Iterable
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from courseware.content.management.commands.check_content import course_folders
from courseware.content.models import Release
from courseware.content.releases.course_files import ImportRefused, read_folder
from courseware.content.releases.course_import import ImportConflict, ImportReport, import_course
from courseware.content.releases.publishing import ContentErrors, PassMarkTooLow, recompile
from courseware.content.rendering.compiler import COMPILER

# All other changes are minor, unless the course document lists them in `changes`.
ASKED = {
    "reread": "people who completed them are shown what changed",
    "retake": "people who completed them answer their check again",
}
NAMED = 3  # maximum of removed question ids that are printed; of more, only their number


class Command(BaseCommand):
    help = (
        "Import course folders: changes in the files are released, changes in the admin are kept. If a document "
        "changed in both, its course is not imported until the files are merged and named with --merged."
    )

    def add_arguments(self, parser):
        parser.add_argument("directory", nargs="?", type=Path, help="folder of course folders (default: content/)")
        parser.add_argument("--dry-run", action="store_true", help="show the changes and write nothing")
        parser.add_argument(
            "--merged",
            nargs="+",
            default=[],
            metavar="PATH",
            help="files that now hold the merged text of a conflict, by the names that the conflict printed",
        )

        for impact, asked in ASKED.items():
            parser.add_argument(f"--{impact}", nargs="+", default=[], metavar="ID", help=f"changed lessons: {asked}")

    def handle(self, *, directory: Path | None, dry_run: bool, merged: list[str], verbosity: int, **options):
        self.verbosity = verbosity
        folders = course_folders(directory)
        self.merged = by_folder(merged, folders)
        self.impacts: dict[Path, dict[str, str]] = {folder: {} for folder in folders}
        for impact in ASKED:
            for folder, documents in by_folder(options[impact], folders).items():
                self.impacts[folder] |= dict.fromkeys(documents, impact)
        self.command = ["manage.py", "import_content", *([str(directory)] if directory else []), "--merged"]
        has_names = any([merged, *map(options.get, ASKED)])
        # A wrong name in one course must not release another course.
        if has_names and not dry_run and (failed := self.failed_folders(dry_run=True, is_quiet=True)):
            raise CommandError(f"nothing was imported; not valid: {', '.join(failed)}")
        failed = self.failed_folders(dry_run=dry_run)
        if not dry_run:
            recompile_older_releases()
        if failed:
            raise CommandError(f"not imported: {', '.join(failed)}")

    def failed_folders(self, *, dry_run: bool, is_quiet: bool = False) -> list[str]:
        """Import all folders; return the names of those that failed. `is_quiet`: print errors only."""
        imported = {folder: self.import_folder(folder, dry_run, is_quiet=is_quiet) for folder in self.impacts}
        return [folder.name for folder, is_imported in imported.items() if not is_imported]

    def import_folder(self, folder: Path, dry_run: bool, *, is_quiet: bool) -> bool:
        """Import a folder; return whether its course was imported, or could be. `is_quiet`: print errors only."""
        merged, impacts = self.merged[folder], self.impacts[folder]
        try:
            report = import_course(read_folder(folder), merged=merged, impacts=impacts, dry_run=dry_run)
        except ImportConflict as conflict:
            self.stderr.write(f"{folder.name}: changed in the files and in the admin; nothing was written:")
            self.stderr.write("\n".join(f"  {folder.name}/{path}" for path in conflict.paths))
            self.stderr.write("Export the admin's texts (manage.py export_content DIR --drafts), merge them into these")
            self.stderr.write("files, and import again, saying that they are merged:")
            paths = [f"{folder.name}/{path}" for path in sorted(merged.union(conflict.paths))]
            self.stderr.write(f"  {shlex.join([*self.command, *paths])}")
        except ContentErrors as errors:
            self.stderr.write("\n".join(f"{folder.name}/{problem}" for problem in errors.problems))
        except (ImportRefused, PassMarkTooLow) as refusal:
            self.stderr.write(f"{folder.name}: {refusal}")
        else:
            if not is_quiet:
                self.print_report(folder, report, dry_run)
            return True
        return False

    def print_report(self, folder: Path, report: ImportReport, dry_run: bool) -> None:
        self.stdout.write(f"{folder.name}: {summary(report, dry_run)}")
        if len(report.gone) > NAMED and self.verbosity < 2:
            number = f"{len(report.gone)} question ids of the last release are gone"
            self.stderr.write(f"{folder.name}: {number}; --verbosity 2 names them")
            return
        for question in report.gone:
            message = f'question id "{question}" of the last release is gone'
            self.stderr.write(f"{folder.name}: {message}; restore the id, unless the question is retired for good")


def by_folder(named: Iterable[str], folders: list[Path]) -> dict[Path, set[str]]:
    """Return each of `folders` → paths or ids of `named` in it. `named`: "folder name/path", or "path" if there is only
    one folder. Raise `CommandError` for a name without a folder if there are several.
    """
    found: dict[Path, set[str]] = {folder: set() for folder in folders}
    names = {folder.name: folder for folder in folders}
    for name in named:
        folder, _slash, inside = name.partition("/")
        if folder in names and inside:
            found[names[folder]].add(inside)
        elif len(folders) == 1:
            found[folders[0]].add(name)
        else:
            raise CommandError(f"{name}: in which course? Expected a name like {folders[0].name}/{name}")
    return found


def recompile_older_releases() -> None:
    for release in Release.objects.exclude(compiler=COMPILER).defer("outlines").order_by("pk"):
        recompile(release)


def summary(report: ImportReport, dry_run: bool) -> str:
    if report.is_empty:
        return "unchanged"
    counts = f"{len(report.added)} added, {len(report.changed)} changed, {len(report.removed)} removed"
    kept = f", {len(report.kept)} kept as edited in the admin" if report.kept else ""
    merged = f", {len(report.merged)} merged" if report.merged else ""
    for impact in ASKED:
        if lessons := sorted(key for key, each in report.weighed.items() if each == impact):
            merged += f"; {impact}: {', '.join(lessons)}"
    if dry_run:
        return f"would be imported: {counts}{kept}{merged}"
    made = f"release {report.release.number}" if report.release else "nothing new to release"
    return f"{made}: {counts}{kept}{merged}"
