"""Surveys and lesson reports: anonymity, limits and validation."""

import re
import uuid
from datetime import UTC, date, datetime

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.urls import reverse

from courseware.audit_log.models import Event
from courseware.content.models import Document, Release, ReleaseEntry
from courseware.content.rendering import store
from courseware.learning.lessons import feedback
from courseware.learning.lessons.feedback import SurveyChanged, answer_survey
from courseware.learning.lessons.forms import SurveyForm
from courseware.learning.models import Enrollment, LessonReport, SurveyAnswers, SurveyReceipt
from courseware.lib import disclosure
from courseware.lib.disclosure import STEP
from tests.assessment.exams import at_once
from tests.at_once import one_behind_the_other
from tests.course_format.samples import damage
from tests.making import days, make_course, make_enrollment, make_user
from tests.site.test_concurrent_logging import postgres  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
SURVEY = reverse("learning:step", args=["tea-room", "voice"])
REPORT = reverse("learning:report", args=["tea-room", "boiling"])


def page_of(enrollment):
    return store.page(enrollment.course.current, "voice", "en")


def sent():
    return {"q-recommend": "9", "q-say-more": "Good tea.", "revision": revision()}


def revision():
    return ReleaseEntry.objects.filter(document__identifier="voice").latest("pk").revision_id


def release_changed_survey():
    return make_course(damage("02-end/02-voice.survey.en.md", "- Certainly", "- Without fail"))


# Surveys


def test_survey_stores_receipt_and_anonymous_answers(client, enrollment):
    before = Enrollment.objects.values().get()
    client.post(SURVEY, sent())
    answers = SurveyAnswers.objects.get()
    assert answers.answers == {"recommend": 9, "say-more": "Good tea."}
    assert answers.learner is None
    assert answers.release == enrollment.course.current
    assert list(enrollment.survey_receipts.values_list("survey__identifier", flat=True)) == ["voice"]
    # No other row may reveal the time and so the person.
    assert Enrollment.objects.values().get() == before
    assert not Event.objects.filter(subject=f"enrollment:{enrollment.pk}").exists()


def test_survey_answers_hold_only_month_and_random_key(enrollment):
    at = datetime(2026, 11, 30, 17, tzinfo=UTC)  # 1 December in Shanghai
    answer_survey(enrollment, page_of(enrollment), {"recommend": 9}, is_signed=False, at=at)
    row = SurveyAnswers.objects.values().get()
    assert row.keys() == {
        "id",
        "survey_id",
        "release_id",
        "month",
        "answers",
        "learner_id",
        "shown_from",
        "counts_from",
    }
    assert (row["month"], row["shown_from"], row["counts_from"]) == (date(2026, 12, 1), None, None)
    assert isinstance(row["id"], uuid.UUID)
    assert {field.name for field in SurveyReceipt._meta.fields} == {"id", "enrollment", "survey"}


def test_signed_survey_stores_name(client, enrollment):
    client.post(SURVEY, sent() | {"signed": "on"})
    assert SurveyAnswers.objects.get().learner == enrollment.learner


@pytest.mark.slow
def test_non_anonymous_survey_says_so_and_stores_name(client):
    files = damage("02-end/02-voice.survey.zh-hans.md", "id: voice", "id: voice\nanonymous: false")
    enrollment = make_enrollment(course=make_course(files))
    client.force_login(enrollment.learner)
    assert "This survey is not anonymous" in client.get(SURVEY).text
    client.post(SURVEY, sent())
    assert SurveyAnswers.objects.get().learner == enrollment.learner


@pytest.mark.parametrize("people", [2, 4, 5, 7])
def test_answers_table_keeps_no_arrival_order(people):
    course = make_course()
    for number in range(people):
        enrollment = make_enrollment(course=course)
        answer_survey(enrollment, page_of(enrollment), {"recommend": number}, is_signed=False)
        stored = physical_order()
        first = len(stored) // disclosure.STEP * disclosure.STEP  # released into the results together
        for group in filter(None, (stored[:first][:5], stored[first:])):
            assert group == sorted(group)
    assert sorted(SurveyAnswers.objects.values_list("answers__recommend", flat=True)) == list(range(people))


def test_answers_of_new_people_count_from_month_after_30_days(time_machine):
    time_machine.move_to(datetime(2026, 11, 25, 4, tzinfo=UTC), tick=False)
    course = make_course()

    def answer(**fields):
        enrollment = make_enrollment(make_user(**fields), course=course)
        answer_survey(enrollment, page_of(enrollment), {"recommend": 9}, is_signed=False)
        return SurveyAnswers.objects.exclude(shown_from=None).count()

    for _invented in range(4):
        assert answer(listed_on=None) == 0
    assert set(SurveyAnswers.objects.values_list("counts_from", flat=True)) == {date(2027, 1, 1)}
    assert answer() == 0
    time_machine.move_to(datetime(2026, 12, 31, 4, tzinfo=UTC), tick=False)
    assert [answer() for _known in range(4)] == [0, 0, 0, 5]
    time_machine.move_to(datetime(2027, 1, 1, 4, tzinfo=UTC), tick=False)
    assert answer() == 10
    assert not SurveyAnswers.objects.exclude(counts_from=None).exists()


def physical_order():
    """Keys of the answers in physical order, as a copy of the database file reveals it."""
    column = "ctid" if connection.vendor == "postgresql" else "rowid"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM learning_surveyanswers ORDER BY {column}")
        return [str(key) for (key,) in cursor.fetchall()]


def test_second_survey_submission_is_ignored(client, enrollment):
    for value in ("9", "1"):
        assert client.post(SURVEY, sent() | {"q-recommend": value}).status_code == 302
    assert SurveyAnswers.objects.get().answers["recommend"] == 9
    assert "Thank you" in client.get(SURVEY).text


@pytest.mark.django_db(transaction=True)
def test_concurrent_submissions_store_one_survey():
    enrollment = make_enrollment(course=make_course())
    page = page_of(enrollment)

    def send(_number):
        return answer_survey(Enrollment.objects.get(pk=enrollment.pk), page, {"recommend": 9}, is_signed=False)

    assert sum(at_once(send)) == 1
    assert SurveyAnswers.objects.count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"q-say-more": "  "},
        {"q-recommend": "11"},
        {"q-recommend": "x"},
        {"q-say-more": "a\0"},
        {"q-say-more": "a" * 2001},
    ],
)
def test_invalid_survey_is_shown_again_with_errors(client, enrollment, fields):
    response = client.post(SURVEY, {"revision": revision(), **fields})
    page = BeautifulSoup(response.content, "html.parser")
    assert response.status_code == 422
    assert page.title.text.startswith("Error:")
    assert page.select_one(".error-summary li")
    assert not SurveyAnswers.objects.exists()
    assert not SurveyReceipt.objects.exists()


@pytest.mark.slow
def test_changed_survey_keeps_texts_but_not_ticks(client, enrollment):
    form = sent()
    release_changed_survey()
    response = client.post(SURVEY, form)
    assert response.status_code == 409
    page = BeautifulSoup(response.content, "html.parser")
    assert "changed while you had the page open" in page.select_one(".error-summary").text
    assert "Without fail" in page.text
    assert page.textarea.text.strip() == "Good tea."
    assert not page.select("[checked]")
    assert not SurveyAnswers.objects.exists()
    assert not SurveyReceipt.objects.exists()
    again = form | {"revision": page.select_one("[name=revision]")["value"]}
    assert client.post(SURVEY, again).status_code == 302
    assert SurveyAnswers.objects.get().answers["recommend"] == 9


@pytest.mark.slow
def test_survey_changed_concurrently_is_refused_under_lock(enrollment):
    page = page_of(enrollment)
    release_changed_survey()
    with pytest.raises(SurveyChanged):
        answer_survey(enrollment, page, {"recommend": 9}, is_signed=False)
    assert not SurveyReceipt.objects.exists()


def test_survey_answers_are_stored_by_number_position_or_text():
    questions = [
        {"id": "scale", "kind": "scale", "title": "", "from": 1, "to": 5, "choices": ["low", "high"]},
        {"id": "one", "kind": "one", "title": "", "choices": ["a", "b"]},
        {"id": "several", "kind": "several", "title": "", "choices": ["a", "b", "c"]},
        {"id": "open", "kind": "open", "title": "", "choices": []},
        {"id": "signed", "kind": "one", "title": "", "choices": ["a"]},
    ]
    sent = {"q-scale": "1", "q-one": "0", "q-several": ["0", "2"], "q-open": "so"}
    form = SurveyForm(sent, questions=questions)
    assert form.is_valid()
    assert form.answers == {"scale": 1, "one": 0, "several": [0, 2], "open": "so"}
    assert form.cleaned_data["signed"] is False


# Lesson reports


def test_report_is_stored_once_with_release_and_language(client, enrollment):
    form = {"token": uuid.uuid4(), "comment": "Line one.\r\nLine two."}
    for _ in range(2):
        client.post(REPORT, form)
    make_report = LessonReport.objects.get()
    assert make_report.release == enrollment.course.current
    assert (make_report.document.identifier, make_report.language) == ("boiling", "en")
    assert make_report.settled_at is None


def test_report_holds_nothing_that_identifies_reporter(client, enrollment):
    client.post(REPORT, {"token": uuid.uuid4(), "comment": "The kettle is blue."})
    row = LessonReport.objects.values().get()
    assert row.keys() == {
        "id", "writer", "document_id", "release_id", "language", "comment", "reported_at", "token", "settled_at",
    }  # fmt: skip
    assert re.fullmatch("[0-9a-f]{64}", row["writer"])
    assert {field.related_model for field in LessonReport._meta.get_fields() if field.is_relation} == {
        Document, Release,
    }  # fmt: skip
    assert not Event.objects.filter(subject=f"enrollment:{enrollment.pk}").exists()


def make_report(enrollment, identifier="boiling"):
    page = store.page(enrollment.course.current, identifier, "en")
    return feedback.report_lesson(enrollment, page, comment="", language="en", token=uuid.uuid4())


def test_reporter_finds_only_own_reports(enrollment):
    other = make_enrollment(make_user(), enrollment.course)
    earlier = make_enrollment(enrollment.learner, enrollment.course, completed_at=days(-400))
    own = {make_report(enrollment), make_report(enrollment), make_report(enrollment, "drill")}
    others = [make_report(other), make_report(earlier)]
    assert set(LessonReport.objects.written_by(enrollment)) == own
    assert [set(LessonReport.objects.written_by(each)) for each in (other, earlier)] == [{each} for each in others]
    assert not LessonReport.objects.written_by(make_enrollment(make_user(), enrollment.course)).exists()


def test_reports_on_2_lessons_have_different_pseudonyms(enrollment):
    assert make_report(enrollment).writer == make_report(enrollment).writer
    assert make_report(enrollment).writer != make_report(enrollment, "drill").writer


def test_pseudonym_depends_on_secret_key(enrollment, settings):
    before = make_report(enrollment)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key " * 6, [settings.SECRET_KEY]
    after = make_report(enrollment)
    assert before.writer != after.writer
    assert set(LessonReport.objects.written_by(enrollment)) == {before, after}
    settings.SECRET_KEY_FALLBACKS = []
    assert set(LessonReport.objects.written_by(enrollment)) == {after}


@pytest.mark.parametrize("fields", [{"token": "x"}, {}])
def test_report_without_valid_token_returns_400(client, enrollment, fields):
    assert client.post(REPORT, fields).status_code == 400
    assert not LessonReport.objects.exists()


def error_and_comment(response):
    """(error message, comment in the form)"""
    page = BeautifulSoup(response.content, "html.parser")
    [message] = {page.select_one(each).text for each in ("#report-error", ".error-summary p")}
    return message, page.select_one("details[open] #report-comment[aria-invalid=true]").text


def test_too_long_report_is_shown_again_as_typed(client, enrollment):
    long_text = "<b>word</b> " * 200
    response = client.post(REPORT, {"token": uuid.uuid4(), "comment": long_text})
    assert response.status_code == 422
    assert error_and_comment(response) == ("The text is too long. Enter at most 2,000 characters.", f"\n{long_text}")
    assert not LessonReport.objects.exists()


@pytest.mark.slow
def test_reports_are_limited_to_10_per_day(client, enrollment, time_machine):
    start = datetime(2026, 11, 25, 8, tzinfo=UTC)

    def sent_at(hour, token=None):
        time_machine.move_to(start.replace(hour=hour % 24, day=25 + hour // 24))
        client.force_login(enrollment.learner)
        return client.post(REPORT, {"token": token or uuid.uuid4(), "comment": f"At {hour}."})

    first = uuid.uuid4()
    assert [sent_at(8, first).status_code for _ in range(12)] == [302] * 12  # one report, sent 12 times
    assert [sent_at(9).status_code for _ in range(9)] == [302] * 9
    make_report(make_enrollment(make_user(), enrollment.course))
    response = sent_at(10)
    assert response.status_code == 429
    message = (
        "You have reported 10 problems in lessons in 1 day, which is the limit. "
        "Keep the text of this report and send it tomorrow."
    )
    assert error_and_comment(response) == (message, "\nAt 10.")
    assert sent_at(10, first).status_code == 302
    assert LessonReport.objects.count() == 11
    assert sent_at(24 + 9).status_code == 302
    assert LessonReport.objects.count() == 12


def test_report_limit_counts_person_not_enrollment(enrollment):
    earlier = make_enrollment(enrollment.learner, enrollment.course, completed_at=days(-400))
    for each in [enrollment, earlier] * 5:
        make_report(each)
    for each in (enrollment, earlier):
        with pytest.raises(feedback.TooManyReports):
            make_report(each)
    make_report(make_enrollment(make_user(), enrollment.course))


def test_last_2_of_5_concurrent_answers_are_shown_with_others(postgres):  # noqa: F811
    course = make_course()
    enrollments = [make_enrollment(course=course) for _person in range(STEP)]
    page = store.page(course.current, "voice", "en")

    def answer(enrollment):
        answer_survey(Enrollment.objects.get(pk=enrollment.pk), page, {"recommend": 9}, is_signed=False)

    for enrollment in enrollments[:-2]:
        answer(enrollment)
    one_behind_the_other(lambda: answer(enrollments[-2]), lambda: answer(enrollments[-1]))
    assert SurveyAnswers.objects.exclude(shown_from=None).count() == STEP
