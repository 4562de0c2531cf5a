"""Pages as they are read: one language each, one heading, a title, and in both languages the same."""

import re

import pytest
from bs4 import BeautifulSoup, Comment

from courseware.content.compiled import serving
from courseware.learning import enrolling
from tests.making import make_user
from tests.site.routes import fill_in, routes

pytestmark = pytest.mark.any_database

HAN = re.compile(r"[\u4e00-\u9fff]")
SENTENCE = re.compile(r"(?:\b[A-Za-z]{2,}\b[ ,]+){3,}\b[A-Za-z]{2,}\b")
READ_ALOUD = ("alt", "aria-label", "placeholder", "title")
# Source texts and their lines are code; a title cannot say which language it is in.
SILENT = ("script", "style", "code", "textarea", "ins", "del", "title")
TAGS = {"en": "en", "zh-hans": "zh-Hans"}


def languages():
    return pytest.mark.parametrize("language", TAGS)


def page_of(client, address, language):
    """The page as soup, or None where there is none in HTML."""
    response = client.get(address, headers={"accept-language": language})
    is_page = response.get("Content-Type", "").startswith("text/html") and response.status_code in (200, 404)
    return BeautifulSoup(response.content, "html.parser") if is_page and response.content else None


def pieces(soup):
    """(language, text) of everything that is read or read aloud."""
    for text in soup.find_all(string=True):
        if not isinstance(text, Comment) and text.strip() and text.parent.name not in SILENT:
            yield language_of(text.parent), " ".join(text.split())
    for element in soup.find_all(True):
        yield from ((language_of(element), element[name]) for name in READ_ALOUD if element.get(name))


def language_of(element):
    found = element if element.get("lang") else element.find_parent(lang=True)
    return found["lang"] if found else ""


def foreign_pieces(soup):
    """Texts in a language that they are not marked as: names apart, a text of some words tells which one it is."""
    for language, text in pieces(soup):
        if (language == "en" and HAN.search(text)) or (language == "zh-Hans" and SENTENCE.search(text)):
            yield f"{language}: {text}"


def assert_one_language(client, addresses, language):
    wrong = []
    for address in addresses:
        if soup := page_of(client, address, language):
            assert soup.html["lang"] in (TAGS[language], language), address
            wrong += [f"{address}: {piece}" for piece in foreign_pieces(soup)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
@languages()
@pytest.mark.parametrize("role", ["anonymous", "learner", "manager", "editor"])
def test_every_page_is_in_one_language_and_says_where_it_is_not(role, language, client, world):
    if role != "anonymous":
        client.force_login(world.people[role])
    addresses = [fill_in(route, world.places) for route, _pattern in routes()]
    assert_one_language(client, addresses, language)


@languages()
def test_every_page_has_one_heading_and_a_title_of_its_own(language, client, world):
    client.force_login(world.people["learner"])
    titles = {}
    for route, _pattern in routes():
        soup = page_of(client, fill_in(route, world.places), language)
        if soup and soup.title and not route.startswith("admin/"):
            assert len(soup.find_all("h1")) == 1, route
            assert soup.title.get_text().strip(), route
            titles.setdefault(soup.title.get_text().strip(), set()).add(soup.h1.get_text(" ", strip=True))
    assert {title: headings for title, headings in titles.items() if len(headings) > 1} == {}


# The course that is shipped -------------------------------------------------------------------------------------------


@pytest.fixture
def shipped(shipped_course):
    """The learner of the course in content/, and the addresses of its pages."""
    course = shipped_course
    learner = make_user("Lea Learner")
    enrolling.enroll(learner, course)
    steps = serving.outline(course.current, "en").steps
    pages = [f"/learn/{course.identifier}/{name}/" for name in ("card", "tracks", *(step.id for step in steps))]
    return learner, ["/", *pages]


@languages()
def test_every_page_of_the_course_is_in_one_language(language, client, shipped):
    learner, addresses = shipped
    client.force_login(learner)
    assert_one_language(client, addresses, language)


def test_the_wrong_language_is_found():
    soup = BeautifulSoup(
        """<html lang="en"><p>Tea</p><p>茶</p><p lang="zh-Hans">茶 and tea, <b>all for you and me</b></p>
        <img alt="茶壶"><code>茶</code><p lang="zh-Hans">用 Microsoft Teams</p></html>""",
        "html.parser",
    )
    assert list(foreign_pieces(soup)) == ["en: 茶", "zh-Hans: all for you and me", "en: 茶壶"]
