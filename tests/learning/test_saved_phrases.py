"""Saved phrases: saving, finding, removing, and changes of the course."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from courseware.learning.models import Enrollment, SavedPhrase
from tests.course_format.samples import make_files
from tests.learning.lesson_pages import LESSON, soup_of
from tests.making import make_course, make_enrollment, make_user

pytestmark = pytest.mark.django_db
SAVE_URL = reverse("learning:lesson-phrase", args=["tea-room", "boiling"])
PHRASES = reverse("learning:phrases")
NOTE = "note:1"


def release(*changes):
    """Release the sample lesson with replaced texts: (old, new)."""
    files = make_files()
    for old, new in changes:
        paths = [path for path, body in files.items() if "01-boiling" in path and old.encode() in body]
        assert paths
        for path in paths:
            files[path] = files[path].replace(old.encode(), new.encode())
    return make_course(files)


def send_button(client, is_saved=True, phrase=NOTE, **headers):
    return client.post(SAVE_URL, {"phrase": phrase, "keep": int(is_saved)}, headers=headers)


def phrases(client, query="", language="en"):
    """(headings, text, whether visible) of each phrase on the page."""
    page = BeautifulSoup(client.get(PHRASES + query, headers={"accept-language": language}).content, "html.parser")
    lines = page.select("[data-phrase]")
    return [(path_of(li), li.select_one(".said").get_text(strip=True), not li.has_attr("hidden")) for li in lines]


def path_of(li):
    headings = [section.find(["h2", "h3"], recursive=False) for section in li.find_parents("section")]
    return [heading.get_text(strip=True) for heading in reversed(headings) if heading]


def test_phrase_is_saved_and_removed_by_button(client, enrollment):
    assert soup_of(client.get(LESSON)).select_one(".star")["value"] == "1"
    for _twice in range(2):
        response = send_button(client)
        assert response["Location"] == f"{LESSON}#say-{NOTE}"
        assert soup_of(client.get(LESSON)).select_one(".star")["value"] == "0"
        assert phrases(client) == [(["Water", "Boiling water"], '"It has boiled."', True)]
    assert send_button(client, False).status_code == 302
    assert (soup_of(client.get(LESSON)).select_one(".star")["value"], phrases(client)) == ("1", [])


def test_script_gets_button_only(client, enrollment):
    page = soup_of(send_button(client, **{"hx-request": "true"}))
    assert page.form["action"] == SAVE_URL and page.button["value"] == "0" and not page.main


def test_unknown_phrase_is_not_saved(client, enrollment):
    assert send_button(client, phrase="note:2")["Location"] == LESSON
    assert send_button(client, phrase="no\0thing:1")["Location"] == LESSON
    assert send_button(client, phrase="note:2", **{"hx-request": "true"})["HX-Redirect"] == LESSON  # no partial update
    assert not SavedPhrase.objects.exists()


def test_removed_phrase_can_be_restored_from_page(client, enrollment):
    send_button(client)
    row = SavedPhrase.objects.get()
    response = client.post(PHRASES, {"phrase": row.pk})
    assert phrases(client) == []
    assert soup_of(client.get(response["Location"])).select_one(".strip [name=back]")
    client.post(PHRASES, {"phrase": row.pk, "back": "1"})
    assert len(phrases(client)) == 1
    assert not soup_of(client.get(response["Location"])).select_one(".strip")


def test_other_learner_cannot_see_or_remove_phrase(client, enrollment):
    send_button(client)
    row = SavedPhrase.objects.get()
    client.force_login(make_enrollment(make_user(), enrollment.course).learner)
    assert phrases(client) == []
    assert [client.post(PHRASES, {"phrase": each}).status_code for each in (row.pk, "x", "")] == [404, 404, 404]
    assert SavedPhrase.objects.get().removed_at is None


def test_phrase_is_shown_in_current_wording_and_language(client, enrollment):
    send_button(client)
    release(("It has boiled", "The water has boiled"))
    assert phrases(client)[0][1] == '"The water has boiled."'
    assert phrases(client, language="zh-hans")[0][:2] == (["水", "烧水"], "“水开了。”")


def test_source_note_is_not_shown_with_phrase(client, enrollment):
    release(("It has boiled.", "It has boiled.[^F-01]"), ("水开了。", "水开了。[^F-01]"))
    send_button(client)
    assert phrases(client)[0][1] == '"It has boiled."'


def test_phrase_removed_from_course_stays_as_saved(client, enrollment):
    send_button(client)
    release(("It has boiled", "The water has boiled"))
    release(("> [!say]", "> [!rule]"))
    assert phrases(client) == [(["Phrases that are no longer in the course"], '"It has boiled."', True)]
    assert phrases(client, language="zh-hans")[0][1] == "“水开了。”"
    client.post(PHRASES, {"phrase": SavedPhrase.objects.get().pk})
    assert phrases(client) == []


def test_filter_matches_all_words_in_phrase_or_headings(client, enrollment):
    send_button(client)
    shown = {query: phrases(client, f"?q={query}")[0][2] for query in ("boil", "WATER+boiled", "room", "boiled+fire")}
    assert shown == {"boil": True, "WATER+boiled": True, "room": False, "boiled+fire": False}


def test_search_shows_own_phrases_first(client, enrollment):
    def found(query):
        return soup_of(client.get(f"/search/?q={query}", headers={"accept-language": "en"})).select(".own div")

    assert not found("boiled")
    send_button(client)
    assert [div.text.strip() for div in found("boiled")] == ['"It has boiled."']
    assert not found("kettle")


def test_home_and_emergency_cards_show_saved_phrases(client, enrollment):
    Enrollment.objects.update(started_at=timezone.now())  # before the start, home shows the welcome page
    pages = [
        reverse("home"),
        "/emergency-card/",
        "/learn/tea-room/emergency-card/",
        "/learn/tea-room/emergency-card/pocket/",
    ]

    def texts():
        return [client.get(page, headers={"accept-language": "en"}).text for page in pages]

    assert not any("It has boiled" in text for text in texts())
    send_button(client)
    home, *cards = texts()
    assert 'Saved phrases · <span class="num">1</span>' in home
    assert all("It has boiled" in text for text in cards)


def test_renewal_keeps_phrase_once(client, enrollment):
    send_button(client)
    Enrollment.objects.filter(pk=enrollment.pk).update(exempted_at="2026-11-20T00:00Z")
    make_enrollment(enrollment.learner, enrollment.course)
    send_button(client)
    assert (len(phrases(client)), SavedPhrase.objects.count()) == (1, 1)
    send_button(client, False)
    assert phrases(client) == []
