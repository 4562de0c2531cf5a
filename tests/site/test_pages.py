"""Each page is in one language and follows its typography. test_access.py checks all pages."""

import re

import pytest
from bs4 import BeautifulSoup, Comment

from courseware.content.rendering import store
from courseware.learning.enrollments import enrollment
from tests.making import make_user

pytestmark = pytest.mark.any_database

HAN = re.compile(r"[\u4e00-\u9fff]")
SENTENCE = re.compile(r"(?:\b[A-Za-z]{2,}\b[ ,]+){3,}\b[A-Za-z]{2,}\b")
READ_ALOUD = ("alt", "aria-label", "placeholder", "title")
# Source texts and their lines are code; a title cannot say which language it is in.
SILENT = ("script", "style", "code", "textarea", "ins", "del", "title")
TAGS = {"en": "en", "zh-hans": "zh-Hans"}


def page_of(response):
    """The page as soup, or None where there is none in HTML."""
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
    """Texts whose language differs from their `lang`; single words in Latin letters may be names."""
    for language, text in pieces(soup):
        if (language == "en" and HAN.search(text)) or (language == "zh-Hans" and SENTENCE.search(text)):
            yield f"{language}: {text}"


# Except the blank that Django puts between help text and multiple-choice hint
GAP = re.compile(r"[\u4e00-\u9fff，。；：！？”）] +(?=[\u4e00-\u9fff“（])(?!按住 Control 键)")


def gaps(soup):
    """Texts in Chinese with a blank between two signs."""
    yield from (text for tag, text in pieces(soup) if tag != "en" and GAP.search(text))


# The course that is shipped -------------------------------------------------------------------------------------------


@pytest.fixture
def shipped(shipped_course):
    """The learner of the course in content/, and the addresses of its pages."""
    course = shipped_course
    learner = make_user("Lea Learner")
    enrollment.enroll(learner, course)
    steps = store.outline(course.current, "en").steps
    pages = [f"/learn/{course.identifier}/{name}/" for name in ("card", "tracks", *(step.id for step in steps))]
    return learner, ["/", *pages]


@pytest.mark.slow
@pytest.mark.parametrize("language", TAGS)
def test_course_pages_are_in_one_language(language, client, shipped):
    learner, addresses = shipped
    client.force_login(learner)
    wrong = []
    for address in addresses:
        if soup := page_of(client.get(address, headers={"accept-language": language})):
            assert soup.html["lang"] == TAGS[language], address
            wrong += [f"{address}: {piece}" for piece in foreign_pieces(soup)]
    assert not wrong, "\n".join(wrong)


def test_wrong_language_is_found():
    soup = BeautifulSoup(
        """<html lang="en"><p>Tea</p><p>茶</p><p lang="zh-Hans">茶 and tea, <b>all for you and me</b></p>
        <img alt="茶壶"><code>茶</code><p lang="zh-Hans">用 Microsoft Teams</p></html>""",
        "html.parser",
    )
    assert list(foreign_pieces(soup)) == ["en: 茶", "zh-Hans: all for you and me", "en: 茶壶"]


def test_gap_in_chinese_is_found():
    soup = BeautifulSoup(
        """<html lang="zh-Hans"><p>请 阅读。</p><p>请阅读 Tea 页。</p><p lang="en">茶 壶</p>
        <b title="好。 茶"></b></html>""",
        "html.parser",
    )
    assert list(gaps(soup)) == ["请 阅读。", "好。 茶"]


# The name of the site ------------------------------------------------------------------------------------------------


def brand(client, address, language="en"):
    response = client.get(address, headers={"accept-language": language})
    assert response.status_code == 200, address
    return BeautifulSoup(response.content, "html.parser").select_one(".brand").text.strip()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "language", "shown"),
    [
        ("", "en", "Staff training"),
        ("", "zh-hans", "员工培训"),
        ("安和", "en", "安和 · Staff training"),
        ("Anhe", "zh-hans", "Anhe · 员工培训"),
    ],
)
def test_pages_show_name_of_site(client, world, settings, name, language, shown):
    settings.COMPANY_NAME = name
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


def test_name_of_site_is_escaped(client, db, settings):
    settings.COMPANY_NAME = "<b>Anhe</b>"
    assert brand(client, "/accounts/login/") == "<b>Anhe</b> · Staff training"
