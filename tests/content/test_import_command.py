"""Command `import_content`."""

import pytest
from django.core.management import CommandError, call_command

from courseware.content.management.commands import import_content
from courseware.content.models import Release
from courseware.content.releases.course_import import import_course
from courseware.content.rendering.compiler import COMPILER
from tests.content.import_helpers import CARD, LESSON, edit, edited
from tests.course_format.samples import make_files


@pytest.mark.django_db
class TestCommand:
    def write(self, folder, files):
        for path, body in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(body)

    def test_prints_release_and_change_counts(self, tmp_path, capsys):
        self.write(tmp_path / "tea", make_files())
        call_command("import_content", tmp_path)
        call_command("import_content", tmp_path)
        count = len(make_files())
        assert capsys.readouterr().out == f"tea: release 1: {count} added, 0 changed, 0 removed\ntea: unchanged\n"

    def test_removed_question_is_named(self, tmp_path, capsys):
        self.write(tmp_path / "tea", make_files())
        call_command("import_content", tmp_path)
        assert capsys.readouterr().err == ""
        for path in ("02-end/bank/tea.bank.zh-hans.md", "02-end/bank/tea.bank.en.md"):
            file = tmp_path / "tea" / path
            file.write_bytes(file.read_bytes().replace(b"#bank-cold", b"#bank-chilly"))
        call_command("import_content", tmp_path, "--dry-run")
        printed = capsys.readouterr().err
        call_command("import_content", tmp_path)
        assert (
            capsys.readouterr().err
            == printed
            == (
                'tea: question id "bank-cold" of the last release is gone; restore the id, '
                "unless the question is retired for good\n"
            )
        )

    def test_many_removed_questions_are_counted(self, tmp_path, capsys, monkeypatch):
        monkeypatch.setattr(import_content, "NAMED", 0)
        self.write(tmp_path / "tea", make_files())
        call_command("import_content", tmp_path)
        for path in ("02-end/bank/tea.bank.zh-hans.md", "02-end/bank/tea.bank.en.md"):
            file = tmp_path / "tea" / path
            file.write_bytes(file.read_bytes().replace(b"#bank-cold", b"#bank-chilly"))
        call_command("import_content", tmp_path, "--dry-run")
        one_line = "tea: 1 question ids of the last release are gone; --verbosity 2 names them\n"
        assert capsys.readouterr().err == one_line
        call_command("import_content", tmp_path, "--dry-run", "--verbosity", "2")
        assert 'question id "bank-cold"' in capsys.readouterr().err

    def test_conflict_does_not_stop_other_courses(self, tmp_path, capsys):
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
    def test_command_printed_for_conflict_resolves_it(self, tmp_path, capsys, prefix):
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
        printed = "tea: release 2: 0 added, 1 changed, 0 removed, 1 merged\ntea: unchanged\n"
        assert capsys.readouterr().out == printed

    def test_merged_path_names_course_if_there_are_several(self, tmp_path):
        for name in ("tea", "other"):
            self.write(tmp_path / name, make_files())
        with pytest.raises(CommandError, match=f"in which course. Expected a name like other/{CARD}"):
            call_command("import_content", tmp_path, merged=[CARD])

    def test_an_empty_folder_is_refused(self, tmp_path):
        with pytest.raises(CommandError, match="no course here"):
            call_command("import_content", tmp_path)

    def test_releases_of_old_compiler_are_recompiled(self, tmp_path):
        """Including old releases: attempts and certificates refer to them."""
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

    @pytest.mark.slow
    def test_reread_sets_impact_and_refuses_unchanged_document(self, tmp_path, capsys):
        self.write(tmp_path / "tea", make_files())
        call_command("import_content", tmp_path)
        self.write(tmp_path / "tea", {LESSON: make_files()[LESSON] + b"\n"})
        with pytest.raises(CommandError):
            call_command("import_content", tmp_path, "--reread", "boiling", "card")
        assert "card: given an impact, but not changed by this import" in capsys.readouterr().err
        call_command("import_content", tmp_path, "--reread", "boiling")
        release = Release.objects.latest("number")
        assert (release.number, release.impact) == (2, "reread")
        assert list(release.entries.exclude(impact="").values_list("document__identifier", "impact")) == [
            ("boiling", "reread")
        ]

    @pytest.mark.slow
    def test_reread_names_course_if_there_are_several(self, tmp_path):
        self.write(tmp_path / "tea", make_files())
        other = {path: body.replace(b"id: tea-room\n", b"id: other\n") for path, body in make_files().items()}
        self.write(tmp_path / "other", other)
        call_command("import_content", tmp_path)
        for name, files in (("tea", make_files()), ("other", other)):
            self.write(tmp_path / name, {LESSON: files[LESSON] + b"\n"})
        with pytest.raises(CommandError, match=r"in which course\? Expected a name like other/boiling"):
            call_command("import_content", tmp_path, "--reread", "boiling")
        call_command("import_content", tmp_path, "--reread", "tea/boiling")
        newest = Release.objects.filter(number=2).values_list("course__identifier", "impact")
        assert set(newest) == {("tea-room", "reread"), ("other", "minor")}

    @pytest.mark.parametrize("name", ["other/boilng", "other/card"])
    def test_invalid_reread_name_releases_no_course(self, tmp_path, capsys, name):
        self.write(tmp_path / "tea", make_files())
        other = {path: body.replace(b"id: tea-room\n", b"id: other\n") for path, body in make_files().items()}
        self.write(tmp_path / "other", other)
        call_command("import_content", tmp_path)
        for folder, files in (("tea", make_files()), ("other", other)):
            self.write(tmp_path / folder, {LESSON: files[LESSON] + b"\n"})
        with pytest.raises(CommandError, match="nothing was imported; not valid: other"):
            call_command("import_content", tmp_path, "--reread", "tea/boiling", name)
        assert "given an impact, but not changed by this import" in capsys.readouterr().err
        assert set(Release.objects.values_list("number", flat=True)) == {1}
