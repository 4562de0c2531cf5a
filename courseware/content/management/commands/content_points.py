"""Command that prints every syllabus point of a course with its lessons and questions."""

from collections.abc import Iterator

from courseware.content.management.table_commands import CourseTablesCommand, table_row
from courseware.course_format.course import CourseText
from courseware.course_format.reports.tables import TaughtPoint, points_of

OPENING = """\
# What the courses cover, and where

Made by `manage.py content_points`; not written by hand. Each point of an outline with each lesson or simulation that
covers it. The first section is the one whose words come nearest to the point’s, and the sentence is its first rule or
paragraph. Questions are those of the banks that lead there, or where none does to the lesson, with the sections that
they name; where no bank asks, those of the lesson itself, its checks if it has any, and of a simulation its situations.
"""
TABLE = "\n| Point | | Taught in | Sections | It says there | Questions |\n|---|---|---|---|---|---|"


class Command(CourseTablesCommand):
    help = "Print every point of the syllabi as Markdown: lessons that teach it, questions that ask it."
    opening = OPENING

    def lines(self, course: CourseText, language: str) -> Iterator[str]:
        points = points_of(course, language)
        yield from (TABLE, *map(_row, points)) if points else ("\nIt has no outline.",)


def _row(point: TaughtPoint) -> str:
    sections, questions = ", ".join(point.sections), ", ".join(point.questions) or "–"
    cells = (point.id, point.says, point.document or "**nowhere**", sections, point.sentence, questions)
    return table_row(cells)
