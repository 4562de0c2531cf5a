"""One rule for attempts, drills and questions of the day: nothing comes twice while another would do as well."""

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


class Diary:
    """What somebody was asked, and whether it was asked twice while another of the `pool` was new."""

    def __init__(self):
        self.met, self.again = set(), 0

    def note(self, questions, pool):
        if self.met.intersection(questions):
            assert set(pool) <= self.met.union(questions)
            self.again += 1
        self.met.update(questions)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_over_a_quarter_of_attempts_drills_and_days_nothing_comes_twice_while_another_would_do(seed):
    dice, diary = Random(seed), Diary()
    enrollment, now = ready(make_course_with_drill(retakes="reopens: 1 day\n", drilled=8)), timezone.now()
    bank, drills = (page_of(enrollment, each) for each in ("tea-bank", "drill-bank"))
    for number in range(5):
        at = now + timedelta(days=2 * number)
        attempt = sit(enrollment, points=0, at=at) if number < 4 else sit(enrollment, forget=("O1.1",), at=at)
        drawn = {each.question: each for each in attempt.responses.all()}
        note_drawn(diary, drawn, bank)
    while not drill(attempt).is_done:
        one = asked(attempt)
        streak = {answer.question for answer in drill(attempt).streak}
        diary.note([one.question.id], set(on("O1.1", drills)) - streak)
        give(attempt, is_right=dice.random() < 0.7, at=now + timedelta(days=9))
    enrollment.refresh_from_db()
    lesson = page_of(enrollment, "boiling")
    days = 0
    for number in range(10, 90):
        at = now + timedelta(days=number)
        if one := asked_at(enrollment.learner, at):
            days += 1
            pool = [
                *on(one.rule, bank),
                *on(one.rule, drills),
                *(key for key in on(one.rule, lesson) if stands(lesson, key)),
            ]
            diary.note([one.question_id], pool)
            give_daily(enrollment.learner, at, asked=one, is_right=dice.random() < 0.7)
    assert days > 10 and diary.again  # the banks are small enough for it to have come to that


def note_drawn(diary, drawn, bank):
    for rule in ("O1.1", "O1.2"):
        slot = [key for key, response in drawn.items() if response.is_critical and response.objective == rule]
        diary.note(slot, [key for key in on(rule, bank) if bank.questions[key].critical])
    plain = [key for key, response in drawn.items() if not response.is_critical]
    diary.note(plain, [key for key, question in bank.questions.items() if not question.critical])


def page_of(enrollment, identifier):
    return store.page(enrollment.release, identifier, "zh-hans")


def on(rule, page):
    return [key for key, question in page.questions.items() if question.objective == rule]


def stands(lesson, key):
    return lesson.questions[key].kind == "one" and lesson.questions[key].stem


@pytest.mark.django_db
def test_what_was_met_in_another_run_counts_and_what_others_met_or_another_course_asks_does_not():
    course = make_course_with_drill()
    enrollment = ready(course)
    met = set(sit(enrollment).responses.values_list("question", flat=True))
    again = make_enrollment(enrollment.learner, course)
    assert seen_variants(again, timezone.now()).last.keys() == met
    assert not seen_variants(ready(course), timezone.now()).last
    assert not seen_variants(again, enrollment.enrolled_at).last  # before it was begun
    other = import_course({path: body.replace(b"tea-room", b"tea-house") for path, body in drill_files().items()})
    assert not seen_variants(make_enrollment(enrollment.learner, other.course), timezone.now()).last


def test_after_a_quarter_a_wording_is_new_again_and_yet_comes_after_those_never_met():
    met = SeenVariants({"old": NOW - QUARTER, "late": NOW - QUARTER + timedelta(days=1)}, NOW)
    assert [met.is_new(each) for each in ("never", "old", "late")] == [True, True, False]
    assert sorted(("late", "old", "never"), key=met.turn) == ["never", "old", "late"]


@pytest.mark.parametrize("seed", range(20))
def test_the_banks_of_the_shipped_exam_ask_nothing_twice_for_as_many_attempts_as_they_hold(shipped_folder, seed):
    course, dice, last = read_course(read_folder(shipped_folder)), Random(seed), {}
    [exam] = [meta for _document, meta in course.with_meta(ExamMeta) if not meta.is_pre_check]
    strata = [Quota(each.bank, each.draw, each.critical) for each in exam.strata]
    banks = {each.bank: course.questions(each.bank, course.languages[0]) for each in strata}
    allowed = {each.bank: attempts_allowed(each, banks[each.bank]) for each in strata}
    assert min(allowed.values()) >= exam.attempts
    for number in range(5):
        at = NOW + timedelta(days=number)
        drawn = draw(strata, banks, SeenVariants(last, at), dice)
        again = {each.bank for each in drawn if not each.question.critical and each.question.id in last}
        assert not [bank for bank in again if number < allowed[bank]]
        last |= {each.question.id: at for each in drawn}


def attempts_allowed(stratum, questions):
    families = {}
    for question in questions:
        if not question.critical:
            families[question.family] = families.get(question.family, 0) + 1
    return attempts_with_new(families.values(), stratum.draw - len(stratum.critical))
