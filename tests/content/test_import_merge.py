"""Three-way merge of files changed in the folder, in the admin or in both since the last import."""

from itertools import product

import pytest

from courseware.content.models import ImportedFile, SourceFile
from courseware.content.releases import course_import
from courseware.content.releases.course_files import ImportRefused
from courseware.content.releases.course_import import ImportConflict, import_course
from courseware.content.releases.drafts import save_drafts
from courseware.content.releases.publishing import ContentErrors
from tests.content.import_helpers import CARD, LESSON, bodies, edit, edited, rows
from tests.course_format.samples import make_files
from tests.making import publish_latest

# (in the file, in the admin) → (released, latest revision); None is a conflict.
# "base" is the text of the last import, "gone" an absent one.
TABLE = {
    ("base", "base"): ("base", "base"),
    ("base", "admin"): ("base", "admin"),
    ("file", "base"): ("file", "file"),
    ("file", "admin"): None,
    ("file", "file"): ("file", "file"),
    ("gone", "base"): ("gone", "gone"),
    ("gone", "admin"): None,
}


def state(text):
    return "gone" if text is None else text.decode().rsplit(maxsplit=1)[-1].strip(".")


@pytest.mark.django_db
@pytest.mark.parametrize("is_published", [False, True])
@pytest.mark.parametrize(("in_file", "in_admin"), TABLE)
def test_merge_by_states_of_file_and_admin(in_file, in_admin, is_published):
    """Import a text, edit it in the admin (published or not), import again."""
    both = [CARD, CARD.replace(".en.", ".zh-hans.")]
    base = edited(edited(make_files(), both[0], "base"), both[1], "base")
    course = import_course(base).course
    card = course.documents.get(identifier="card")
    versions = {word: base[CARD].replace(b"base", word.encode()) for word in ("base", "file", "admin")}
    edit(card, versions[in_admin])
    if is_published:
        publish_latest(card)
    files = {path: body for path, body in base.items() if path not in both or in_file != "gone"}
    if in_file == "gone":
        files["01-water/01-boiling.en.md"] = files[LESSON].replace(b"(#card)", b"(#tracks)")
        files[LESSON.replace(".en.", ".zh-hans.")] = files[LESSON.replace(".en.", ".zh-hans.")].replace(
            b"(#card)", b"(#tracks)"
        )
    else:
        files[CARD] = versions[in_file]

    before, expected = rows(), TABLE[in_file, in_admin]
    if expected is None:
        with pytest.raises(ImportConflict) as conflict:
            import_course(files)
        assert conflict.value.paths == (CARD,)
        assert rows() == before
        return
    import_course(files)
    released, newest = expected
    if is_published and in_file == "base":
        released = in_admin  # published in the admin, and kept
    assert state(bodies(course).get(CARD)) == released
    assert state(bodies(course, drafts=True).get(CARD)) == newest
    imported = {row.path: row.digest for row in ImportedFile.objects.filter(document__course=course)}
    assert imported == {path: course_import.digest_of_bytes(body) for path, body in files.items()}


@pytest.mark.django_db
class TestDrafts:
    def test_draft_stays_if_file_of_other_language_changes(self):
        course = import_course(make_files()).course
        card = course.documents.get(identifier="card")
        draft = make_files()[CARD] + b"\nDraft.\n"
        edit(card, draft)
        chinese = CARD.replace(".en.", ".zh-hans.")
        files = edited(make_files(), chinese, "新")
        report = import_course(files)
        assert report.kept == (CARD,)
        assert bodies(course) == files
        assert bodies(course, drafts=True) == files | {CARD: draft}

    def test_draft_of_other_document_is_not_released(self):
        course = import_course(make_files()).course
        edit(course.documents.get(identifier="card"), make_files()[CARD] + b"\nDraft.\n")
        import_course(edited(make_files(), LESSON, "New"))
        assert b"Draft" not in bodies(course)[CARD]
        assert b"Draft" in bodies(course, drafts=True)[CARD]

    def test_every_conflicting_file_is_named(self):
        course = import_course(make_files()).course
        for identifier, path in [("card", CARD), ("boiling", LESSON)]:
            edit(course.documents.get(identifier=identifier), make_files()[path] + b"\nDraft.\n")
        with pytest.raises(ImportConflict) as conflict:
            import_course(edited(edited(make_files(), CARD, "New"), LESSON, "New"))
        assert conflict.value.paths == (LESSON, CARD)

    @pytest.mark.slow
    def test_merge_with_errors_is_refused(self):
        """The admin published a link to a section that the files remove."""
        course = import_course(make_files()).course
        card = course.documents.get(identifier="card")
        chinese = CARD.replace(".en.", ".zh-hans.")
        texts = {
            language: make_files()[path] + b"\n[?](#what-first)\n"
            for language, path in [("en", CARD), ("zh-hans", chinese)]
        }
        save_drafts(card, texts, base=card.latest_revision, by=None)
        publish_latest(card)
        files = {
            path: body.replace(b"{#what-first", b"{#what-then") if "boiling" in path else body
            for path, body in make_files().items()
        }
        before = rows()
        with pytest.raises(ContentErrors, match="what-first"):
            import_course(files)
        assert rows() == before


@pytest.mark.django_db
class TestMerged:
    """Two files changed on both sides; one or both are merged in the folder."""

    @pytest.fixture
    def course(self):
        course = import_course(make_files()).course
        for identifier, path in [("card", CARD), ("boiling", LESSON)]:
            edit(course.documents.get(identifier=identifier), make_files()[path] + b"\nAdmin.\n")
        return course

    @pytest.mark.slow
    @pytest.mark.parametrize("is_published", [False, True])
    def test_merged_text_is_released_once(self, course, is_published):
        card = course.documents.get(identifier="card")
        if is_published:
            publish_latest(card)
        merged = edited(edited(make_files(), CARD, "Admin"), CARD, "File")
        with pytest.raises(ImportConflict):
            import_course(merged)
        report = import_course(merged, merged=[CARD])
        assert (report.changed, report.merged, report.kept) == ((CARD,), (CARD,), (LESSON,))
        assert bodies(course) == merged
        assert bodies(course, drafts=True) == merged | {LESSON: make_files()[LESSON] + b"\nAdmin.\n"}
        texts = SourceFile.objects.filter(revision__document=card, language="en")
        assert make_files()[CARD] + b"\nAdmin.\n" in [bytes(text.body) for text in texts]
        before = rows()
        assert import_course(merged).is_empty
        assert rows() == before

    @pytest.mark.slow
    def test_removed_file_can_be_marked_as_merged(self, course):
        chinese = CARD.replace(".en.", ".zh-hans.")
        files = {
            path: body.replace(b"(#card)", b"(#tracks)")
            for path, body in make_files().items()
            if path not in (CARD, chinese)
        }
        merged = edited(files, LESSON, "Admin")
        report = import_course(merged, merged=[CARD, LESSON])
        assert report.removed == (CARD, chinese)
        assert course.documents.get(identifier="card").latest_revision is None

    def test_other_conflicts_still_stop_import(self, course):
        files = edited(edited(make_files(), CARD, "Merged"), LESSON, "File")
        before = rows()
        with pytest.raises(ImportConflict) as conflict:
            import_course(files, merged=[CARD])
        assert conflict.value.paths == (LESSON,)
        assert rows() == before

    @pytest.mark.parametrize("path", [LESSON, "no/such.en.md"])
    @pytest.mark.parametrize("word", ["Merged", None])
    def test_merged_path_without_conflict_is_refused(self, course, path, word):
        files = edited(make_files(), CARD, word) if word else make_files()
        before = rows()
        with pytest.raises(ImportRefused, match=f"{path}: called merged, but in no conflict"):
            import_course(files, merged=[CARD, path] if word else [path])
        assert rows() == before


def test_state_table_is_complete():
    """Two combinations cannot occur: an absent text edited in the admin, and a removed file saved there as "file"."""
    assert set(TABLE) | {("base", "file"), ("gone", "file")} == set(
        product(["base", "file", "gone"], ["base", "admin", "file"])
    )
