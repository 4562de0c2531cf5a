"""Help pages: guides offered to each reader, and rules for the guides in docs/help/."""

import re
from functools import partial

import polib
import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.urls import Resolver404, resolve

from courseware.project import help as help_pages
from courseware.project.help import GUIDES, render_guide
from tests.making import make_admin, make_auditor, make_editor, make_hr, make_team, make_user
from tests.site.test_pages import foreign_pieces, gaps

pytestmark = pytest.mark.any_database

FOLDER = settings.BASE_DIR / "docs" / "help"
LANGUAGES = ("en", "zh-hans")
CATALOGUE = settings.BASE_DIR / "courseware/locale/zh_Hans/LC_MESSAGES/django.po"
PAGES = [(role, language) for role in sorted(GUIDES) for language in LANGUAGES]
MOST_WORDS, MOST_CHARACTERS = 1500, 2500
OFFERED = {  # reader → roles of the guides; /help/ leads to the first
    "anonymous": ["learner"],
    "learner": ["learner"],
    "auditor": ["learner"],
    "manager": ["manager", "learner"],
    "HR": ["hr", "learner"],
    "HR and manager": ["hr", "manager", "learner"],
    "editor": ["editor", "learner"],
    "editor and manager": ["editor", "manager", "learner"],
    "admin": ["hr", "editor", "manager", "learner"],
    "superuser without staff": ["hr", "editor", "manager", "learner"],
}
MAKERS = {
    "auditor": make_auditor,
    "HR": make_hr,
    "editor": make_editor,
    "admin": make_admin,
    "superuser without staff": partial(make_user, is_superuser=True),
}
HAN = re.compile(r"[\u4e00-\u9fff]")
WORD = re.compile(r"[A-Za-z0-9][\w'’.-]*")
UNREAD_MARKDOWN = re.compile(r"^\s*(?:[-*+]|\d+\.|#+|\|)\s|\*\*|\]\(|```", re.MULTILINE)


def text_of(role, language):
    return (FOLDER / f"{role}.{language}.md").read_text(encoding="utf-8")


def signed_in(client, reader):
    """`reader`: of OFFERED; one that ends with "manager" manages a team."""
    if reader != "anonymous":
        person = MAKERS.get(reader.removesuffix(" and manager"), make_user)()
        if reader.endswith("manager"):
            make_team(manager=person)
        client.force_login(person)
    return client


def listed_guides(soup):
    """Roles of the guides that the page lists above its own."""
    return [link["href"].removeprefix("/help/").strip("/") for link in soup.select("main > nav a")]


def page(client, role, language="en"):
    response = client.get(f"/help/{role}/", headers={"accept-language": language})
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


@pytest.fixture
def pages(client, db):
    """(role, language) → the page of that guide."""
    signed_in(client, "learner")
    return {(role, language): page(client, role, language) for role, language in PAGES}


def each_of(pages, find):
    """Address and language → what `find` yields about the page, where it yields anything."""
    found = {f"/help/{role}/ {language}": [*find(pages[role, language])] for role, language in PAGES}
    return {where: what for where, what in found.items() if what}


# Guides offered to each reader


@pytest.mark.parametrize("reader", OFFERED)
def test_help_opens_guide_of_main_role_and_lists_others(reader, client, db):
    signed_in(client, reader)
    main, *others = OFFERED[reader]
    response = client.get("/help/")
    assert (response.status_code, response["Location"]) == (302, f"/help/{main}/")
    soup = page(client, main)
    assert listed_guides(soup) == (OFFERED[reader] if others else [])
    assert [link["href"] for link in soup.select("main > nav [aria-current=page]")] == [f"/help/{main}/"] * bool(others)


@pytest.mark.parametrize("role", sorted({*GUIDES} - {"learner"}))
def test_other_guides_need_sign_in_and_list_own_guide(role, client, db):
    response = client.get(f"/help/{role}/")
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next=/help/{role}/")
    assert listed_guides(page(signed_in(client, "learner"), role)) == ["learner"]


@pytest.mark.parametrize("role", ["operator", "nobody"])
def test_other_documents_are_no_help_pages(role, client, db):
    assert signed_in(client, "admin").get(f"/help/{role}/").status_code == 404


@pytest.mark.parametrize(("language", "label"), [("en", "Help"), ("zh-hans", "帮助")])
def test_account_menu_links_to_help(language, label, client, db):
    links = page(signed_in(client, "learner"), "learner", language).select(".menu-list a[href='/help/']")
    assert [link.text for link in links] == [label]


def test_guide_is_rendered_once(client, db, monkeypatch):
    page(client, "learner")
    monkeypatch.setattr(help_pages, "render_guide", None)
    page(client, "learner")


def test_image_has_the_guides():
    containerfile = (settings.BASE_DIR / "Containerfile").read_text(encoding="utf-8")
    assert "\nCOPY docs/help docs/help\n" in containerfile
    ignored = (settings.BASE_DIR / ".containerignore").read_text(encoding="utf-8").split()
    assert [path for path in ignored if path.strip("*/").startswith("docs")] == []


# From Markdown to a page


def test_links_lead_to_site_pages_or_become_text():
    text = """# Title

Read [a](manager.en.md), [b](hr.zh-hans.md#add-people), [c](#task), [d](/people/), [e](https://example.com/),
[f](operator.en.md#x), [*g*](../formats.md) and [h](../../README.md).

![A picture](../pictures/board.en.png)

## Task
"""
    soup = BeautifulSoup(render_guide(text).intro, "html.parser")
    assert {link.text: link["href"] for link in soup.find_all("a")} == {
        "a": "/help/manager/",
        "b": "/help/hr/#add-people",
        "c": "#task",
        "d": "/people/",
        "e": "https://example.com/",
    }
    assert soup.get_text(" ", strip=True).endswith("f , g and h .")
    assert not soup.find_all("img")


def test_level_2_headings_become_tasks_with_anchors():
    guide = render_guide(
        "# T\n\nIntro.\n\n## Work through *Today*, at once\n\n### Part\n\nx\n\n## 添加“人员”（多人）\n"
    )
    assert guide.title == "T"
    assert [(task["id"], task["name"]) for task in guide.tasks] == [
        ("work-through-today-at-once", "Work through Today, at once"),
        ("添加人员多人", "添加“人员”（多人）"),
    ]
    assert guide.body.startswith('<h2 id="work-through-today-at-once">Work through <em>Today</em>, at once</h2>')
    assert "<h3" in guide.body and "<h2" not in guide.intro


def test_markdown_lists_tables_and_chinese_are_rendered():
    table = "| x | y |\n|---|--:|\n| 1 | 2 |\n\n"
    text = f"# T\n\n1. One\n   - a\n   - b\n2. Two\n\n{table}Text\n\n{table}占位内容，\n接着上一行。\n"
    soup = BeautifulSoup(render_guide(text).intro, "html.parser")
    assert [entry.text for entry in soup.select("ol > li > ul > li")] == ["a", "b"]
    regions = [table.parent for table in soup.select("table")]
    assert [(region["class"], region["aria-label"]) for region in regions] == [
        (["scroll"], "T (1)"),
        (["scroll"], "T (2)"),
    ]
    assert "style" not in str(soup)
    assert soup.find_all("p")[-1].text == "占位内容，接着上一行。"


# Rules for docs/help/


@pytest.mark.slow
def test_guide_has_one_heading_and_links_to_tasks(pages):
    def faults(soup):
        tasks = [(f"#{heading['id']}", heading.get_text(strip=True)) for heading in soup.select("article > h2")]
        listed = [(link["href"], link.get_text(strip=True)) for link in soup.select("article > nav a")]
        ids = [element["id"] for element in soup.select("[id]")]
        if len(soup.find_all("h1")) != 1 or not soup.h1.text.strip():
            yield "not one heading"
        if not tasks or tasks != listed:
            yield f"{tasks} are listed as {listed}"
        yield from {f"two elements have the id {each}" for each in ids if ids.count(each) > 1}

    assert each_of(pages, faults) == {}


@pytest.mark.slow
def test_guide_is_in_language_of_reader(pages):
    for (_role, language), soup in pages.items():
        assert soup.html["lang"] == {"en": "en", "zh-hans": "zh-Hans"}[language]
        assert bool(HAN.search(soup.h1.text)) is (language == "zh-hans")
    assert each_of(pages, foreign_pieces) == {}  # mark another language: <span lang="zh-Hans">中文</span>
    assert each_of(pages, gaps) == {}


@pytest.mark.parametrize("role", sorted(GUIDES))
def test_both_languages_have_as_many_tasks(role):
    counts = {language: len(re.findall(r"^## ", text_of(role, language), re.MULTILINE)) for language in LANGUAGES}
    assert counts["en"] == counts["zh-hans"]


@pytest.mark.slow
def test_links_in_guides_are_valid(pages):
    found = {
        f"/help/{role}/ {language}: {link['href']}"
        for (role, language), soup in pages.items()
        for link in soup.select("article a")
        if not is_valid_link(link["href"], role, language, pages)
    }
    assert found == set()


def is_valid_link(target, role, language, pages):
    """`role`, `language`: of the guide that has the link. An anchor must be one of a guide."""
    if target.startswith(("https://", "mailto:")):
        return True
    path, _, anchor = target.partition("#")
    if anchor:
        guide = pages.get((path.removeprefix("/help/").strip("/") or role, language))
        return bool(guide and guide.find(id=anchor))
    return is_served(path)


def is_served(path):
    try:
        return bool(resolve(path.partition("?")[0]))
    except Resolver404:
        return False


def interface_texts(language):
    """Texts of the catalogue, with "…" in place of values and without the last punctuation mark."""
    entries = polib.pofile(CATALOGUE)
    forms = [
        (each.msgid, each.msgid_plural) if language == "en" else (each.msgstr, *each.msgstr_plural.values())
        for each in entries
    ]
    return {comparable(re.sub(r"%\(\w+\)[ds]", "…", text)) for texts in forms for text in texts}


def comparable(label):
    return re.sub(r"[0-9…]+", "…", " ".join(label.split()).lower()).rstrip(".。:： …")


@pytest.mark.slow
@pytest.mark.parametrize(("role", "language"), PAGES)
def test_bold_labels_in_guide_are_those_of_interface(pages, role, language):
    labels = {label.get_text() for label in pages[role, language].select("strong")}
    known = interface_texts(language)
    assert [label for label in sorted(labels) if comparable(label) not in known] == []


@pytest.mark.parametrize(("role", "language"), PAGES)
def test_guide_is_short(role, language):
    if language == "en":
        assert len(WORD.findall(text_of(role, language))) <= MOST_WORDS
    else:
        assert len(HAN.findall(text_of(role, language))) <= MOST_CHARACTERS


def test_no_markdown_is_left_in_guide(pages):
    def left(soup):
        for code in soup.select("code"):
            code.decompose()
        return (line for part in soup.select("article") for line in UNREAD_MARKDOWN.findall(part.get_text("")))

    assert each_of(pages, left) == {}
