import pytest

from courseware.content.compiled import serving
from courseware.learning import feedback
from tests.making import days, make_admin, make_course, make_editor, make_user
from tests.reporting.boards import learner_of

pytestmark = pytest.mark.django_db


def test_results_are_for_managers_editors_and_admins_and_texts_from_ten_answers_up(client, team):
    enrollments = [learner_of(team) for _ in range(10)]
    course = enrollments[0].course
    page = serving.page(course.current, "voice", "zh-hans")
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
def test_what_is_no_survey_is_not_there(client, team, address):
    make_course()
    assert client.get(address).status_code == 404
