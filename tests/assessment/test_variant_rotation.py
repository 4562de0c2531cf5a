"""Attempts, practice sets and daily questions repeat a question only when no new one is left."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.utils import timezone

from courseware.assessment.exams.selection import Quota, attempts_with_new, draw
from courseware.assessment.exams.variant_rotation import QUARTER, SeenVariants, seen_variants
from courseware.content.releases.course_files import read_folder
from courseware.content.releases.course_import import import_course
from courseware.content.rendering import store
from courseware.course_format.course import read_course
from courseware.course_format.parsing.metadata import ExamMeta
from tests.assessment.exams import drill_files, make_course_with_drill, ready, sit
from tests.assessment.practice_sets import asked, asked_at, drill, give, give_daily
from tests.making import make_enrollment

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)


class History:
    """Questions asked so far; checks that a repeat comes only after all of `pool`."""

    def __init__(self):
        self.met, self.again = set(), 0

    def add(self, questions, pool):
        if self.met.intersection(questions):
            assert set(pool) <= self.met.union(questions)
            self.again += 1
        self.met.update(questions)


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_no_question_repeats_within_quarter_while_new_one_exists(seed):
    dice, history = Random(seed), History()
    enrollment, now = ready(make_course_with_drill(retakes="reopens: 1 day\n", drilled=8)), timezone.now()
    bank, drills = (page_of(enrollment, each) for each in ("tea-bank", "drill-bank"))
    for number in range(5):
        at = now + timedelta(days=2 * number)
        attempt = sit(enrollment, points=0, at=at) if number < 4 else sit(enrollment, forget=("O1.1",), at=at)
        drawn = {each.question: each for each in attempt.responses.all()}
        add_drawn(history, drawn, bank)
    while not drill(attempt).is_done:
        one = asked(attempt)
        streak = {answer.question for answer in drill(attempt).streak}
        history.add([one.question.id], set(questions_on("O1.1", drills)) - streak)
        give(attempt, is_right=dice.random() < 0.7, at=now + timedelta(days=9))
    enrollment.refresh_from_db()
    lesson = page_of(enrollment, "boiling")
    days = 0
    for number in range(10, 90):
        at = now + timedelta(days=number)
        if one := asked_at(enrollment.learner, at):
            days += 1
            pool = [
                *questions_on(one.rule, bank),
                *questions_on(one.rule, drills),
                *(key for key in questions_on(one.rule, lesson) if has_own_text(lesson, key)),
            ]
            history.add([one.question_id], pool)
            give_daily(enrollment.learner, at, asked=one, is_right=dice.random() < 0.7)
    assert days > 10 and history.again  # the banks are small, so repeats must occur


def add_drawn(history, drawn, bank):
    for rule in ("O1.1", "O1.2"):
        slot = [key for key, response in drawn.items() if response.is_critical and response.objective == rule]
        history.add(slot, [key for key in questions_on(rule, bank) if bank.questions[key].critical])
    plain = [key for key, response in drawn.items() if not response.is_critical]
    history.add(plain, [key for key, question in bank.questions.items() if not question.critical])


def page_of(enrollment, identifier):
    return store.page(enrollment.release, identifier, "zh-hans")


def questions_on(rule, page):
    return [key for key, question in page.questions.items() if question.objective == rule]


def has_own_text(lesson, key):
    return lesson.questions[key].kind == "one" and lesson.questions[key].stem


@pytest.mark.django_db
def test_only_own_enrollments_in_same_course_count_as_seen():
    course = make_course_with_drill()
    enrollment = ready(course)
    seen = set(sit(enrollment).responses.values_list("question", flat=True))
    repeats = make_enrollment(enrollment.learner, course)
    assert seen_variants(repeats, timezone.now()).last.keys() == seen
    assert not seen_variants(ready(course), timezone.now()).last
    assert not seen_variants(repeats, enrollment.enrolled_at).last  # before the first attempt
    other = import_course({path: body.replace(b"tea-room", b"tea-house") for path, body in drill_files().items()})
    assert not seen_variants(make_enrollment(enrollment.learner, other.course), timezone.now()).last


def test_variant_is_new_again_after_quarter_but_follows_unseen_ones():
    seen = SeenVariants({"old": NOW - QUARTER, "late": NOW - QUARTER + timedelta(days=1)}, NOW)
    assert [seen.is_new(each) for each in ("never", "old", "late")] == [True, True, False]
    assert sorted(("late", "old", "never"), key=seen.turn) == ["never", "old", "late"]


@pytest.mark.parametrize("seed", range(20))
def test_shipped_exam_repeats_nothing_in_its_allowed_attempts(shipped_folder, seed):
    course, dice, last = read_course(read_folder(shipped_folder)), Random(seed), {}
    [exam] = [meta for _document, meta in course.with_meta(ExamMeta) if not meta.is_pre_check]
    strata = [Quota(each.bank, each.draw, each.critical) for each in exam.strata]
    banks = {each.bank: course.questions(each.bank, course.languages[0]) for each in strata}
    allowed = {each.bank: attempts_allowed(each, banks[each.bank]) for each in strata}
    assert min(allowed.values()) >= exam.attempts
    for number in range(5):
        at = NOW + timedelta(days=number)
        drawn = draw(strata, banks, SeenVariants(last, at), dice)
        repeats = {each.bank for each in drawn if not each.question.critical and each.question.id in last}
        assert not [bank for bank in repeats if number < allowed[bank]]
        last |= {each.question.id: at for each in drawn}


def attempts_allowed(section, questions):
    families = {}
    for question in questions:
        if not question.critical:
            families[question.family] = families.get(question.family, 0) + 1
    return attempts_with_new(families.values(), section.draw - len(section.critical))
