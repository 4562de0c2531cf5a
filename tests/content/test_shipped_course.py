"""What the course in content/ has to hold beyond the grammar."""

import re

from courseware.content.releases.importing import read_folder
from courseware.language.course import read_course

CASE = re.compile(rb"\[\^([CX]\d+)\]")


def test_a_question_about_a_case_leads_to_a_lesson_that_tells_it(shipped_folder):
    files = read_folder(shipped_folder)
    course = read_course(files)
    astray = []
    for bank in course.of_kind("bank"):
        lines = files[bank.path].splitlines()
        starts = [question.line - 1 for question in bank.questions] + [len(lines)]
        for question, start, end in zip(bank.questions, starts, starts[1:], strict=False):
            told = set(CASE.findall(b"\n".join(lines[start:end])))
            lesson = question.attrs.get("lesson") or course.first_lessons[question.attrs["objective"]]
            if told and not told & set(CASE.findall(files[course.source(lesson).path])):
                astray.append((question.id, lesson))
    assert astray == []
