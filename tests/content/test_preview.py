"""Previews run in a side process, one at a time per person, with a time limit."""

import pytest
from django.urls import reverse

from courseware.content import admin
from courseware.content.authoring import preview as previewing
from courseware.content.authoring.editor_state import editor_state_of
from courseware.content.authoring.preview import check_in_side_process, make_preview
from courseware.content.models import Document
from courseware.content.releases.publishing import ContentErrors, read_valid
from courseware.lib.side_process import MachineBusy, OutOfTime, ProcessDied, StillBusy
from tests.content.preview_stubs import broken_off, never_ready, with_a_query, with_databases
from tests.content.test_editor import LESSON, body, form, signed_in, url
from tests.course_format.samples import damage, make_files
from tests.making import make_admin, make_course, make_editor

pytestmark = pytest.mark.django_db

BUSY = "Another preview is being created, or the server is busy"
LATE = "The preview of this text takes too long."
UNCHECKED = "This draft was saved without a check because the server was busy."
BROKEN = "The preview failed."
AGAIN = 'hx-trigger="load delay:1s"'  # the page retries by itself


@pytest.fixture
def lesson():
    return make_course().documents.select_related("course", "latest_revision").get(identifier=LESSON)


@pytest.fixture
def editor(client):
    person = make_editor()
    signed_in(client, person)
    return person


def typed(lesson):
    return form(lesson, en=body(lesson).replace("title: Boiling water", "title: As typed"))


WAYS = {
    "while typing": lambda client, lesson: client.post(url(lesson, "preview"), typed(lesson)),
    "by the button": lambda client, lesson: client.post(url(lesson), typed(lesson) | {"preview": "yes"}),
    "by the other language": lambda client, lesson: client.post(url(lesson), typed(lesson) | {"tab": "zh-hans"}),
    "by opening it": lambda client, lesson: client.get(url(lesson)),
}


class FakeSideProcess:
    """Stands in for the side process: calls `run` for each preview."""

    def __init__(self, run):
        self.run_once = run

    def run(self, *_arguments, **_words):
        return self.run_once()

    longest = staticmethod(previewing.beside.longest)


def raises(error):
    def run():
        raise error

    return FakeSideProcess(run)


def test_preview_process_opens_no_database(lesson):
    state = editor_state_of(lesson, lesson.latest_revision)
    preview, opened = previewing.beside.run(with_databases, state.manuscript, "en", {}, [], seconds=30)
    assert preview == make_preview(state.manuscript, "en", {}, [])
    assert preview.page["title"] == "Boiling water"
    assert opened == []
    assert previewing.beside.run(with_a_query, seconds=30) == ["default"]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_preview_uses_side_process(client, editor, lesson, monkeypatch, way):
    for error, expected in [(OutOfTime, LATE), (ProcessDied, BROKEN), (StillBusy, BUSY)]:
        monkeypatch.setattr(previewing, "beside", raises(error))
        response = way(client, lesson)
        page = response.content.decode()
        assert response.status_code == 200
        assert [sentence for sentence in (LATE, BROKEN, BUSY) if sentence in page] == [expected]
        assert (AGAIN in page) == (error is StillBusy)
    if way not in (WAYS["while typing"], WAYS["by opening it"]):
        assert "title: As typed" in page


def test_error_is_shown_without_preview(client, editor, lesson, monkeypatch):
    def check(bodies):
        monkeypatch.setattr(previewing, "beside", raises(OutOfTime))
        read_valid(bodies)

    monkeypatch.setattr(admin, "check_in_side_process", check)
    broken = body(lesson).replace("{#seven}", "{#seven", 1)
    response = client.post(url(lesson), form(lesson, en=broken) | {"save": "yes"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "is not closed on this line" in page and LATE in page and "{#seven\r\n" in page


@pytest.mark.parametrize("error, said", [(OutOfTime, LATE), (ProcessDied, BROKEN)])
def test_failed_check_refuses_save_and_keeps_text(client, editor, lesson, monkeypatch, error, said):
    with monkeypatch.context() as patch:
        patch.setattr(previewing, "beside_saving", raises(error))
        response = client.post(url(lesson), typed(lesson) | {"save": "yes"})
    page = response.content.decode()
    assert response.status_code == 503
    assert (
        "Your text is not saved yet, because it could not be checked" in page
        and said in page
        and "title: As typed" in page
    )
    assert lesson.revisions.count() == 1
    assert client.post(url(lesson), typed(lesson) | {"save": "yes"}).status_code == 302
    assert "title: As typed" in body(lesson)


@pytest.mark.slow
@pytest.mark.parametrize("error", [MachineBusy, StillBusy])
def test_busy_server_saves_draft_as_unchecked(client, editor, lesson, monkeypatch, error):
    with monkeypatch.context() as patch:
        patch.setattr(previewing, "beside_saving", raises(error))
        for _ in range(2):  # the second save changes nothing and cannot check either
            page = client.post(url(lesson), typed(lesson) | {"save": "yes"}, follow=True).content.decode()
            assert "Saved as revision 2, but not checked because the server is busy" in page and UNCHECKED in page
            assert LATE not in page
    lesson.refresh_from_db()
    assert lesson.revisions.count() == 2 and "title: As typed" in body(lesson)
    page = client.post(url(lesson), typed(lesson) | {"save": "yes"}, follow=True).content.decode()
    assert "The draft was checked and has no errors." in page and UNCHECKED not in page
    assert (lesson.revisions.count(), lesson.revisions.filter(is_unchecked=True).count()) == (2, 0)


def test_later_check_clears_unchecked_mark(client, editor, lesson, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(previewing, "beside_saving", raises(MachineBusy))
        client.post(url(lesson), typed(lesson) | {"save": "yes"})
    assert lesson.revisions.filter(is_unchecked=True).exists()
    client.post(url(lesson), form(lesson, en=body(lesson).replace("As typed", "As typed again")) | {"save": "yes"})
    assert (lesson.revisions.count(), lesson.revisions.filter(is_unchecked=True).count()) == (3, 0)


@pytest.mark.slow
def test_publishing_checks_unchecked_drafts(client, lesson, monkeypatch):
    signed_in(client, make_admin(language="en"))
    broken = body(lesson).replace("{#seven}", "{#seven", 1)
    with monkeypatch.context() as patch:
        patch.setattr(previewing, "beside_saving", raises(MachineBusy))
        client.post(url(lesson), form(lesson, en=broken) | {"save": "yes"})
        head = Document.objects.get(pk=lesson.pk).latest_revision
        publish = reverse("admin:publish-course", args=[lesson.course_id])
        assert UNCHECKED in client.get(publish).content.decode()
        sent = {"revisions": head.pk, f"impact-{head.pk}": "minor", "note": "Tea", "confirmed": "on"}
        assert "could not be checked now. Try again" in client.post(publish, sent).content.decode()
    assert "is not closed on this line" in client.post(publish, sent).content.decode()
    assert Document.objects.get(pk=lesson.pk).latest_revision.is_unchecked
    assert lesson.course.releases.count() == 1


@pytest.mark.slow
def test_side_process_check_equals_course_checker(lesson):
    assert check_in_side_process(make_files()) is None
    with pytest.raises(ContentErrors) as beside:
        check_in_side_process(damaged := damage("01-water/01-boiling.en.md", "(#card)", "(#crad)"))
    with pytest.raises(ContentErrors) as here:
        read_valid(damaged)
    assert beside.value.problems == here.value.problems != ()


def test_figure_is_shown_if_uses_are_unknown(client, editor, lesson, monkeypatch):
    monkeypatch.setattr(previewing, "beside", raises(OutOfTime))
    page = client.get(url(lesson.course.documents.get(identifier="media/kettle.en.svg"))).content.decode()
    assert (
        "<img src=" in page
        and "We could not find out where this document is used." in page
        and "No other document" not in page
    )


@pytest.mark.slow
@pytest.mark.parametrize("work, said", [(never_ready, LATE), (broken_off, BROKEN)], ids=["late", "broken"])
def test_next_preview_works_after_timeout_or_crash(client, editor, lesson, monkeypatch, settings, work, said):
    usual, settings.PREVIEW_SECONDS = settings.PREVIEW_SECONDS, 1
    with monkeypatch.context() as patch:
        patch.setattr(previewing, "make_preview", work)
        assert said in WAYS["while typing"](client, lesson).content.decode()
    settings.PREVIEW_SECONDS = usual
    assert "As typed</h2>" in WAYS["while typing"](client, lesson).content.decode()
    assert "As typed</h2>" in WAYS["while typing"](signed_in(client, make_editor()), lesson).content.decode()


def test_person_gets_1_preview_at_a_time(client, editor, lesson, monkeypatch):
    seen, other = {}, make_editor()
    client.get(reverse("admin:content_document_changelist"))  # from here on the session knows the person's groups

    def during_preview():
        monkeypatch.setattr(previewing, "beside", raises(OutOfTime))  # fails whoever gets this far
        seen["the same person"] = WAYS["while typing"](client, lesson).content.decode()
        seen["another page"] = client.get(reverse("admin:content_document_changelist")).status_code
        seen["another person"] = WAYS["while typing"](signed_in(client, other), lesson).content.decode()
        signed_in(client, editor)
        raise OutOfTime

    monkeypatch.setattr(previewing, "beside", FakeSideProcess(during_preview))
    assert LATE in WAYS["while typing"](client, lesson).content.decode()
    assert BUSY in seen["the same person"] and AGAIN in seen["the same person"]
    assert seen["another page"] == 200
    assert LATE in seen["another person"]
    assert LATE in WAYS["while typing"](client, lesson).content.decode()  # the first preview has ended


def test_preview_lock_expires_after_longest_preview(client, editor, lesson, monkeypatch, settings):
    settings.PREVIEW_SECONDS, kept = 5, []
    monkeypatch.setattr(previewing.cache, "add", lambda key, value, timeout: kept.append(timeout) or False)
    assert BUSY in WAYS["while typing"](client, lesson).content.decode()
    assert kept == [previewing.beside.longest(5) + 1]


def test_browser_queues_only_last_preview(client, editor, lesson):
    page = client.get(url(lesson)).content.decode()
    assert page.count("hx-sync=") == page.count('data-draft="text" hx-sync="this:queue last"') == 1
