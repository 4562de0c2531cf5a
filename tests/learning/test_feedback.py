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
from tests.site.test_chains import postgres  # noqa: F401 - a fixture

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


def test_the_enrollment_learns_that_it_was_answered_and_the_answers_know_no_person(client, enrollment):
    before = Enrollment.objects.values().get()
    client.post(SURVEY, sent())
    answers = SurveyAnswers.objects.get()
    assert answers.answers == {"recommend": 9, "say-more": "Good tea."}
    assert answers.learner is None
    assert answers.release == enrollment.course.current
    assert list(enrollment.survey_receipts.values_list("survey__identifier", flat=True)) == ["voice"]
    # Nothing beside the two rows that could tell when, and so who.
    assert Enrollment.objects.values().get() == before
    assert not Event.objects.filter(subject=f"enrollment:{enrollment.pk}").exists()


def test_a_row_of_answers_holds_no_time_but_the_month_and_no_number_that_counts_up(enrollment):
    at = datetime(2026, 11, 30, 17, tzinfo=UTC)  # the first of December in Shanghai
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


def test_the_name_stands_there_when_the_learner_signs(client, enrollment):
    client.post(SURVEY, sent() | {"signed": "on"})
    assert SurveyAnswers.objects.get().learner == enrollment.learner


def test_a_survey_that_is_not_anonymous_says_so_and_keeps_the_name(client):
    files = damage("02-end/02-voice.survey.zh-hans.md", "id: voice", "id: voice\nanonymous: false")
    enrollment = make_enrollment(course=make_course(files))
    client.force_login(enrollment.learner)
    assert "This survey is not anonymous" in client.get(SURVEY).text
    client.post(SURVEY, sent())
    assert SurveyAnswers.objects.get().learner == enrollment.learner


@pytest.mark.parametrize("people", [2, 4, 5, 7])
def test_the_table_keeps_no_order_in_which_answers_came(people):
    course = make_course()
    for number in range(people):
        enrollment = make_enrollment(course=course)
        answer_survey(enrollment, page_of(enrollment), {"recommend": number}, is_signed=False)
        stored = physical_order()
        first = len(stored) // disclosure.STEP * disclosure.STEP  # those were let into the results together
        for together in filter(None, (stored[:first][:5], stored[first:])):
            assert together == sorted(together)
    assert sorted(SurveyAnswers.objects.values_list("answers__recommend", flat=True)) == list(range(people))


def test_answers_of_new_people_wait_for_the_month_after_their_30_days_and_fill_no_five(time_machine):
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
    """Random keys of the answers as the table itself keeps them, which is what a copy of the file tells."""
    place = "ctid" if connection.vendor == "postgresql" else "rowid"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM learning_surveyanswers ORDER BY {place}")
        return [str(key) for (key,) in cursor.fetchall()]


def test_a_survey_sent_twice_is_answered_once(client, enrollment):
    for value in ("9", "1"):
        assert client.post(SURVEY, sent() | {"q-recommend": value}).status_code == 302
    assert SurveyAnswers.objects.get().answers["recommend"] == 9
    assert "Thank you" in client.get(SURVEY).text


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_are_one_answered_survey():
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
def test_a_survey_that_cannot_be_taken_comes_back_with_what_to_do(client, enrollment, fields):
    response = client.post(SURVEY, {"revision": revision(), **fields})
    page = BeautifulSoup(response.content, "html.parser")
    assert response.status_code == 422
    assert page.title.text.startswith("Error:")
    assert page.select_one(".error-summary li")
    assert not SurveyAnswers.objects.exists()
    assert not SurveyReceipt.objects.exists()


def test_a_survey_that_was_changed_meanwhile_is_shown_as_it_is_now_with_the_texts_but_not_the_ticks(client, enrollment):
    form = sent()
    release_changed_survey()
    response = client.post(SURVEY, form)
    assert response.status_code == 409
    page = BeautifulSoup(response.content, "html.parser")
    assert "changed while you had it open" in page.select_one(".error-summary").text
    assert "Without fail" in page.text
    assert page.textarea.text.strip() == "Good tea."
    assert not page.select("[checked]")
    assert not SurveyAnswers.objects.exists()
    assert not SurveyReceipt.objects.exists()
    again = form | {"revision": page.select_one("[name=revision]")["value"]}
    assert client.post(SURVEY, again).status_code == 302
    assert SurveyAnswers.objects.get().answers["recommend"] == 9


def test_a_survey_released_at_the_same_moment_is_refused_under_the_lock(enrollment):
    page = page_of(enrollment)
    release_changed_survey()
    with pytest.raises(SurveyChanged):
        answer_survey(enrollment, page, {"recommend": 9}, is_signed=False)
    assert not SurveyReceipt.objects.exists()


def test_what_was_chosen_in_each_kind_is_kept_by_number_place_or_text():
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


# Something is wrong here


def test_a_report_is_kept_once_with_the_release_and_the_language_it_is_about(client, enrollment):
    form = {"token": uuid.uuid4(), "comment": "Line one.\r\nLine two."}
    for _ in range(2):
        client.post(REPORT, form)
    report = LessonReport.objects.get()
    assert report.release == enrollment.course.current
    assert (report.document.identifier, report.language) == ("boiling", "en")
    assert report.settled_at is None


def test_a_report_holds_its_lesson_and_words_and_nothing_that_leads_to_its_writer(client, enrollment):
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


def report(enrollment, identifier="boiling"):
    page = store.page(enrollment.course.current, identifier, "en")
    return feedback.report_lesson(enrollment, page, comment="", language="en", token=uuid.uuid4())


def test_a_writer_finds_the_own_reports_and_nobody_elses(enrollment):
    other = make_enrollment(make_user(), enrollment.course)
    earlier = make_enrollment(enrollment.learner, enrollment.course, completed_at=days(-400))
    own = {report(enrollment), report(enrollment), report(enrollment, "drill")}
    others = [report(other), report(earlier)]
    assert set(LessonReport.objects.written_by(enrollment)) == own
    assert [set(LessonReport.objects.written_by(each)) for each in (other, earlier)] == [{each} for each in others]
    assert not LessonReport.objects.written_by(make_enrollment(make_user(), enrollment.course)).exists()


def test_what_one_person_wrote_about_two_lessons_bears_two_numbers(enrollment):
    assert report(enrollment).writer == report(enrollment).writer
    assert report(enrollment).writer != report(enrollment, "drill").writer


def test_the_number_of_a_writer_cannot_be_made_without_the_key_of_the_site(enrollment, settings):
    before = report(enrollment)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key " * 6, [settings.SECRET_KEY]
    after = report(enrollment)
    assert before.writer != after.writer
    assert set(LessonReport.objects.written_by(enrollment)) == {before, after}
    settings.SECRET_KEY_FALLBACKS = []
    assert set(LessonReport.objects.written_by(enrollment)) == {after}


@pytest.mark.parametrize("fields", [{"token": "x"}, {}])
def test_a_report_of_no_form_is_a_bad_request(client, enrollment, fields):
    assert client.post(REPORT, fields).status_code == 400
    assert not LessonReport.objects.exists()


def refused_with(response):
    """What the page says, and the comment in its form."""
    page = BeautifulSoup(response.content, "html.parser")
    [told] = {page.select_one(each).text for each in ("#report-error", ".error-summary p")}
    return told, page.select_one("details[open] #report-comment[aria-invalid=true]").text


def test_a_report_that_is_too_long_comes_back_as_it_was_typed(client, enrollment):
    words = "<b>word</b> " * 200
    response = client.post(REPORT, {"token": uuid.uuid4(), "comment": words})
    assert response.status_code == 422
    assert refused_with(response) == ("The text is too long. Enter at most 2,000 characters.", f"\n{words}")
    assert not LessonReport.objects.exists()


def test_ten_reports_a_day_are_taken_and_the_eleventh_comes_back_as_it_was_typed(client, enrollment, time_machine):
    start = datetime(2026, 11, 25, 8, tzinfo=UTC)

    def sent_at(hour, token=None):
        time_machine.move_to(start.replace(hour=hour % 24, day=25 + hour // 24))
        client.force_login(enrollment.learner)
        return client.post(REPORT, {"token": token or uuid.uuid4(), "comment": f"At {hour}."})

    first = uuid.uuid4()
    assert [sent_at(8, first).status_code for _ in range(12)] == [302] * 12  # one, however often it is sent
    assert [sent_at(9).status_code for _ in range(9)] == [302] * 9
    report(make_enrollment(make_user(), enrollment.course))
    response = sent_at(10)
    assert response.status_code == 429
    told = "You have sent 10 reports in one day, which is the limit. Keep this report and send it tomorrow."
    assert refused_with(response) == (told, "\nAt 10.")
    assert sent_at(10, first).status_code == 302
    assert LessonReport.objects.count() == 11
    assert sent_at(24 + 9).status_code == 302
    assert LessonReport.objects.count() == 12


def test_reports_are_counted_by_person_and_not_by_run(enrollment):
    earlier = make_enrollment(enrollment.learner, enrollment.course, completed_at=days(-400))
    for each in [enrollment, earlier] * 5:
        report(each)
    for each in (enrollment, earlier):
        with pytest.raises(feedback.TooManyReports):
            report(each)
    report(make_enrollment(make_user(), enrollment.course))


def test_the_last_two_of_five_are_shown_with_the_others(postgres):  # noqa: F811
    course = make_course()
    runs = [make_enrollment(course=course) for _person in range(STEP)]
    page = store.page(course.current, "voice", "en")

    def answer(run):
        answer_survey(Enrollment.objects.get(pk=run.pk), page, {"recommend": 9}, is_signed=False)

    for run in runs[:-2]:
        answer(run)
    one_behind_the_other(lambda: answer(runs[-2]), lambda: answer(runs[-1]))
    assert SurveyAnswers.objects.exclude(shown_from=None).count() == STEP
