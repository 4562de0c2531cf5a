"""Question statistics: first answers, in steps of 5 people, without names; banks for staff only."""

import uuid
from datetime import date
from itertools import count

import pytest
from bs4 import BeautifulSoup

from courseware.assessment.exams import attempts
from courseware.content.models import Course, Document
from courseware.content.releases.course_import import import_course
from courseware.content.rendering import store
from courseware.learning.lessons import answers
from courseware.learning.models import Enrollment
from courseware.lib.text.fractions_text import AnonymousShare as Share
from courseware.reporting.statistics.group_statistics import GroupStatistic
from courseware.reporting.statistics.nightly_update import update_statistics
from courseware.reporting.statistics.questions import question_splits
from tests.assessment.exams import asked, exam_files, sit, start, wrong
from tests.course_format.samples import make_files
from tests.making import join, make_editor, make_enrollment, make_hr, make_team, make_user
from tests.world import finish_lessons, outline_of

pytestmark = pytest.mark.django_db
NIGHTS = map(date.fromordinal, count(date(2026, 12, 1).toordinal()))  # later than all answers
LESSON = "01-water/01-boiling.{}.md"
PAGE = "/team/questions/tea-room/boiling/"
BANK_PAGE = "/team/questions/tea-room/tea-bank/"


@pytest.fixture(autouse=True)
def wednesday(time_machine):
    time_machine.move_to("2026-11-25T04:00Z", tick=False)
    return time_machine


def splits(document="boiling", today=None):
    """After the next nightly update."""
    update_statistics(today or next(NIGHTS))
    course = Course.objects.select_related("current").get()
    page = store.page(course.current, document, "en")
    found = Document.objects.get(course=course, identifier=document)
    return question_splits(found, page, GroupStatistic.objects.all())


def split(question, **narrowed):
    return next(each for each in splits(**narrowed) if each.question.id == question)


def answer(enrollment, question, *places, at=None):
    step = outline_of(enrollment.course).step("boiling")
    raw = [str(place) for place in places]
    return answers.answer(enrollment, step, question, raw, token=uuid.uuid4(), at=at)


def add_answers(course, number, question, *places):
    for _ in range(number):
        answer(make_enrollment(course=course), question, *places)


def test_statistics_are_shown_in_steps_of_5_people(course):
    add_answers(course, 4, "is-it-off", 1)
    assert [(each.people, each.right, each.choices) for each in splits()] == [(0, None, ())] * 6
    add_answers(course, 1, "is-it-off", 0)
    five = split("is-it-off")
    assert (five.people, five.right, [share for _choice, share in five.choices]) == (
        5, Share(4, 5), [Share(1, 5), Share(4, 5)]
    )  # fmt: skip
    add_answers(course, 4, "is-it-off", 0)
    assert split("is-it-off") == five
    add_answers(course, 1, "is-it-off", 0)
    assert split("is-it-off").right == Share(4, 10)


def test_answer_counts_after_2_days(course):
    add_answers(course, 5, "is-it-off", 1)
    assert split("is-it-off", today=date(2026, 11, 26)).people == 0
    assert split("is-it-off", today=date(2026, 11, 27)).people == 5


def test_only_first_answer_of_a_person_counts(course):
    people = [make_enrollment(course=course) for _ in range(5)]
    for each in people:
        answer(each, "is-it-off", 0)
        answer(each, "is-it-off", 1)
    assert split("is-it-off").right == Share(0, 5)
    Enrollment.objects.update(completed_at="2026-11-25T08:00Z")
    answer(make_enrollment(people[0].learner, course), "is-it-off", 1)  # a renewal
    add_answers(course, 4, "is-it-off", 1)
    assert split("is-it-off").people == 5


def test_choices_are_counted_except_in_order_questions(course):
    add_answers(course, 3, "what-to-wipe", 0, 2)
    add_answers(course, 2, "what-to-wipe", 0, 1)
    add_answers(course, 4, "in-order", 0, 1, 2)
    add_answers(course, 1, "in-order", 1, 0, 2)
    wipe, order = split("what-to-wipe"), split("in-order")
    assert (wipe.right, [share.words for _choice, share in wipe.choices]) == (Share(3, 5), ["most", "2 of 5", "3 of 5"])
    assert (order.right, order.choices) == (Share(4, 5), ())


def test_hardest_questions_come_first_without_ungraded(course):
    add_answers(course, 5, "is-it-off", 0)
    add_answers(course, 5, "what-first", 1)
    found = [each.question.id for each in splits()]
    assert found == ["is-it-off", "what-first", "what-to-wipe", "what-is-wrong", "in-order", "sorted"]
    add_answers(course, 5, "what-to-wipe", 0)
    add_answers(course, 5, "what-to-wipe", 0, 2)
    assert [each.question.id for each in splits()][:3] == ["is-it-off", "what-to-wipe", "what-first"]


@pytest.mark.parametrize(
    "old, new, people",
    [
        ({"zh-hans": "- [ ] 走开", "en": "- [ ] Walk away"}, {"zh-hans": "- [ ] 走掉", "en": "- [ ] Go away"}, 5),
        (
            {"zh-hans": "- [ ] 走开", "en": "- [ ] Walk away"},
            {"zh-hans": "- [ ] 喊人\n  > 不用。\n- [ ] 走开", "en": "- [ ] Shout\n  > No need.\n- [ ] Walk away"},
            0,
        ),
    ],
    ids=["a word", "a choice"],
)
def test_new_wording_keeps_count_and_new_choice_resets_it(course, old, new, people):
    add_answers(course, 5, "what-first", 1)
    files = make_files()
    for tag in old:
        path, text = LESSON.format(tag), files[LESSON.format(tag)].decode()
        assert old[tag] in text
        files[path] = text.replace(old[tag], new[tag]).encode()
    import_course(files)
    assert split("what-first").people == people


@pytest.mark.slow
def test_exam_counts_submitted_answers_and_blanks_as_wrong():
    course = import_course(exam_files(questions=8, draw=8, retakes="")).course
    people = [make_enrollment(course=course) for _ in range(5)]
    for each in people:
        finish_lessons(each)
    for each in people[:4]:
        sit(each)
    assert not any(each.people for each in splits("tea-bank"))
    attempt = start(people[4])
    for response, question in asked(attempt)[1:]:
        attempts.save(attempt, response.position, wrong(question), saves=0)
    attempts.submit(attempt)
    found = {each.question.id: each for each in splits("tea-bank")}
    assert {(each.people, each.right) for each in found.values()} == {(5, Share(4, 5))}
    # Nearly all chose the same: at least 4 of 5.
    assert {sum(share.is_most for _choice, share in each.choices) for each in found.values()} == {1}


def test_managers_see_own_people_and_editors_everyone(client, course, wednesday):
    team, other = make_team(), make_team()
    for _ in range(5):
        enrollment = make_enrollment(make_user("Nora Named"), course)
        join(team, enrollment.learner)
        answer(enrollment, "is-it-off", 1)
    shown = {}
    wednesday.move_to("2026-12-01T12:00Z", tick=False)
    update_statistics()
    for role, person in {"lead": team.manager, "other": other.manager, "editor": make_editor()}.items():
        client.force_login(person)
        page = BeautifulSoup(client.get(PAGE, headers={"accept-language": "en"}).content, "html.parser").main
        assert "Nora" not in page.text
        shown[role] = [" ".join(each.get_text(" ").split()) for each in page.select(".survey-result .num b")]
    assert shown == {"lead": ["right at the first try: most"], "other": [], "editor": ["right at the first try: most"]}


def test_bank_statistics_are_for_staff_only(client, course):
    for person, status in ((make_team().manager, 404), (make_hr(), 404), (make_user(), 404), (make_editor(), 200)):
        client.force_login(person)
        assert client.get(BANK_PAGE).status_code == status
        assert (BANK_PAGE in client.get("/team/preview/tea-room/").text) is (status == 200)
    for unknown in ("/team/questions/tea-room/last-cup/", "/team/questions/tea-room/none/"):
        assert client.get(unknown).status_code == 404
