"""An answer is shown by the question as it was answered, whatever a release has made of the question since."""

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

pytestmark = pytest.mark.django_db
LESSON = reverse("learning:step", args=["tea-room", "boiling"])
CHANGED = "This question has changed since you answered."
AS_THEN = "Below is the question as it was then."
OTHER_WORDS = {"en": {"Is it off?": "Is the stove cold?", "1. [ ] No\n   > Go": "1. [ ] Hardly\n   > Turn back"}}
# The other choice is right. Both languages, as structure is read in the course's own.
OTHER_KEY = {
    "en": {"1. [ ] No": "1. [x] No longer", "2. [x] Yes": "2. [ ] Still on"},
    "zh-hans": {"1. [ ] 没有": "1. [x] 没有", "2. [x] 关了": "2. [ ] 关了"},
}


def release(changes):
    """Release the sample lesson with these texts in place of others: language → text → text."""
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


def cards(client, query="", language="en"):
    """Id → the words of each question on the page, and of the forms at its end."""
    response = client.get(LESSON + query, headers={"accept-language": language})
    found = BeautifulSoup(response.content, "html.parser").select("section.question")
    return {card["id"]: card for card in found}


def words(tag):
    return " ".join(tag.text.split())


def without_note(card):
    """The words of a card that tells of its change, but for that sentence and the name of the link."""
    (note,) = (part for part in card.select("p") if CHANGED in part.text)
    assert words(note.extract()) == f"{CHANGED} {AS_THEN}"
    assert words(card).count("Answer the current version") == 1
    return words(card).replace("Answer the current version", "Practise again")


def test_a_right_answer_stands_beside_the_words_it_was_given_to_and_can_be_given_to_the_new_ones(client, enrollment):
    try_it(enrollment, "1")
    before = words(cards(client)["q-is-it-off"])
    release(OTHER_WORDS)
    card = cards(client)["q-is-it-off"]
    assert without_note(card) == before
    assert not card.select("form")
    again = cards(client, card.select_one(".status a")["href"].removeprefix(LESSON).partition("#")[0])["q-is-it-off"]
    assert "Is the stove cold?" in words(again) and "Hardly" in words(again) and CHANGED not in words(again)
    try_it(enrollment, "1")
    card = words(cards(client)["q-is-it-off"])
    assert "Is the stove cold?" in card and CHANGED not in card


def test_a_missed_question_shows_what_was_chosen_then_and_comes_back_as_it_is_now(client, enrollment):
    try_it(enrollment, "0")
    release(OTHER_WORDS)
    card = cards(client)["q-is-it-off"]
    now, then = words(card.select_one("#again-is-it-off").extract()), words(card)
    assert CHANGED in then and "Is it off?" in then and "No ✗ Incorrect. Go and look." in then and "Hardly" not in then
    assert CHANGED not in now and "Is the stove cold?" in now and "Hardly" in now and "Turn back" not in now


def test_an_answer_to_another_key_stays_to_be_seen_counts_no_more_and_tells_nothing_of_the_new_one(client, enrollment):
    practise(enrollment)
    try_it(enrollment, "0")
    try_it(enrollment, "1")
    assert Completion.objects.count() == 1
    release(OTHER_KEY)
    card = cards(client)["q-is-it-off"]
    assert CHANGED in words(card) and AS_THEN not in words(card)
    then = card.details.extract()
    assert words(then.summary) == "Your answer then"
    assert "No ✗" not in words(then) and "Yes ✓ Correct. Good." in words(then) and "✓ Right" in words(then)
    assert "Still on" not in words(then)
    assert [words(label) for label in card.select("form label")] == ["No longer", "Still on"]
    assert "Go and look" not in words(card) and "Good." not in words(card)
    assert Completion.objects.count() == 1  # a release takes back nothing that was done
    try_it(enrollment, "0")
    card = words(cards(client)["q-is-it-off"])
    assert CHANGED not in card and "✓ Right" in card and "No longer" in card


def test_a_text_that_was_written_stands_in_the_form_and_beside_what_was_asked_for(client, enrollment):
    try_it(enrollment, "Fill the kettle.", question="note")
    release({"en": {"What will you do tomorrow?": "What will you do today?"}})
    card = cards(client)["q-note"]
    then = card.details.extract()
    assert CHANGED in words(card) and "today?" in words(card) and card.textarea.text.strip() == "Fill the kettle."
    assert "tomorrow? Fill the kettle." in words(then)


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
def test_every_kind_is_shown_as_it_was_whatever_of_it_has_changed(client, enrollment, question, raw, change):
    try_it(enrollment, *raw, question=question)
    before = words(cards(client)[f"q-{question}"])
    release(change)
    assert without_note(cards(client)[f"q-{question}"]) == before


def test_what_changed_elsewhere_in_the_lesson_or_in_another_language_is_not_told_of_a_question(client, enrollment):
    try_it(enrollment, "1")
    before = cards(client)
    release(
        {"en": {"Seven in the morning": "Half past seven", "What comes": "What is"}, "zh-hans": {"关火了": "火关了"}}
    )
    after = cards(client)
    assert words(after["q-is-it-off"]) == words(before["q-is-it-off"])
    assert [key for key, card in after.items() if CHANGED in words(card)] == []
    chinese = words(cards(client, language="zh-hans")["q-is-it-off"])
    assert "关火了吗" in chinese and "火关了吗" not in chinese


def test_an_answer_from_a_page_that_was_opened_before_a_release_is_shown_by_the_words_of_that_page(client, enrollment):
    form = cards(client)["q-is-it-off"].form
    fields = {field["name"]: field["value"] for field in form.select("input[type=hidden]")}
    release({"en": {"Is it off?": "Is the stove cold?"}})
    assert client.post(form["action"], fields | {"choice": "1", "drawn_with": drawn_with()}).status_code == 302
    assert str(Answer.objects.get().revision_id) == fields["revision"]
    card = words(cards(client)["q-is-it-off"])
    assert CHANGED in card and "Is it off?" in card


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_costs_one_query_more_for_any_number_of_changed_questions(
    client, enrollment, number, django_assert_num_queries
):
    changes = {"Is it off?": "Is the stove cold?", "The ceiling": "The roof", "2. Heat": "2. Light"}
    answers = {"is-it-off": ["0"], "what-to-wipe": ["0", "2"], "in-order": ["0", "1", "2"]}
    for place, question in enumerate(list(answers)[:number]):
        release({"en": {"Seven in the morning": f"At {place}"}})  # each of another revision
        try_it(enrollment, *answers[question], question=question)
    release({"en": changes})
    page = cards(client)  # outline and page are kept in memory from now on
    assert sum(CHANGED in words(card) for card in page.values()) == number
    with django_assert_num_queries(
        8
    ):  # session, person, enrollment, what is done, tries, questions of then, unsaved texts, phrases kept
        client.get(LESSON)


@pytest.mark.parametrize("is_readable", [True, False])
def test_a_release_of_an_older_compiler_is_read_anew_and_one_that_cannot_be_read_closes_no_lesson(
    client, enrollment, monkeypatch, is_readable
):
    try_it(enrollment, "1")
    Release.objects.update(compiler=0)
    release(OTHER_WORDS)
    if not is_readable:
        compiled = store._compiled_again

        def refuse(release, digest):
            raise KeyError("a grammar of today")

        refuse.cache_clear = compiled.cache_clear
        monkeypatch.setattr(store, "_compiled_again", refuse)
    card = words(cards(client)["q-is-it-off"])
    assert (CHANGED in card, "Is it off?" in card) == (is_readable, is_readable)
