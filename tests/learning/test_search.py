"""Searching: what is asked for is found where it stands, in one's own courses, and a link leads to it."""

from collections import Counter

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from courseware.content.models import RenderedPage
from courseware.content.rendering.store import Outline, OutlineModule, Paragraph, Step, TermNames
from courseware.learning.models import Enrollment
from courseware.learning.reference.search import search, words_wanted
from tests.counting import FRAME, statements
from tests.course_format.samples import make_files
from tests.making import make_course, make_enrollment, make_user

SEARCH = "/search/"


def step(identifier, kind="lesson"):
    return Step(identifier, kind, identifier.title(), 3, 1, "m1", True, False, (), ())


def outline(*ids, terms=()):
    module = OutlineModule("m1", 1, "Water", tuple(map(step, ids)), {})
    return Outline("tea", "Tea", "en", {}, (), None, None, None, "card", (module,), {}, terms=terms)


def paragraph(text, document="one", under="", kind="text", title=""):
    return Paragraph(document, title or document.title(), "p:1", kind, under, text)


def texts(asked, *paragraphs, ids=("one", "two"), terms=()):
    return [
        hit.paragraph.text for page in search(asked, paragraphs, outline(*ids, terms=terms)).pages for hit in page.hits
    ]


# What counts as found


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("验证码", "谁要验证码都不给。"),
        ("码", "谁要验证码都不给。"),
        ("CODE", "Never read out codes."),
        ("ｃｏｄｅ", "Never read out a code."),
        ("one-time", "A one-time code is yours."),
        ("code read", "Never read out codes."),
        ("code, read!", "Never read out codes."),
        ("call 119", "Call 119 first."),
        ("119", "打119。"),
        ("OTP验证码", "验证码（OTP）不给人。"),
        ("ﬁre", "Put out the ﬁre."),
    ],
)
def test_a_word_is_found_where_it_begins_and_chinese_anywhere(asked, text):
    assert texts(asked, paragraph("Nothing of it."), paragraph(text)) == [text]


@pytest.mark.parametrize(
    ("asked", "text"),
    [("ode", "Never read out codes."), ("one-time", "One at a time."), ("19", "Call 119."), ("证验", "验证码")],
)
def test_the_middle_of_a_word_and_other_orders_are_not_found(asked, text):
    assert texts(asked, paragraph(text)) == []


@pytest.mark.parametrize("asked", ["", "   ", "。，!?", "…"])
def test_nothing_is_found_where_nothing_is_asked_for(asked):
    assert search(asked, [paragraph("Anything. 。")], outline("one")).pages == ()


def test_all_words_have_to_stand_there_or_above():
    wanted = paragraph("Take the stairs.", under="Fire")
    assert texts("fire stairs", paragraph("Take the lift."), wanted, paragraph("Fire!", under="Water")) == [wanted.text]


def test_a_heading_or_a_title_alone_leads_to_the_first_paragraph_under_it():
    page = [paragraph("Ring.", under="Fire"), paragraph("Walk.", under="Fire"), paragraph("Stay.", under="Water")]
    assert texts("fire", *page) == ["Ring."]
    assert texts("one", *page) == ["Ring."]
    assert texts("one water", *page) == ["Stay."]
    assert texts("fire", *page, paragraph("Fire!", under="Fire")) == ["Ring.", "Fire!"]


def test_what_is_not_on_the_own_route_is_not_found_but_the_card_is():
    assert texts("tea", paragraph("Tea.", "retired"), paragraph("Tea!", "card"), ids=("one",)) == ["Tea!"]


def test_the_card_comes_first_then_rules_then_the_order_of_the_route():
    found = search(
        "tea",
        [paragraph("Tea 1.", "one"), paragraph("Tea 2.", "two"), paragraph("Tea 3.", "three", kind="rule"),
         paragraph("Tea 4.", "card", kind="card")],
        outline("one", "two", "three"),
    )  # fmt: skip
    assert [page.document for page in found.pages] == ["card", "three", "one", "two"]


def test_of_a_page_three_places_are_shown_in_the_order_of_reading_and_the_others_counted():
    many = [paragraph(f"Tea {number}.", kind="say" if number == 4 else "text") for number in range(1, 6)]
    (page,) = search("tea", many, outline("one")).pages
    assert [hit.paragraph.text for hit in page.hits] == ["Tea 1.", "Tea 2.", "Tea 4."]
    assert page.more == 2


def test_what_is_near_is_offered_only_where_nothing_has_all_of_it():
    near, far = paragraph("验证码谁要都不给。"), paragraph("泄漏。")
    found = search("验证码泄漏", [near, far, paragraph("完全是别的")], outline("one"))
    assert found.is_near
    assert [hit.paragraph.text for page in found.pages for hit in page.hits] == [near.text]
    assert not search("验证码", [near, far], outline("one")).is_near
    assert search("电梯", [near, far], outline("one")).pages == ()


def test_a_term_of_another_language_leads_to_its_name_in_this():
    term = TermNames("voice phishing", ("语音钓鱼",))
    calls = paragraph("Voice phishing is a call.")
    found = search(
        "语音钓鱼", [calls, paragraph("Mail.")], outline("one", terms=(term, TermNames("kettle", ("水壶",))))
    )
    assert found.terms == (term,)
    assert [hit.paragraph for page in found.pages for hit in page.hits] == [calls]
    assert not found.is_near


# What is shown of it


def shown(asked, text):
    ((hit,),) = [page.hits for page in search(asked, [paragraph(text)], outline("one")).pages]
    return hit.pieces


def test_each_place_that_was_asked_for_is_marked():
    assert shown("code read", "Codes: read no code.") == (
        ("", False), ("Code", True), ("s: ", False), ("read", True), (" no ", False), ("code", True), (".", False),
    )  # fmt: skip


@given(st.text(alphabet="ab 验证码。İﬁ\n", min_size=1, max_size=600), st.data())
def test_any_piece_of_a_text_that_is_a_word_finds_it_and_shows_a_part_of_it(text, data):
    words = words_wanted(text)
    if not words:
        return
    asked = data.draw(st.sampled_from(words))
    pieces = shown(asked, text)
    whole = "".join(piece for piece, _is_asked in pieces).strip("…")
    assert whole in text
    marked = [piece.replace("İ", "i").lower() for piece, is_asked in pieces if is_asked]
    assert marked
    assert all(asked in piece for piece in marked)


@given(st.text(max_size=200), st.text(max_size=80))
def test_whatever_is_asked_of_whatever_text_gets_an_answer(text, asked):
    for page in search(asked, [paragraph(text)], outline("one")).pages:
        assert page.hits


# The page


@pytest.fixture
def enrollment(db):
    return make_enrollment()


def found_by(client, person, asked, language="en"):
    client.force_login(person)
    response = client.get(SEARCH, {"q": asked}, headers={"accept-language": language})
    return BeautifulSoup(response.content, "html.parser")


@pytest.mark.parametrize(
    ("language", "asked"), [("en", "kettle"), ("en", "stairs"), ("zh-hans", "水"), ("zh-hans", "楼梯")]
)
def test_the_link_leads_to_the_paragraph(client, enrollment, language, asked):
    links = found_by(client, enrollment.learner, asked, language).select(".found li a")
    assert links
    for link in links:
        address, at = link["href"].split("#")
        target = BeautifulSoup(client.get(address, headers={"accept-language": language}).content, "html.parser")
        shown = target.find(id=at).get_text(" ", strip=True)
        assert asked in shown.lower()
        assert "".join(mark.text for mark in link.select("mark")[:1]).lower() == asked


def test_each_finds_what_is_in_the_own_courses(client, enrollment):
    other = make_course({path: body.replace(b"id: tea-room", b"id: other-room") for path, body in make_files().items()})
    both = make_enrollment(make_enrollment(course=enrollment.course).learner, other).learner
    courses = {
        person: {link["href"].split("/")[2] for link in found_by(client, person, "stairs").select(".found a")}
        for person in (enrollment.learner, both, make_user())
    }
    assert list(courses.values()) == [{"tea-room"}, {"tea-room", "other-room"}, set()]
    assert "no courses to search yet" in found_by(client, make_user(), "stairs").text


def test_the_course_that_was_begun_last_comes_first_also_where_it_was_begun_before(client, enrollment):
    files = {path: body.replace(b"id: tea-room", b"id: other-room") for path, body in make_files().items()}
    make_enrollment(enrollment.learner, make_course(files))
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=timezone.now(), is_newest=False)
    make_enrollment(enrollment.learner, enrollment.course)
    found = found_by(client, enrollment.learner, "stairs").select("main h2")
    assert [heading["id"] for heading in found] == ["in-tea-room", "in-other-room"]


def test_what_is_near_in_one_course_is_not_offered_where_another_holds_all_of_it(client, enrollment):
    swapped = {b"id: tea-room": b"id: other-room", b"Take the stairs": b"Take the lift", b"the stairs": b"the lift"}
    files = make_files()
    for old, new in swapped.items():
        files = {path: body.replace(old, new) for path, body in files.items()}
    make_enrollment(enrollment.learner, make_course(files))
    page = found_by(client, enrollment.learner, "cup stairs")
    assert [heading["id"] for heading in page.select("main h2[id]")] == ["in-tea-room"]
    assert "Similar results" not in page.text
    near = found_by(client, enrollment.learner, "cup stairs nowhere")
    assert "Similar results" in near.text


@pytest.mark.parametrize("asked", ["<b>kettle</b>", "\0kettle", "kettle" + " x" * 200, "%s {{ q }} kettle"])
def test_strange_words_are_shown_as_they_were_typed(client, enrollment, asked):
    soup = found_by(client, enrollment.learner, asked)
    assert soup.select_one("main input[type=search]")["value"] == asked.replace("\0", "")[:100].strip()
    assert soup.select("main b:not(li b)") == []


def test_pages_of_an_earlier_compiler_are_looked_through_as_well(client, enrollment):
    release = enrollment.course.current
    before = {link["href"] for link in found_by(client, enrollment.learner, "stairs").select(".found a")}
    type(release).objects.filter(pk=release.pk).update(compiler=release.compiler - 1)
    RenderedPage.objects.update(paragraphs=[])
    assert {link["href"] for link in found_by(client, enrollment.learner, "stairs").select(".found a")} == before


def test_the_search_asks_the_database_the_same_for_one_page_and_for_many(client, enrollment):
    client.force_login(enrollment.learner)
    client.get(SEARCH, {"q": "kettle"})
    asked = [statements(lambda word=word: client.get(SEARCH, {"q": word})) for word in ("zzz", "kettle", "water")]
    assert asked == [FRAME + Counter(SELECT=5)] * 3  # three of them: whether the reader may preview courses
