"""Past answers are shown with the question as it was when answered."""

import uuid

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from courseware.content.models import Release
from courseware.content.rendering import store
from courseware.learning.lessons.answers import answer
from courseware.learning.lessons.question_rendering import drawn_with
from courseware.learning.models import Answer, Completion
from tests.course_format.samples import make_files
from tests.learning.lesson_pages import practise
from tests.making import make_course

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
LESSON = reverse("learning:step", args=["tea-room", "boiling"])
CHANGED = "This question has changed since you answered it."
PAST_QUESTION = "Below is the question as it was when you answered it."
OTHER_TEXTS = {"en": {"Is it off?": "Is the stove cold?", "1. [ ] No\n   > Go": "1. [ ] Hardly\n   > Turn back"}}
# Another option is right. Both languages, because the key is read from the source language.
OTHER_KEY = {
    "en": {"1. [ ] No": "1. [x] No longer", "2. [x] Yes": "2. [ ] Still on"},
    "zh-hans": {"1. [ ] 没有": "1. [x] 没有", "2. [x] 关了": "2. [ ] 关了"},
}


def release(changes):
    """Release the sample lesson with replaced texts: language → old → new."""
    files = make_files()
    for language, texts in changes.items():
        path = f"01-water/01-boiling.{language}.md"
        for old, new in texts.items():
            assert old.encode() in files[path]
            files[path] = files[path].replace(old.encode(), new.encode())
    return make_course(files)


def try_it(enrollment, *raw, question="is-it-off"):
    enrollment.course.refresh_from_db()
    step = store.outline(enrollment.course.current, "en").step("boiling")
    return answer(enrollment, step, question, list(raw), token=uuid.uuid4())


def blocks(client, query="", language="en"):
    """The question sections of the page by id."""
    response = client.get(LESSON + query, headers={"accept-language": language})
    found = BeautifulSoup(response.content, "html.parser").select("section.question")
    return {block["id"]: block for block in found}


def text(tag):
    return " ".join(tag.text.split())


def text_without_note(block):
    """Text of a changed question without its note and with the default link text."""
    (note,) = (part for part in block.select("p") if CHANGED in part.text)
    assert text(note.extract()) == f"{CHANGED} {PAST_QUESTION}"
    assert text(block).count("Answer the current version of this question") == 1
    return text(block).replace("Answer the current version of this question", "Practise again")


def test_right_answer_shows_old_wording_and_can_be_given_again(client, enrollment):
    try_it(enrollment, "1")
    before = text(blocks(client)["q-is-it-off"])
    release(OTHER_TEXTS)
    block = blocks(client)["q-is-it-off"]
    assert text_without_note(block) == before
    assert not block.select("form")
    new = blocks(client, block.select_one(".status a")["href"].removeprefix(LESSON).partition("#")[0])["q-is-it-off"]
    assert "Is the stove cold?" in text(new) and "Hardly" in text(new) and CHANGED not in text(new)
    try_it(enrollment, "1")
    block = text(blocks(client)["q-is-it-off"])
    assert "Is the stove cold?" in block and CHANGED not in block


def test_missed_question_shows_old_answer_and_new_form(client, enrollment):
    try_it(enrollment, "0")
    release(OTHER_TEXTS)
    block = blocks(client)["q-is-it-off"]
    new, past = text(block.select_one("#again-is-it-off").extract()), text(block)
    assert CHANGED in past and "Is it off?" in past and "No ✗ Incorrect. Go and look." in past and "Hardly" not in past
    assert CHANGED not in new and "Is the stove cold?" in new and "Hardly" in new and "Turn back" not in new


def test_answer_to_changed_key_is_shown_but_no_longer_counts(client, enrollment):
    practise(enrollment)
    try_it(enrollment, "0")
    try_it(enrollment, "1")
    assert Completion.objects.count() == 1
    release(OTHER_KEY)
    block = blocks(client)["q-is-it-off"]
    assert CHANGED in text(block) and PAST_QUESTION not in text(block)
    past = block.details.extract()
    assert text(past.summary) == "Your answer at that time"
    assert "No ✗" not in text(past) and "Yes ✓ Correct. Good." in text(past) and "✓ Right" in text(past)
    assert "Still on" not in text(past)
    assert [text(label) for label in block.select("form label")] == ["No longer", "Still on"]
    assert "Go and look" not in text(block) and "Good." not in text(block)
    assert Completion.objects.count() == 1  # completions stay
    try_it(enrollment, "0")
    block = text(blocks(client)["q-is-it-off"])
    assert CHANGED not in block and "✓ Right" in block and "No longer" in block


def test_written_text_is_kept_in_form_and_shown_with_old_question(client, enrollment):
    try_it(enrollment, "Fill the kettle.", question="note")
    release({"en": {"What will you do tomorrow?": "What will you do today?"}})
    block = blocks(client)["q-note"]
    past = block.details.extract()
    assert CHANGED in text(block) and "today?" in text(block) and block.textarea.text.strip() == "Fill the kettle."
    assert "tomorrow? Fill the kettle." in text(past)


@pytest.mark.parametrize(
    "question, raw, change",
    [
        ("what-first", ["1"], {"en": {"> No water, no tea.": "> Dry is dry."}}),
        ("what-to-wipe", ["0", "2"], {"en": {"The ceiling": "The roof"}}),
        ("what-is-wrong", ["0"], {"en": {"> **Li**: The stove": "> **Wu**: The stove"}}),
        ("in-order", ["0", "1", "2"], {"en": {"2. Heat": "2. Light"}}),
        ("sorted", ["0", "1", "1"], {"en": {"**Hot**": "**Warm**"}}),
    ],
    ids=["a reason", "a choice", "a quotation", "a step", "a group"],
)
def test_every_question_type_is_shown_as_answered(client, enrollment, question, raw, change):
    try_it(enrollment, *raw, question=question)
    before = text(blocks(client)[f"q-{question}"])
    release(change)
    assert text_without_note(blocks(client)[f"q-{question}"]) == before


def test_changes_elsewhere_are_not_reported(client, enrollment):
    try_it(enrollment, "1")
    before = blocks(client)
    release(
        {"en": {"Seven in the morning": "Half past seven", "What comes": "What is"}, "zh-hans": {"关火了": "火关了"}}
    )
    after = blocks(client)
    assert text(after["q-is-it-off"]) == text(before["q-is-it-off"])
    assert [key for key, block in after.items() if CHANGED in text(block)] == []
    chinese = text(blocks(client, language="zh-hans")["q-is-it-off"])
    assert "关火了吗" in chinese and "火关了吗" not in chinese


def test_answer_from_outdated_page_is_shown_with_its_revision(client, enrollment):
    form = blocks(client)["q-is-it-off"].form
    fields = {field["name"]: field["value"] for field in form.select("input[type=hidden]")}
    release({"en": {"Is it off?": "Is the stove cold?"}})
    assert client.post(form["action"], fields | {"choice": "1", "drawn_with": drawn_with()}).status_code == 302
    assert str(Answer.objects.get().revision_id) == fields["revision"]
    block = text(blocks(client)["q-is-it-off"])
    assert CHANGED in block and "Is it off?" in block


@pytest.mark.parametrize("number", [1, 3])
def test_changed_questions_cost_1_query_in_total(client, enrollment, number, django_assert_num_queries):
    changes = {"Is it off?": "Is the stove cold?", "The ceiling": "The roof", "2. Heat": "2. Light"}
    answers = {"is-it-off": ["0"], "what-to-wipe": ["0", "2"], "in-order": ["0", "1", "2"]}
    for index, question in enumerate(list(answers)[:number]):
        release({"en": {"Seven in the morning": f"At {index}"}})  # a new revision each time
        try_it(enrollment, *answers[question], question=question)
    release({"en": changes})
    page = blocks(client)  # outline and page are cached from now on
    assert sum(CHANGED in text(block) for block in page.values()) == number
    with django_assert_num_queries(
        8
    ):  # session, person, enrollment, completions, answers, past questions, autosave, phrases
        client.get(LESSON)


@pytest.mark.parametrize("is_readable", [True, False])
def test_old_release_is_recompiled_or_shown_without_past_questions(client, enrollment, monkeypatch, is_readable):
    try_it(enrollment, "1")
    Release.objects.update(compiler=0)
    release(OTHER_TEXTS)
    if not is_readable:
        compiled = store._compiled_again

        def refuse(release, digest):
            raise KeyError("a grammar of today")

        refuse.cache_clear = compiled.cache_clear
        monkeypatch.setattr(store, "_compiled_again", refuse)
    block = text(blocks(client)["q-is-it-off"])
    assert (CHANGED in block, "Is it off?" in block) == (is_readable, is_readable)
