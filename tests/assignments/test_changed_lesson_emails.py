"""Email to learners whose completed lesson changed, sent once the next morning."""

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
from tests.making import days, make_admin, make_course, make_enrollment, make_user, sent_emails

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
BOILING = "01-water/01-boiling.en.md"
CUPS = "---\nid: cups\ntitle: {}\n{}---\n\n## {} {{#wash}}\n\n{}\n"
NEW_LESSON = {
    "01-water/04-cups.zh-hans.md": CUPS.format("杯子", "objectives: [O1.1]\n", "洗", "洗。").encode(),
    "01-water/04-cups.en.md": CUPS.format("Cups", "", "Wash", "Wash them.").encode(),
}


def make_learner(course, **fields):
    enrollment = make_enrollment(make_user(**({"language": "en"} | fields)), course)
    complete_lesson(enrollment, page_of(enrollment))
    return enrollment


def test_email_is_sent_once_with_reason_and_link(course):
    enrollment = make_learner(course)
    make_enrollment(make_user(language="en"), course)  # has not completed the lesson
    now_says("Water, then fire.", "minor")
    assert tell_of_changes() == ""
    now_says("Water first.", note="Somebody forgot.")
    assert [tell_of_changes() for _ in range(2)] == ["emails: 1", ""]
    now_says("Never fire first.", "retake", note="And again.")
    assert tell_of_changes() == "emails: 1"
    [email] = sent_emails()
    assert email.to == [enrollment.learner.email]
    assert email.subject == "“Boiling water” has changed since you completed it"
    for text in ("answer its check questions again", "Why: And again.", "/learn/tea-room/boiling/"):
        assert text in email.body


def test_email_lists_lessons_under_one_reason():
    files = make_files() | NEW_LESSON
    enrollment = make_learner(make_course(files))
    complete_lesson(enrollment, page_of(enrollment, "cups"))
    changed = {path: body.replace(b"Wash them.", b"Wash them well.") for path, body in files.items()}
    changed[BOILING] = changed[BOILING].replace(b"Water before fire", b"Water first")
    import_course(changed, impacts={"boiling": "reread", "cups": "retake"}, note="先水后火 · Water comes first")
    tell_of_changes()
    [email] = sent_emails()
    assert email.subject == "2 lessons have changed since you completed them"
    assert email.body.count("Why: Water comes first\n– “Boiling water”\n– “Cups”\n") == 1
    assert "先水后火" not in email.body and "/learn/" not in email.body


def test_unaffected_people_get_no_email(course):
    make_learner(course, is_active=False)
    make_learner(course, language="zh-hans")
    exempt(make_learner(course), reason="On leave", by=make_admin())
    seen, late = make_learner(course), make_learner(course)
    release = now_says("Water first.")
    acknowledge(seen, step_of(seen), release.pk)
    assert tell_of_changes() == "emails: 1"
    acknowledge(late, step_of(late), release.pk)
    assert sent_emails() == []
    assert OutgoingEmail.objects.get(kind="lesson-changed").why == changed_lesson.SEEN
    assert ChangeAcknowledgement.objects.count() == 2


def test_missed_day_is_caught_up_for_2_days(course):
    make_learner(course)
    now_says("Water first.")
    assert tell_of_changes(site_day(days(3))) == ""
    assert tell_of_changes(site_day(days(2))) == "emails: 1"


@pytest.mark.parametrize("people", [1, 4])
def test_job_takes_same_queries_for_1_and_4_people(course, people, django_assert_num_queries):
    for _ in range(people):
        make_learner(course)
    now_says("Water first.")
    tell_of_changes()
    OutgoingEmail.objects.all().delete()
    with django_assert_num_queries(7):
        assert tell_of_changes() == f"emails: {people}"
