"""Command that prints every claim of a course with its source and citations."""

from collections.abc import Iterator

from courseware.content.management.table_commands import CourseTablesCommand, table_row
from courseware.course_format.course import CourseText
from courseware.course_format.reports.tables import Claim, claims_of

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


class Command(CourseTablesCommand):
    help = "Print every claim of the courses as Markdown: source, marks, date of the last check, citations."
    opening = OPENING

    def lines(self, course: CourseText, language: str) -> Iterator[str]:
        claims = claims_of(course, language)
        yield from (*_addresses_to_open(claims), TABLE, *map(_row, claims))


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
    citations = [f"{title}: {', '.join(ids)}" if ids else title for title, ids in claim.cited_in.items()]
    marks, cited = ", ".join(claim.marks), " · ".join(citations) or "nowhere"
    cells = (claim.id, claim.says, claim.source, marks, claim.checked, cited)
    return table_row(cells)
