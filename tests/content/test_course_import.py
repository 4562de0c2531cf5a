"""Course import: atomic, one release per change, exact bytes."""

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
    def test_first_import_releases_every_file(self):
        files = make_files()
        report = import_course(files)
        assert bodies(report.course) == files
        assert report.added == tuple(sorted(files))
        assert [release.number for release in report.course.releases.all()] == [1]
        assert list(Event.objects.values_list("verb", flat=True)) == ["content-released", "content-imported"]

    def test_import_keeps_other_files(self):
        files = make_files() | {"README.md": b"\xff not a document", "media/notes.txt": b"", "LICENSE": b"MIT\r\n"}
        assert bodies(import_course(files).course) == files

    def test_course_with_errors_is_refused(self):
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

    def test_path_that_is_file_and_folder_is_refused(self):
        with pytest.raises(ImportRefused):
            import_course(make_files() | {"media/a": b"", "media/a/b": b""})

    def test_size_limits_are_enforced(self, monkeypatch):
        for limit in ("MAX_FILES", "MAX_TOTAL", "MAX_DOCUMENT", "MAX_FILE"):
            with monkeypatch.context() as patch:
                patch.setattr(course_files, limit, 2)
                with pytest.raises(ImportRefused):
                    import_course(make_files())

    def test_symlinks_and_hidden_files_are_skipped(self, tmp_path):
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "config").write_text("secret")
        (tmp_path / ".hidden").write_text("secret")
        (tmp_path / "link").symlink_to("/etc/passwd")
        (tmp_path / "kept.txt").write_text("kept")
        assert read_folder(tmp_path) == {"kept.txt": b"kept"}


@pytest.mark.django_db
class TestSecondImport:
    def test_unchanged_files_are_not_parsed(self, monkeypatch):
        import_course(make_files())
        before = rows()
        monkeypatch.setattr(course_files, "read_valid", None)
        report = import_course(make_files())
        assert report.is_empty and report.course.identifier == "tea-room"
        assert rows() == before

    def test_unchanged_files_keep_drafts(self):
        course = import_course(make_files()).course
        edit(course.documents.get(identifier="card"), make_files()[CARD] + b"\nEdited.\n")
        before = rows()
        import_course(make_files())
        assert rows() == before

    def test_changed_files_make_1_release(self):
        course = import_course(make_files()).course
        files = edited(edited(make_files(), CARD, "New"), LESSON, "New")
        report = import_course(files)
        assert report.changed == (LESSON, CARD)
        assert bodies(course) == bodies(course, drafts=True) == files
        assert (course.releases.count(), Revision.objects.filter(number=2).count()) == (2, 2)

    def test_dry_run_writes_nothing(self):
        import_course(make_files())
        before = rows()
        report = import_course(edited(make_files(), CARD, "New"), dry_run=True)
        assert report.changed == (CARD,)
        assert rows() == before

    def test_moved_file_keeps_draft(self):
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
def test_removed_document_can_be_imported_again():
    files = make_files()
    path = "media/spare.svg"
    course = import_course(files | {path: drawing()}).course
    assert import_course(files).removed == (path,)
    document = course.documents.get(identifier=path)
    assert document.latest_revision is None
    assert path not in bodies(course)
    import_course(files | {path: drawing("0 0 8 8")})
    document.refresh_from_db()
    assert (document.latest_revision.number, bodies(course)[path]) == (2, drawing("0 0 8 8"))


@pytest.mark.django_db
@pytest.mark.parametrize("stage", ["compile_course", "store_pages", "record", "digest_of_texts"])
def test_failed_import_writes_nothing(monkeypatch, stage):
    import_course(make_files())
    before = rows()

    def fail(*args, **kwargs):
        raise OSError("the disk is full")

    monkeypatch.setattr(publishing, stage, fail)
    with pytest.raises(OSError, match="disk"):
        import_course(edited(make_files(), CARD, "New"))
    assert rows() == before


@pytest.mark.django_db(transaction=True)
def test_concurrent_imports_make_1_release():
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


def test_stored_import_equals_real_import(db, monkeypatch, time_machine):
    """The test helper `make_course` inserts stored rows."""
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
@pytest.mark.deep  # test_commands.py kills it at chosen moments
@pytest.mark.any_database
@pytest.mark.minutes
def test_killed_import_is_atomic_per_course(tmp_path):
    """Kill it at 10 moments from start to end, on one database."""
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
    """The sample course with unusual line ends, BOMs, trailing blanks and last lines."""
    files = make_files() | {"media/any.bin": draw(st.binary(max_size=50))}
    for path in draw(st.lists(st.sampled_from(sorted(make_files())), min_size=1, max_size=6, unique=True)):
        lines = files[path].split(b"\n")
        end, blank = draw(LINE_ENDS), draw(st.sampled_from([b"", b" ", b"  ", b"\t"]))
        body = end.join(line + (blank if number > 10 and not line else b"") for number, line in enumerate(lines))
        body = draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + body.rstrip(b"\r\n ")
        files[path] = body + draw(st.sampled_from([b"", end, end * 3, b"  " + end]))
    return files


@pytest.mark.slow
@pytest.mark.django_db
@hypothesis_settings(
    max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(files=odd_files())
def test_import_keeps_bytes_of_unusual_files(files):
    import_course(files)
    assert bodies(Course.objects.get()) == files
