"""A new course version keeps records and asks people only for the changes it lists."""

import io
import subprocess
import tarfile

import pytest
from django.conf import settings
from django.core.management import call_command

from courseware.assessment.exams import attempts
from courseware.assessment.models import Certificate, ExamAttempt, Response
from courseware.content.models import Release
from courseware.content.releases.course_files import read_folder
from courseware.content.releases.course_import import import_course
from courseware.course_format.course import read_course
from courseware.learning.lessons.changed_lessons import open_changes
from courseware.learning.models import Answer, Completion, Enrollment, SurveyReceipt
from courseware.learning.status.progress import own_outline, progress_of
from courseware.reporting.integrity.check_all import differences
from courseware.simulations.models import Decision, SimulationAttempt
from tests.course_format.samples import make_files
from tests.making import make_course, make_enrollment, make_user
from tests.world import (
    answer_exam,
    complete_course,
    finish_lesson,
    finish_lessons,
    outline_of,
    play_best,
    start_exam,
    start_run,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
TYPES = (Enrollment, Completion, Answer, SimulationAttempt, Decision, ExamAttempt, Response, Certificate, SurveyReceipt)
COURSE_TEXT, LESSON = "course.zh-hans.md", "01-water/01-boiling.zh-hans.md"
CUPS = {
    "zh-hans": "---\nid: cups\ntitle: 杯子\nobjectives: [O1.1]\n---\n\n## 洗 {#wash}\n\n洗。\n",
    "en": "---\nid: cups\ntitle: Cups\n---\n\n## Wash {#wash}\n\nWash them.\n",
}
NEW_LESSON = {f"01-water/04-cups.{language}.md": text.encode() for language, text in CUPS.items()}


class People:
    """One certified person, one halfway through with an open simulation attempt, one in the exam."""

    def __init__(self, course):
        self.certified, self.half_way, self.in_exam = (
            make_enrollment(make_user(language="zh-hans"), course) for _ in range(3)
        )
        complete_course(self.certified)
        lessons = [step for step in outline_of(course).steps if step.kind == "lesson"]
        for step in lessons[: len(lessons) // 2]:
            finish_lesson(self.half_way, step)
        self.simulation_attempt = start_run(self.half_way)
        finish_lessons(self.in_exam)
        self.attempt = start_exam(self.in_exam)
        self.before = {person: self.done(person) for person in self.all}

    @property
    def all(self):
        return self.certified, self.half_way, self.in_exam

    def done(self, person):
        return progress_of(person, own_outline(person, "zh-hans")).done

    def changes(self, person):
        """Return lesson id → highest impact of its open changes."""
        person = Enrollment.objects.get(pk=person.pk)
        found = open_changes([person], {person.pk: own_outline(person, "zh-hans")})
        return {each.step.id: max(change.impact for change in each.changes) for each in found.get(person.pk, ())}

    def finish_open_attempts(self):
        """Finish the open attempts on the release they began with."""
        play_best(SimulationAttempt.objects.with_release().get(pk=self.simulation_attempt.pk))
        attempt = ExamAttempt.objects.with_release().get(pk=self.attempt.pk)
        answer_exam(attempt)
        return attempts.submit(attempt)


def records():
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in TYPES}


def with_changes(files, *changes):
    """Return the course files with these entries under `changes`."""
    lines = "".join(f"  - {change}\n" for change in changes)
    text = files[COURSE_TEXT].decode().replace("reviews: [2, 7]\n", f"reviews: [2, 7]\nchanges:\n{lines}")
    return files | {COURSE_TEXT: text.encode()}


def with_text(files, word):
    return files | {LESSON: files[LESSON].replace("先水后火".encode(), word.encode())}


REREAD, RETAKE = "{why: 先后, reread: [boiling]}", "{why: 判断变了, retake: [boiling]}"


def test_new_version_keeps_records_and_asks_for_listed_changes():
    course = make_course()
    people, kept = People(course), records()
    import_course(with_changes(with_text(make_files(), "水先火后"), REREAD) | NEW_LESSON)
    course.refresh_from_db()
    assert records() == kept
    assert (course.current.impact, course.current.note) == ("reread", "先后")
    assert [people.done(person) for person in people.all] == list(people.before.values())
    assert [people.changes(person) for person in people.all] == [{"boiling": "reread"}, {}, {"boiling": "reread"}]
    people.certified.refresh_from_db()
    assert people.certified.completed_at and not people.certified.certificate.revoked_at
    assert "cups" in outline_of(course).required  # also for enrollments in progress
    assert people.finish_open_attempts().is_passed
    assert list(differences()) == []


def test_skipped_versions_ask_once_for_highest_impact(tmp_path, capsys):
    course = make_course()
    people = People(course)
    second = with_changes(with_text(make_files(), "水先火后"), REREAD, RETAKE, "{why: 补一句, reread: [boiling]}")
    for path, body in second.items():
        (tmp_path / "tea" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tea" / path).write_bytes(body)
    for _ in range(2):
        call_command("import_content", tmp_path)
    assert capsys.readouterr().out == (
        "tea: release 2: 0 added, 2 changed, 0 removed; retake: boiling\ntea: unchanged\n"
    )
    assert people.changes(people.certified) == {"boiling": "retake"}
    third = {path: body.replace("水先火后".encode(), "水先，火后".encode()) for path, body in second.items()}
    import_course(third)  # a comma; the course lists no change for it
    assert Release.objects.latest("pk").impact == "minor"
    import_course(second, impacts={"boiling": "reread"})  # an explicit impact counts
    assert Release.objects.latest("pk").impact == "reread"


def test_first_import_and_unchanged_lessons_have_no_impact():
    make_course(with_changes(make_files(), RETAKE))
    assert Release.objects.get().impact == "minor"
    import_course(with_changes(make_files(), RETAKE, REREAD))
    assert Release.objects.latest("pk").impact == "minor"


def files_of_the_last_version(folder):
    """Read them from git; skip if the clone has no history."""
    root = settings.BASE_DIR
    found = ["git", "log", "-1", "--format=%H", "-G^version = ", "--", "pyproject.toml"]
    commit = subprocess.run(found, cwd=root, capture_output=True, text=True).stdout.strip()
    place = folder.relative_to(root)
    archive = subprocess.run(["git", "archive", commit or "none", place], cwd=root, capture_output=True)
    if archive.returncode:
        pytest.skip("a clone without history")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as kept:
        return {
            member.name.removeprefix(f"{place}/"): kept.extractfile(member).read() for member in kept if member.isfile()
        }


@pytest.mark.minutes
@pytest.mark.postgres_in_deep
@pytest.mark.only_if_changed("content/", "courseware/content/", "courseware/course_format/")
def test_shipped_course_keeps_records_of_last_version(shipped_folder):
    before, now = files_of_the_last_version(shipped_folder), read_folder(shipped_folder)
    course = make_course(before)
    people, kept = People(course), records()
    lessons = {document.path: document.id for document in read_course(before).of_kind("lesson")}
    changed = sorted(lessons[path] for path in lessons if path in now and now[path] != before[path])
    impacts = {lesson: ("reread", "retake")[place % 2] for place, lesson in enumerate(changed)}
    assert impacts
    import_course(now, impacts=impacts)
    course.refresh_from_db()
    assert records() == kept
    assert [people.done(person) for person in people.all] == list(people.before.values())
    for person in people.all:
        assert people.changes(person) == {key: each for key, each in impacts.items() if key in people.done(person)}
    assert people.finish_open_attempts().is_passed
    assert list(differences()) == []
