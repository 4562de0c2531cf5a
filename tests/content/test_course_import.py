"""Importing: all or nothing, one release for what changed, every byte kept."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from courseware.audit_log.models import Event
from courseware.content.models import Course, Release, Revision
from courseware.content.releases import course_files, publishing
from courseware.content.releases.course_files import ImportRefused, read_folder
from courseware.content.releases.course_import import import_course
from courseware.content.releases.publishing import ContentErrors
from tests import making
from tests.content.import_helpers import CARD, LESSON, bodies, edit, edited, rows
from tests.course_format.samples import drawing, make_files
from tests.examples import examples
from tests.site.test_access import digests


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
                patch.setattr(course_files, limit, 2)
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
        monkeypatch.setattr(course_files, "read_valid", None)
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


def test_rows_of_a_stored_import_are_those_of_an_import(db, monkeypatch, time_machine):
    """The helper `make_course` of tests inserts them."""
    time_machine.move_to(timezone.now(), tick=False)
    monkeypatch.setattr(making, "IMPORTED", {})
    found = []
    for _ in ("imported", "inserted from models", "inserted by statements"):
        with transaction.atomic():
            making.make_course()
            found.append((digests(), list(Event.objects.values_list("verb", "subject", "data", "at"))))
            transaction.set_rollback(True)
    assert found[0][1]
    assert found[0] == found[1] == found[2]


@pytest.mark.faults
@pytest.mark.minutes
def test_a_killed_import_has_written_nothing_of_a_course_or_all_of_it(tmp_path):
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
            imported = count("select count(*) from content_importedfile").fetchone()[0]
            texts = count("select count(*) from content_sourcefile").fetchone()[0]
            events = count("select count(*) from audit_log_event").fetchone()[0]
        assert events == 2 * releases <= 2 * len(list(settings.CONTENT_DIR.glob("*/course.zh-hans.md")))
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
@hypothesis_settings(
    max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(files=odd_files())
def test_what_is_exported_is_what_was_imported_byte_for_byte(files):
    import_course(files)
    assert bodies(Course.objects.get()) == files
