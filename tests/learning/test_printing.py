"""A module or the course on paper: everything to read, and no key before its reader has completed the course."""

import pytest
from django.urls import reverse

from courseware.learning.printed_course import as_printed
from tests.counting import statements
from tests.learning.lesson_pages import soup_of
from tests.making import make_enrollment
from tests.world import complete_course

pytestmark = pytest.mark.django_db
COURSE = reverse("learning:print", args=["tea-room"])
MODULE = reverse("learning:print-module", args=["tea-room", "m1"])
REASONS = ("Go and look.", "Good.", "Just boiled.", "Never heated.")


def sheet(client, address):
    return client.get(address, headers={"accept-language": "en"})


def links_and_ids_stand(page):
    """Each id once, and no link leads nowhere."""
    ids = [tag["id"] for tag in page.select("[id]")]
    return len(ids) == len(set(ids)) and {link["href"][1:] for link in page.select("main a[href^='#']")} <= set(ids)


def test_lessons_contents_card_and_release_are_on_paper_and_each_id_once(client, enrollment):
    page = soup_of(sheet(client, COURSE))
    assert page.select_one(".contents a")["href"] == "#" + page.select_one(".printed-module")["id"]
    assert page.select_one("article h3").text == "1.1 Boiling water"
    assert "release 1 · printed on" in page.select_one(".sheets-foot").text
    assert page.select_one(".emergency-section h2").text == "Fire"
    assert links_and_ids_stand(page)
    assert not soup_of(sheet(client, MODULE)).select(".emergency-section")
    assert sheet(client, reverse("learning:print-module", args=["tea-room", "none"])).status_code == 404


def test_keys_and_reasons_come_once_the_course_is_completed(client, enrollment):
    assert not any(reason in sheet(client, COURSE).text for reason in REASONS)
    complete_course(enrollment)
    assert all(reason in sheet(client, COURSE).text for reason in REASONS)
    page = soup_of(sheet(client, MODULE))
    assert page.select(".answered .yes") and page.select(".reason sup")
    assert links_and_ids_stand(page)


def test_screens_look_on_paper_as_they_do_in_a_lesson(client, enrollment):
    assert soup_of(sheet(client, MODULE)).select_one("link[href*='css/screens.css']")


def test_a_list_to_order_does_not_stand_in_its_order_for_everybody(client, enrollment):
    def steps():
        return tuple(li.text for li in soup_of(sheet(client, MODULE)).select(".to-tick.order li"))

    seen = {steps()}
    for _each in range(9):
        client.force_login(make_enrollment(course=enrollment.course).learner)
        seen.add(steps())
    assert len(seen) > 1


def test_it_is_printed_in_the_language_of_its_reader_and_asks_the_same_of_any_course(client, enrollment):
    page = soup_of(client.get(COURSE, headers={"accept-language": "zh-hans"}))
    assert page.select_one("article h3").text == "1.1 烧水"
    sheet(client, COURSE)
    assert statements(lambda: sheet(client, COURSE)) == statements(lambda: sheet(client, COURSE))


def test_only_what_is_a_tag_loses_its_places():
    html = '<h2 id="a">id="b" <a href="#c">x</a> <a href="/d/">y</a></h2><h6>z</h6>'
    assert as_printed(html) == '<h4>id="b" <a>x</a> <a href="/d/">y</a></h4><h6>z</h6>'
