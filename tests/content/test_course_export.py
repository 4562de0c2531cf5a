"""Course export: exact bytes, atomic files, no overwriting of foreign or unimported files."""

import pytest
from django.core.management import CommandError, call_command

from courseware.content.releases.course_export import ExportRefused, export_course
from courseware.content.releases.course_files import read_folder
from courseware.content.releases.course_import import import_course
from courseware.content.releases.drafts import save_drafts
from tests.course_format.samples import drawing, make_files

pytestmark = pytest.mark.django_db
CARD = "emergency.card.en.md"


@pytest.fixture
def course():
    return import_course(make_files()).course


def edit_card(course, word):
    card = course.documents.get(identifier="card")
    return save_drafts(card, {"en": make_files()[CARD] + f"\n{word}.\n".encode()}, base=card.latest_revision, by=None)


def test_export_writes_exact_bytes(course, tmp_path):
    assert export_course(course, tmp_path / "new") == sorted(make_files())
    assert read_folder(tmp_path / "new") == make_files()


def test_second_export_writes_nothing(course, tmp_path):
    export_course(course, tmp_path)
    assert export_course(course, tmp_path) == []


def test_drafts_are_exported_only_with_option(course, tmp_path):
    edit_card(course, "Draft")
    export_course(course, tmp_path)
    assert read_folder(tmp_path) == make_files()
    assert export_course(course, tmp_path, drafts=True) == [CARD]
    assert (tmp_path / CARD).read_bytes().endswith(b"Draft.\n")


def test_importing_exported_drafts_releases_them(course, tmp_path):
    edit_card(course, "Draft")
    export_course(course, tmp_path, drafts=True)
    report = import_course(read_folder(tmp_path))
    assert (report.changed, report.kept) == ((CARD,), ())
    assert report.release.number == 2


def test_removed_files_are_deleted_and_foreign_files_stay(course, tmp_path):
    spare = {"media/spare.svg": drawing()}
    import_course(make_files() | spare)
    course.refresh_from_db()
    export_course(course, tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    import_course(make_files())
    course.refresh_from_db()
    assert export_course(course, tmp_path) == ["media/spare.svg"]
    assert read_folder(tmp_path) == make_files() | {"notes.txt": b"mine"}


def test_folder_without_course_is_refused(course, tmp_path):
    (tmp_path / "thesis.txt").write_text("ten years of work")
    with pytest.raises(ExportRefused):
        export_course(course, tmp_path)
    assert read_folder(tmp_path) == {"thesis.txt": b"ten years of work"}
    export_course(course, tmp_path, force=True)
    assert read_folder(tmp_path) == make_files() | {"thesis.txt": b"ten years of work"}


def test_folder_of_other_course_is_refused(course, tmp_path):
    for path, body in make_files().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(body.replace(b"id: tea-room", b"id: other-room"))
    with pytest.raises(ExportRefused):
        export_course(course, tmp_path)


def test_unimported_edits_are_not_overwritten(course, tmp_path):
    export_course(course, tmp_path)
    (tmp_path / CARD).write_bytes(b"typed for hours")
    with pytest.raises(ExportRefused) as refusal:
        export_course(course, tmp_path)
    assert refusal.value.paths == (CARD,)
    assert (tmp_path / CARD).read_bytes() == b"typed for hours"


def test_failed_export_leaves_files_unchanged(course, tmp_path, monkeypatch):
    export_course(course, tmp_path)
    edit_card(course, "Draft")
    monkeypatch.setattr("os.replace", lambda *args: (_ for _ in ()).throw(OSError("the disk is full")))
    with pytest.raises(OSError, match="disk"):
        export_course(course, tmp_path, drafts=True)
    assert read_folder(tmp_path) == make_files()


def test_command_writes_one_folder_per_course(course, tmp_path, capsys):
    call_command("export_content", tmp_path)
    assert read_folder(tmp_path / "tea-room") == make_files()
    assert f"{len(make_files())} files written" in capsys.readouterr().out


def test_command_rejects_unknown_course_and_foreign_folder(course, tmp_path):
    with pytest.raises(CommandError, match="there are: tea-room"):
        call_command("export_content", tmp_path, course="nowhere")
    (tmp_path / "tea-room").mkdir()
    (tmp_path / "tea-room" / "x").write_text("x")
    with pytest.raises(CommandError, match="--force"):
        call_command("export_content", tmp_path)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("link", ["media", "01-water", "01-water/01-boiling.en.md"])
def test_export_refuses_symlinks_inside_folder(course, tmp_path, link, force):
    folder, outside = tmp_path / "course", tmp_path / "outside"
    export_course(course, folder)
    replaced = folder / link
    replaced.rename(outside)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for path in [outside, *outside.rglob("*")]:
        if path.is_file():
            before[path] = b"of somebody else"
            path.write_bytes(before[path])
    replaced.symlink_to(outside)
    with pytest.raises(ExportRefused, match=f"here are links: {link}$"):
        export_course(course, folder, force=force)
    assert {path: path.read_bytes() for path in before} == before
    assert sorted(path for path in folder.rglob(".*")) == []


def test_export_folder_may_be_symlink(course, tmp_path):
    (tmp_path / "named").symlink_to(tmp_path / "real")
    (tmp_path / "real").mkdir()
    export_course(course, tmp_path / "named")
    assert read_folder(tmp_path / "real") == make_files()
