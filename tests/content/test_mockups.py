"""Mockups as HTML: complete, in reading order, safe."""

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from courseware.content.rendering.mockups import screen_html
from courseware.content.rendering.pages import compile_page
from courseware.course_format.course import read_course
from courseware.course_format.parsing.blocks import Mockup
from courseware.course_format.parsing.mockups import MOCKUP_KINDS
from tests.content.test_markdown import ALLOWED, PAYLOADS, Elements
from tests.content.test_paragraphs import found, lesson
from tests.course_format.samples import COURSE, make_files

OWN = {"figure", "figcaption", "dl", "dt", "dd", "b", "small", "span", "svg", "path"}
ATTRIBUTES = {
    "class", "aria-label", "aria-hidden", "focusable", "viewbox", "d", "colspan", "rowspan", "align", "scope", "start",
}  # fmt: skip
KEYS = sorted({key for form in MOCKUP_KINDS.values() for key in (*form.needed, *form.further)})
MAIL = "- from: HR\n- address: hr@x.example\n- subject: Leave\n\nGo to [the form](https://evil.example/x).[^F-01]"
PLAN = (
    "- here: Desk\n- exits: A | B\n- smoke: A\n- open: Hall\n\n"
    "| A | Lift | B |\n|-|-|-|\n| Hall | Hall | Hall |\n| | Desk | |"
)


def soup_of(kind, text, language="en"):
    return BeautifulSoup(screen_html(Mockup(kind, text, 1), language), "html.parser")


def words_of(soup):
    return " ".join(soup.get_text(" ").split())


def test_mail_mockup_has_reading_order_and_no_links():
    soup = soup_of("mail", MAIL)
    assert words_of(soup) == "Mail Subject Leave From HR hr@x.example Go to the form ."
    assert soup.find("a") is None
    assert soup.select_one("span.linked").get_text() == "the form"


def test_chat_mockup_names_sender_and_marks_own_messages():
    chat = soup_of("chat", "- title: Xu\n- me: Li\n\n**Xu**: Hi.\n\n**Xu**: The code?\n\n**Li**: No.")
    assert words_of(chat) == "Chat Xu Hi. The code? Li No."
    assert ["own" in item.get("class", []) for item in chat.find_all("li")] == [False, False, True]


def test_phone_mockup_shows_whether_number_is_known():
    text = "- line: 外线来电\n- number: 156 0000 7318\n- on-file: {}"
    assert words_of(soup_of("phone", text.format("no"), "zh-hans")) == "来电显示 外线来电 156 0000 7318 未登记号码"
    assert words_of(soup_of("phone", text.format("yes"), "zh-hans")).endswith(" 已登记号码")
    assert words_of(soup_of("phone", text.format("no"), "en")).endswith(" not a known phone number")


def test_text_message_and_prompt_mockups_show_text():
    sms = soup_of("sms", "- from: Notices\n- time: 15:40\n\nOne.\n\nTwo.")
    assert words_of(sms) == "Text message Notices 15:40 One. Two."
    assert len(sms.select(".written > p")) == 2
    prompt = soup_of("prompt", "- title: Is it you?\n- buttons: Deny | Approve")
    assert [item.get_text() for item in prompt.select(".keys li")] == ["Deny", "Approve"]
    assert prompt.find("button") is None  # only a picture of a button


def test_floor_plan_mockup_is_table_with_text_summary():
    plan = soup_of("plan", PLAN)
    assert words_of(plan.figcaption) == "Floor plan. You are here: Desk. Exits: A, B. Smoke: A."
    assert [[words_of(cell) for cell in row.find_all("td")] for row in plan.find_all("tr")] == [
        ["A exit smoke", "Lift", "B exit"], ["Hall"], ["", "Desk you", ""],
    ]  # fmt: skip
    hall = plan.find_all("tr")[1].td
    assert (hall["colspan"], hall["class"]) == ("3", ["place", "at-open"])


def test_mockup_text_is_searchable():
    on_screen = "> [!screen sms]\n> - from: Notices\n>\n> Sign in **now**.\n"
    texts = [text for _kind, _under, text in found("lesson", lesson(text=f"## Now {{#now}}\n\n{on_screen}"))]
    assert "Text message Notices" in texts
    assert "Sign in now." in texts


def test_mark_question_shows_mockup():
    files = make_files()
    path, quote = "01-water/01-boiling.en.md", "> **Li**: The stove is on, I am off."
    shown = "> [!screen chat]\n> - title: Li\n>\n> **Li**: The stove is on, I am off."
    files[path] = COURSE[path].replace(quote, shown).encode()
    question = compile_page(read_course(files), {}, "boiling", "en")["questions"]["what-is-wrong"]
    stem = BeautifulSoup(question["stem"], "html.parser")
    assert stem.select_one("figure.screen.chat blockquote .written").get_text().strip() == "The stove is on, I am off."
    assert [choice["ticked"] for choice in question["choices"]] == [True, False]


def assert_harmless(html):
    for tag, attributes in Elements(html).found:
        assert tag in OWN | set(ALLOWED) - {"a"}
        assert set(attributes) <= ATTRIBUTES | ALLOWED.get(tag, set())


@pytest.mark.parametrize("kind", [*MOCKUP_KINDS, "unknown"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_payloads_produce_no_forbidden_html(kind, payload):
    facts = "\n".join(f"- {key}: {payload}".replace("\n", " ") for key in KEYS)
    assert_harmless(screen_html(Mockup(kind, f"{facts}\n\n**{payload}**: {payload}\n\n| {payload} | x |", 1), "en"))


@given(st.sampled_from([*MOCKUP_KINDS]), st.text(alphabet="<>\"'&[](){}!*_`#-|:\\/= \njavscriptfromhe中，："))
def test_random_text_produces_no_forbidden_html(kind, text):
    assert_harmless(screen_html(Mockup(kind, text, 1), "zh-hans"))
