from datetime import UTC, date, datetime, timedelta

import pytest

from courseware.content.models import Document
from courseware.content.releases.course_import import import_course
from courseware.content.rendering import store
from courseware.learning.lessons import feedback
from courseware.learning.models import SurveyAnswers
from courseware.lib.text.fractions_text import AnonymousShare as Share
from courseware.reporting.dashboard.rows import outlines
from courseware.reporting.statistics.surveys import Bar, QuestionResult, recommend_score, survey_results, surveys_on
from tests.course_format.samples import make_files
from tests.making import days, make_admin, make_course, make_editor, make_enrollment, make_user
from tests.reporting.dashboards import learner_of

ANSWERED = datetime(2026, 11, 2, 9, tzinfo=UTC)
SURVEY = "02-end/02-voice.survey.{}.md"
MORE = {
    "zh-hans": "\n## 多长？ {#length .one}\n\n- 太短\n- 正好\n\n## 哪些？ {#which .several}\n\n- 甲\n- 乙\n- 丙\n",
    "en": "\n## How long? {#length}\n\n- Too short\n- Right\n\n## Which? {#which}\n\n- A\n- B\n- C\n",
}


def files_with(more=MORE):
    files = make_files()
    return files | {SURVEY.format(tag): files[SURVEY.format(tag)] + text.encode() for tag, text in more.items()}


def add_answers(course, *answers, days=0):
    page = store.page(course.current, "voice", "zh-hans")
    at = ANSWERED + timedelta(days=days)
    for each in answers:
        feedback.answer_survey(make_enrollment(course=course), page, each, is_signed=False, at=at)


def results(course, day=30):
    course.refresh_from_db()
    document = Document.objects.get(course=course, identifier="voice")
    return survey_results(document, store.page(course.current, "voice", "en"), date(2026, 11, day))


@pytest.fixture
def course(db):
    return import_course(files_with()).course


@pytest.mark.slow
def test_results_grow_in_steps_of_5_after_2_days(course):
    add_answers(course, *[{"recommend": 9}] * 4)
    add_answers(course, {"recommend": 9, "say-more": "Mine."}, days=7)
    assert results(course, day=10) == (0, [])
    five = results(course, day=11)
    assert five[0] == 5
    add_answers(course, *[{"recommend": 0, "say-more": "Mine, too."}] * 4, days=8)
    assert results(course, day=20) == five
    add_answers(course, {"recommend": 0}, days=9)
    assert results(course, day=12) == results(course, day=11) == five
    ten = results(course, day=13)
    assert (ten[0], ten[1][0].answered, ten[1][0].mean) == (10, 10, 4.5)


def test_texts_are_shown_in_random_order_from_10_people(course):
    add_answers(course, *[{"say-more": f"Text {number}."} for number in range(9)], {"recommend": 9})
    assert (results(course)[0], results(course)[1][1].texts) == (10, ())
    add_answers(course, *[{"say-more": f"Text {number}."} for number in range(9, 14)], days=2)
    shown = results(course)[1][1].texts
    assert len(shown) == 10 and {f"Text {number}." for number in range(9)} < set(shown)
    by_key = SurveyAnswers.objects.order_by("pk").values_list("answers", flat=True)
    assert list(shown) == [each["say-more"] for each in by_key if each.get("say-more") in shown]


def test_answers_get_one_release_date_per_5(course):
    add_answers(course, *[{"recommend": 9}] * 7)
    days = SurveyAnswers.objects.order_by("shown_from").values_list("shown_from", flat=True)
    assert sorted(days, key=str) == [date(2026, 11, 4)] * 5 + [None] * 2


def test_question_below_5_answers_shows_no_number(course):
    add_answers(course, *[{"recommend": 9, "say-more": "Mine.", "length": 0}] * 3, {"recommend": 3}, {"recommend": 4})
    recommend, more, length, which = results(course)[1]
    assert (recommend.answered, recommend.mean) == (5, 6.8)
    assert more == QuestionResult(more.title, 0)
    assert length == QuestionResult(length.title, 0)
    assert which == QuestionResult(which.title, 0)


def test_every_question_type_is_counted(course):
    answers = [
        {"recommend": 10, "length": 0, "which": [0, 2], "say-more": "More tea."},
        {"recommend": 9, "length": 1, "which": [0], "say-more": "Less tea."},
        {"recommend": 8, "length": 1, "which": [0], "say-more": "Cake."},
        {"recommend": 6, "length": 1, "which": [1], "say-more": "Biscuits."},
        {"recommend": 0, "length": 0, "which": [0], "say-more": "Nothing."},
    ]
    add_answers(course, *answers)
    recommend, more, length, which = results(course)[1]
    assert (recommend.title, recommend.answered, recommend.mean) == ("Recommend it?", 5, 6.6)
    assert recommend.ends == ("Never", "Certainly")
    assert {bar.label: bar.share.count for bar in recommend.bars if bar.share.count} == {
        "0": 1,
        "6": 1,
        "8": 1,
        "9": 1,
        "10": 1,
    }
    assert (more.answered, more.texts, more.bars) == (0, (), ())
    assert length.bars == (Bar("Too short", Share(2, 5)), Bar("Right", Share(3, 5)))
    assert (which.answered, which.bars) == (5, (Bar("A", Share(4, 5)), Bar("B", Share(1, 5)), Bar("C", Share(1, 5))))


def test_results_name_nobody_even_if_signed(course):
    enrollment = make_enrollment(course=course)
    page = store.page(course.current, "voice", "zh-hans")
    feedback.answer_survey(enrollment, page, {"say-more": "Signed."}, is_signed=True, at=ANSWERED)
    add_answers(course, *[{"say-more": "Unsigned."}] * 9)
    assert enrollment.learner.name not in str(results(course))
    assert "Signed." in str(results(course))


@pytest.mark.slow
def test_answers_with_other_signature_are_left_out(course):
    add_answers(course, *[{"length": 0}] * 5)
    reworded = {tag: text.replace("Too short", "Far too short").replace("太短", "短") for tag, text in MORE.items()}
    import_course(files_with(reworded))
    assert [bar.share.words for bar in results(course)[1][2].bars] == ["most", "few or none"]
    longer = {"zh-hans": "- 太短\n- 正好\n- 太长\n", "en": "- Too short\n- Right\n- Too long\n"}
    old = {"zh-hans": "- 太短\n- 正好\n", "en": "- Too short\n- Right\n"}
    import_course(files_with({tag: text.replace(old[tag], longer[tag]) for tag, text in MORE.items()}))
    number, (_recommend, _more, length, _which) = results(course)
    assert (number, length) == (5, QuestionResult("How long?", 0))


@pytest.mark.parametrize(
    ("values", "score"),
    [([9, 10], 100), ([0, 6], -100), ([7, 8], 0), ([10, 0], 0), ([10, 8, 6], 0), ([10, 10, 8], 67), ([5], -100)],
)
def test_recommend_score_is_promoters_minus_detractors(values, score):
    assert recommend_score(values) == score


@pytest.mark.slow
def test_recommend_score_is_shown_from_20_people(course):
    add_answers(course, *[{"recommend": 10}] * 19)
    assert (results(course)[1][0].answered, results(course)[1][0].recommend) == (15, None)
    add_answers(course, {"recommend": 0})
    assert (results(course)[1][0].answered, results(course)[1][0].recommend) == (20, None)  # nearly all equal
    add_answers(course, *[{"recommend": 0}] * 5)
    assert (results(course)[1][0].answered, results(course)[1][0].recommend) == (25, 52)


def test_surveys_are_found_by_course(course):
    found = surveys_on(outlines("en").values())
    assert [(identifier, step.title) for identifier, step in found] == [("tea-room", "Your view")]


# The page


def test_results_are_for_managers_editors_and_admins(client, team):
    enrollments = [learner_of(team) for _ in range(10)]
    course = enrollments[0].course
    page = store.page(course.current, "voice", "zh-hans")
    for person in (team.manager, make_editor(), make_admin()):
        client.force_login(person)
        assert "Not enough answers yet" in client.get("/surveys/tea-room/voice/").text
    for number, enrollment in enumerate(enrollments):
        answers = {"recommend": number % 5, "say-more": "<b>x</b>"}
        feedback.answer_survey(enrollment, page, answers, is_signed=False, at=days(-3))
    response = client.get("/surveys/tea-room/voice/")
    assert "Recommend it?" in response.text
    assert "&lt;b&gt;x&lt;/b&gt;" in response.text
    for person in (enrollments[0].learner, make_user()):
        client.force_login(person)
        assert client.get("/surveys/tea-room/voice/").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/surveys/tea-room/%00/",
        "/team/simulations/tea-room/%00/",
        "/surveys/tea-room/last-cup/",
        "/surveys/tea-room/x/",
        "/surveys/nowhere/voice/",
    ],
)
def test_unknown_survey_is_404(client, team, address):
    make_course()
    assert client.get(address).status_code == 404
