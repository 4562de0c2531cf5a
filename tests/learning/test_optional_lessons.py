"""Optional lessons: shown in the course outline but never required."""

import pytest
from django.urls import reverse

from courseware.learner_home.next_action import learner_progress_of
from courseware.learning.models import Enrollment
from courseware.learning.status.progress import own_outline
from tests.course_format.samples import OPTIONAL, make_files
from tests.learning.lesson_pages import soup_of
from tests.learning.test_changed_lessons import now_says
from tests.making import make_course, make_enrollment, make_user
from tests.world import finish_lesson, outline_of

pytestmark = pytest.mark.django_db
POURING = reverse("learning:step", args=["tea-room", "pouring"])


@pytest.fixture
def enrollment():
    return make_enrollment(make_user(language="en"), make_course(make_files(**OPTIONAL)))


def progress_of(enrollment):
    enrollment = Enrollment.objects.with_release().get(pk=enrollment.pk)
    [found] = learner_progress_of([enrollment], {enrollment.course_id: outline_of(enrollment.course)})
    return found


def finish(enrollment, lesson):
    finish_lesson(enrollment, own_outline(enrollment, "en").step(lesson))


def test_optional_lesson_is_not_required_and_adds_no_minutes(enrollment):
    outline = outline_of(enrollment.course)
    assert outline.required == ("boiling", "last-cup")
    assert [step.id for step in outline.steps if step.is_optional] == ["drill", "pouring"]
    assert outline.minutes_left() == outline.step("boiling").minutes + 5
    # A required lesson on the same objective takes precedence.
    assert outline.objective_lessons["O1.2"] == "boiling"


@pytest.mark.slow
def test_optional_lesson_is_never_next_step_nor_blocks_exam(enrollment):
    finish(enrollment, "boiling")
    assert (progress_of(enrollment).next_action.kind, progress_of(enrollment).progress.percent) == ("exam", 50)
    finish(enrollment, "pouring")
    assert progress_of(enrollment).progress.percent == 50
    now_says("Leave much room.", "retake", identifier="pouring")
    found = progress_of(enrollment)
    assert found.next_action.kind == "exam"
    assert [change.step.id for change in found.changes] == ["pouring"]  # the change is still shown
    now_says("Water, then fire.", "reread")
    assert (progress_of(enrollment).next_action.kind, progress_of(enrollment).next_action.step.id) == (
        "reread",
        "boiling",
    )


def test_pages_mark_optional_lessons_and_count_them_apart(client, enrollment):
    client.force_login(enrollment.learner)
    welcome = " ".join(soup_of(client.get("/")).select_one("main").get_text(" ").split())
    assert "2 steps by" not in welcome and "1 short lesson" in welcome and "3 more steps are optional." in welcome
    finish(enrollment, "boiling")
    home = soup_of(client.get("/"))
    route = home.select_one(".route-section > .small")
    assert "1 of 2 done · 3 optional" in " ".join(route.text.split())
    assert "optional" in home.select_one("#stop-pouring").text
    page = soup_of(client.get(POURING))
    assert "Module 1 · optional · " in page.select_one("article > .small").text
    finish(enrollment, "pouring")
    page = soup_of(client.get(POURING))
    assert "This step was optional. Steps left: 1." in page.select_one("#lesson-state").text
