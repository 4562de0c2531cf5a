"""Command `import_people`: import a list of people from a file."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from courseware.accounts.models import RosterImport
from courseware.accounts.roster_import import messages
from courseware.accounts.roster_import.apply import CONFLICT, NotSure, outcome_lines
from courseware.accounts.roster_import.comparison import BAD
from courseware.accounts.roster_import.file_formats import ENCODINGS
from courseware.accounts.roster_import.parser import ListRefused
from courseware.accounts.roster_import.upload import plan_for
from courseware.hr.roster_import.nightly import apply_now, as_numbers, bad_lines, import_file, job_roles_by_title


class Command(BaseCommand):
    help = "Import a list of people: XLSX, XLS, ODS or CSV. Rows with errors are listed and skipped."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="the list")
        parser.add_argument("--dry-run", action="store_true", help="show the changes and write nothing")
        parser.add_argument("--whole-company", action="store_true", help="people who are not in the file have left")
        parser.add_argument(
            "--encoding", choices=ENCODINGS, default="", help="encoding of a CSV file (default: detected)"
        )
        parser.add_argument("--yes", action="store_true", help="also if many leave or a team loses its only manager")
        parser.add_argument("--invite", action="store_true", help="invite new people who have an email address")

    def handle(self, *, file, **options):
        try:
            self.bring_in(file, options)
        except ListRefused as refused:
            raise CommandError(f"{file}: {messages.REFUSALS[refused.code]}") from None
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None

    def bring_in(self, file, options):
        if options["dry_run"]:
            settings = {"is_complete": options["whole_company"], "encoding": options["encoding"]}
            plan = plan_for(file.read_bytes(), by=None, job_roles=job_roles_by_title(), **settings)
            self.say_faults(plan.lines[BAD])
            self.stdout.write(as_numbers(RosterImport(counts=plan.counts)))
            return
        roster = import_file(file, is_complete=options["whole_company"], encoding=options["encoding"])
        self.say_faults(bad_lines(roster))
        try:
            apply_now(roster, is_sure=options["yes"], invites=options["invite"])
        except NotSure:
            alone = ", ".join(roster.notes["alone"])
            reason = f"would have no manager {alone}" if alone else f"{roster.counts['leave']} people would leave"
            raise CommandError(f"{reason}: nothing was changed. If that is meant, say --yes.") from None
        for line in outcome_lines(roster, CONFLICT):
            self.stdout.write(f"line {line.line}: {messages.CONFLICTS[line.conflict]}")
        self.stdout.write(as_numbers(roster))

    def say_faults(self, lines):
        for line in lines:
            for fault in line.problems:
                self.stdout.write(f"{fault.cell}: {fault.stood!r}. {fault.words}")
