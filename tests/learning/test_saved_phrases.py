"""Phrases of lessons are kept, found while a call runs, taken away, and outlive what the course becomes."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from courseware.learning.models import Enrollment, SavedPhrase
from tests.course_format.samples import make_files
from tests.learning.lesson_pages import LESSON, soup_of
from tests.making import make_course, make_enrollment, make_user

pytestmark = pytest.mark.django_db
KEEP = reverse("learning:lesson-phrase", args=["tea-room", "boiling"])
PHRASES = reverse("learning:phrases")
NOTE = "note:1"


def release(*changes):
    """The sample lesson in both languages with other texts: (old, new)."""
    files = make_files()
    for old, new in changes:
        paths = [path for path, body in files.items() if "01-boiling" in path and old.encode() in body]
        assert paths
        for path in paths:
            files[path] = files[path].replace(old.encode(), new.encode())
    return make_course(files)


def press(client, keep=True, phrase=NOTE, **headers):
    return client.post(KEEP, {"phrase": phrase, "keep": int(keep)}, headers=headers)


def said(client, query="", language="en"):
    """(headings above it, words, whether it is shown) of each phrase on the page."""
    page = BeautifulSoup(client.get(PHRASES + query, headers={"accept-language": language}).content, "html.parser")
    lines = page.select("[data-phrase]")
    return [(above(li), li.select_one(".said").get_text(strip=True), not li.has_attr("hidden")) for li in lines]


def above(li):
    headings = [section.find(["h2", "h3"], recursive=False) for section in li.find_parents("section")]
    return [heading.get_text(strip=True) for heading in reversed(headings) if heading]


def test_a_phrase_is_kept_by_one_press_and_taken_away_by_another(client, enrollment):
    assert soup_of(client.get(LESSON)).select_one(".star")["value"] == "1"
    for _twice in range(2):
        response = press(client)
        assert response["Location"] == f"{LESSON}#say-{NOTE}"
        assert soup_of(client.get(LESSON)).select_one(".star")["value"] == "0"
        assert said(client) == [(["Water", "Boiling water"], '"It has boiled."', True)]
    assert press(client, False).status_code == 302
    assert (soup_of(client.get(LESSON)).select_one(".star")["value"], said(client)) == ("1", [])


def test_a_script_gets_the_button_alone(client, enrollment):
    page = soup_of(press(client, **{"hx-request": "true"}))
    assert page.form["action"] == KEEP and page.button["value"] == "0" and not page.main


def test_what_is_no_phrase_of_the_lesson_is_not_kept(client, enrollment):
    assert press(client, phrase="note:2")["Location"] == LESSON
    assert press(client, phrase="no\0thing:1")["Location"] == LESSON
    assert press(client, phrase="note:2", **{"hx-request": "true"})["HX-Redirect"] == LESSON  # nothing is swapped in
    assert not SavedPhrase.objects.exists()


def test_one_taken_away_on_the_page_can_be_put_back_from_there(client, enrollment):
    press(client)
    row = SavedPhrase.objects.get()
    response = client.post(PHRASES, {"phrase": row.pk})
    assert said(client) == []
    assert soup_of(client.get(response["Location"])).select_one(".strip [name=back]")
    client.post(PHRASES, {"phrase": row.pk, "back": "1"})
    assert len(said(client)) == 1
    assert not soup_of(client.get(response["Location"])).select_one(".strip")


def test_nobody_else_sees_keeps_or_takes_it(client, enrollment):
    press(client)
    row = SavedPhrase.objects.get()
    client.force_login(make_enrollment(make_user(), enrollment.course).learner)
    assert said(client) == []
    assert [client.post(PHRASES, {"phrase": each}).status_code for each in (row.pk, "x", "")] == [404, 404, 404]
    assert SavedPhrase.objects.get().removed_at is None


def test_it_reads_as_the_course_does_now_in_the_language_of_the_page(client, enrollment):
    press(client)
    release(("It has boiled", "The water has boiled"))
    assert said(client)[0][1] == '"The water has boiled."'
    assert said(client, language="zh-hans")[0][:2] == (["水", "烧水"], "“水开了。”")


def test_a_number_of_a_source_stays_in_the_lesson(client, enrollment):
    release(("It has boiled.", "It has boiled.[^F-01]"), ("水开了。", "水开了。[^F-01]"))
    press(client)
    assert said(client)[0][1] == '"It has boiled."'


def test_what_the_course_has_no_more_stays_as_it_was_kept_and_can_be_taken_away(client, enrollment):
    press(client)
    release(("It has boiled", "The water has boiled"))
    release(("> [!say]", "> [!rule]"))
    assert said(client) == [(["No longer in the course"], '"It has boiled."', True)]
    assert said(client, language="zh-hans")[0][1] == "“水开了。”"
    client.post(PHRASES, {"phrase": SavedPhrase.objects.get().pk})
    assert said(client) == []


def test_a_filter_hides_what_has_not_every_word_in_itself_or_above_it(client, enrollment):
    press(client)
    shown = {asked: said(client, f"?q={asked}")[0][2] for asked in ("boil", "WATER+boiled", "room", "boiled+fire")}
    assert shown == {"boil": True, "WATER+boiled": True, "room": False, "boiled+fire": False}


def test_a_search_shows_the_own_phrases_first(client, enrollment):
    def found(asked):
        return soup_of(client.get(f"/search/?q={asked}", headers={"accept-language": "en"})).select(".own div")

    assert not found("boiled")
    press(client)
    assert [div.text.strip() for div in found("boiled")] == ['"It has boiled."']
    assert not found("kettle")


def test_home_and_both_cards_have_what_is_kept(client, enrollment):
    Enrollment.objects.update(started_at=timezone.now())  # before that home welcomes, and counts nothing
    pages = [
        reverse("home"),
        "/emergency-card/",
        "/learn/tea-room/emergency-card/",
        "/learn/tea-room/emergency-card/pocket/",
    ]

    def texts():
        return [client.get(page, headers={"accept-language": "en"}).text for page in pages]

    assert not any("It has boiled" in text for text in texts())
    press(client)
    home, *cards = texts()
    assert 'Saved phrases · <span class="num">1</span>' in home
    assert all("It has boiled" in text for text in cards)


def test_it_stays_for_a_renewal_and_stands_there_once(client, enrollment):
    press(client)
    Enrollment.objects.filter(pk=enrollment.pk).update(exempted_at="2026-11-20T00:00Z")
    make_enrollment(enrollment.learner, enrollment.course)
    press(client)
    assert (len(said(client)), SavedPhrase.objects.count()) == (1, 1)
    press(client, False)
    assert said(client) == []
