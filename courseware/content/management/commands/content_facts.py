"""Print every claim of a course with its source and where it is cited, for docs/course-facts.md."""

from collections.abc import Iterator
from pathlib import Path

from django.core.management.base import BaseCommand

from courseware.content.management.commands.check_content import course_folders, read_files
from courseware.language.course import read_course
from courseware.language.course_facts import Claim, claims_of
from courseware.language.course_figures import CourseFigures

OPENING = """\
# What the courses claim, and on whose word

Made by `manage.py content_facts`; not written by hand. How well a claim was confirmed stands behind it:
*original*, the official or original wording was read, often in a faithful public copy · *twice*, two independent
publications say the same · *once*, one does · *customary*, what the trade does · *disputed*, parts are contested, and
the course says so. *Unopened* says of the first address that nobody has opened it yet: what was read is a copy of it.
"""
TO_OPEN = """
### Open once before printing

Open each, compare it with the claims beside it, and take `unopened` out of their braces in the list of sources.
"""
TABLE = "\n### Claims\n\n| Claim | It says | Source | Marks | Last checked | Cited in |\n|---|---|---|---|---|---|"


class Command(BaseCommand):
    help = "Print every claim of the courses with its source, its marks, its day, and where it is cited, as Markdown."
    requires_system_checks = []  # it reads files only

    def add_arguments(self, parser):
        parser.add_argument("directory", nargs="?", type=Path, help="Folder of course folders (default: content/)")
        parser.add_argument("--language", default="en", help="Language of the texts, where the course has it")

    def handle(self, *, directory: Path | None, language: str, **options):
        self.stdout.write(OPENING, ending="")
        for folder in course_folders(directory):
            course = read_course(read_files(folder))
            claims = claims_of(course, language)
            self.stdout.write(f"\n## {CourseFigures(course, language).name}")
            self.stdout.write("\n".join([*_addresses_to_open(claims), TABLE, *map(_row, claims)]))


def _addresses_to_open(claims: list[Claim]) -> Iterator[str]:
    waiting: dict[str, list[str]] = {}
    for claim in claims:
        if claim.unopened:
            waiting.setdefault(claim.unopened, []).append(claim.id)
    if waiting:
        yield TO_OPEN
    for address, ids in sorted(waiting.items()):
        yield f"- <{address}>: {', '.join(ids)}"


def _row(claim: Claim) -> str:
    places = [f"{title}: {', '.join(ids)}" if ids else title for title, ids in claim.cited_in.items()]
    marks, cited = ", ".join(claim.marks), " · ".join(places) or "nowhere"
    cells = (claim.id, claim.says, claim.source, marks, claim.checked, cited)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
