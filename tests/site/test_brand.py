"""What stands above a page: the course where it is one of a course, else the name of the site."""

import pytest
from bs4 import BeautifulSoup

from courseware.content.compiled import serving
from tests.making import make_user
from tests.world import make_world

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def world():
    return make_world()


def brand(client, address, language="en"):
    response = client.get(address, headers={"accept-language": language})
    assert response.status_code == 200, address
    return BeautifulSoup(response.content, "html.parser").select_one(".brand").text.strip()


def pages_of_the_course(world):
    learn = "/learn/tea-room"
    steps = [f"{learn}/{step.id}/" for step in world.outline.steps if step.kind == "lesson"]
    exams = [f"/exam/tea-room/{world.outline.exam_id}/", f"/attempts/{world.attempt.pk}/"]
    return [
        *steps, *exams, f"{learn}/card/", f"{learn}/tracks/", f"{learn}/record/", f"{learn}/{world.outline.survey_id}/",
        f"/attempts/{world.passed.pk}/result/", f"/runs/{world.run.pk}/",
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_above_each_page_of_a_course_stands_its_title_in_the_language_of_the_reader(client, world, language):
    client.force_login(world.learner)
    title = serving.outline(world.course.current, language).title
    assert {address: brand(client, address, language) for address in pages_of_the_course(world)} == dict.fromkeys(
        pages_of_the_course(world), title
    )


@pytest.mark.parametrize(
    ("name", "language", "shown"),
    [
        ("", "en", "Staff training"),
        ("", "zh-hans", "员工培训"),
        ("安和", "en", "安和 · Staff training"),
        ("Anhe", "zh-hans", "Anhe · 员工培训"),
    ],
)
def test_above_every_other_page_stands_the_name_of_the_site(client, world, settings, name, language, shown):
    settings.FIRM_NAME = name
    assert brand(client, "/accounts/login/", language) == shown
    assert client.get("/accounts/login/", headers={"accept-language": language}).text.count(f"{shown}</title>") == 1
    client.force_login(world.learner)
    certificate = f"/certificates/{world.passed.enrollment.certificate.number}/"
    assert [brand(client, address, language) for address in ("/", certificate)] == [shown] * 2
    client.force_login(make_user())
    assert brand(client, "/", language) == shown
    client.force_login(world.people["manager"])
    assert brand(client, "/team/", language) == shown
    client.force_login(world.people["admin"])
    page = BeautifulSoup(client.get("/admin/", headers={"accept-language": language}).content, "html.parser")
    assert page.select_one("#site-name").text.strip() == shown


def test_a_name_is_text_and_no_markup(client, settings):
    settings.FIRM_NAME = "<b>Anhe</b>"
    assert brand(client, "/accounts/login/") == "<b>Anhe</b> · Staff training"
