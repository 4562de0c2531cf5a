"""Drafts and releases: conflicts, immutability and line ends changed by browsers."""

from dataclasses import asdict
from threading import Barrier, Thread

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from courseware.audit_log.models import Event
from courseware.content.models import Document, Release, ReleaseEntry, RenderedPage
from courseware.content.releases import publishing
from courseware.content.releases.course_import import import_course
from courseware.content.releases.drafts import (
    ArchivedDocument,
    StaleDraft,
    discard_draft,
    restore,
    save_drafts,
    text_without_bom,
    with_original_line_ends,
)
from courseware.content.releases.publishing import (
    ContentErrors,
    StaleChoice,
    digest_of,
    drafts,
    publish,
    recompile,
)
from courseware.content.rendering import store
from courseware.content.rendering.compiler import COMPILER
from tests.course_format.samples import make_files
from tests.making import make_user, publish_latest

CARD = "emergency.card.en.md"
EDITED = make_files()[CARD] + b"\nEdited.\n"


def make_course():
    return import_course(make_files()).course


def card_of(course):
    return course.documents.select_related("latest_revision").get(identifier="card")


def edit(course, text=EDITED, **more):
    card = card_of(course)
    return save_drafts(card, {"en": text}, base=card.latest_revision, by=more.get("by"))


def card_html(course):
    course.refresh_from_db()
    return str(store.page(course.current, "card", "en").data)


@pytest.mark.django_db
class TestDrafts:
    def test_draft_is_hidden_from_learners(self):
        course, editor = make_course(), make_user()
        revision = edit(course, by=editor)
        assert (revision.number, revision.created_by) == (2, editor)
        assert "Edited" not in card_html(course)
        assert [bytes(text.body) for text in revision.texts.filter(language="en")] == [EDITED]

    def test_stale_draft_is_refused_with_both_texts(self):
        course = make_course()
        base = card_of(course).latest_revision
        edit(course)
        mine = make_files()[CARD] + b"\nMine.\n"
        with pytest.raises(StaleDraft) as stale:
            save_drafts(card_of(course), {"en": mine}, base=base, by=None)
        assert (stale.value.mine, stale.value.theirs) == (mine, EDITED)
        assert bytes(card_of(course).latest_revision.texts.get(language="en").body) == EDITED

    def test_identical_text_is_no_conflict(self):
        course = make_course()
        base = card_of(course).latest_revision
        saved = edit(course)
        assert save_drafts(card_of(course), {"en": EDITED}, base=base, by=None) == saved

    def test_other_language_is_no_conflict(self):
        course = make_course()
        base = card_of(course).latest_revision
        chinese = make_files()["emergency.card.zh-hans.md"] + "\n改了。\n".encode()
        edit(course)
        revision = save_drafts(card_of(course), {"zh-hans": chinese}, base=base, by=None)
        assert {bytes(text.body) for text in revision.texts.all()} == {EDITED, chinese}

    def test_archived_document_is_refused_by_name(self):
        card = card_of(make_course())
        Document.objects.filter(pk=card.pk).update(latest_revision=None)
        with pytest.raises(ArchivedDocument, match="card"):
            save_drafts(card, {"en": EDITED}, base=card.latest_revision, by=None)
        with pytest.raises(ArchivedDocument, match="card"):
            restore(card, card.latest_revision, by=None)

    def test_draft_with_error_is_refused_with_line(self):
        course = make_course()
        with pytest.raises(ContentErrors) as refusal:
            edit(course, make_files()[CARD] + b"\n[x](#nowhere)\n")
        line = make_files()[CARD].count(b"\n") + 2
        assert (refusal.value.problems[0].path, refusal.value.problems[0].line) == (CARD, line)
        assert card_of(course).latest_revision.number == 1

    def test_discarded_draft_can_be_restored(self):
        course = make_course()
        draft = edit(course)
        assert discard_draft(card_of(course)).number == 1
        assert card_of(course).latest_revision.number == 1
        assert drafts(course) == []
        restored = restore(card_of(course), draft, by=None)
        assert restored.number == 3
        assert restore(card_of(course), draft, by=None) == restored

    def test_drafts_list_changes_since_release(self):
        course = make_course()
        assert drafts(course) == []
        revision = edit(course)
        (draft,) = drafts(course)
        assert (draft.document.identifier, draft.revision, draft.released.number) == ("card", revision, 1)
        assert [(change.kind, change.new) for change in draft.changes[CARD]] == [("added", "Edited."), ("added", "")]


@pytest.mark.django_db
class TestPublishing:
    def test_release_holds_chosen_and_earlier_revisions(self):
        course, editor = make_course(), make_user()
        edit(course)
        release = publish(course, [card_of(course).latest_revision], impact="reread", note="Wording", by=editor)
        assert (release.number, release.impact, release.note, release.created_by) == (2, "reread", "Wording", editor)
        assert release.entries.count() == course.releases.get(number=1).entries.count()
        assert "Edited" in card_html(course)
        event = Event.objects.latest("pk")
        assert (event.verb, event.subject, event.actor) == ("content-released", f"release:{release.pk}", editor)

    def test_release_has_highest_impact_of_its_documents(self):
        course = make_course()
        edit(course)
        boiling = course.documents.select_related("latest_revision").get(identifier="boiling")
        text = bytes(boiling.latest_revision.texts.get(language="en").body) + b"\n"
        save_drafts(boiling, {"en": text}, base=boiling.latest_revision, by=None)
        boiling.refresh_from_db()
        impacts = {"boiling": "retake", "last-cup": "reread"}  # the exam is unchanged, so its impact is dropped
        made = publish(
            course, [card_of(course).latest_revision, boiling.latest_revision], impacts=impacts, note="", by=None
        )
        weighed = dict(made.entries.exclude(impact="").values_list("document__identifier", "impact"))
        assert weighed == {"boiling": "retake", "card": "minor"}
        assert made.impact == "retake"
        assert Event.objects.latest("pk").data["impacts"] == {"boiling": "retake"}

    def test_second_publish_is_ignored(self):
        course = make_course()
        edit(course)
        first = publish_latest(card_of(course))
        assert publish_latest(card_of(course)) == first
        assert course.releases.count() == 2

    def test_outdated_revision_is_refused(self):
        course = make_course()
        chosen = edit(course)
        edit(course, EDITED + b"\nAgain.\n")
        with pytest.raises(StaleChoice):
            publish(course, [chosen], impact="minor", note="", by=None)
        discard_draft(card_of(course))
        with pytest.raises(StaleChoice):
            publish(course, [chosen], impact="minor", note="", by=None)
        assert course.releases.count() == 1

    def test_earlier_release_does_not_change(self):
        course = make_course()
        first = course.current
        before = [store.page(first, "card", "en"), digest_of(first)]
        edit(course)
        publish_latest(card_of(course))
        first.refresh_from_db()
        assert [store.page(first, "card", "en"), digest_of(first)] == before
        assert first.digest == digest_of(first) != course.releases.get(number=2).digest

    def test_identical_pages_are_shared(self):
        course = make_course()
        pages = RenderedPage.objects.count()
        edit(course)
        publish_latest(card_of(course))
        assert RenderedPage.objects.count() == pages + 1

    def test_inconsistent_drafts_are_refused(self):
        """Each draft fits the other, but the published one links to an unreleased question."""
        course = make_course()
        lesson = course.documents.get(identifier="boiling")
        texts = {
            text.language: bytes(text.body).replace(b"{#what-first", b"{#what-then", 1)
            for text in lesson.latest_revision.texts.all()
        }
        save_drafts(lesson, texts, base=lesson.latest_revision, by=None)
        card = card_of(course)
        linked = {text.language: bytes(text.body) + b"\n[?](#what-then)\n" for text in card.latest_revision.texts.all()}
        save_drafts(card, linked, base=card.latest_revision, by=None)
        with pytest.raises(ContentErrors, match="what-then"):
            publish_latest(card)
        both = [draft.revision for draft in drafts(course)]
        assert publish(course, both, impact="minor", note="", by=None).number == 2

    def test_revisions_of_another_course_are_refused(self):
        course = make_course()
        other = {path: body.replace(b"id: tea-room", b"id: other-room") for path, body in make_files().items()}
        foreign = import_course(other).course
        with pytest.raises(ValueError, match="another course"):
            publish(course, [card_of(foreign).latest_revision], impact="minor", note="", by=None)

    @pytest.mark.slow
    def test_release_of_old_compiler_is_rendered_from_source(self):
        course = make_course()
        release = course.current
        outline, pages = store.outline(release, "en"), [store.page(release, "boiling", "en")]
        revision = pages[0].revision_id
        asked = store.questions_in(pages[0].document_id, revision, "what-first")
        through = ReleaseEntry.pages.through.objects.filter(releaseentry__release=release)
        through.all().delete()
        Release.objects.filter(pk=release.pk).update(compiler=COMPILER - 1, outlines={"en": {"shape": "another"}})
        store.clear_caches()
        release = Release.objects.get(pk=release.pk)
        again = store.page(release, "boiling", "en")
        assert asdict(store.outline(release, "en")) == asdict(outline)
        assert asdict(again) == asdict(pages[0])
        assert asked.keys() == {"en", "zh-hans"}
        assert store.questions_in(again.document_id, revision, "what-first") == asked
        with pytest.raises(RenderedPage.DoesNotExist):
            store.page(release, "nowhere", "en")
        recompile(release)
        release.refresh_from_db()
        assert (release.compiler, through.exists()) == (COMPILER, True)
        assert asdict(store.page(release, "boiling", "en")) == asdict(pages[0])

    def test_recompiling_keeps_texts_and_checksum(self, monkeypatch):
        release = make_course().current
        digest, pages = release.digest, RenderedPage.objects.count()
        monkeypatch.setattr(publishing, "COMPILER", 99)
        recompile(release)
        release.refresh_from_db()
        assert (release.compiler, release.digest, digest_of(release)) == (99, digest, digest)
        assert RenderedPage.objects.count() == pages
        assert store.page(release, "card", "en").data["sections"]


@pytest.mark.django_db(transaction=True)
def test_concurrent_drafts_conflict():
    course = make_course()
    base, barrier, outcomes = card_of(course).latest_revision, Barrier(2), []

    def save(word):
        barrier.wait()
        try:
            text = make_files()[CARD] + f"\n{word}.\n".encode()
            outcomes.append(save_drafts(card_of(course), {"en": text}, base=base, by=None).number)
        except StaleDraft:
            outcomes.append("stale")
        finally:
            connection.close()

    threads = [Thread(target=save, args=[word]) for word in ("One", "Two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [2, "stale"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_concurrent_releases_get_different_numbers():
    course = make_course()
    lesson = course.documents.select_related("latest_revision").get(identifier="boiling")
    text = bytes(lesson.latest_revision.texts.get(language="en").body) + b"\n"
    edit(course)
    save_drafts(
        lesson, {"en": text.replace(b"title: Boiling water", b"title: New")}, base=lesson.latest_revision, by=None
    )
    barrier, errors = Barrier(2), []

    def run(draft):
        barrier.wait()
        try:
            publish(course, [draft.revision], impact="minor", note="", by=None)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[draft]) for draft in drafts(course)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(Release.objects.values_list("number", flat=True)) == [1, 2, 3]
    course.refresh_from_db()
    assert drafts(course) == []


BOM = b"\xef\xbb\xbf"
TEXTS = st.lists(st.text(alphabet="ab 中\t", max_size=4), min_size=1, max_size=8)


@st.composite
def originals(draw):
    """Any mixture of line ends, with or without BOM and final line break."""
    lines = draw(TEXTS)
    ends = [draw(st.sampled_from(["\n", "\r\n", "\r"])) for _ in lines]
    body = "".join(line + end for line, end in zip(lines, ends, strict=True))
    return draw(st.sampled_from([b"", BOM])) + (body + draw(st.sampled_from(["", "end"]))).encode()


def through_a_browser(text):
    """Return what a form posts for `text`: CRLF at every line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").encode()


@given(originals())
def test_untouched_text_keeps_bytes(original):
    assert with_original_line_ends(through_a_browser(text_without_bom(original)), original) == original


@pytest.mark.parametrize(
    ("original", "posted", "expected"),
    [
        (b"a\nb\n", b"a\r\nnew\r\nb\r\n", b"a\nnew\nb\n"),
        (b"a\r\nb\r\n", b"a\r\nnew\r\nb\r\n", b"a\r\nnew\r\nb\r\n"),
        (b"a\nb", b"a\r\nb\r\nc", b"a\nb\nc"),
        (b"a\nb\n", b"a\r\nb\r\nc", b"a\nb\nc\n"),
        (b"a\nb", b"a\r\nb\r\nc\r\n", b"a\nb\nc"),
        (BOM + b"a\n", b"b\r\n", BOM + b"b\n"),
        (b"a\n", BOM + b"b\r\n", b"b\n"),
        (b"a\r\nb\nc\n", b"a\r\nx\r\nc\r\n", b"a\r\nx\nc\n"),
        (b"a  \nb\n", b"a  \r\nb\r\n", b"a  \nb\n"),
    ],
)
def test_edited_text_keeps_line_ends_and_bom(original, posted, expected):
    assert with_original_line_ends(posted, original) == expected
