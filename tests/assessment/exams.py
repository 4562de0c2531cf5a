"""Courses with exams built on the sample course, learners who are ready for them, and exam pages."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

from bs4 import BeautifulSoup
from django.db import connections, transaction
from django.utils import timezone

from courseware.assessment.certificates.certification import store_certifications
from courseware.assessment.certificates.issuing import issue
from courseware.assessment.exams import attempts
from courseware.assessment.exams.banks import question_of
from courseware.assessment.exams.eligibility import eligibility_of
from courseware.assessment.exams.pre_post_test import pre_post_test_of
from courseware.assessment.models import Certificate
from courseware.content.rendering import store
from courseware.learning.lessons import answers
from tests import making
from tests.course_format.samples import make_files
from tests.making import make_enrollment
from tests.world import finish_lessons, outline_of

MONDAY = datetime(2030, 1, 7, 9, tzinfo=UTC)  # later than the lessons, which are completed at test time
EXAM = "02-end/01-last.exam.zh-hans.md"
BANK = {language: f"02-end/bank/tea.bank.{language}.md" for language in ("zh-hans", "en")}
WORDS = {"zh-hans": ("题目", "钥匙", "错误", "理由"), "en": ("Question", "Key", "Wrong", "Reason")}

RETAKES = "retakes:\n  - {wait: 10 min, after: lessons}\nreopens: 7 days\n"


def exam_text(*, draw=4, pass_mark=80, retakes=RETAKES, time_limit="", critical="", drill=""):
    limit = f"time_limit: {time_limit}\n" if time_limit else ""
    drill = f"critical_drill: {drill}\n" if drill else ""
    stratum = f"{{bank: tea-bank, draw: {draw}{critical and f', critical: {critical}'}}}"
    return f"""---
id: last-cup
title: 最后一杯
minutes: 5
pass_mark: {pass_mark}
{limit}strata:
  - {stratum}
{retakes}{drill}---

慢慢来。
"""


def bank_text(language, questions, braces, identifier="tea-bank", letter="q"):
    """A bank of single-choice questions with 3 options; every text names its question.

    `braces`: more attributes by question number; `letter`: start of the ids.
    """
    question, key, wrong, reason = WORDS[language]
    parts = [f"---\nid: {identifier}\ntitle: {question}\n---\n"]
    for number in range(1, questions + 1):
        structure = f" .one objective=O1.{1 + number % 2} level=apply {braces.get(number, '')}"
        structure = structure.rstrip() if language == "zh-hans" else ""
        name = number if letter == "q" else f"{letter}{number}"
        right = f"- [x] {key} {name}\n  > {reason} {name}x.\n"
        wrongs = [f"- [ ] {wrong} {name}{which}\n  > {reason} {name}{which}.\n" for which in "ab"]
        at = number % 3  # vary the position of the key
        choices = "".join([*wrongs[:at], right, *wrongs[at:]])
        parts.append(f"\n## {question} {name} {{#{letter}{number}{structure}}}\n\n{question} {name}?\n\n{choices}")
    return "".join(parts)


def exam_files(*, questions=10, braces=None, **exam):
    banks = {path: bank_text(language, questions, braces or {}) for language, path in BANK.items()}
    return make_files(**{EXAM: exam_text(**exam)}, **banks)


def with_second_lesson(files):
    """Add a lesson `more` with a check."""
    check = "## {} {{#more-check{}}}\n\n### {} {{#more-q{}}}\n\n- [x] {}\n  > {}\n- [ ] {}\n  > {}\n"
    chinese = check.format("检查", " .check", "好吗", " .one objective=O1.1", "好", "对。", "不好", "不对。")
    english = check.format("Check", "", "Good?", "", "Yes", "Right.", "No", "Wrong.")
    front = "---\nid: more\ntitle: {}\n{}---\n\n## {} {{#more-text}}\n\n{}\n\n"
    return files | {
        "01-water/03-more.zh-hans.md": (
            front.format("更多", "objectives: [O1.1]\n", "更多", "更多。") + chinese
        ).encode(),
        "01-water/03-more.en.md": (front.format("More", "", "More", "More.") + english).encode(),
    }


START = "start"
START_TEXTS = {
    "zh-hans": f"""---
id: {START}
title: 起点
minutes: 2
strata:
  - {{bank: start-bank, draw: 3}}
again_after: last-cup
---

先看看自己在哪里。
""",
    "en": f"---\nid: {START}\ntitle: Where you start\n---\n\nSee where you are.\n",
}


def pre_check_files(*, families=3, **options):
    """The course with a pre-test of 3 questions from variant groups of 2 (s1 and s4)."""
    braces = {number: f"family=f{(number - 1) % families}" for number in range(1, 2 * families + 1)}
    files = {f"01-water/00-start.exam.{language}.md": text for language, text in START_TEXTS.items()}
    files |= {
        f"01-water/bank/start.bank.{language}.md": bank_text(language, 2 * families, braces, "start-bank", "s")
        for language in BANK
    }
    return exam_files(**options) | {path: text.encode() for path, text in files.items()}


DRILL = "{bank: drill-bank, right: 3}"


def drill_files(*, drill=DRILL, drilled=6, **options):
    """The course with practice sets: 5 exam questions, 2 of them must-know (O1.1, O1.2), 3 to pass.

    The practice bank has d1, d3, d5 on O1.2 and d2, d4, d6 on O1.1.
    """
    exam = {"draw": 5, "pass_mark": 60, "critical": "[[O1.1], [O1.2]]", "retakes": "", "drill": drill}
    braces = dict.fromkeys((1, 2, 3, 4), "critical")
    files = exam_files(questions=12, braces=braces, **exam | options)
    banks = {
        f"02-end/bank/drill.bank.{language}.md": bank_text(language, drilled, {}, "drill-bank", "d").encode()
        for language in BANK
    }
    return files | banks


EVERY_KIND = {
    "zh-hans": """---
id: tea-bank
title: 题库
---

## 单选 {#one .one objective=O1.1 level=apply}

- [x] 甲
  > 单选理由甲。
- [ ] 乙
  > 单选理由乙。

## 多选 {#several .several objective=O1.2 level=apply}

- [x] 甲
  > 多选理由甲。
- [ ] 乙
  > 多选理由乙。
- [x] 丙
  > 多选理由丙。

## 标记 {#mark .mark objective=O1.1 level=apply}

> 天上有云，地上有水，锅里有茶。

- [x] 天上有云
  > 标记理由甲。
- [ ] 地上有水
  > 标记理由乙。

## 排序 {#order .order objective=O1.2 level=apply}

1. 甲步
   > 排序理由甲。
2. 乙步
   > 排序理由乙。
3. 丙步
   > 排序理由丙。

## 分类 {#sort .sort objective=O1.1 level=apply}

- **热**
  - 甲物
    > 分类理由甲。
- **冷**
  - 乙物
    > 分类理由乙。
  - 丙物
    > 分类理由丙。
""",
    "en": """---
id: tea-bank
title: Bank
---

## One {#one}

- [x] A
  > One reason A.
- [ ] B
  > One reason B.

## Several {#several}

- [x] A
  > Several reason A.
- [ ] B
  > Several reason B.
- [x] C
  > Several reason C.

## Mark {#mark}

> Clouds above, water below, tea in the pot.

- [x] Clouds above
  > Mark reason A.
- [ ] water below
  > Mark reason B.

## Order {#order}

1. Step A
   > Order reason A.
2. Step B
   > Order reason B.
3. Step C
   > Order reason C.

## Sort {#sort}

- **Hot**
  - Thing A
    > Sort reason A.
- **Cold**
  - Thing B
    > Sort reason B.
  - Thing C
    > Sort reason C.
""",
}
WRONG = {"one": ["1"], "several": ["0", "1"], "mark": ["1"], "order": ["2", "0", "1"], "sort": ["0", "0", "1"]}


def every_kind_files(**exam):
    exam = {"draw": 5, "retakes": "reopens: 7 days\n"} | exam
    return make_files(**{EXAM: exam_text(**exam)}, **{BANK[language]: text for language, text in EVERY_KIND.items()})


def make_course(**options):
    """A published course; `options` as for `exam_files`."""
    return making.make_course(exam_files(**options))


def make_course_with_pre_check(**options):
    return making.make_course(pre_check_files(**options))


def make_course_with_drill(**options):
    return making.make_course(drill_files(**options))


def make_course_of_every_kind(**exam):
    return making.make_course(every_kind_files(**exam))


def ready(course, learner=None, **fields):
    """A new enrollment in the course with every lesson done."""
    enrollment = make_enrollment(learner, course, **fields)
    finish_lessons(enrollment)
    enrollment.refresh_from_db()
    return enrollment


def eligibility(enrollment, at=None, *, exam="last-cup"):
    enrollment.refresh_from_db()
    course = enrollment.course
    page = store.page(course.current, exam, course.source_language)
    return eligibility_of(enrollment, outline_of(course), page, at)


def start(enrollment, exam="last-cup", **at):
    return attempts.start(enrollment, exam, **at)


def asked(attempt, language="zh-hans"):
    """(response, its question), by position."""
    return [(each, question_of(attempt, each, language)) for each in attempt.responses.select_related("bank")]


def right(question):
    return [str(position) for position in question.key]


def wrong(question):
    if question.id in WRONG:
        return WRONG[question.id]
    return [str(next(position for position in range(len(question.choices)) if position not in question.key))]


def answer(attempt, *, points=None, forget=(), at=None):
    """Answer the first `points` questions right and the others wrong; without `points` all right.

    Must-know questions on the objectives in `forget` are answered wrong.
    """
    for response, question in asked(attempt):
        is_right = points is None or response.position <= points
        is_right = is_right and not (question.critical and question.objective in forget)
        given = right(question) if is_right else wrong(question)
        attempts.save(attempt, response.position, given, saves=response.saves, at=at)


def sit(enrollment, *, exam="last-cup", points=None, forget=(), at=None):
    """Start, answer and submit an attempt."""
    attempt = start(enrollment, exam, at=at)
    answer(attempt, points=points, forget=forget, at=at)
    return attempts.submit(attempt, at=at)


def go_through_again(enrollment, at, *, given=right):
    """Answer the checks of all lessons again with `given` (`right` or `wrong`)."""
    course = enrollment.course
    for step in outline_of(course).steps:
        questions = store.page(course.current, step.id, course.source_language).questions if step.check else {}
        for check in step.check:
            answers.answer(enrollment, step, check.id, given(questions[check.id]), token=uuid.uuid4(), at=at)


def at_once(work, times=20):
    """Run `work` in `times` threads at once, each with its own connection; return results and exceptions."""
    together = Barrier(times)

    def run(number):
        try:
            together.wait(timeout=30)
            return work(number)
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(run, range(times)))


def point(enrollment):
    return pre_post_test_of(enrollment, outline_of(enrollment.course))


def through(enrollment, *, before, after=None, exam=None):
    """Take pre-test, lessons, exam and post-test with these points; return the last pre- or post-test attempt."""
    attempt = sit(enrollment, exam=START, points=before)
    finish_lessons(enrollment)
    sit(enrollment, points=exam)
    return attempt if after is None else sit(enrollment, exam=START, points=after)


@transaction.atomic
def certificate_of(person, course, **changed):
    """A certificate of a new enrollment, with the `changed` fields."""
    enrollment = make_enrollment(person, course, completed_at=timezone.now())
    certificate = issue(enrollment, at=enrollment.completed_at)
    if changed:
        Certificate.objects.filter(pk=certificate.pk).update(**changed)
        certificate.refresh_from_db()
        store_certifications([certificate])
    return certificate


# Pages and forms

HTMX = {"hx-request": "true"}
EXAM_PAGE = "/exam/tea-room/last-cup/"


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def text_of(response):
    """The text of the page's main element."""
    return " ".join(soup(response).select_one("main").get_text(" ").split())


def page(attempt, position=1):
    return f"/attempts/{attempt.pk}/?question={position}"


def save(client, attempt, position=1, *, live=False, **fields):
    fields = {"saves": "0", **fields}
    return client.post(f"/attempts/{attempt.pk}/{position}/", fields, headers=HTMX if live else {})


def form_of(response):
    return soup(response).select_one("form#answer")


def as_fields(question, response):
    """The right answer as form fields, by position on the page."""
    key, order = question.key, response.order
    if question.kind == "order":
        return {f"number-{value}": key.index(position) + 1 for value, position in enumerate(order)}
    if question.kind == "sort":
        return {f"group-{value}": key[position] for value, position in enumerate(order)}
    return {"choice": [str(value) for value, position in enumerate(order) if position in key]}
