"""Rendered pages, course outlines and figures."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courseware.content.models import RenderedPage
from courseware.content.releases.course_import import import_course
from courseware.content.rendering import store
from courseware.content.rendering.figures import svg_size
from courseware.content.rendering.outline import compile_outline
from courseware.content.rendering.pages import compile_page, seconds
from courseware.content.rendering.store import CheckQuestion, FollowUpSurvey, read_outline
from courseware.course_format.course import read_course
from courseware.course_format.questions.question_types import load_question
from tests.course_format.samples import COURSE, FOLLOW_UP, drawing, make_files

LESSON = "01-water/01-boiling.en.md"


def outline(language="en", **replaced):
    return read_outline(json.loads(json.dumps(compile_outline(read_course(make_files(**replaced)), language))))


def page(identifier, language="en", files=None):
    return compile_page(read_course(files or make_files()), {}, identifier, language)


def with_lesson(text):
    """Render the lesson page with `text` inserted at the start of its English file."""
    files = make_files()
    head, rest = files[LESSON].decode().split("\n## ", 1)
    return page("boiling", files=files | {LESSON: f"{head}\n{text}\n\n## {rest}".encode()})


def html_of(data):
    return "\n".join(block["html"] for block in data["blocks"] if "html" in block)


class TestOutline:
    def test_steps_follow_file_name_order(self):
        found = outline()
        assert (found.course_id, found.title, found.language) == ("tea-room", "Rules of the tea room", "en")
        assert [(module.id, module.number, module.title) for module in found.modules] == [
            ("m1", 1, "Water"), ("m2", 2, "The end"),
        ]  # fmt: skip
        assert [(step.id, step.kind, step.number, step.module_id) for step in found.steps] == [
            ("boiling", "lesson", 1, "m1"), ("drill", "simulation", 2, "m1"),
            ("last-cup", "exam", 1, "m2"), ("voice", "survey", 2, "m2"),
        ]  # fmt: skip
        assert (found.exam_id, found.survey_id, found.card_id) == ("last-cup", "voice", "card")
        assert found.valid_months == 12

    def test_follow_up_survey_is_not_a_step(self):
        for language, title in (("en", "A month later"), ("zh-hans", "一个月后")):
            found = outline(language, **FOLLOW_UP)
            assert found.follow_up_surveys == (FollowUpSurvey("month-later", title, 30),)
            assert found.find("month-later") is None
            assert found.survey_id == "voice"
        assert outline().follow_up_surveys == ()

    def test_lessons_before_exam_and_exam_are_required(self):
        found = outline()
        assert found.required == ("boiling", "last-cup")
        assert [step.id for step in found.steps if step.is_required] == ["boiling", "last-cup"]
        assert [step.id for step in found.steps if step.is_after_exam] == ["voice"]

    def test_simulations_are_required_if_course_says_so(self):
        completion = "completion: {lessons: all, passed: [last-cup]"
        course = COURSE["course.zh-hans.md"].replace(completion, completion + ", not_red: [drill]")
        found = outline(**{"course.zh-hans.md": course})
        assert found.required == ("boiling", "drill", "last-cup")
        assert [step.is_optional for step in found.steps] == [False] * 4
        assert [step.id for step in outline().steps if step.is_optional] == ["drill"]

    def test_outline_texts_are_translated_and_structure_is_shared(self):
        english, chinese = outline("en"), outline("zh-hans")
        assert (chinese.title, dict(chinese.tracks)) == ("茶水间守则", {"day": "白班", "night": "夜班"})
        assert list(english.tracks) == list(chinese.tracks) == ["day", "night"]
        assert english.required == chinese.required
        assert (
            english.step("boiling").check
            == chinese.step("boiling").check
            == (CheckQuestion("is-it-off", (), ("is-it-off",)),)
        )

    def test_objectives_belong_to_module_and_lesson(self):
        found = outline()
        assert found.module("m1").objectives == {
            "O1.1": "<strong>Boil</strong> a kettle", "O1.2": "<strong>Turn off</strong> the stove",
        }  # fmt: skip
        assert found.objective_lessons == {"O1.1": "boiling", "O1.2": "boiling"}

    def test_before_and_after_return_neighbours(self):
        found = outline()
        assert (found.before("boiling"), found.after("voice")) == (None, None)
        assert found.before("last-cup") == found.step("drill")
        assert found.after("last-cup") == found.step("voice")
        with pytest.raises(KeyError):
            found.step("nowhere")
        with pytest.raises(KeyError):
            found.module("nowhere")

    def test_check_filters_questions_by_job_role(self):
        step = outline().step("boiling")
        asked = (CheckQuestion("all", (), ("all",)), CheckQuestion("night", ("night",), ("night",)))
        step = store.Step(**{**vars(step), "check": asked})
        assert (step.check_for("night"), step.check_for("day")) == (asked, asked[:1])


class TestLesson:
    def test_blocks_are_in_reading_order(self):
        data = page("boiling")
        kinds = [block.get("kind") or block.get("id") or block["type"] for block in data["blocks"]]
        assert kinds == [
            "html", "what-first", "rule", "html", "job-role", "what-to-wipe", "what-is-wrong", "in-order", "sorted",
            "note", "say", "check", "is-it-off",
        ]  # fmt: skip
        assert [section["id"] for section in data["sections"]] == ["seven", "check"]
        assert (data["check"], list(data["questions"])) == (["is-it-off"], data["order"])

    def test_headings_keep_their_id_and_level(self):
        assert html_of(page("boiling")).startswith('<h2 id="seven">')
        assert '<h3 id="deep">Deep <em>in</em></h3>' in html_of(with_lesson("### Deep *in* {#deep}\n\nText."))

    def test_links_resolve_to_pages_sections_and_questions(self):
        links = (
            "[a](#card) [b](#tracks) [c](#seven) [d](#what-first) [e](#last-cup) [f](#m1) [g](#tea-room) [h](#sources)"
        )
        html = html_of(with_lesson(links))
        addresses = [
            "/learn/tea-room/emergency-card/", "/learn/tea-room/job-role/", "#seven", "#q-what-first",
            "/learn/tea-room/last-cup/",
            "/learn/tea-room/boiling/", "/",
        ]  # fmt: skip
        for letter, address in zip("abcdefg", addresses, strict=True):
            assert f'<a href="{address}">{letter}</a>' in html
        assert "<a>h</a>" in html

    def test_link_to_question_of_other_page_names_lesson(self):
        card = "emergency.card.en.md"
        data = page("card", files=make_files() | {card: make_files()[card] + b"\n[x](#what-first)\n"})
        assert '<a href="/learn/tea-room/boiling/#q-what-first">x</a>' in data["sections"][0]["html"]

    def test_sources_are_numbered_by_first_use_and_listed_once(self):
        data = page("boiling")
        assert [(source["id"], source["number"]) for source in data["sources"]] == [("F-01", 1)]
        assert data["checked"] == "2026-11-20"
        assert "example.org/en" in data["sources"][0]["html"]
        assert "example.org/zh" in page("boiling", "zh-hans")["sources"][0]["html"]

    def test_lesson_shows_oldest_check_date_of_its_sources(self):
        files = make_files()
        files["sources.zh-hans.md"] += "- 乙。[x](https://example.org/b) {#F-02 checked=2025-01-31}\n".encode()
        files["sources.en.md"] += b"- B. [x](https://example.org/b) {#F-02}\n"
        files[LESSON] = files[LESSON].replace(b"[^F-01]", b"[^F-02][^F-01]", 1)
        data = page("boiling", files=files)
        assert [source["id"] for source in data["sources"]] == ["F-02", "F-01"]
        assert data["checked"] == "2025-01-31"

    def test_stored_questions_load_equal_with_html_texts(self):
        stored = json.loads(json.dumps(page("boiling")["questions"]))
        question = load_question(stored["what-first"])
        assert question.to_dict() == load_question(question.to_dict()).to_dict()
        assert question.choices[0].reason.startswith("<p>")
        assert "<p>" not in question.choices[0].text
        assert [question["kind"] for question in stored.values()] == [
            "one", "several", "mark", "order", "sort", "open", "one",
        ]  # fmt: skip

    def test_tables_are_named_after_their_section(self):
        assert 'aria-label="Deep in"' in html_of(with_lesson("## Deep *in* {#deep}\n\n| a | b |\n|---|---|\n| 1 | 2 |"))

    def test_markup_in_titles_and_texts_is_escaped(self):
        data = with_lesson('## <script>alert(1)</script> {#deep}\n\n<img src=x onerror="alert(1)">')
        assert "<script>" not in html_of(data) and "<img src=x" not in html_of(data)


class TestOtherKinds:
    def test_exam_page_gives_durations_in_seconds(self):
        assert page("last-cup") == {
            "title": "The last cup",
            "html": "<p>Take your time.</p>",
            "minutes": 5,
            "time_limit": None,
            "pass_mark": 80,
            "strata": [{"bank": "tea-bank", "draw": 2, "critical": [["O1.2"]]}],
            "retakes": [{"wait": 600, "after": "lessons"}],
            "reopens": 7 * 24 * 3600,
            "critical_drill": None,
        }
        assert seconds(timedelta(days=1, minutes=1)) == 86460

    def test_bank_page_has_no_source_marks(self):
        files = make_files()
        bank = next(path for path in files if path.endswith(".bank.en.md"))
        files[bank] = files[bank].replace(b"  > ", b"  > True. [^F-01] ", 1)
        data = page("tea-bank", files=files)
        assert list(data["questions"]) == data["order"]
        assert "<sup>" not in json.dumps(data)

    def test_survey_page_has_scale_and_end_labels(self):
        question = page("voice")["questions"][0]
        assert (question["kind"], question["from"], question["to"], len(question["choices"])) == ("scale", 0, 10, 2)

    def test_emergency_card_has_call_number_in_every_language(self):
        for language in ("en", "zh-hans"):
            assert [section["call"] for section in page("card", language)["sections"]] == ["119"]

    def test_emergency_card_names_jurisdiction(self):
        """In the language of the card, else in the source language."""
        sheets = {"zh-hans": "中国大陆", "en": "Mainland China"}
        made = {
            f"jurisdiction.{language}.md": f"---\nid: law\ntitle: {title}\n---\n".encode()
            for language, title in sheets.items()
        }
        for language, title in sheets.items():
            assert page("card", language)["jurisdiction"] == ""
            assert page("card", language, make_files() | made)["jurisdiction"] == title

    def test_module_page_separates_text_and_objectives(self):
        data = page("m1")
        assert "It begins with water." in data["html"] and "Boil" not in data["html"]
        assert [objective["id"] for objective in data["objectives"]] == ["O1.1", "O1.2"]

    def test_sources_have_no_page(self):
        with pytest.raises(KeyError):
            page("sources")


@pytest.mark.parametrize(
    ("body", "size"),
    [
        (b'<svg xmlns="x" viewBox="0 0 400 304" width="9">', (400, 304)),
        (b"<svg viewBox='0,0, 10.6 20'>", (11, 20)),
        (b"<?xml version='1.0'?>\n<svg\n viewBox = \"-5 -5 10 10\"/>", (10, 10)),
        (b"<svg/>", (0, 0)),
        (b'<svg viewBox="0 0 wide high"/>', (0, 0)),
        (b'<svg viewBox="0 0 inf nan"/>', (0, 0)),
        (b"\x89PNG", (0, 0)),
    ],
)
def test_figure_size_comes_from_view_box(body, size):
    assert svg_size(body) == size


@pytest.mark.django_db
class TestServing:
    def release(self):
        return import_course(make_files() | {"media/kettle.en.svg": drawing("0 0 40 30")}).course.current

    def test_page_takes_1_query_and_names_document_and_revision(self):
        release = self.release()
        store.outline(release, "en")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            found = store.page(release, "boiling", "en")
        assert len(queries) == 1
        entry = release.entries.get(document__identifier="boiling")
        assert (found.document_id, found.revision_id) == (entry.document_id, entry.revision_id)
        assert (found.identifier, found.kind, found.title) == ("boiling", "lesson", "Boiling water")
        assert list(found.data["questions"]) == found.data["order"]

    def test_outline_is_cached(self):
        release = self.release()
        first = store.outline(release, "en")
        with CaptureQueriesContext(connection) as queries:
            assert store.outline(release, "en") is first
        assert len(queries) == 0

    def test_unknown_language_falls_back_to_source_language(self):
        release = self.release()
        assert store.outline(release, "fr").language == "zh-hans"
        assert store.page(release, "boiling", "fr").title == "烧水"

    def test_page_outside_release_does_not_exist(self):
        with pytest.raises(RenderedPage.DoesNotExist):
            store.page(self.release(), "nowhere", "en")

    def test_figures_have_size_and_load_lazily(self):
        html = html_of(store.page(self.release(), "boiling", "en").data)
        assert 'width="40" height="30" loading="lazy"' in html


@pytest.mark.django_db
class TestMedia:
    @pytest.fixture
    def address(self):
        files = make_files() | {
            "media/kettle.en.svg": drawing("0 0 40 30"),
            "media/page.html": b"<script>",
            "README.md": b"x",
        }
        html = html_of(store.page(import_course(files).course.current, "boiling", "en").data)
        return html.partition('src="')[2].partition('"')[0]

    def test_figure_is_public_immutable_and_sandboxed(self, client, address):
        response = client.get(address)
        assert response.status_code == 200
        assert response.content == drawing("0 0 40 30")
        assert response["Content-Type"] == "image/svg+xml"
        assert response["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response["Content-Security-Policy"] == (
            "default-src 'none'; sandbox; form-action 'none'; frame-ancestors 'none'"
        )
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in response

    def test_old_figure_keeps_its_url(self, client, address):
        import_course(make_files() | {"media/kettle.en.svg": drawing("0 0 9 9")})
        assert client.get(address).content == drawing("0 0 40 30")

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("kettle.en", "kettle.zh-hans"), ("tea-room", "other"), ("kettle.en.svg", "page.html"),
            ("kettle.en.svg", "../README.md"), ("/kettle", "/%2e%2e/kettle"),
        ],
    )  # fmt: skip
    def test_other_media_urls_are_not_found(self, client, address, old, new):
        assert client.get(address.replace(old, new)).status_code == 404

    def test_wrong_checksum_in_url_is_not_found(self, client, address):
        digest = address.split("/")[3]
        for wrong in ("0" * 12, digest[:-1], digest + "0", "%"):
            assert client.get(address.replace(digest, wrong)).status_code == 404

    def test_figure_refuses_post(self, client, address):
        assert client.post(address).status_code == 405
