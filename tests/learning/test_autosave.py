"""What a learner types into an open question is offered to them on every device, and to nobody else."""

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


def typed(text, **fields):
    return {"token": uuid.uuid4(), "text": text} | fields


def kept():
    return list(AutosavedText.objects.order_by("pk").values_list("form", "fields"))


def card(client, address=LESSON):
    return BeautifulSoup(client.get(address).content, "html.parser").select_one("#q-note")


def field(card):
    return card.select_one("form[data-answer] textarea").text.strip()


def offer(card):
    """What is said, and the text that is offered; None where nothing is."""
    found = card.select_one("[data-offer]")
    if found is None:
        return None
    for part in found.select("[hidden]"):
        part.extract()
    return " ".join(found.p.text.split()), [area.text.strip() for area in found.select("textarea")]


# What is kept


def test_what_is_typed_is_kept_until_it_is_sent_and_counts_as_nothing(client, enrollment):
    assert client.post(UNSAVED, typed("Mind the ke")).status_code == 204
    assert client.post(UNSAVED, typed("Mind the kettle\r\nand the cup. ")).status_code == 204
    assert kept() == [(ANSWER, {"text": "Mind the kettle\nand the cup."})]
    enrollment.refresh_from_db()
    assert (enrollment.started_at, enrollment.last_active_at, Answer.objects.count()) == (None, None, 0)
    assert client.post(ANSWER, sent(text="Mind the kettle.")).status_code == 302
    assert (kept(), Answer.objects.get().response) == ([], "Mind the kettle.")


def test_an_answer_that_is_refused_drops_nothing_and_one_to_another_question_neither(client, enrollment):
    client.post(UNSAVED, typed("Nearly"))
    assert client.post(ANSWER, sent(text="x" * 5001)).status_code == 422
    assert client.post(answer_url("what-first"), sent("0")).status_code == 302
    assert kept() == [(ANSWER, {"text": "Nearly"})]


def test_what_arrives_after_its_form_was_sent_does_not_come_back_as_unsaved(client, enrollment):
    token = uuid.uuid4()
    client.post(ANSWER, sent(text="Mind the kettle.", token=token))
    assert client.post(UNSAVED, typed("Mind the ke", token=token)).status_code == 204
    assert kept() == []
    client.post(UNSAVED, typed("Mind the cup, too", token=uuid.uuid4()))
    assert kept() == [(ANSWER, {"text": "Mind the cup, too"})]


def test_an_emptied_form_leaves_nothing_behind(client, enrollment):
    client.post(UNSAVED, typed("Nearly"))
    client.post(UNSAVED, typed(" \r\n"))
    assert kept() == []


@pytest.mark.parametrize(
    ("text", "status"),
    [("x" * 5000, 204), ("x\r\n" * 2500, 204), ("x" * 5001, 400), ("a\0b", 400)],
    ids=["all of it", "as many with line ends", "too much", "a NUL"],
)
def test_as_much_is_kept_as_the_form_takes(client, enrollment, text, status):
    assert client.post(UNSAVED, typed(text)).status_code == status
    assert AutosavedText.objects.count() == (status == 204)


def test_a_form_without_its_token_is_refused(client, enrollment):
    assert client.post(UNSAVED, {"text": "Nearly"}).status_code == 400
    assert kept() == []


@pytest.mark.parametrize(
    ("lesson", "question"),
    [
        ("boiling", "is-it-off"), ("boiling", "what-first"), ("boiling", "nowhere"), ("nowhere", "note"),
        ("voice", "say-more"), ("drill", "note"), ("last-cup", "note"),
    ],
)  # fmt: skip
def test_nothing_but_an_open_question_of_a_lesson_is_kept(client, enrollment, lesson, question):
    address = reverse("learning:autosave", args=["tea-room", lesson, question])
    assert client.post(address, typed("Nearly")).status_code == 404
    assert kept() == []


def test_more_than_thirty_in_a_minute_are_refused(client, enrollment):
    with time_machine.travel(timezone.now(), tick=False):
        answers = [client.post(UNSAVED, typed(f"Text {number}")).status_code for number in range(31)]
    assert answers == [204] * 30 + [429]
    assert kept() == [(ANSWER, {"text": "Text 29"})]


def test_a_script_that_types_on_keeps_no_session_alive(client, enrollment):
    now = timezone.now()
    with time_machine.travel(now + timedelta(minutes=30), tick=False):
        client.post(UNSAVED, typed("Nearly"))
    assert client.session[SEEN] < (now + timedelta(minutes=5)).timestamp()


def test_it_needs_the_token_of_the_page_like_every_form(enrollment):
    client = Client(enforce_csrf_checks=True)
    client.force_login(enrollment.learner)
    assert client.post(UNSAVED, typed("Nearly")).status_code == 403
    assert kept() == []


# What is offered


def test_another_device_is_offered_what_was_typed_and_the_form_stays_as_it_is(client, enrollment):
    with time_machine.travel("2026-11-24T06:03:00Z"):
        client.post(UNSAVED, typed("Mind the <kettle>"))
    other = Client(headers={"accept-language": "en"})
    other.force_login(enrollment.learner)
    found = card(other)
    assert offer(found) == (
        "We kept unsaved text from 24 November 2026, 14:03.", ["Mind the <kettle>"],
    )  # fmt: skip
    assert field(found) == ""
    assert found.select_one("a.btn")["href"] == f"{LESSON}?put-in=note#q-note"


def test_put_in_it_stands_in_the_form_and_is_saved_by_its_button(client, enrollment):
    try_it(enrollment, "note", ["What was saved"])
    client.post(UNSAVED, typed("Mind the kettle"))
    found = card(client, f"{LESSON}?put-in=note")
    said, texts = offer(found)
    assert (field(found), texts) == ("Mind the kettle", [])
    assert "is back in the form. Save it to keep it." in said
    assert "Only you can read it" not in found.text
    assert kept() == [(ANSWER, {"text": "Mind the kettle"})]
    client.post(ANSWER, sent(text=field(found), tries=1))
    for address in (LESSON, f"{LESSON}?put-in=note"):
        assert (offer(card(client, address)), field(card(client, address))) == (None, "Mind the kettle")


def test_thrown_away_it_is_gone_and_what_is_saved_stays(client, enrollment):
    try_it(enrollment, "note", ["What was saved"])
    client.post(UNSAVED, typed("Mind the kettle"))
    for _once_more in range(2):
        response = client.post(UNSAVED, {"throw-away": "yes"})
        assert (response.status_code, response["Location"]) == (302, f"{LESSON}#q-note")
    assert (offer(card(client)), field(card(client)), kept()) == (None, "What was saved", [])


def test_what_was_saved_later_is_said_and_stays_in_the_form(client, enrollment):
    try_it(enrollment, "note", ["What was saved"])
    AutosavedText.objects.create(
        person=enrollment.learner, form=ANSWER, fields={"text": "Before"}, typed_at=timezone.now() - timedelta(hours=1)
    )
    found = card(client)
    said, texts = offer(found)
    assert (field(found), texts) == ("What was saved", ["Before"])
    assert said.endswith("The saved text is newer.")


def test_what_is_saved_already_is_not_offered(client, enrollment):
    try_it(enrollment, "note", ["Two\r\nlines"])
    client.post(UNSAVED, typed("Two\r\nlines "))
    assert offer(card(client)) is None
    client.post(UNSAVED, typed("Two\r\nlines, and one"))
    assert offer(card(client))[1] == ["Two\nlines, and one"]


def test_what_was_just_refused_stays_in_the_form_and_nothing_older_is_offered(client, enrollment):
    client.post(UNSAVED, typed("Older"))
    page = BeautifulSoup(client.post(ANSWER, sent(text="x" * 5001)).content, "html.parser")
    assert (offer(page.select_one("#q-note")), field(page.select_one("#q-note"))) == (None, "x" * 5001)


def test_nobody_meets_what_somebody_else_has_typed(client, enrollment):
    other = make_enrollment(course=enrollment.course)
    client.post(UNSAVED, typed("My cup is the blue one."))
    others = Client()
    others.force_login(other.learner)
    others.post(UNSAVED, typed("Mine has no handle."))
    for who, mine, theirs in [(client, "blue", "handle"), (others, "handle", "blue")] * 2:
        for address in (LESSON, f"{LESSON}?put-in=note"):
            page = who.get(address).text
            assert mine in page
            assert theirs not in page
    others.post(UNSAVED, {"throw-away": "yes"})
    assert kept() == [(ANSWER, {"text": "My cup is the blue one."})]


def lesson_with(questions):
    """Files of the course with so many open questions in its lesson."""
    path = "01-water/01-boiling"
    more = {"zh-hans": "### 再记 {#note-%d .open}\n\n写吧。\n\n", "en": "### More {#note-%d}\n\nWrite.\n\n"}
    files = {}
    for language, text in more.items():
        name = f"{path}.{language}.md"
        before, check, after = COURSE[name].partition("## 检查" if language == "zh-hans" else "## Check")
        files[name] = before + "".join(text % number for number in range(1, questions)) + check + after
    return make_files(**files)


@pytest.mark.parametrize("questions", [1, 3])
def test_a_lesson_asks_once_for_all_that_is_unsaved_in_it(client, django_assert_num_queries, questions):
    enrollment = make_enrollment(course=make_course(lesson_with(questions)))
    client.force_login(enrollment.learner)
    names = ["note", *(f"note-{number}" for number in range(1, questions))]
    for name in names:
        client.post(reverse("learning:autosave", args=["tea-room", "boiling", name]), typed(f"Typed in {name}"))
    page = BeautifulSoup(client.get(LESSON).content, "html.parser")
    assert [area.text.strip() for area in page.select("[data-offer] textarea")] == [
        f"Typed in {name}" for name in names
    ]
    # Session, person, enrollment, what is done, tries, what is unsaved, phrases kept.
    with django_assert_num_queries(7):
        client.get(LESSON)
