"""Who had done a lesson that changed by more than a minor change is told the next morning, once."""

import pytest

from courseware.assignments.emails import changed_lesson
from courseware.assignments.emails.changed_lesson import tell_of_changes
from courseware.content.releases.course_import import import_course
from courseware.learning.enrollments.enrollment import exempt
from courseware.learning.lessons.changed_lessons import acknowledge
from courseware.learning.models import ChangeAcknowledgement
from courseware.learning.status.completion import complete_lesson
from courseware.lib.dates import site_day
from courseware.notifications.models import OutgoingEmail
from tests.course_format.samples import make_files
from tests.learning.test_changed_lessons import now_says, page_of, step_of
from tests.making import days, letters, make_admin, make_course, make_enrollment, make_user

pytestmark = pytest.mark.django_db
BOILING = "01-water/01-boiling.en.md"
CUPS = "---\nid: cups\ntitle: {}\n{}---\n\n## {} {{#wash}}\n\n{}\n"
NEW_LESSON = {
    "01-water/04-cups.zh-hans.md": CUPS.format("杯子", "objectives: [O1.1]\n", "洗", "洗。").encode(),
    "01-water/04-cups.en.md": CUPS.format("Cups", "", "Wash", "Wash them.").encode(),
}


def who_has_done(course, **fields):
    run = make_enrollment(make_user(**({"language": "en"} | fields)), course)
    complete_lesson(run, page_of(run))
    return run


def test_it_is_told_once_with_why_and_where_and_of_two_changes_in_one_letter(course):
    run = who_has_done(course)
    make_enrollment(make_user(language="en"), course)  # who has not done it
    now_says("Water, then fire.", "minor")
    assert tell_of_changes() == ""
    now_says("Water first.", note="Somebody forgot.")
    assert [tell_of_changes() for _ in range(2)] == ["emails: 1", ""]
    now_says("Never fire first.", "retake", note="And again.")
    assert tell_of_changes() == "emails: 1"
    [letter] = letters()
    assert letter.to == [run.learner.email]
    assert letter.subject == "“Boiling water” has changed since you completed it"
    for said in ("redo its check", "Why: And again.", "/learn/tea-room/boiling/"):
        assert said in letter.body


def test_several_lessons_are_listed_under_one_reason_in_the_language_of_the_reader():
    files = make_files() | NEW_LESSON
    run = who_has_done(make_course(files))
    complete_lesson(run, page_of(run, "cups"))
    changed = {path: body.replace(b"Wash them.", b"Wash them well.") for path, body in files.items()}
    changed[BOILING] = changed[BOILING].replace(b"Water before fire", b"Water first")
    import_course(changed, weights={"boiling": "reread", "cups": "retake"}, note="先水后火 · Water comes first")
    tell_of_changes()
    [letter] = letters()
    assert letter.subject == "2 lessons have changed since you completed them"
    assert letter.body.count("Why: Water comes first\n– “Boiling water”\n– “Cups”\n") == 1
    assert "先水后火" not in letter.body and "/learn/" not in letter.body


def test_nobody_is_told_who_has_left_is_excused_reads_another_language_or_has_seen_it(course):
    who_has_done(course, is_active=False)
    who_has_done(course, language="zh-hans")
    exempt(who_has_done(course), reason="On leave", by=make_admin())
    seen, late = who_has_done(course), who_has_done(course)
    release = now_says("Water first.")
    acknowledge(seen, step_of(seen), release.pk)
    assert tell_of_changes() == "emails: 1"
    acknowledge(late, step_of(late), release.pk)
    assert letters() == []
    assert OutgoingEmail.objects.get(kind="lesson-changed").why == changed_lesson.SEEN
    assert ChangeAcknowledgement.objects.count() == 2


def test_a_day_on_which_nobody_looked_is_caught_up_for_two_days(course):
    who_has_done(course)
    now_says("Water first.")
    assert tell_of_changes(site_day(days(3))) == ""
    assert tell_of_changes(site_day(days(2))) == "emails: 1"


@pytest.mark.parametrize("people", [1, 4])
def test_the_number_of_queries_does_not_grow_with_the_people(course, people, django_assert_num_queries):
    for _ in range(people):
        who_has_done(course)
    now_says("Water first.")
    tell_of_changes()
    OutgoingEmail.objects.all().delete()
    with django_assert_num_queries(7):
        assert tell_of_changes() == f"emails: {people}"
