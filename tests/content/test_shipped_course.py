"""What the course in content/ has to hold beyond the grammar."""

import json
import re

from courseware.content.compiled import serving
from courseware.content.releases.importing import read_folder
from courseware.language.course import read_course

CASE = re.compile(rb"\[\^([CX]\d+)\]")
EMPHASIS = re.compile(r"<(em|strong)>(.*?)</\1>")


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


def test_no_asterisk_that_is_to_be_read_was_taken_for_emphasis(shipped_course):
    release, astray = shipped_course.current, []
    for language in ("zh-hans", "en"):
        for step in serving.outline(release, language).steps:
            page = json.dumps(serving.page(release, step.id, language).data, ensure_ascii=False)
            astray += [(step.id, text) for _tag, text in EMPHASIS.findall(page) if text[0] in "”’」，。；、,;."]
    assert astray == []
