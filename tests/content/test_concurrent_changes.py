"""Saves, releases and imports hold no lock while they check and compile, and notice concurrent changes."""

import pytest
from django.db import connection

from courseware.content.models import Release, SourceFile
from courseware.content.releases import course_files, drafts, publishing
from courseware.content.releases.course_import import ImportConflict, import_course
from courseware.content.releases.drafts import StaleDraft, restore, save_drafts
from courseware.content.releases.publishing import StaleChoice, publish, recompile
from tests.course_format.samples import make_files
from tests.making import make_course

CARD, TERMS = "emergency.card.en.md", "terms.en.md"


def edited(path, word):
    return make_files()[path] + f"\n{word}\n".encode()


def document(course, identifier):
    return course.documents.select_related("latest_revision").get(identifier=identifier)


def save(course, identifier, path, word):
    current = document(course, identifier)
    return save_drafts(current, {"en": edited(path, word)}, base=current.latest_revision, by=None)


@pytest.fixture
def course(transactional_db):
    return make_course()


@pytest.fixture
def while_checking(monkeypatch):
    """Run a function once during the next check."""

    def arrange(action):
        actions = [action]
        for module in (publishing, drafts, course_files):
            monkeypatch.setattr(module, "read_valid", interrupted(module.read_valid, actions))

    return arrange


@pytest.fixture
def while_compiling(monkeypatch):
    """Run a function once during the next compilation, which an import does after comparing."""

    def arrange(action):
        monkeypatch.setattr(publishing, "compile_course", interrupted(publishing.compile_course, [action]))

    return arrange


def interrupted(work, actions):
    def interrupting(*arguments):
        if actions:
            actions.pop()()
        return work(*arguments)

    return interrupting


@pytest.fixture
def checked_unlocked(monkeypatch):
    """List for each check and compilation whether a transaction was open."""
    seen = []

    def watched(work):
        def watching(*arguments):
            seen.append(connection.in_atomic_block)
            return work(*arguments)

        return watching

    for module in (publishing, drafts, course_files):
        monkeypatch.setattr(module, "read_valid", watched(module.read_valid))
    for name in ("compile_course", "compile_release"):
        monkeypatch.setattr(publishing, name, watched(getattr(publishing, name)))
    return seen


@pytest.mark.slow
def test_checking_and_compiling_hold_no_transaction(course, checked_unlocked, monkeypatch):
    first = document(course, "card").latest_revision
    draft = save(course, "card", CARD, "Edited.")
    publish(course, [draft], impact="minor", note="", by=None)
    restore(document(course, "card"), first, by=None)
    import_course(make_files() | {TERMS: edited(TERMS, "Imported.")})
    monkeypatch.setattr(publishing, "COMPILER", 99)
    recompile(course.current)
    assert checked_unlocked == [False] * 8  # 2 for publishing, 3 for importing with a draft


@pytest.mark.slow
def test_concurrent_release_is_included_in_next_one(course, while_checking):
    mine, theirs = save(course, "card", CARD, "Mine."), save(course, "terms", TERMS, "Theirs.")
    while_checking(lambda: publish(course, [theirs], impact="minor", note="theirs", by=None))
    release = publish(course, [mine], impact="minor", note="mine", by=None)
    assert list(Release.objects.order_by("number").values_list("number", "note")) == [
        (1, ""),
        (2, "theirs"),
        (3, "mine"),
    ]
    bodies = {
        bytes(body)
        for body in SourceFile.objects.filter(revision__entries__release=release).values_list("body", flat=True)
    }
    assert {edited(CARD, "Mine."), edited(TERMS, "Theirs.")} <= bodies


def test_identical_concurrent_release_is_reused(course, while_checking):
    draft = save(course, "card", CARD, "Mine.")
    while_checking(lambda: publish(course, [draft], impact="minor", note="theirs", by=None))
    assert publish(course, [draft], impact="minor", note="mine", by=None).note == "theirs"
    assert Release.objects.count() == 2


def test_publishing_refuses_concurrently_edited_draft(course, while_checking):
    draft = save(course, "card", CARD, "Mine.")
    while_checking(lambda: save(course, "card", CARD, "Theirs."))
    with pytest.raises(StaleChoice):
        publish(course, [draft], impact="minor", note="", by=None)
    assert Release.objects.count() == 1


def test_saving_refuses_concurrently_changed_text(course, while_checking):
    while_checking(lambda: save(course, "card", CARD, "Theirs."))
    with pytest.raises(StaleDraft):
        save(course, "card", CARD, "Mine.")
    assert bytes(document(course, "card").latest_revision.texts.get(language="en").body) == edited(CARD, "Theirs.")


def test_draft_is_rechecked_with_concurrent_save(course, while_checking, checked_unlocked):
    while_checking(lambda: save(course, "terms", TERMS, "Theirs."))
    assert save(course, "card", CARD, "Mine.").number == 2
    assert len(checked_unlocked) == 3
    assert document(course, "terms").latest_revision.number == 2


@pytest.mark.slow
def test_import_is_compared_again_after_concurrent_save(course, while_compiling):
    files = make_files() | {CARD: edited(CARD, "In the files.")}
    while_compiling(lambda: save(course, "terms", TERMS, "Theirs."))
    assert import_course(files).kept == (TERMS,)
    while_compiling(lambda: save(course, "card", CARD, "In the admin."))
    with pytest.raises(ImportConflict):
        import_course(files | {CARD: edited(CARD, "Once more.")})
    assert Release.objects.count() == 2


def test_identical_concurrent_import_is_reused(course, while_compiling):
    files = make_files() | {CARD: edited(CARD, "In the files.")}
    while_compiling(lambda: import_course(files))
    assert import_course(files).is_empty
    assert Release.objects.count() == 2
