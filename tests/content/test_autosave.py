"""Autosaved texts of the editor are offered on every device of the same editor."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from courseware.accounts.security.sessions import SEEN
from courseware.autosave.models import AutosavedText
from courseware.content.models import Document, Revision
from courseware.content.releases.drafts import save_drafts
from tests.content.test_editor import body, form, signed_in, url
from tests.making import make_admin, make_course, make_editor, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def lesson():
    return make_course().documents.get(identifier="boiling")


@pytest.fixture
def editor():
    return make_editor(name="Ed Editor")


@pytest.fixture
def editor_client(client, editor):
    return signed_in(client, editor)


def unsaved_url(document):
    return url(document) + "unsaved/"


def with_sentence(document, sentence, language="en"):
    return body(document, language) + f"\n{sentence}\n"


def autosaved():
    """Return (person, revision, fields) of every row."""
    rows = AutosavedText.objects.order_by("pk")
    return [
        (row.person.name, row.fields["base"], sorted(name for name in row.fields if name != "base")) for row in rows
    ]


def opened(client, document, **query):
    return BeautifulSoup(client.get(url(document), query).content, "html.parser")


def offered(page):
    """Return the offered texts by field; None if nothing is offered."""
    found = page.select_one("[data-offer]")
    return found and {area["data-field"]: text_of(area) for area in found.select("textarea")}


def in_form(page, language="en"):
    return text_of(page.select_one(f"#text-{language}"))


def text_of(area):
    return area.text.strip().replace("\r\n", "\n")  # as a browser reads it


# Saving


def test_only_changed_texts_are_autosaved(editor_client, lesson):
    sent = form(lesson, en=with_sentence(lesson, "One sentence."))
    assert editor_client.post(unsaved_url(lesson), sent).status_code == 204
    assert autosaved() == [("Ed Editor", lesson.latest_revision.pk, ["text-en"])]
    assert editor_client.post(unsaved_url(lesson), form(lesson)).status_code == 204
    assert (autosaved(), Revision.objects.filter(document=lesson).count()) == ([], 1)


def test_saving_deletes_autosave_and_refusal_keeps_it(editor_client, lesson):
    typed = form(lesson, en=with_sentence(lesson, "One sentence."))
    editor_client.post(unsaved_url(lesson), typed)
    broken = form(lesson, en=body(lesson).replace("{#seven}", "{#seven", 1))
    assert editor_client.post(url(lesson), broken | {"save": "yes"}).status_code == 422
    for button in ("preview", "tab"):
        assert editor_client.post(url(lesson), typed | {button: "en"}).status_code == 200
    assert len(autosaved()) == 1
    assert editor_client.post(url(lesson), typed | {"save": "yes"}).status_code == 302
    assert autosaved() == []


def test_saving_unchanged_text_deletes_autosave(editor_client, lesson, editor):
    opened_at = form(lesson)
    editor_client.post(unsaved_url(lesson), form(lesson, en=with_sentence(lesson, "One sentence.")))
    assert editor_client.post(url(lesson), opened_at | {"save": "yes"}).status_code == 302
    assert autosaved() == []


def test_save_by_other_editor_keeps_autosave(editor_client, lesson):
    editor_client.post(unsaved_url(lesson), form(lesson, en=with_sentence(lesson, "Mine.")))
    save_drafts(
        lesson, {"en": with_sentence(lesson, "Theirs.").encode()}, base=lesson.latest_revision, by=make_editor()
    )
    assert [name for name, _base, _languages in autosaved()] == ["Ed Editor"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"base": "0"}, 400), ({"base": ""}, 400), ({"text-en": "x" * 500_001}, 400), ({"text-en": "a\0b"}, 400),
        ({"text-fr": "Un mot"}, 204),
    ],
    ids=["no such revision", "no revision", "too long", "a NUL", "another field"],
)  # fmt: skip
def test_invalid_fields_are_not_autosaved(editor_client, lesson, change, status):
    assert editor_client.post(unsaved_url(lesson), form(lesson) | change).status_code == status
    assert autosaved() == []


def test_figures_are_not_autosaved(editor_client, lesson):
    figure = Document.objects.filter(kind=Document.Kind.MEDIA).first()
    assert (
        editor_client.post(unsaved_url(figure), form(lesson) | {"base": figure.latest_revision.pk}).status_code == 404
    )
    assert autosaved() == []


def test_autosave_does_not_extend_session(editor_client, lesson):
    now = timezone.now()
    with time_machine.travel(now + timedelta(minutes=20), tick=False):
        assert editor_client.post(unsaved_url(lesson), form(lesson, en=with_sentence(lesson, "On."))).status_code == 204
    assert editor_client.session[SEEN] < (now + timedelta(minutes=5)).timestamp()


@pytest.mark.slow
def test_more_than_30_autosaves_per_minute_are_refused(editor_client, lesson):
    sent = form(lesson, en=with_sentence(lesson, "On."))
    with time_machine.travel(timezone.now(), tick=False):
        answers = [editor_client.post(unsaved_url(lesson), sent).status_code for _ in range(31)]
    assert answers == [204] * 30 + [429]


@pytest.mark.slow
def test_autosave_is_private_to_its_editor(editor_client, lesson):
    editor_client.post(unsaved_url(lesson), form(lesson, en=with_sentence(lesson, "Mine.")))
    others = [
        (None, 302),
        (make_user(), 302),
        (make_user(is_staff=True), 404),
        (make_editor(), 204),
        (make_admin(), 204),
    ]
    for person, status in others:
        other = Client(headers={"accept-language": "en"})
        if person:
            other.force_login(person)
        assert other.post(unsaved_url(lesson), form(lesson)).status_code == status
        assert "Mine." not in other.get(url(lesson), {"restore": "yes"}, follow=True).text
        assert other.post(unsaved_url(lesson), {"throw-away": "yes"}).status_code == (302 if status == 204 else status)
    assert [name for name, _base, _languages in autosaved()] == ["Ed Editor"]


def test_former_editor_cannot_restore_autosave(editor_client, lesson, editor):
    editor_client.post(unsaved_url(lesson), form(lesson, en=with_sentence(lesson, "Mine.")))
    editor.groups.clear()
    assert editor_client.get(url(lesson), {"restore": "yes"}).status_code == 404
    assert editor_client.post(unsaved_url(lesson), form(lesson)).status_code == 404


# Restore prompt


def test_other_device_offers_autosave_and_shows_saved_text(editor_client, lesson):
    editor_client.post(unsaved_url(lesson), form(lesson, en=with_sentence(lesson, "One sentence.")))
    AutosavedText.objects.update(typed_at=datetime(2026, 11, 24, 6, 3, tzinfo=UTC))
    page = opened(editor_client, lesson)
    assert "We kept text from 24 November 2026, 14:03 that you did not save." in page.text
    assert "The saved text is newer than your unsaved text." not in page.text
    assert offered(page) == {"text-en": with_sentence(lesson, "One sentence.").strip()}
    assert in_form(page) == body(lesson).strip()
    assert page.select_one("[data-offer] a")["href"] == f"{url(lesson)}?restore=yes&language=zh-hans"


@pytest.mark.slow
def test_restored_text_fills_form_without_saving(editor_client, lesson):
    typed = with_sentence(lesson, "One sentence.")
    editor_client.post(unsaved_url(lesson), form(lesson, en=typed))
    page = opened(editor_client, lesson, **{"restore": "yes", "language": "en"})
    assert (in_form(page), offered(page)) == (typed.strip(), {})
    assert in_form(page, "zh-hans") == body(lesson, "zh-hans").strip()
    assert page.select_one("[data-editor] [name=base]")["value"] == str(lesson.latest_revision.pk)
    assert "Save it to keep it." in page.text
    assert (len(autosaved()), Revision.objects.filter(document=lesson).count()) == (1, 1)
    assert editor_client.post(url(lesson), form(lesson, en=in_form(page)) | {"save": "yes"}).status_code == 302
    page = opened(editor_client, lesson, **{"restore": "yes", "language": "en"})
    assert (in_form(page), offered(page)) == (typed.strip(), None)


@pytest.mark.slow
def test_restoring_after_other_save_shows_both_texts(editor_client, lesson):
    mine, theirs = with_sentence(lesson, "Mine."), with_sentence(lesson, "Theirs.")
    editor_client.post(unsaved_url(lesson), form(lesson, en=mine))
    head = save_drafts(lesson, {"en": theirs.encode()}, base=lesson.latest_revision, by=make_editor())
    page = opened(editor_client, lesson)
    assert (in_form(page), offered(page)) == (theirs.strip(), {"text-en": mine.strip()})
    assert "The saved text is newer than your unsaved text." in page.text
    page = opened(editor_client, lesson, **{"restore": "yes"})
    assert (in_form(page), page.select_one("#theirs-en").text.strip()) == (mine.strip(), theirs.strip())
    assert page.select_one("[data-editor] [name=base]")["value"] == str(head.pk)
    assert "another person has saved this text in the meantime" in page.text


@pytest.mark.slow
def test_autosave_equal_to_saved_text_is_not_offered(editor_client, lesson):
    typed = with_sentence(lesson, "The same.")
    editor_client.post(unsaved_url(lesson), form(lesson, en=typed))
    save_drafts(lesson, {"en": typed.encode()}, base=lesson.latest_revision, by=make_editor())
    assert offered(opened(editor_client, lesson)) is None


def test_discarding_deletes_autosave_and_keeps_saved_text(editor_client, lesson):
    editor_client.post(unsaved_url(lesson), form(lesson, en=with_sentence(lesson, "One sentence.")))
    for _once_more in range(2):
        response = editor_client.post(unsaved_url(lesson), {"throw-away": "yes"})
        assert (response.status_code, response["Location"]) == (302, url(lesson))
    page = opened(editor_client, lesson)
    assert (autosaved(), offered(page), in_form(page)) == ([], None, body(lesson).strip())
    assert "The unsaved text was discarded." in page.text


@pytest.mark.slow
def test_submitted_text_wins_over_older_autosave(editor_client, lesson):
    editor_client.post(unsaved_url(lesson), form(lesson, en=with_sentence(lesson, "Older.")))
    sent = form(lesson, en=with_sentence(lesson, "Newer.")) | {"preview": "yes"}
    page = BeautifulSoup(editor_client.post(url(lesson), sent).content, "html.parser")
    assert (offered(page), in_form(page)) == (None, with_sentence(lesson, "Newer.").strip())


@pytest.mark.slow
@pytest.mark.parametrize("documents", [1, 3])
def test_query_count_ignores_other_autosaves(editor_client, lesson, django_assert_max_num_queries, documents):
    others = Document.objects.filter(kind="lesson")[:documents]
    for document in {lesson, *others}:
        editor_client.post(unsaved_url(document), form(document, en=with_sentence(document, "On.")))
    with django_assert_max_num_queries(18):
        editor_client.get(url(lesson))
