"""Paths of the sample course and the messages of the course checker for it."""

from datetime import date

from courseware.course_format.checks import check

TODAY = date(2026, 11, 25)
COURSE = "course.zh-hans.md"
OUTLINE, SOURCES, MODULE = "outline.zh-hans.md", "sources.zh-hans.md", "01-water/module.zh-hans.md"
LESSON, LESSON_EN = "01-water/01-boiling.zh-hans.md", "01-water/01-boiling.en.md"
EXAM, SURVEY = "02-end/01-last.exam.zh-hans.md", "02-end/02-voice.survey.zh-hans.md"
BANK, BANK_EN = "02-end/bank/tea.bank.zh-hans.md", "02-end/bank/tea.bank.en.md"


def issues(files, **options):
    return [str(problem) for problem in check(files, today=TODAY, **options)]
