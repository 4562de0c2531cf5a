"""Search: matching, ranking, excerpts and the page."""

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


def hits(query, *paragraphs, ids=("one", "two"), terms=()):
    return [
        hit.paragraph.text for page in search(query, paragraphs, outline(*ids, terms=terms)).pages for hit in page.hits
    ]


# Matching


@pytest.mark.parametrize(
    ("query", "text"),
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
def test_word_matches_at_its_beginning_and_chinese_anywhere(query, text):
    assert hits(query, paragraph("Nothing of it."), paragraph(text)) == [text]


@pytest.mark.parametrize(
    ("query", "text"),
    [("ode", "Never read out codes."), ("one-time", "One at a time."), ("19", "Call 119."), ("证验", "验证码")],
)
def test_middle_of_word_and_other_order_do_not_match(query, text):
    assert hits(query, paragraph(text)) == []


@pytest.mark.parametrize("query", ["", "   ", "。，!?", "…"])
def test_empty_query_finds_nothing(query):
    assert search(query, [paragraph("Anything. 。")], outline("one")).pages == ()


def test_all_words_must_be_in_paragraph_or_headings():
    match = paragraph("Take the stairs.", under="Fire")
    assert hits("fire stairs", paragraph("Take the lift."), match, paragraph("Fire!", under="Water")) == [match.text]


def test_heading_match_leads_to_first_paragraph_below():
    page = [paragraph("Ring.", under="Fire"), paragraph("Walk.", under="Fire"), paragraph("Stay.", under="Water")]
    assert hits("fire", *page) == ["Ring."]
    assert hits("one", *page) == ["Ring."]
    assert hits("one water", *page) == ["Stay."]
    assert hits("fire", *page, paragraph("Fire!", under="Fire")) == ["Ring.", "Fire!"]


def test_only_own_steps_and_emergency_card_are_found():
    assert hits("tea", paragraph("Tea.", "retired"), paragraph("Tea!", "card"), ids=("one",)) == ["Tea!"]


def test_card_comes_first_then_rules_then_course_order():
    found = search(
        "tea",
        [paragraph("Tea 1.", "one"), paragraph("Tea 2.", "two"), paragraph("Tea 3.", "three", kind="rule"),
         paragraph("Tea 4.", "card", kind="card")],
        outline("one", "two", "three"),
    )  # fmt: skip
    assert [page.document for page in found.pages] == ["card", "three", "one", "two"]


def test_3_results_per_page_are_shown_and_others_counted():
    paragraphs = [paragraph(f"Tea {number}.", kind="say" if number == 4 else "text") for number in range(1, 6)]
    (page,) = search("tea", paragraphs, outline("one")).pages
    assert [hit.paragraph.text for hit in page.hits] == ["Tea 1.", "Tea 2.", "Tea 4."]
    assert page.more == 2


def test_similar_results_are_offered_only_without_full_match():
    similar, other = paragraph("验证码谁要都不给。"), paragraph("泄漏。")
    found = search("验证码泄漏", [similar, other, paragraph("完全是别的")], outline("one"))
    assert found.is_near
    assert [hit.paragraph.text for page in found.pages for hit in page.hits] == [similar.text]
    assert not search("验证码", [similar, other], outline("one")).is_near
    assert search("电梯", [similar, other], outline("one")).pages == ()


def test_term_in_other_language_finds_its_translation():
    term = TermNames("voice phishing", ("语音钓鱼",))
    calls = paragraph("Voice phishing is a call.")
    found = search(
        "语音钓鱼", [calls, paragraph("Mail.")], outline("one", terms=(term, TermNames("kettle", ("水壶",))))
    )
    assert found.terms == (term,)
    assert [hit.paragraph for page in found.pages for hit in page.hits] == [calls]
    assert not found.is_near


# Excerpts


def pieces_of(query, text):
    ((hit,),) = [page.hits for page in search(query, [paragraph(text)], outline("one")).pages]
    return hit.pieces


def test_every_match_is_marked():
    assert pieces_of("code read", "Codes: read no code.") == (
        ("", False), ("Code", True), ("s: ", False), ("read", True), (" no ", False), ("code", True), (".", False),
    )  # fmt: skip


@given(st.text(alphabet="ab 验证码。İﬁ\n", min_size=1, max_size=600), st.data())
def test_any_word_of_text_finds_and_marks_it(text, data):
    words = words_wanted(text)
    if not words:
        return
    query = data.draw(st.sampled_from(words))
    pieces = pieces_of(query, text)
    excerpt = "".join(piece for piece, _is_match in pieces).strip("…")
    assert excerpt in text
    marked = [piece.replace("İ", "i").lower() for piece, is_match in pieces if is_match]
    assert marked
    assert all(query in piece for piece in marked)


@given(st.text(max_size=200), st.text(max_size=80))
def test_any_query_and_text_give_result(text, query):
    for page in search(query, [paragraph(text)], outline("one")).pages:
        assert page.hits


# The page


@pytest.fixture
def enrollment(db):
    return make_enrollment()


def search_page(client, person, query, language="en"):
    client.force_login(person)
    response = client.get(SEARCH, {"q": query}, headers={"accept-language": language})
    return BeautifulSoup(response.content, "html.parser")


@pytest.mark.parametrize(
    ("language", "query"), [("en", "kettle"), ("en", "stairs"), ("zh-hans", "水"), ("zh-hans", "楼梯")]
)
def test_result_links_to_paragraph(client, enrollment, language, query):
    links = search_page(client, enrollment.learner, query, language).select(".found li a")
    assert links
    for link in links:
        address, at = link["href"].split("#")
        target = BeautifulSoup(client.get(address, headers={"accept-language": language}).content, "html.parser")
        pieces_of = target.find(id=at).get_text(" ", strip=True)
        assert query in pieces_of.lower()
        assert "".join(mark.text for mark in link.select("mark")[:1]).lower() == query


def test_search_covers_own_courses_only(client, enrollment):
    other = make_course({path: body.replace(b"id: tea-room", b"id: other-room") for path, body in make_files().items()})
    learner_of_both = make_enrollment(make_enrollment(course=enrollment.course).learner, other).learner
    courses = {
        person: {link["href"].split("/")[2] for link in search_page(client, person, "stairs").select(".found a")}
        for person in (enrollment.learner, learner_of_both, make_user())
    }
    assert list(courses.values()) == [{"tea-room"}, {"tea-room", "other-room"}, set()]
    assert "no courses to search yet" in search_page(client, make_user(), "stairs").text


def test_course_started_last_comes_first(client, enrollment):
    files = {path: body.replace(b"id: tea-room", b"id: other-room") for path, body in make_files().items()}
    make_enrollment(enrollment.learner, make_course(files))
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=timezone.now(), is_newest=False)
    make_enrollment(enrollment.learner, enrollment.course)
    found = search_page(client, enrollment.learner, "stairs").select("main h2")
    assert [heading["id"] for heading in found] == ["in-tea-room", "in-other-room"]


def test_similar_results_are_hidden_if_another_course_matches_fully(client, enrollment):
    changes = {b"id: tea-room": b"id: other-room", b"Take the stairs": b"Take the lift", b"the stairs": b"the lift"}
    files = make_files()
    for old, new in changes.items():
        files = {path: body.replace(old, new) for path, body in files.items()}
    make_enrollment(enrollment.learner, make_course(files))
    page = search_page(client, enrollment.learner, "cup stairs")
    assert [heading["id"] for heading in page.select("main h2[id]")] == ["in-tea-room"]
    assert "Similar results" not in page.text
    similar = search_page(client, enrollment.learner, "cup stairs nowhere")
    assert "Similar results" in similar.text


@pytest.mark.parametrize("query", ["<b>kettle</b>", "\0kettle", "kettle" + " x" * 200, "%s {{ q }} kettle"])
def test_unusual_query_is_shown_as_typed(client, enrollment, query):
    soup = search_page(client, enrollment.learner, query)
    assert soup.select_one("main input[type=search]")["value"] == query.replace("\0", "")[:100].strip()
    assert soup.select("main b:not(li b)") == []


def test_pages_of_older_compiler_are_searched(client, enrollment):
    release = enrollment.course.current
    before = {link["href"] for link in search_page(client, enrollment.learner, "stairs").select(".found a")}
    type(release).objects.filter(pk=release.pk).update(compiler=release.compiler - 1)
    RenderedPage.objects.update(paragraphs=[])
    assert {link["href"] for link in search_page(client, enrollment.learner, "stairs").select(".found a")} == before


def test_query_count_is_same_for_any_number_of_pages(client, enrollment):
    client.force_login(enrollment.learner)
    client.get(SEARCH, {"q": "kettle"})
    query = [statements(lambda word=word: client.get(SEARCH, {"q": word})) for word in ("zzz", "kettle", "water")]
    assert query == [FRAME + Counter(SELECT=5)] * 3  # 3 of them: the permission to preview courses
