"""Importing: three-way, all or nothing, one release for what changed."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from itertools import product
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from courseware.content.compiled.compiling import COMPILER
from courseware.content.models import Course, Document, ImportedText, Page, Release, Revision, Text
from courseware.content.releases import importing, publishing
from courseware.content.releases.drafts import save_drafts
from courseware.content.releases.exporting import course_files
from courseware.content.releases.importing import ImportConflict, ImportRefused, import_course, read_folder
from courseware.content.releases.publishing import ContentErrors
from courseware.evidence.models import Event
from tests.language.samples import drawing, make_files
from tests.making import publish_head

CARD = "emergency.card.en.md"
LESSON = "01-water/01-boiling.en.md"


def edited(files, path, word):
    """The files with a word at the end of one."""
    return files | {path: files[path] + f"\n{word}.\n".encode()}


def edit(document, text, *, language="en"):
    """An editor saves this text."""
    document.refresh_from_db()
    return save_drafts(document, {language: text}, base=document.head, by=None)


def bodies(course, *, drafts=False):
    course.refresh_from_db()
    return {path: file.body for path, file in course_files(course, drafts=drafts).items()}


def rows():
    """Every row an import may touch."""
    models = (Course, Document, Revision, Text, ImportedText, Release, Page, Event)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


@pytest.mark.django_db
class TestFirstImport:
    def test_makes_one_release_of_every_file(self):
        files = make_files()
        report = import_course(files)
        assert bodies(report.course) == files
        assert report.added == tuple(sorted(files))
        assert [release.number for release in report.course.releases.all()] == [1]
        assert list(Event.objects.values_list("verb", flat=True)) == ["content-released", "content-imported"]

    def test_keeps_every_file_of_the_folder(self):
        files = make_files() | {"README.md": b"\xff not a document", "media/notes.txt": b"", "LICENSE": b"MIT\r\n"}
        assert bodies(import_course(files).course) == files

    def test_a_course_with_errors_is_refused_and_the_errors_are_named(self):
        files = make_files()
        files[LESSON] = files[LESSON].replace(b"{#seven}", b"{#seven")
        with pytest.raises(ContentErrors) as refusal:
            import_course(files)
        assert f"{LESSON}:" in str(refusal.value)
        assert not Course.objects.exists()

    @pytest.mark.parametrize(
        "path",
        ["../x.md", "/etc/x", "a/../../x", "a//b", "./a", "a\\b", "C:x", "a\0b", "a\nb", "x" * 201, "media/", ""],
    )
    def test_unsafe_paths_are_refused(self, path):
        with pytest.raises(ImportRefused):
            import_course(make_files() | {path: b""})
        assert not Course.objects.exists()

    def test_a_file_cannot_be_a_folder_too(self):
        with pytest.raises(ImportRefused):
            import_course(make_files() | {"media/a": b"", "media/a/b": b""})

    def test_too_much_is_refused(self, monkeypatch):
        for limit in ("MAX_FILES", "MAX_TOTAL", "MAX_DOCUMENT", "MAX_FILE"):
            with monkeypatch.context() as patch:
                patch.setattr(importing, limit, 2)
                with pytest.raises(ImportRefused):
                    import_course(make_files())

    def test_links_and_hidden_files_are_left_out(self, tmp_path):
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "config").write_text("secret")
        (tmp_path / ".hidden").write_text("secret")
        (tmp_path / "link").symlink_to("/etc/passwd")
        (tmp_path / "kept.txt").write_text("kept")
        assert read_folder(tmp_path) == {"kept.txt": b"kept"}


@pytest.mark.django_db
class TestSecondImport:
    def test_the_same_files_do_nothing_and_nothing_is_parsed(self, monkeypatch):
        import_course(make_files())
        before = rows()
        monkeypatch.setattr(importing, "read_valid", None)
        report = import_course(make_files())
        assert report.is_empty and report.course.identifier == "tea-room"
        assert rows() == before

    def test_the_same_files_do_nothing_even_where_editors_have_changed_something(self):
        course = import_course(make_files()).course
        edit(course.documents.get(identifier="card"), make_files()[CARD] + b"\nEdited.\n")
        before = rows()
        import_course(make_files())
        assert rows() == before

    def test_a_changed_file_makes_one_revision_and_one_release(self):
        course = import_course(make_files()).course
        files = edited(edited(make_files(), CARD, "New"), LESSON, "New")
        report = import_course(files)
        assert report.changed == (LESSON, CARD)
        assert bodies(course) == bodies(course, drafts=True) == files
        assert (course.releases.count(), Revision.objects.filter(number=2).count()) == (2, 2)

    def test_a_dry_run_reports_and_writes_nothing(self):
        import_course(make_files())
        before = rows()
        report = import_course(edited(make_files(), CARD, "New"), dry_run=True)
        assert report.changed == (CARD,)
        assert rows() == before

    def test_a_moved_file_changes_the_order_and_keeps_what_was_edited(self):
        course = import_course(make_files()).course
        edit(course.documents.get(identifier="boiling"), make_files()[LESSON] + b"\nEdited.\n")
        files = make_files()
        for language in ("en", "zh-hans"):
            files[f"01-water/05-boiling.{language}.md"] = files.pop(f"01-water/01-boiling.{language}.md")
        import_course(files)
        drafts = bodies(course, drafts=True)
        assert drafts.keys() == bodies(course).keys() == files.keys()
        assert drafts["01-water/05-boiling.en.md"].endswith(b"Edited.\n")
        assert bodies(course) == files


# What one text becomes: (in the file, in the admin) → (released, newest); None stands for a conflict.
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
def test_three_ways(in_file, in_admin, is_published):
    """A text that was imported, edited in the admin (and published or not), and then imported again."""
    both = [CARD, CARD.replace(".en.", ".zh-hans.")]
    base = edited(edited(make_files(), both[0], "base"), both[1], "base")
    course = import_course(base).course
    card = course.documents.get(identifier="card")
    versions = {word: base[CARD].replace(b"base", word.encode()) for word in ("base", "file", "admin")}
    edit(card, versions[in_admin])
    if is_published:
        publish_head(card)
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
    imported = {row.path: row.digest for row in ImportedText.objects.filter(document__course=course)}
    assert imported == {path: importing.digest_of_bytes(body) for path, body in files.items()}


@pytest.mark.django_db
class TestDrafts:
    def test_a_draft_in_one_language_stays_a_draft_when_the_file_of_the_other_changes(self):
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

    def test_a_draft_of_another_document_is_not_released(self):
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

    def test_a_merge_that_would_have_errors_is_refused(self):
        """The admin published a link to a section; the files take that section away."""
        course = import_course(make_files()).course
        card = course.documents.get(identifier="card")
        chinese = CARD.replace(".en.", ".zh-hans.")
        texts = {
            language: make_files()[path] + b"\n[?](#what-first)\n"
            for language, path in [("en", CARD), ("zh-hans", chinese)]
        }
        save_drafts(card, texts, base=card.head, by=None)
        publish_head(card)
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
    """Two files changed in the folder and in the admin, and one or both merged in the folder."""

    @pytest.fixture
    def course(self):
        course = import_course(make_files()).course
        for identifier, path in [("card", CARD), ("boiling", LESSON)]:
            edit(course.documents.get(identifier=identifier), make_files()[path] + b"\nAdmin.\n")
        return course

    @pytest.mark.parametrize("is_published", [False, True])
    def test_the_merged_text_is_released_and_the_next_import_changes_nothing(self, course, is_published):
        card = course.documents.get(identifier="card")
        if is_published:
            publish_head(card)
        merged = edited(edited(make_files(), CARD, "Admin"), CARD, "File")
        with pytest.raises(ImportConflict):
            import_course(merged)
        report = import_course(merged, merged=[CARD])
        assert (report.changed, report.merged, report.kept) == ((CARD,), (CARD,), (LESSON,))
        assert bodies(course) == merged
        assert bodies(course, drafts=True) == merged | {LESSON: make_files()[LESSON] + b"\nAdmin.\n"}
        texts = Text.objects.filter(revision__document=card, language="en")
        assert make_files()[CARD] + b"\nAdmin.\n" in [bytes(text.body) for text in texts]
        before = rows()
        assert import_course(merged).is_empty
        assert rows() == before

    def test_a_file_that_is_gone_is_settled_too(self, course):
        chinese = CARD.replace(".en.", ".zh-hans.")
        files = {
            path: body.replace(b"(#card)", b"(#tracks)")
            for path, body in make_files().items()
            if path not in (CARD, chinese)
        }
        merged = edited(files, LESSON, "Admin")
        report = import_course(merged, merged=[CARD, LESSON])
        assert report.removed == (CARD, chinese)
        assert course.documents.get(identifier="card").head is None

    def test_other_conflicts_are_still_named_and_nothing_is_written(self, course):
        files = edited(edited(make_files(), CARD, "Merged"), LESSON, "File")
        before = rows()
        with pytest.raises(ImportConflict) as conflict:
            import_course(files, merged=[CARD])
        assert conflict.value.paths == (LESSON,)
        assert rows() == before

    @pytest.mark.parametrize("path", [LESSON, "no/such.en.md"])
    @pytest.mark.parametrize("word", ["Merged", None])
    def test_a_path_in_no_conflict_is_refused(self, course, path, word):
        files = edited(make_files(), CARD, word) if word else make_files()
        before = rows()
        with pytest.raises(ImportRefused, match=f"{path}: called merged, but in no conflict"):
            import_course(files, merged=[CARD, path] if word else [path])
        assert rows() == before


@pytest.mark.django_db
def test_a_removed_document_leaves_the_release_and_may_come_back():
    files = make_files()
    kettle = "media/spare.svg"
    course = import_course(files | {kettle: drawing()}).course
    assert import_course(files).removed == (kettle,)
    document = course.documents.get(identifier=kettle)
    assert document.head is None
    assert kettle not in bodies(course)
    import_course(files | {kettle: drawing("0 0 8 8")})
    document.refresh_from_db()
    assert (document.head.number, bodies(course)[kettle]) == (2, drawing("0 0 8 8"))


@pytest.mark.django_db
@pytest.mark.parametrize("stage", ["compile_course", "store_pages", "record", "digest_of_texts"])
def test_an_import_that_fails_halfway_has_written_nothing(monkeypatch, stage):
    import_course(make_files())
    before = rows()

    def fail(*args, **kwargs):
        raise OSError("the disk is full")

    monkeypatch.setattr(publishing, stage, fail)
    with pytest.raises(OSError, match="disk"):
        import_course(edited(make_files(), CARD, "New"))
    assert rows() == before


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_make_one_release():
    barrier, reports, errors = Barrier(2), [], []

    def run():
        barrier.wait()
        try:
            reports.append(import_course(make_files()))
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(report.is_empty for report in reports) == [False, True]
    assert Release.objects.count() == 1


@pytest.mark.faults
def test_a_killed_import_has_written_nothing_or_all(tmp_path):
    """Killed at ten moments from its start to after its end, upon one database."""
    environment = os.environ | {"DATA_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3"}
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    subprocess.run([*manage, "migrate", "-v0"], env=environment, check=True)
    started = time.monotonic()
    subprocess.run([*manage, "import_content", "--dry-run"], env=environment, check=True, capture_output=True)
    whole = time.monotonic() - started
    for tenth in range(1, 11):
        process = subprocess.Popen([*manage, "import_content"], env=environment, stdout=subprocess.DEVNULL)
        time.sleep(whole * (0.3 + 0.09 * tenth))
        process.send_signal(signal.SIGKILL)
        process.wait()
        with sqlite3.connect(tmp_path / "db.sqlite3") as database:
            count = database.execute
            releases = count("select count(*) from content_release").fetchone()[0]
            imported = count("select count(*) from content_importedtext").fetchone()[0]
            texts = count("select count(*) from content_text").fetchone()[0]
            events = count("select count(*) from evidence_event").fetchone()[0]
        assert (releases, events) in [(0, 0), (1, 2)]
        assert imported == texts and bool(texts) == bool(releases)


LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@st.composite
def odd_files(draw):
    """The sample course with line ends, BOMs, trailing blanks and last lines as editors of the world leave them."""
    files = make_files() | {"media/any.bin": draw(st.binary(max_size=50))}
    for path in draw(st.lists(st.sampled_from(sorted(make_files())), min_size=1, max_size=6, unique=True)):
        lines = files[path].split(b"\n")
        end, blank = draw(LINE_ENDS), draw(st.sampled_from([b"", b" ", b"  ", b"\t"]))
        body = end.join(line + (blank if place > 10 and not line else b"") for place, line in enumerate(lines))
        body = draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + body.rstrip(b"\r\n ")
        files[path] = body + draw(st.sampled_from([b"", end, end * 3, b"  " + end]))
    return files


@pytest.mark.long
@pytest.mark.django_db
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=odd_files())
def test_what_is_exported_is_what_was_imported_byte_for_byte(files):
    import_course(files)
    assert bodies(Course.objects.get()) == files


@pytest.mark.django_db
def test_the_shipped_course_comes_back_byte_for_byte(shipped_folder):
    files = read_folder(shipped_folder)
    assert bodies(import_course(files).course) == files


@pytest.mark.django_db
class TestCommand:
    def write(self, folder, files):
        for path, body in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(body)

    def test_says_what_it_did(self, tmp_path, capsys):
        self.write(tmp_path / "tea", make_files())
        call_command("import_content", tmp_path)
        call_command("import_content", tmp_path)
        count = len(make_files())
        assert capsys.readouterr().out == f"tea: release 1: {count} added, 0 changed, 0 removed\ntea: unchanged\n"

    def test_a_question_that_is_asked_no_more_is_named(self, tmp_path, capsys):
        self.write(tmp_path / "tea", make_files())
        call_command("import_content", tmp_path)
        assert capsys.readouterr().err == ""
        for path in ("02-end/bank/tea.bank.zh-hans.md", "02-end/bank/tea.bank.en.md"):
            file = tmp_path / "tea" / path
            file.write_bytes(file.read_bytes().replace(b"#bank-cold", b"#bank-chilly"))
        call_command("import_content", tmp_path, "--dry-run")
        said = capsys.readouterr().err
        call_command("import_content", tmp_path)
        assert (
            capsys.readouterr().err
            == said
            == (
                'tea: question id "bank-cold" of the last release is gone; restore the id, '
                "unless the question is retired for good\n"
            )
        )

    def test_a_conflict_is_named_and_the_other_courses_are_imported(self, tmp_path, capsys):
        course = import_course(make_files()).course
        edit(course.documents.get(identifier="card"), make_files()[CARD] + b"\nDraft.\n")
        self.write(tmp_path / "tea", edited(make_files(), CARD, "New"))
        other = {path: body.replace(b"id: tea-room", b"id: other-room") for path, body in make_files().items()}
        self.write(tmp_path / "other", other)
        with pytest.raises(CommandError, match="not imported: tea"):
            call_command("import_content", tmp_path)
        output = capsys.readouterr()
        assert CARD in output.err
        assert "other: release 1" in output.out

    @pytest.mark.parametrize("prefix", ["", "tea/"])
    def test_the_command_that_a_conflict_prints_settles_it(self, tmp_path, capsys, prefix):
        course = import_course(make_files()).course
        edit(course.documents.get(identifier="card"), make_files()[CARD] + b"\nAdmin.\n")
        self.write(tmp_path / "tea", edited(make_files(), CARD, "Merged"))
        with pytest.raises(CommandError):
            call_command("import_content", tmp_path)
        assert f"  manage.py import_content {tmp_path} --merged tea/{CARD}\n" in capsys.readouterr().err
        with pytest.raises(CommandError):
            call_command("import_content", tmp_path, merged=[f"{prefix}{LESSON}"])
        assert f"tea: {LESSON}: called merged, but in no conflict" in capsys.readouterr().err
        call_command("import_content", str(tmp_path), "--merged", f"{prefix}{CARD}")
        call_command("import_content", tmp_path)
        said = "tea: release 2: 0 added, 1 changed, 0 removed, 1 merged\ntea: unchanged\n"
        assert capsys.readouterr().out == said

    def test_of_several_courses_a_merged_path_names_its_own(self, tmp_path):
        for name in ("tea", "other"):
            self.write(tmp_path / name, make_files())
        with pytest.raises(CommandError, match=f"in which course. Expected a path like other/{CARD}"):
            call_command("import_content", tmp_path, merged=[CARD])

    def test_an_empty_folder_is_refused(self, tmp_path):
        with pytest.raises(CommandError, match="no course here"):
            call_command("import_content", tmp_path)

    def test_every_release_of_another_compiler_is_compiled_anew(self, tmp_path):
        """Also those that are not current: old attempts, runs and certificates stand on them."""
        files = make_files()
        self.write(tmp_path / "tea", files)
        call_command("import_content", tmp_path)
        self.write(tmp_path / "tea", files | {CARD: files[CARD] + b"\nOne more.\n"})
        call_command("import_content", tmp_path)
        Release.objects.update(compiler=COMPILER - 1)
        call_command("import_content", tmp_path, dry_run=True)
        assert set(Release.objects.values_list("number", "compiler")) == {(1, COMPILER - 1), (2, COMPILER - 1)}
        call_command("import_content", tmp_path)
        assert set(Release.objects.values_list("number", "compiler")) == {(1, COMPILER), (2, COMPILER)}


def test_the_table_of_states_is_complete():
    """An absent text cannot be edited in the admin, and a file that is gone cannot be saved there as "file"."""
    assert set(TABLE) | {("base", "file"), ("gone", "file")} == set(
        product(["base", "file", "gone"], ["base", "admin", "file"])
    )


NO_DRAWINGS = {
    "a script": ("<script>alert(1)</script>", "<script> has no place in a figure"),
    "a script by a prefix": (
        '<s:script xmlns:s="http://www.w3.org/2000/svg">alert(1)</s:script>',
        "<s:script> has no place in a figure",
    ),
    "a page inside": (
        '<g xmlns="http://www.w3.org/1999/xhtml"><form/></g>',
        '"xmlns" has no place in a figure; expected attributes such as fill="…"',
    ),
    "a form by a prefix": (
        '<h:form xmlns:h="http://www.w3.org/1999/xhtml"/>',
        "<h:form> has no place in a figure",
    ),
    "an act": ('<g onload="alert(1)"/>', '"onload" has no place in a figure; expected attributes such as fill="…"'),
    "a change of an address": ('<set attributeName="href" to="#b"/>', "<set> has no place in a figure"),
    "a foreign piece": (
        '<use href="https://evil.example/a.svg#b"/>',
        '"https://evil.example/a.svg#b" is asked of somebody else; a figure is whole in itself',
    ),
    "a foreign paint": (
        '<g fill="url(https://evil.example/a)"/>',
        '"url(https://evil.example/a)" is asked of somebody else; a figure is whole in itself',
    ),
    "a foreign style": ("<?xml-stylesheet href='https://evil.example'?>", "<?xml-stylesheet> has no place in a figure"),
}


@pytest.mark.parametrize("inside, problem", NO_DRAWINGS.values(), ids=NO_DRAWINGS)
def test_a_figure_that_is_more_than_a_drawing_is_not_imported(db, inside, problem):
    with pytest.raises(ContentErrors) as errors:
        import_course(make_files() | {"media/kettle.en.svg": drawing(inside=inside)})
    assert [str(found) for found in errors.value.problems] == [f"media/kettle.en.svg:1: {problem}"]
    assert not Course.objects.exists()


def test_what_is_wrong_in_texts_and_figures_is_told_together(db):
    files = edited(make_files(), LESSON, "<b>bold</b>") | {"media/kettle.en.svg": b"<svg"}
    with pytest.raises(ContentErrors) as errors:
        import_course(files)
    assert {found.path for found in errors.value.problems} == {LESSON, "media/kettle.en.svg"}


@pytest.mark.parametrize(
    "inside",
    [
        '<g fill="url(#shade)"/>',
        "<g fill='url( \"#shade\" )'/>",
        '<use href="#cup"/>',
        '<path d="M0 0" fill="none" stroke="#333"/>',
    ],
)
def test_a_drawing_may_use_what_stands_in_it(db, inside):
    assert import_course(make_files() | {"media/kettle.en.svg": drawing(inside=inside)}).release


PICTURES = {
    "avif": b"\0\0\0\x1cftypavif",
    "gif": b"GIF89a",
    "jpeg": b"\xff\xd8\xff\xe0",
    "jpg": b"\xff\xd8\xff\xdb",
    "png": b"\x89PNG\r\n\x1a\n",
    "webp": b"RIFF\n\0\0\0WEBP",
}


@pytest.mark.parametrize("suffix", PICTURES)
def test_a_picture_has_to_be_what_its_name_says(db, suffix):
    assert import_course(make_files() | {f"media/pot.{suffix}": PICTURES[suffix]}).release
    others = [*{body[:4]: body for name, body in PICTURES.items() if body[:3] != PICTURES[suffix][:3]}.values()]
    for number, body in enumerate([*others, b"<script>alert(1)</script>", b"", b" " + PICTURES[suffix]]):
        with pytest.raises(ContentErrors, match=f"media/other-{number}.{suffix}:1: is no .*, whatever its name says"):
            import_course(make_files() | {f"media/other-{number}.{suffix}": body})
