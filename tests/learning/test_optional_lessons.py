"""A lesson that is offered and not asked for: on the route with the word, and in the way of nothing."""

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


def journey_of(run):
    run = Enrollment.objects.with_release().get(pk=run.pk)
    [found] = learner_progress_of([run], {run.course_id: outline_of(run.course)})
    return found


def done(run, lesson):
    finish_lesson(run, own_outline(run, "en").step(lesson))


def test_it_is_no_part_of_what_is_required_and_of_no_minutes(enrollment):
    outline = outline_of(enrollment.course)
    assert outline.required == ("boiling", "last-cup")
    assert [step.id for step in outline.steps if step.is_optional] == ["drill", "pouring"]
    assert outline.minutes_left() == outline.step("boiling").minutes + 5
    # It is no objective's lesson while another teaches that, too.
    assert outline.objective_lessons["O1.2"] == "boiling"


def test_it_is_never_the_next_act_and_the_exam_waits_for_it_neither_unread_nor_changed(enrollment):
    done(enrollment, "boiling")
    assert (journey_of(enrollment).next_action.kind, journey_of(enrollment).progress.percent) == ("exam", 50)
    done(enrollment, "pouring")
    assert journey_of(enrollment).progress.percent == 50
    now_says("Leave much room.", "retake", identifier="pouring")
    found = journey_of(enrollment)
    assert found.next_action.kind == "exam"
    assert [change.step.id for change in found.changes] == ["pouring"]  # and yet its reader is told
    now_says("Water, then fire.", "reread")
    assert (journey_of(enrollment).next_action.kind, journey_of(enrollment).next_action.step.id) == (
        "reread",
        "boiling",
    )


def test_pages_offer_it_with_the_word_and_count_it_apart(client, enrollment):
    client.force_login(enrollment.learner)
    welcome = " ".join(soup_of(client.get("/")).select_one("main").get_text(" ").split())
    assert "2 steps by" not in welcome and "1 short lesson" in welcome and "3 more steps are optional." in welcome
    done(enrollment, "boiling")
    home = soup_of(client.get("/"))
    assert "required 1 / 2 · 3 optional" in " ".join(home.select_one(".route-section > .small").text.split())
    assert "optional" in home.select_one("#stop-pouring").text
    page = soup_of(client.get(POURING))
    assert "Module 1 · optional · " in page.select_one("article > .small").text
    done(enrollment, "pouring")
    page = soup_of(client.get(POURING))
    assert "This step was optional. 1 to go." in page.select_one("#lesson-state").text
