"""What an editor types and has not saved is offered to them on every device, beside what was saved meanwhile."""

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
def desk(client, editor):
    return signed_in(client, editor)


def unsaved_url(document):
    return url(document) + "unsaved/"


def more(document, sentence, language="en"):
    return body(document, language) + f"\n{sentence}\n"


def kept():
    """(whose, on which revision, languages) of every row."""
    rows = AutosavedText.objects.order_by("pk")
    return [
        (row.person.name, row.fields["base"], sorted(name for name in row.fields if name != "base")) for row in rows
    ]


def opened(client, document, **query):
    return BeautifulSoup(client.get(url(document), query).content, "html.parser")


def offered(page):
    """The texts that are offered by field; None where nothing is."""
    found = page.select_one("[data-offer]")
    return found and {area["data-field"]: text_of(area) for area in found.select("textarea")}


def in_form(page, language="en"):
    return text_of(page.select_one(f"#text-{language}"))


def text_of(area):
    return area.text.strip().replace("\r\n", "\n")  # as a browser reads it


# What is kept


def test_only_texts_that_differ_from_their_revision_are_kept_and_nothing_is_saved(desk, lesson):
    sent = form(lesson, en=more(lesson, "One sentence."))
    assert desk.post(unsaved_url(lesson), sent).status_code == 204
    assert kept() == [("Ed Editor", lesson.head.pk, ["text-en"])]
    assert desk.post(unsaved_url(lesson), form(lesson)).status_code == 204
    assert (kept(), Revision.objects.filter(document=lesson).count()) == ([], 1)


def test_saving_drops_it_and_a_refusal_does_not(desk, lesson):
    typed = form(lesson, en=more(lesson, "One sentence."))
    desk.post(unsaved_url(lesson), typed)
    broken = form(lesson, en=body(lesson).replace("{#seven}", "{#seven", 1))
    assert desk.post(url(lesson), broken | {"save": "yes"}).status_code == 422
    for button in ("preview", "tab"):
        assert desk.post(url(lesson), typed | {button: "en"}).status_code == 200
    assert len(kept()) == 1
    assert desk.post(url(lesson), typed | {"save": "yes"}).status_code == 302
    assert kept() == []


def test_saving_what_is_saved_already_drops_it_too(desk, lesson, editor):
    opened_at = form(lesson)
    desk.post(unsaved_url(lesson), form(lesson, en=more(lesson, "One sentence.")))
    assert desk.post(url(lesson), opened_at | {"save": "yes"}).status_code == 302
    assert kept() == []


def test_what_another_editor_saves_drops_nothing_of_mine(desk, lesson):
    desk.post(unsaved_url(lesson), form(lesson, en=more(lesson, "Mine.")))
    save_drafts(lesson, {"en": more(lesson, "Theirs.").encode()}, base=lesson.head, by=make_editor())
    assert [name for name, _base, _languages in kept()] == ["Ed Editor"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"base": "0"}, 400), ({"base": ""}, 400), ({"text-en": "x" * 500_001}, 400), ({"text-en": "a\0b"}, 400),
        ({"text-fr": "Un mot"}, 204),
    ],
    ids=["no such revision", "no revision", "too long", "a NUL", "another field"],
)  # fmt: skip
def test_what_the_form_does_not_take_is_not_kept(desk, lesson, change, status):
    assert desk.post(unsaved_url(lesson), form(lesson) | change).status_code == status
    assert kept() == []


def test_nothing_is_kept_of_a_figure(desk, lesson):
    figure = Document.objects.filter(kind=Document.Kind.MEDIA).first()
    assert desk.post(unsaved_url(figure), form(lesson) | {"base": figure.head.pk}).status_code == 404
    assert kept() == []


def test_a_script_that_types_on_keeps_no_session_alive(desk, lesson):
    now = timezone.now()
    with time_machine.travel(now + timedelta(minutes=20), tick=False):
        assert desk.post(unsaved_url(lesson), form(lesson, en=more(lesson, "On."))).status_code == 204
    assert desk.session[SEEN] < (now + timedelta(minutes=5)).timestamp()


def test_more_than_thirty_in_a_minute_are_refused(desk, lesson):
    sent = form(lesson, en=more(lesson, "On."))
    with time_machine.travel(timezone.now(), tick=False):
        answers = [desk.post(unsaved_url(lesson), sent).status_code for _ in range(31)]
    assert answers == [204] * 30 + [429]


def test_nobody_but_an_editor_reaches_it_and_nobody_anothers(desk, lesson):
    desk.post(unsaved_url(lesson), form(lesson, en=more(lesson, "Mine.")))
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
        assert "Mine." not in other.get(url(lesson), {"put-in": "yes"}, follow=True).text
        assert other.post(unsaved_url(lesson), {"throw-away": "yes"}).status_code == (302 if status == 204 else status)
    assert [name for name, _base, _languages in kept()] == ["Ed Editor"]


def test_who_is_no_editor_any_more_does_not_get_at_their_own(desk, lesson, editor):
    desk.post(unsaved_url(lesson), form(lesson, en=more(lesson, "Mine.")))
    editor.groups.clear()
    assert desk.get(url(lesson), {"put-in": "yes"}).status_code == 404
    assert desk.post(unsaved_url(lesson), form(lesson)).status_code == 404


# What is offered


def test_another_device_is_offered_the_text_and_the_form_holds_what_is_saved(desk, lesson):
    desk.post(unsaved_url(lesson), form(lesson, en=more(lesson, "One sentence.")))
    AutosavedText.objects.update(typed_at=datetime(2026, 11, 24, 6, 3, tzinfo=UTC))
    page = opened(desk, lesson)
    assert "We kept unsaved text from 24 November 2026, 14:03." in page.text
    assert "The saved text is newer." not in page.text
    assert offered(page) == {"text-en": more(lesson, "One sentence.").strip()}
    assert in_form(page) == body(lesson).strip()
    assert page.select_one("[data-offer] a")["href"] == f"{url(lesson)}?put-in=yes&language=zh-hans"


def test_put_in_it_stands_in_the_form_on_the_revision_it_was_typed_upon_and_is_not_saved(desk, lesson):
    typed = more(lesson, "One sentence.")
    desk.post(unsaved_url(lesson), form(lesson, en=typed))
    page = opened(desk, lesson, **{"put-in": "yes", "language": "en"})
    assert (in_form(page), offered(page)) == (typed.strip(), {})
    assert in_form(page, "zh-hans") == body(lesson, "zh-hans").strip()
    assert page.select_one("[data-editor] [name=base]")["value"] == str(lesson.head.pk)
    assert "Save it to keep it." in page.text
    assert (len(kept()), Revision.objects.filter(document=lesson).count()) == (1, 1)
    assert desk.post(url(lesson), form(lesson, en=in_form(page)) | {"save": "yes"}).status_code == 302
    page = opened(desk, lesson, **{"put-in": "yes", "language": "en"})
    assert (in_form(page), offered(page)) == (typed.strip(), None)


def test_put_in_after_somebody_else_has_saved_both_texts_are_shown_and_neither_is_lost(desk, lesson):
    mine, theirs = more(lesson, "Mine."), more(lesson, "Theirs.")
    desk.post(unsaved_url(lesson), form(lesson, en=mine))
    head = save_drafts(lesson, {"en": theirs.encode()}, base=lesson.head, by=make_editor())
    page = opened(desk, lesson)
    assert (in_form(page), offered(page)) == (theirs.strip(), {"text-en": mine.strip()})
    assert "The saved text is newer." in page.text
    page = opened(desk, lesson, **{"put-in": "yes"})
    assert (in_form(page), page.select_one("#theirs-en").text.strip()) == (mine.strip(), theirs.strip())
    assert page.select_one("[data-editor] [name=base]")["value"] == str(head.pk)
    assert "another person has saved this text in the meantime" in page.text


def test_what_somebody_else_has_saved_word_for_word_is_not_offered(desk, lesson):
    typed = more(lesson, "The same.")
    desk.post(unsaved_url(lesson), form(lesson, en=typed))
    save_drafts(lesson, {"en": typed.encode()}, base=lesson.head, by=make_editor())
    assert offered(opened(desk, lesson)) is None


def test_thrown_away_it_is_gone_and_the_saved_text_stays(desk, lesson):
    desk.post(unsaved_url(lesson), form(lesson, en=more(lesson, "One sentence.")))
    for _once_more in range(2):
        response = desk.post(unsaved_url(lesson), {"throw-away": "yes"})
        assert (response.status_code, response["Location"]) == (302, url(lesson))
    page = opened(desk, lesson)
    assert (kept(), offered(page), in_form(page)) == ([], None, body(lesson).strip())
    assert "The unsaved text was discarded." in page.text


def test_what_was_just_sent_stays_in_the_form_and_nothing_older_is_offered(desk, lesson):
    desk.post(unsaved_url(lesson), form(lesson, en=more(lesson, "Older.")))
    sent = form(lesson, en=more(lesson, "Newer.")) | {"preview": "yes"}
    page = BeautifulSoup(desk.post(url(lesson), sent).content, "html.parser")
    assert (offered(page), in_form(page)) == (None, more(lesson, "Newer.").strip())


@pytest.mark.parametrize("documents", [1, 3])
def test_opening_one_document_costs_the_same_whatever_else_is_unsaved(
    desk, lesson, django_assert_max_num_queries, documents
):
    others = Document.objects.filter(kind="lesson")[:documents]
    for document in {lesson, *others}:
        desk.post(unsaved_url(document), form(document, en=more(document, "On.")))
    with django_assert_max_num_queries(18):
        desk.get(url(lesson))
