"""Screens as HTML: drawn whole in the words of their language, read in order, and harmless."""

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


def test_a_mail_is_read_in_order_and_its_link_leads_nowhere():
    soup = soup_of("mail", MAIL)
    assert words_of(soup) == "Mail Subject Leave From HR hr@x.example Go to the form ."
    assert soup.find("a") is None
    assert soup.select_one("span.linked").get_text() == "the form"


def test_a_chat_names_who_writes_where_that_changes_and_tells_one_own_messages_apart():
    chat = soup_of("chat", "- title: Xu\n- me: Li\n\n**Xu**: Hi.\n\n**Xu**: The code?\n\n**Li**: No.")
    assert words_of(chat) == "Chat Xu Hi. The code? Li No."
    assert ["own" in item.get("class", []) for item in chat.find_all("li")] == [False, False, True]


def test_the_display_of_a_phone_says_whether_the_number_is_on_file_in_the_language_of_the_text():
    text = "- line: 外线来电\n- number: 156 0000 7318\n- on-file: {}"
    assert words_of(soup_of("phone", text.format("no"), "zh-hans")) == "来电显示 外线来电 156 0000 7318 未登记号码"
    assert words_of(soup_of("phone", text.format("yes"), "zh-hans")).endswith(" 已登记号码")
    assert words_of(soup_of("phone", text.format("no"), "en")).endswith(" not a known number")


def test_a_text_message_and_a_prompt_show_what_was_written():
    sms = soup_of("sms", "- from: Notices\n- time: 15:40\n\nOne.\n\nTwo.")
    assert words_of(sms) == "Text message Notices 15:40 One. Two."
    assert len(sms.select(".written > p")) == 2
    prompt = soup_of("prompt", "- title: Is it you?\n- buttons: Deny | Approve")
    assert [item.get_text() for item in prompt.select(".keys li")] == ["Deny", "Approve"]
    assert prompt.find("button") is None  # it is a picture of one


def test_a_plan_is_a_table_of_places_and_says_in_words_where_one_stands_and_how_to_get_out():
    plan = soup_of("plan", PLAN)
    assert words_of(plan.figcaption) == "Floor plan. You are here: Desk. Exits: A, B. Smoke: A."
    assert [[words_of(cell) for cell in row.find_all("td")] for row in plan.find_all("tr")] == [
        ["A way out smoke", "Lift", "B way out"], ["Hall"], ["", "Desk you", ""],
    ]  # fmt: skip
    hall = plan.find_all("tr")[1].td
    assert (hall["colspan"], hall["class"]) == ("3", ["place", "at-open"])


def test_a_screen_is_found_by_what_stands_on_it():
    on_screen = "> [!screen sms]\n> - from: Notices\n>\n> Sign in **now**.\n"
    texts = [text for _kind, _under, text in found("lesson", lesson(text=f"## Now {{#now}}\n\n{on_screen}"))]
    assert "Text message Notices" in texts
    assert "Sign in now." in texts


def test_a_question_to_mark_shows_its_screen_above_the_pieces_and_grades_them_as_before():
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
def test_no_payload_gets_an_element_through_wherever_it_stands(kind, payload):
    facts = "\n".join(f"- {key}: {payload}".replace("\n", " ") for key in KEYS)
    assert_harmless(screen_html(Mockup(kind, f"{facts}\n\n**{payload}**: {payload}\n\n| {payload} | x |", 1), "en"))


@given(st.sampled_from([*MOCKUP_KINDS]), st.text(alphabet="<>\"'&[](){}!*_`#-|:\\/= \njavscriptfromhe中，："))
def test_no_text_at_all_breaks_a_screen_or_gets_one_through(kind, text):
    assert_harmless(screen_html(Mockup(kind, text, 1), "zh-hans"))
