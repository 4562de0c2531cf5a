"""The document editor in the admin: access, display, saving."""

import re

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from courseware.content import admin
from courseware.content.models import Document, Revision
from tests.content.test_exam_changes import with_sheet
from tests.making import make_admin, make_course, make_editor, make_user

pytestmark = pytest.mark.django_db

LESSON = "boiling"


@pytest.fixture
def lesson():
    return make_course().documents.get(identifier=LESSON)


def signed_in(client, person):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(person)
    return client


def url(document, name="change", *places):
    return reverse(f"admin:content_document_{name}", args=[document.pk, *places])


def body(document, language="en"):
    document.refresh_from_db()
    return bytes(document.latest_revision.texts.get(language=language).body).decode()


def form(document, **texts):
    """Return the posted form: the texts of both languages with CRLF, `texts` replaced."""
    document.refresh_from_db()
    fields = {f"text-{text.language}": bytes(text.body).decode() for text in document.latest_revision.texts.all()}
    fields |= {f"text-{language.replace('_', '-')}": text for language, text in texts.items()}
    fields = {name: re.sub(r"\r\n|\r|\n", "\r\n", text) for name, text in fields.items()}
    return fields | {"base": document.latest_revision.pk, "language": "en"}


@pytest.mark.parametrize("name", ["change", "history"])
def test_editors_and_admins_open_the_editor(client, lesson, name):
    for person in (make_editor(), make_admin()):
        assert signed_in(client, person).get(url(lesson, name)).status_code == 200


def test_non_editors_cannot_open_editor(client, lesson):
    pages = [
        ("get", url(lesson)), ("post", url(lesson)), ("get", url(lesson, "history")), ("post", url(lesson, "preview")),
        ("post", url(lesson, "discard")), ("post", url(lesson, "restore", lesson.latest_revision.pk)),
        ("get", url(lesson, "compare", lesson.latest_revision.pk, lesson.latest_revision.pk)),
        ("get", reverse("admin:content_document_changelist")),
    ]  # fmt: skip
    for person, statuses in [(None, {302}), (make_user(), {302}), (make_user(is_staff=True), {403, 404})]:
        client.logout()
        if person:
            client.force_login(person)
        assert {getattr(client, method)(address).status_code for method, address in pages} <= statuses
    assert Revision.objects.filter(document=lesson).count() == 1


def test_editors_group_has_only_needed_permissions(client, lesson):
    rights = Group.objects.get(name="Editors").permissions.filter(content_type__app_label="content")
    assert set(rights.values_list("codename", flat=True)) == {
        "view_course", "view_document", "change_document", "view_revision", "view_release", "add_release",
    }  # fmt: skip
    client = signed_in(client, make_editor())
    assert client.get(reverse("admin:publish-course", args=[lesson.course_id])).status_code == 200
    for model in ("accounts_user", "accounts_team", "audit_log_event", "learning_enrollment"):
        assert client.get(reverse(f"admin:{model}_changelist")).status_code in (403, 404)


def test_documents_are_listed_in_course_order(client, lesson):
    found = signed_in(client, make_editor()).get(reverse("admin:content_document_changelist")).context["cl"].result_list
    paths = [document.path for document in found]
    assert paths == sorted(paths)


def test_saving_makes_draft_hidden_from_learners(client, lesson):
    editor = make_editor()
    released = lesson.course.current
    sent = form(lesson, en=body(lesson).replace("title: Boiling water", "title: Boiling more water"))
    response = signed_in(client, editor).post(url(lesson), sent | {"save": "yes"})
    assert response.status_code == 302
    lesson.refresh_from_db()
    lesson.course.refresh_from_db()
    assert "Boiling more water" in body(lesson)
    assert (lesson.latest_revision.number, lesson.latest_revision.created_by) == (2, editor)
    assert lesson.course.current == released
    page = client.get(url(lesson)).content.decode()
    assert "learners still see the released text" in page


def test_saving_unchanged_document_makes_no_revision(client, lesson):
    response = signed_in(client, make_editor()).post(url(lesson), form(lesson) | {"save": "yes"}, follow=True)
    assert "nothing to save" in response.content.decode()
    assert lesson.revisions.count() == 1


@pytest.mark.slow
def test_invalid_text_shows_error_line_and_keeps_text(client, lesson):
    broken = body(lesson).replace("{#seven}", "{#seven", 1)
    line = broken[: broken.index("{#seven")].count("\n") + 1
    response = signed_in(client, make_editor()).post(url(lesson), form(lesson, en=broken) | {"save": "yes"})
    page = response.content.decode()
    assert response.status_code == 422
    assert f'href="#text-en" data-line="{line}"' in page
    assert "is not closed on this line" in page
    assert "{#seven\n" in page.replace("\r\n", "\n")
    assert lesson.revisions.count() == 1


@pytest.mark.slow
def test_structural_change_needs_both_languages(client, lesson):
    texts = {
        language: body(lesson, language).replace("## ", f"## {word} {{#new}}\n\n{word}.\n\n## ", 1)
        for language, word in [("en", "New"), ("zh-hans", "新")]
    }
    client = signed_in(client, make_editor())
    assert client.post(url(lesson), form(lesson, en=texts["en"]) | {"save": "yes"}).status_code == 422
    sent = form(lesson, en=texts["en"], zh_hans=texts["zh-hans"])
    assert client.post(url(lesson), sent | {"save": "yes"}).status_code == 302
    assert [body(lesson, language) for language in texts] == list(texts.values())


@pytest.mark.slow
def test_edit_conflict_shows_both_texts(client, lesson):
    first, second = make_editor(), make_editor()
    opened = form(lesson)
    mine = body(lesson).replace("title: Boiling water", "title: Mine")
    theirs = body(lesson).replace("title: Boiling water", "title: Theirs")
    signed_in(client, first).post(url(lesson), opened | form(lesson, en=theirs) | {"save": "yes"})
    response = signed_in(client, second).post(
        url(lesson), opened | {"text-en": mine.replace("\n", "\r\n"), "save": "yes"}
    )
    page = response.content.decode()
    assert response.status_code == 409
    assert "title: Mine" in page and "title: Theirs" in page
    assert body(lesson) == theirs
    base = re.search(r'name="base" value="(\d+)"', page)[1]
    response = client.post(url(lesson), opened | {"base": base, "text-en": mine.replace("\n", "\r\n"), "save": "yes"})
    assert response.status_code == 302
    assert body(lesson) == mine
    assert [revision.created_by for revision in lesson.revisions.all()] == [second, first, None]


@pytest.mark.parametrize("is_late", [False, True])
def test_saving_archived_document_shows_typed_text(client, lesson, monkeypatch, is_late):
    sent = form(lesson, en=body(lesson).replace("title: Boiling water", "title: <Mine>")) | {"save": "yes"}
    client, save_drafts = signed_in(client, make_editor()), admin.save_drafts

    def retire():
        Document.objects.filter(pk=lesson.pk).update(latest_revision=None)

    if is_late:  # between the first check of the page and the lock
        monkeypatch.setattr(admin, "save_drafts", lambda *args, **words: (retire(), save_drafts(*args, **words))[1])
    else:
        retire()
    response = client.post(url(lesson), sent)
    page = response.content.decode()
    assert response.status_code == 409
    assert "no longer in the course" in page and "title: &lt;Mine&gt;" in page and "title: 烧水" in page
    assert lesson.revisions.count() == 1
    assert client.get(url(lesson)).status_code == 404
    assert signed_in(client, make_user(is_staff=True)).post(url(lesson), sent).status_code == 404


@pytest.mark.slow
def test_edits_of_different_languages_do_not_conflict(client, lesson):
    opened = form(lesson)
    client = signed_in(client, make_editor())
    english = body(lesson).replace("title: Boiling water", "title: In English")
    chinese = body(lesson, "zh-hans").replace("title: 烧水", "title: 中文")
    for language, text in [("en", english), ("zh-hans", chinese)]:
        sent = opened | {f"text-{language}": text, "save": "yes"}
        assert client.post(url(lesson), sent).status_code == 302
    assert (body(lesson), body(lesson, "zh-hans")) == (english, chinese)


@pytest.mark.slow
def test_edit_conflict_updates_untouched_language(client, lesson):
    opened = form(lesson)
    client = signed_in(client, make_editor())
    theirs = {
        "text-en": body(lesson).replace("title: Boiling water", "title: Theirs"),
        "text-zh-hans": body(lesson, "zh-hans").replace("title: 烧水", "title: 别人的"),
    }
    client.post(url(lesson), opened | theirs | {"save": "yes"})
    mine = body(lesson).replace("title: Theirs", "title: Mine")
    page = client.post(url(lesson), opened | {"text-en": mine, "save": "yes"}).content.decode()
    assert "别人的" in page and "title: 烧水" not in page


def test_language_tab_keeps_typed_text_unsaved(client, lesson):
    typed = body(lesson).replace("title: Boiling water", "title: Not saved yet")
    response = signed_in(client, make_editor()).post(url(lesson), form(lesson, en=typed) | {"tab": "zh-hans"})
    page = response.content.decode()
    assert "title: Not saved yet" in page
    assert '<input type="hidden" name="language" value="zh-hans">' in page
    assert lesson.revisions.count() == 1


def test_preview_shows_typed_text_with_answers_and_problems(client, lesson):
    typed = body(lesson).replace("## ", "## Fresh ", 1).replace("(#card)", "(#crad)")
    response = signed_in(client, make_editor()).post(url(lesson, "preview"), form(lesson, en=typed))
    page = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in page
    assert re.search(r'<h2 id="seven">Fresh ', page)
    assert '<span class="key">✓</span>' in page and 'class="reason"' in page
    assert "no such section, document or question" in page
    assert lesson.revisions.count() == 1


@pytest.mark.parametrize("identifier", ["course", "card", "m1", "last-cup", "tea-bank", "voice", "sources", "outline"])
def test_every_document_kind_opens_in_editor(client, identifier):
    documents = make_course().documents
    document = documents.get(kind="course") if identifier == "course" else documents.get(identifier=identifier)
    page = signed_in(client, make_editor()).get(url(document) + "?language=en").content.decode()
    assert '<textarea id="text-en"' in page and '<textarea id="text-zh-hans"' in page


def test_figure_shows_where_it_is_used(client, lesson):
    figure = lesson.course.documents.get(identifier="media/kettle.en.svg")
    page = signed_in(client, make_editor()).get(url(figure)).content.decode()
    assert '<img src="/media/tea-room/' in page
    assert url(lesson) in page
    assert "<textarea" not in page


def test_jurisdiction_file_shows_documents_using_it(client):
    documents = make_course(with_sheet()).documents
    page = signed_in(client, make_editor()).get(url(documents.get(identifier="law"))).content.decode()
    assert url(documents.get(identifier="tea-bank")) in page
    assert url(documents.get(identifier=LESSON)) not in page


def test_text_is_escaped(client, lesson):
    typed = body(lesson).replace("## ", "</textarea><script>alert(1)</script>\n\n## ", 1)
    page = (
        signed_in(client, make_editor()).post(url(lesson), form(lesson, en=typed) | {"preview": "yes"}).content.decode()
    )
    assert "<script>alert" not in page


@pytest.mark.slow
def test_draft_can_be_discarded_and_restored(client, lesson):
    client = signed_in(client, make_editor())
    original = body(lesson)
    typed = original.replace("title: Boiling water", "title: A draft")
    client.post(url(lesson), form(lesson, en=typed) | {"save": "yes"})
    draft = lesson.revisions.first()
    client.post(url(lesson, "discard"))
    assert body(lesson) == original
    client.post(url(lesson, "restore", draft.pk))
    assert body(lesson) == typed
    assert [revision.number for revision in lesson.revisions.all()] == [3, 2, 1]


def test_history_shows_author_and_comparison_shows_changes(client, lesson):
    client = signed_in(client, make_editor(name="Edda"))
    client.post(
        url(lesson), form(lesson, en=body(lesson).replace("title: Boiling water", "title: New")) | {"save": "yes"}
    )
    page = client.get(url(lesson, "history")).content.decode()
    assert "Edda" in page and "import" in page
    new, old = lesson.revisions.all()
    assert url(lesson, "compare", old.pk, new.pk) in page
    page = client.get(url(lesson, "compare", old.pk, new.pk)).content.decode()
    assert "<del>title: Boiling water</del>" in page and "<ins>title: New</ins>" in page


def test_revisions_of_other_documents_are_rejected(client, lesson):
    other = lesson.course.documents.get(identifier="card")
    client = signed_in(client, make_editor())
    assert client.post(url(lesson, "restore", other.latest_revision.pk)).status_code == 404
    assert client.get(url(lesson, "compare", other.latest_revision.pk, lesson.latest_revision.pk)).status_code == 404
    assert client.post(url(lesson), form(lesson) | {"base": other.latest_revision.pk, "save": "yes"}).status_code == 400


@pytest.mark.parametrize(
    ("search", "found"), [("boiling", {LESSON}), ("烧水", {LESSON, "outline"}), ("nowhere-at-all", set())]
)
def test_documents_are_found_by_id_title_and_text(client, lesson, search, found):
    page = signed_in(client, make_editor()).get(reverse("admin:content_document_changelist"), {"q": search})
    assert found <= {document.identifier for document in page.context["cl"].result_list}
    assert found or not page.context["cl"].result_list


def test_list_filters_by_draft_state(client, lesson):
    client = signed_in(client, make_editor())
    client.post(
        url(lesson), form(lesson, en=body(lesson).replace("title: Boiling water", "title: New")) | {"save": "yes"}
    )
    drafts = client.get(reverse("admin:content_document_changelist"), {"state": "draft"}).context["cl"].result_list
    released = client.get(reverse("admin:content_document_changelist"), {"state": "released"}).context["cl"].result_list
    assert [document.identifier for document in drafts] == [LESSON]
    assert LESSON not in [document.identifier for document in released]


def test_list_query_count_is_constant(client, lesson, django_assert_num_queries):
    client = signed_in(client, make_editor())
    address = reverse("admin:content_document_changelist")
    client.get(address)
    for kind in ("lesson", "media"):  # one row, two rows
        with django_assert_num_queries(10):
            client.get(address, {"kind__exact": kind})


def test_course_identity_is_read_only(client, lesson):
    client = signed_in(client, make_admin())
    address = reverse("admin:content_course_change", args=[lesson.course.pk])
    page = client.get(address).content.decode()
    assert not re.search(r'name="(identifier|source_language|current)"', page)
    assert client.get(reverse("admin:content_course_delete", args=[lesson.course.pk])).status_code == 403
    assert client.get(reverse("admin:content_course_add")).status_code == 403


@pytest.mark.parametrize("model", ["release", "revision"])
def test_releases_and_revisions_are_read_only(client, lesson, model):
    client = signed_in(client, make_admin())
    row = {"release": lesson.course.current, "revision": lesson.latest_revision}[model]
    assert client.get(reverse(f"admin:content_{model}_changelist")).status_code == 200
    address = reverse(f"admin:content_{model}_change", args=[row.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"number": 99}).status_code == 403
    assert client.get(reverse(f"admin:content_{model}_delete", args=[row.pk])).status_code == 403
    assert client.get(reverse(f"admin:content_{model}_add")).status_code == 403


def test_documents_cannot_be_added_or_deleted(client, lesson):
    client = signed_in(client, make_admin())
    assert client.get(reverse("admin:content_document_add")).status_code == 403
    assert client.post(url(lesson, "delete"), {"post": "yes"}).status_code == 403
    assert Document.objects.filter(pk=lesson.pk).exists()
