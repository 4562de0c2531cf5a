"""Finding a learner's own enrollments costs the same however many others learn in the course."""

import pytest
from django.db import connection

from courseware.learning.access import PUBLISHED
from tests.language.samples import make_files
from tests.learning.lesson_pages import LESSON
from tests.making import days, make_course, make_enrollment, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.skipif(connection.vendor != "sqlite", reason="what SQLite does without knowing how many rows there are")
@pytest.mark.parametrize("more", [{}, {"pk": 1}])
def test_sqlite_looks_for_them_by_learner_or_key_and_not_through_the_whole_course(more):
    enrollment = make_enrollment()
    asked = []
    with connection.execute_wrapper(lambda execute, sql, *rest: asked.append((sql, rest[0])) or execute(sql, *rest)):
        PUBLISHED(learner=enrollment.learner_id, **more)

    [(sql, parameters)] = asked
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        steps = [detail for *_numbers, detail in cursor.fetchall() if "learning_enrollment" in detail]

    assert len(steps) == 1
    assert steps[0].startswith("SEARCH learning_enrollment")
    assert "(learner_id=?" in steps[0] or "(rowid=?" in steps[0]


def test_a_lesson_is_read_in_the_newest_run_through_its_course_whatever_other_courses_there_are(client):
    other = {path: data.replace(b"id: tea-room", b"id: tea-room-2") for path, data in make_files().items()}
    learner, course = make_user(), make_course()
    make_enrollment(learner, course, completed_at=days(-9))
    newest = make_enrollment(learner, course)
    last = make_enrollment(learner, make_course(other))
    client.force_login(learner)

    assert client.get(LESSON).context["enrollment"] == newest
    assert client.get(LESSON.replace("tea-room", "tea-room-2")).context["enrollment"] == last
    assert client.get(LESSON.replace("tea-room", "tea-room-3")).status_code == 404
