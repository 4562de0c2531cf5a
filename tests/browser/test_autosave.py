"""Text typed and not saved on one device is offered on another."""

import re

import pytest
from playwright.sync_api import expect

from courseware.autosave.models import AutosavedText
from courseware.autosave.store import save
from courseware.content.models import Document
from courseware.content.releases.drafts import form_of
from courseware.learning.enrollments import enrollment
from courseware.learning.models import Answer
from tests.browser.courses import make_tea_room
from tests.browser.test_accessibility import LANGUAGES, assert_fine
from tests.learning.lesson_pages import practise
from tests.making import make_editor, make_user

pytestmark = [
    pytest.mark.slow,
    pytest.mark.only_if_changed("static/js/", "templates/", "courseware/autosave/"),
]
LESSON = "/learn/tea-room/boiling/"
TEXT = "Mind the kettle."


@pytest.fixture
def learner(site):
    learner = make_user("Lea Learner")
    practise(enrollment.enroll(learner, make_tea_room()), but=["note"])
    return learner


def note(page):
    return page.locator("#q-note form[data-answer] textarea")


def offer(page):
    return page.locator("#q-note [data-offer]")


def type_and_wait(page, text, field):
    with page.expect_response("**/unsaved/") as kept:
        field.fill(text)
    assert kept.value.status == 204


def test_note_is_restored_on_other_device(visit, learner):
    first, second = visit(learner), visit(learner)
    first.goto(LESSON)
    type_and_wait(first, TEXT, note(first))
    second.goto(LESSON)
    expect(offer(second)).to_contain_text("We kept text from")
    expect(note(second)).to_have_value("")
    offer(second).get_by_role("link", name="Restore text").click()
    expect(note(second)).to_have_value(TEXT)
    second.locator("#q-note").get_by_role("button", name="Save").click()
    expect(second.locator("#q-note")).to_contain_text("Only you can read your answer")
    expect(offer(second)).to_have_count(0)
    assert (Answer.objects.get(question="note").response, AutosavedText.objects.count()) == (TEXT, 0)
    for device in (first, second):
        device.goto(LESSON)
        expect(note(device)).to_have_value(TEXT)
        expect(offer(device)).to_have_count(0)


def test_same_tab_restores_silently_and_other_device_discards(visit, learner):
    first, second = visit(learner), visit(learner)
    first.goto(LESSON)
    type_and_wait(first, TEXT, note(first))
    first.reload()
    expect(note(first)).to_have_value(TEXT)
    expect(offer(first)).to_be_hidden()
    second.goto(LESSON)
    offer(second).get_by_role("link", name="Restore text").click()
    expect(note(second)).to_have_value(TEXT)
    offer(second).get_by_role("button", name="Discard text").click()
    expect(second.get_by_text("The unsaved text was discarded.")).to_be_visible()
    expect(note(second)).to_have_value("")
    assert AutosavedText.objects.count() == 0


def test_text_is_saved_when_page_is_left(visit, learner):
    first, second = visit(learner), visit(learner)
    first.goto(LESSON)
    note(first).fill(TEXT)
    first.evaluate("import('/static/js/unsaved.js')")  # is loaded
    first.goto("/")
    for _ in range(100):  # no event tells when a beacon has arrived
        if AutosavedText.objects.exists():
            break
        first.wait_for_timeout(50)
    second.goto(LESSON)
    expect(offer(second).get_by_label("What you typed")).to_have_value(TEXT)


def test_newer_text_of_tab_and_device_wins(visit, learner):
    first, second = visit(learner), visit(learner)
    first.goto(LESSON)
    type_and_wait(first, TEXT, note(first))
    second.goto(LESSON)
    offer(second).get_by_role("button", name="Discard text").click()
    type_and_wait(second, "On the other device.", note(second))
    first.reload()
    expect(note(first)).to_have_value("")
    expect(offer(first)).to_contain_text("The text that we kept is newer than the unsaved text of this tab.")
    note(first).fill("Here again.")
    first.reload()
    expect(note(first)).to_have_value("Here again.")
    expect(offer(first)).to_contain_text(
        "The unsaved text of this tab is newer than the kept text. The form now contains the newer text."
    )
    assert AutosavedText.objects.get().fields == {"text": "On the other device."}


# Editor


@pytest.fixture
def editor(learner):
    return make_editor(name="Ed Editor")


def editor_of(identifier):
    return f"/admin/content/document/{Document.objects.get(identifier=identifier).pk}/change/?language=en"


def test_document_is_restored_on_other_device(visit, editor):
    first, second = visit(editor), visit(editor)
    for device in (first, second):
        device.on("dialog", lambda dialog: dialog.accept())
    first.goto(editor_of("boiling"))
    field = first.locator("#text-en")
    type_and_wait(first, field.input_value() + "\nOne sentence more.\n", field)
    second.goto(editor_of("boiling"))
    offer = second.locator("[data-offer]")
    expect(offer).to_contain_text("We kept text from")
    expect(second.locator("#text-en")).not_to_have_value(re.compile("One sentence more."))
    offer.get_by_role("link", name="Restore text").click()
    expect(second.locator("#text-en")).to_have_value(re.compile("One sentence more."))
    second.get_by_role("button", name="Save draft").click()
    expect(second.get_by_text("Saved as revision 2.")).to_be_visible()
    assert AutosavedText.objects.count() == 0
    for device in (first, second):
        device.goto(editor_of("boiling"))
        expect(device.locator("#text-en")).to_have_value(re.compile("One sentence more."))
        expect(device.locator("[data-offer]")).to_have_count(0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_restore_prompt_is_accessible(language, visit, learner, editor):
    document = Document.objects.get(identifier="boiling")
    text = bytes(document.latest_revision.texts.get(language="en").body).decode() + "\nOne sentence more.\n"
    save(learner.pk, f"{LESSON}answer/note/", {"text": f"{TEXT}\n" * 3})
    save(editor.pk, form_of(document), {"base": document.latest_revision_id, "text-en": text})
    assert_fine(visit(learner, language=language), [LESSON, f"{LESSON}?restore=note"])
    address = editor_of("boiling")
    assert_fine(visit(editor, language=language), [address, f"{address}&restore=yes"], floor=True)
