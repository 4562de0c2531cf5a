import pytest
from django.urls import reverse

from courseware.content.compiled import serving
from courseware.content.models import Document, Release
from courseware.content.releases.drafts import save_drafts
from courseware.learning.completing import complete_lesson
from courseware.learning.release_effects import changes_since_done
from tests.making import make_course, make_enrollment, publish_head

pytestmark = pytest.mark.django_db
Weight = Release.Weight


@pytest.fixture
def enrollment():
    return make_enrollment(course=make_course())


def page_of(enrollment, lesson="boiling"):
    enrollment.course.refresh_from_db()
    return serving.page(enrollment.course.current, lesson, "en")


def release_changed(identifier, weight, note):
    """Save the document with another empty line at its end, and release it."""
    document = Document.objects.select_related("head", "course").get(identifier=identifier)
    text = bytes(document.head.texts.get(language="en").body)
    save_drafts(document, {"en": text + b"\n"}, base=document.head, by=None)
    return publish_head(document, weight=weight, note=note)


def test_who_completed_a_lesson_sees_what_was_changed_since_and_keeps_the_completion(enrollment, client):
    complete_lesson(enrollment, page_of(enrollment))
    release_changed("boiling", Weight.MINOR, "A comma.")
    assert changes_since_done(enrollment, page_of(enrollment)) == []

    reread = release_changed("boiling", Weight.REREAD, "Steam burns, too.")
    retake = release_changed("boiling", Weight.RETAKE, "A new question.")
    release_changed("card", Weight.REREAD, "Another document.")
    assert changes_since_done(enrollment, page_of(enrollment)) == [retake, reread]
    assert enrollment.completions.count() == 1

    client.force_login(enrollment.learner)
    content = client.get(reverse("learning:step", args=["tea-room", "boiling"])).content.decode()
    assert content.index("A new question.") < content.index("Steam burns, too.")
    assert "A comma." not in content
    assert "Another document." not in content


def test_who_completed_it_after_the_change_or_not_at_all_sees_nothing(enrollment):
    release_changed("boiling", Weight.REREAD, "Steam burns, too.")
    assert changes_since_done(enrollment, page_of(enrollment)) == []
    complete_lesson(enrollment, page_of(enrollment))
    assert changes_since_done(enrollment, page_of(enrollment)) == []
