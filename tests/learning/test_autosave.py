"""Autosave of open answers: stored per person, restored on every device."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courseware.accounts.security.sessions import SEEN
from courseware.autosave.models import AutosavedText
from courseware.learning.models import Answer
from tests.course_format.samples import COURSE, make_files
from tests.learning.lesson_pages import LESSON, answer_url, sent, try_it
from tests.making import make_course, make_enrollment

pytestmark = pytest.mark.django_db
ANSWER = answer_url("note")
UNSAVED = ANSWER + "unsaved/"


def form_fields(text, **fields):
    return {"token": uuid.uuid4(), "text": text} | fields


def stored():
    return list(AutosavedText.objects.order_by("pk").values_list("form", "fields"))


def block(client, address=LESSON):
    return BeautifulSoup(client.get(address).content, "html.parser").select_one("#q-note")


def field(block):
    return block.select_one("form[data-answer] textarea").text.strip()


def offer(block):
    """(note, offered texts), or None."""
    found = block.select_one("[data-offer]")
    if found is None:
        return None
    for part in found.select("[hidden]"):
        part.extract()
    return " ".join(found.p.text.split()), [area.text.strip() for area in found.select("textarea")]


# Storing


def test_typed_text_is_stored_until_sent_and_is_no_activity(client, enrollment):
    assert client.post(UNSAVED, form_fields("Mind the ke")).status_code == 204
    assert client.post(UNSAVED, form_fields("Mind the kettle\r\nand the cup. ")).status_code == 204
    assert stored() == [(ANSWER, {"text": "Mind the kettle\nand the cup."})]
    enrollment.refresh_from_db()
    assert (enrollment.started_at, enrollment.last_active_at, Answer.objects.count()) == (None, None, 0)
    assert client.post(ANSWER, sent(text="Mind the kettle.")).status_code == 302
    assert (stored(), Answer.objects.get().response) == ([], "Mind the kettle.")


def test_refused_or_other_answer_keeps_stored_text(client, enrollment):
    client.post(UNSAVED, form_fields("Nearly"))
    assert client.post(ANSWER, sent(text="x" * 5001)).status_code == 422
    assert client.post(answer_url("what-first"), sent("0")).status_code == 302
    assert stored() == [(ANSWER, {"text": "Nearly"})]


def test_late_autosave_of_sent_form_is_ignored(client, enrollment):
    token = uuid.uuid4()
    client.post(ANSWER, sent(text="Mind the kettle.", token=token))
    assert client.post(UNSAVED, form_fields("Mind the ke", token=token)).status_code == 204
    assert stored() == []
    client.post(UNSAVED, form_fields("Mind the cup, too", token=uuid.uuid4()))
    assert stored() == [(ANSWER, {"text": "Mind the cup, too"})]


def test_emptied_form_removes_stored_text(client, enrollment):
    client.post(UNSAVED, form_fields("Nearly"))
    client.post(UNSAVED, form_fields(" \r\n"))
    assert stored() == []


@pytest.mark.parametrize(
    ("text", "status"),
    [("x" * 5000, 204), ("x\r\n" * 2500, 204), ("x" * 5001, 400), ("a\0b", 400)],
    ids=["all of it", "as many with line ends", "too much", "a NUL"],
)
def test_stored_text_has_same_limit_as_form(client, enrollment, text, status):
    assert client.post(UNSAVED, form_fields(text)).status_code == status
    assert AutosavedText.objects.count() == (status == 204)


def test_autosave_without_token_is_refused(client, enrollment):
    assert client.post(UNSAVED, {"text": "Nearly"}).status_code == 400
    assert stored() == []


@pytest.mark.parametrize(
    ("lesson", "question"),
    [
        ("boiling", "is-it-off"), ("boiling", "what-first"), ("boiling", "nowhere"), ("nowhere", "note"),
        ("voice", "say-more"), ("drill", "note"), ("last-cup", "note"),
    ],
)  # fmt: skip
def test_only_open_lesson_questions_are_stored(client, enrollment, lesson, question):
    address = reverse("learning:autosave", args=["tea-room", lesson, question])
    assert client.post(address, form_fields("Nearly")).status_code == 404
    assert stored() == []


@pytest.mark.slow
def test_autosave_is_limited_to_30_per_minute(client, enrollment):
    with time_machine.travel(timezone.now(), tick=False):
        answers = [client.post(UNSAVED, form_fields(f"Text {number}")).status_code for number in range(31)]
    assert answers == [204] * 30 + [429]
    assert stored() == [(ANSWER, {"text": "Text 29"})]


def test_autosave_does_not_extend_session(client, enrollment):
    now = timezone.now()
    with time_machine.travel(now + timedelta(minutes=30), tick=False):
        client.post(UNSAVED, form_fields("Nearly"))
    assert client.session[SEEN] < (now + timedelta(minutes=5)).timestamp()


def test_autosave_requires_csrf_token(enrollment):
    client = Client(enforce_csrf_checks=True)
    client.force_login(enrollment.learner)
    assert client.post(UNSAVED, form_fields("Nearly")).status_code == 403
    assert stored() == []


# Restoring


def test_other_device_offers_text_and_keeps_form_empty(client, enrollment):
    with time_machine.travel("2026-11-24T06:03:00Z"):
        client.post(UNSAVED, form_fields("Mind the <kettle>"))
    other = Client(headers={"accept-language": "en"})
    other.force_login(enrollment.learner)
    found = block(other)
    assert offer(found) == (
        "We kept text from 24 November 2026, 14:03 that you did not save.", ["Mind the <kettle>"],
    )  # fmt: skip
    assert field(found) == ""
    assert found.select_one("a.btn")["href"] == f"{LESSON}?restore=note#q-note"


@pytest.mark.slow
def test_restored_text_fills_form_and_is_saved_by_its_button(client, enrollment):
    try_it(enrollment, "note", ["What was saved"])
    client.post(UNSAVED, form_fields("Mind the kettle"))
    found = block(client, f"{LESSON}?restore=note")
    note, texts = offer(found)
    assert (field(found), texts) == ("Mind the kettle", [])
    assert "is back in the form. Save it to keep it." in note
    assert "Only you can read your answer" not in found.text
    assert stored() == [(ANSWER, {"text": "Mind the kettle"})]
    client.post(ANSWER, sent(text=field(found), tries=1))
    for address in (LESSON, f"{LESSON}?restore=note"):
        assert (offer(block(client, address)), field(block(client, address))) == (None, "Mind the kettle")


def test_discarded_text_is_removed_and_saved_answer_stays(client, enrollment):
    try_it(enrollment, "note", ["What was saved"])
    client.post(UNSAVED, form_fields("Mind the kettle"))
    for _once_more in range(2):
        response = client.post(UNSAVED, {"throw-away": "yes"})
        assert (response.status_code, response["Location"]) == (302, f"{LESSON}#q-note")
    assert (offer(block(client)), field(block(client)), stored()) == (None, "What was saved", [])


def test_newer_saved_answer_stays_in_form_with_note(client, enrollment):
    try_it(enrollment, "note", ["What was saved"])
    AutosavedText.objects.create(
        person=enrollment.learner, form=ANSWER, fields={"text": "Before"}, typed_at=timezone.now() - timedelta(hours=1)
    )
    found = block(client)
    note, texts = offer(found)
    assert (field(found), texts) == ("What was saved", ["Before"])
    assert note.endswith("The saved text is newer than your unsaved text.")


def test_saved_text_is_not_offered(client, enrollment):
    try_it(enrollment, "note", ["Two\r\nlines"])
    client.post(UNSAVED, form_fields("Two\r\nlines "))
    assert offer(block(client)) is None
    client.post(UNSAVED, form_fields("Two\r\nlines, and one"))
    assert offer(block(client))[1] == ["Two\nlines, and one"]


def test_refused_text_stays_in_form_without_older_offer(client, enrollment):
    client.post(UNSAVED, form_fields("Older"))
    page = BeautifulSoup(client.post(ANSWER, sent(text="x" * 5001)).content, "html.parser")
    assert (offer(page.select_one("#q-note")), field(page.select_one("#q-note"))) == (None, "x" * 5001)


def test_other_learner_never_sees_text(client, enrollment):
    other = make_enrollment(course=enrollment.course)
    client.post(UNSAVED, form_fields("My cup is the blue one."))
    others = Client()
    others.force_login(other.learner)
    others.post(UNSAVED, form_fields("Mine has no handle."))
    for browser, own, foreign in [(client, "blue", "handle"), (others, "handle", "blue")] * 2:
        for address in (LESSON, f"{LESSON}?restore=note"):
            page = browser.get(address).text
            assert own in page
            assert foreign not in page
    others.post(UNSAVED, {"throw-away": "yes"})
    assert stored() == [(ANSWER, {"text": "My cup is the blue one."})]


def lesson_with(questions):
    """Course files with this number of open questions in the lesson."""
    path = "01-water/01-boiling"
    more = {"zh-hans": "### 再记 {#note-%d .open}\n\n写吧。\n\n", "en": "### More {#note-%d}\n\nWrite.\n\n"}
    files = {}
    for language, text in more.items():
        name = f"{path}.{language}.md"
        before, check, after = COURSE[name].partition("## 检查" if language == "zh-hans" else "## Check")
        files[name] = before + "".join(text % number for number in range(1, questions)) + check + after
    return make_files(**files)


@pytest.mark.slow
@pytest.mark.parametrize("questions", [1, 3])
def test_lesson_reads_stored_texts_with_1_query(client, django_assert_num_queries, questions):
    enrollment = make_enrollment(course=make_course(lesson_with(questions)))
    client.force_login(enrollment.learner)
    names = ["note", *(f"note-{number}" for number in range(1, questions))]
    for name in names:
        client.post(reverse("learning:autosave", args=["tea-room", "boiling", name]), form_fields(f"Typed in {name}"))
    page = BeautifulSoup(client.get(LESSON).content, "html.parser")
    assert [area.text.strip() for area in page.select("[data-offer] textarea")] == [
        f"Typed in {name}" for name in names
    ]
    # Session, person, enrollment, completions, answers, autosave, saved phrases.
    with django_assert_num_queries(7):
        client.get(LESSON)
