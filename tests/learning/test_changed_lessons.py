"""Changed lessons: who is asked to read again or redo the check, and what ends it."""

import uuid

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from courseware.audit_log.models import Event
from courseware.content.models import Document, Release
from courseware.content.releases.drafts import save_drafts
from courseware.content.rendering import store
from courseware.learning.enrollments.enrollment import exempt
from courseware.learning.lessons.answers import answer
from courseware.learning.lessons.changed_lessons import CheckRequired, UnknownRevision, acknowledge, open_changes
from courseware.learning.models import ChangeAcknowledgement
from courseware.learning.status.completion import complete_lesson
from courseware.learning.status.progress import own_outline
from tests.course_format.samples import make_files
from tests.learning.lesson_pages import LESSON, PRACTICE, answer_url, sent
from tests.making import make_admin, make_course, make_enrollment, make_user, publish_latest

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
Impact = Release.Impact
BOILING = b"Water before fire."
SEEN = reverse("learning:acknowledge", args=["tea-room", "boiling"])


@pytest.fixture
def enrollment():
    """Enrollment of an English reader who has completed the lesson."""
    enrollment = make_enrollment(make_user(language="en"), make_course())
    complete_lesson(enrollment, page_of(enrollment))
    return enrollment


def page_of(enrollment, lesson="boiling"):
    enrollment.course.refresh_from_db()
    return store.page(enrollment.course.current, lesson, "en")


def step_of(enrollment):
    enrollment.course.refresh_from_db()
    return own_outline(enrollment, "en").step("boiling")


def now_says(words, impact=Impact.REREAD, note="", language="en", identifier="boiling"):
    """Release the lesson with another rule text."""
    document = Document.objects.select_related("latest_revision").get(identifier=identifier)
    body = bytes(document.latest_revision.texts.get(language=language).body)
    rule = body.split(b"[!rule]\n> ")[1].split(b"\n")[0]
    save_drafts(document, {language: body.replace(rule, words.encode())}, base=document.latest_revision, by=None)
    return publish_latest(document, impact=impact, note=note)


def open_impacts(one):
    """[(impacts of open changes, whether the check is required)], or None."""
    one.course.refresh_from_db()
    found = open_changes([one], {one.pk: own_outline(one, "en")})
    return [([each.impact for each in change.changes], bool(change.check)) for change in found.get(one.pk, ())] or None


def try_check(enrollment, right=True, **more):
    return answer(enrollment, step_of(enrollment), "is-it-off", ["1" if right else "0"], token=uuid.uuid4(), **more)


def test_only_changes_above_minor_ask_learners_who_completed_lesson(enrollment):
    other = make_enrollment(make_user(language="en"), enrollment.course)
    now_says("Water, then fire.", Impact.MINOR)
    assert open_impacts(enrollment) is None
    now_says("Water first.", Impact.REREAD)
    assert (open_impacts(enrollment), open_impacts(other)) == ([(["reread"], False)], None)
    complete_lesson(other, page_of(other))
    assert open_impacts(other) is None
    assert enrollment.completions.count() == 1


def test_several_changes_combine_to_highest_impact_until_acknowledged(enrollment):
    first = now_says("Water first.")
    now_says("Water first, then fire.")
    acknowledge(enrollment, step_of(enrollment), first.pk)
    assert open_impacts(enrollment) == [(["reread"], False)]
    now_says("Never fire first.", Impact.RETAKE)
    assert open_impacts(enrollment) == [(["reread", "retake"], True)]
    with pytest.raises(CheckRequired):
        acknowledge(enrollment, step_of(enrollment), enrollment.course.current_id)
    with pytest.raises(UnknownRevision):
        acknowledge(enrollment, step_of(enrollment), 99)
    assert list(ChangeAcknowledgement.objects.values_list("release", "outcome")) == [(first.pk, "read")]


def test_second_acknowledgement_is_ignored(enrollment):
    release = now_says("Water first.")
    now_says("Water first!", Impact.MINOR)
    for _ in range(2):
        acknowledge(enrollment, step_of(enrollment), enrollment.course.current_id)
    acknowledgement = ChangeAcknowledgement.objects.get()
    assert (acknowledgement.release, acknowledgement.revision) == (release, acknowledgement.document.latest_revision)
    event = Event.objects.get(verb="change-acknowledged")
    assert event.data == {"change": acknowledgement.pk, "document": "boiling", "release": release.pk}
    assert open_impacts(enrollment) is None


def test_check_counts_only_if_answered_on_new_revision(enrollment):
    before = page_of(enrollment).revision_id
    for question, raw in PRACTICE.items():
        answer(enrollment, step_of(enrollment), question, raw, token=uuid.uuid4())
    try_check(enrollment)
    release = now_says("Never fire first.", Impact.RETAKE)
    now_says("Never fire first!", Impact.MINOR)
    try_check(enrollment, revision=before)  # an outdated tab
    try_check(enrollment, right=False)
    assert open_impacts(enrollment) == [(["retake"], True)]
    try_check(enrollment)
    assert open_impacts(enrollment) is None
    acknowledgement = ChangeAcknowledgement.objects.get()
    assert (acknowledgement.release, acknowledgement.outcome) == (release, "checked")
    assert Event.objects.filter(verb="change-checked").count() == 1


def test_change_affects_only_its_language_and_no_exempt_learner(enrollment):
    chinese = make_enrollment(make_user(language="zh-hans"), enrollment.course)
    complete_lesson(chinese, page_of(chinese))
    now_says("Water first.")
    assert (bool(open_impacts(enrollment)), open_impacts(chinese)) == (True, None)
    exempt(enrollment, reason="On leave", by=make_admin())
    enrollment.refresh_from_db()
    assert open_impacts(enrollment) is None


def test_home_and_lesson_show_change_until_acknowledged(enrollment, client):
    now_says("Water before fire, always.", note="Somebody forgot.")
    client.force_login(enrollment.learner)
    for address, redirect in ((reverse("home"), "/"), (LESSON, LESSON)):
        strip = BeautifulSoup(client.get(address).content, "html.parser").select_one(".change")
        assert [each.text for each in strip.select("del, ins")] == [", always"]
        assert "Somebody forgot." in strip.text
        assert "about 1 minute" in strip.select_one(".small").text
        form = {field["name"]: field["value"] for field in strip.select("form input[type=hidden]")}
        ChangeAcknowledgement.objects.all().delete()
        assert client.post(SEEN, form)["Location"] == redirect
        assert "change" not in {
            each for tag in soup(client, address).select("section") for each in tag.get("class", ())
        }
        ChangeAcknowledgement.objects.all().delete()


def value_of_right_option(block):
    return next(field["value"] for field in block.select("[name=choice]") if "Yes" in field.find_parent("label").text)


def soup(client, address):
    return BeautifulSoup(client.get(address).content, "html.parser")


def test_retake_shows_check_form_and_is_recorded_when_right(enrollment, client):
    try_check(enrollment)
    client.force_login(enrollment.learner)
    assert soup(client, LESSON).select_one("#q-is-it-off form") is None
    now_says("Never fire first.", Impact.RETAKE)
    page = soup(client, LESSON)
    assert page.select_one("#q-is-it-off form")
    assert page.select_one(".change .btn")["href"].endswith("#q-is-it-off")
    assert "about 1 minute" in page.select_one(".change .small").text  # half of it for the check
    assert client.post(SEEN, {"release": Release.objects.latest("pk").pk}, follow=True).status_code == 200
    assert not ChangeAcknowledgement.objects.exists()
    right = sent("1", revision=page_of(enrollment).revision_id) | {
        "choice": value_of_right_option(page.select_one("#q-is-it-off"))
    }
    answered = client.post(answer_url(), right, headers={"HX-Request": "true"})
    assert answered["HX-Refresh"] == "true"
    page = soup(client, LESSON)
    assert page.select_one(".change") is None
    assert "Saved: you have read what changed." in page.text


@pytest.mark.parametrize("form", [{}, {"release": "x"}, {"release": 99}])
def test_acknowledgement_of_unknown_release_is_refused(enrollment, client, form):
    client.force_login(enrollment.learner)
    assert client.post(SEEN, form).status_code == 400


@pytest.mark.parametrize("people", [1, 4])
def test_query_count_is_1_for_any_number_of_people(enrollment, people, django_assert_num_queries):
    rows = [enrollment, *(make_enrollment(make_user(language="en"), enrollment.course) for _ in range(people - 1))]
    for each in rows:
        complete_lesson(each, page_of(each))
    for impact, queries in ((Impact.MINOR, 0), (Impact.REREAD, 1)):
        now_says(f"Water first, {impact}.", impact)
        enrollment.course.refresh_from_db()
        route = own_outline(enrollment, "en")
        open_changes([enrollment], {enrollment.pk: route})  # fill the cache of the release
        with django_assert_num_queries(queries):
            assert len(open_changes(rows, {each.pk: route for each in rows})) == people * queries


def test_reverted_change_is_not_asked_again(enrollment):
    now_says("Never fire first.", Impact.RETAKE)
    now_says(BOILING.decode(), Impact.MINOR)
    now_says("Water before fire!", Impact.MINOR)
    assert open_impacts(enrollment) is None
    now_says("Water, then fire.", Impact.REREAD)
    assert open_impacts(enrollment) == [(["reread"], False)]


def test_minor_change_in_own_language_ignores_impact_in_other_language(enrollment):
    now_says("Water first.", Impact.MINOR)
    now_says("水先于火。", Impact.REREAD, language="zh-hans")
    assert open_impacts(enrollment) is None
    now_says("Water, then fire.", Impact.REREAD)
    assert open_impacts(enrollment) == [(["reread"], False)]


CHOICES = "\n\n1. [ ] {}\n   > {}.\n2. [x] {}\n   > {}.\n".format
SECOND = {
    "zh-hans": "\n### 夜里呢？ {#by-night .one objective=O1.2 tracks=night}" + CHOICES("没", "看看", "也关", "好"),
    "en": "\n### And by night? {#by-night}" + CHOICES("Nope", "Look", "Off too", "Fine"),
}


def test_check_with_no_open_question_is_ended_by_acknowledgement(client):
    files = make_files()
    for language, text in SECOND.items():
        files[f"01-water/01-boiling.{language}.md"] += text.encode()
    enrollment = make_enrollment(make_user(language="en"), make_course(files), job_role="night")
    complete_lesson(enrollment, page_of(enrollment))
    now_says("Never fire first.", Impact.RETAKE)
    try_check(enrollment)
    client.force_login(enrollment.learner)
    assert soup(client, LESSON).select_one(".change .btn")["href"].endswith("#q-by-night")
    client.post(reverse("learning:job-role", args=["tea-room"]), {"job_role": "day"})
    strip = soup(client, LESSON).select_one(".change")
    assert strip.select_one("form .btn").text == "Got it"
    client.post(SEEN, {"release": strip.select_one("[name=release]")["value"]})
    assert open_impacts(enrollment) is None
    assert ChangeAcknowledgement.objects.get().outcome == "checked"


def test_answer_in_outdated_tab_still_requires_acknowledgement(enrollment):
    other = make_enrollment(make_user(language="en"), enrollment.course)
    before = page_of(other).revision_id
    for question, raw in PRACTICE.items():
        answer(other, step_of(other), question, raw, token=uuid.uuid4())
    now_says("Never fire first.", Impact.RETAKE)
    try_check(other, revision=before)
    assert other.completions.get().revision_id == before
    assert open_impacts(other) == [(["retake"], True)]
