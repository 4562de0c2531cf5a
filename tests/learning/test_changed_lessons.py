"""Re-read and retake: what somebody who had done a lesson is asked after it changed, and what ends it."""

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
from tests.making import make_admin, make_course, make_enrollment, make_user, publish_head

pytestmark = pytest.mark.django_db
Impact = Release.Impact
BOILING = b"Water before fire."
SEEN = reverse("learning:acknowledge", args=["tea-room", "boiling"])


@pytest.fixture
def enrollment():
    """Of somebody who reads English and has done the lesson."""
    run = make_enrollment(make_user(language="en"), make_course())
    complete_lesson(run, page_of(run))
    return run


def page_of(run, lesson="boiling"):
    run.course.refresh_from_db()
    return store.page(run.course.current, lesson, "en")


def step_of(run):
    run.course.refresh_from_db()
    return own_outline(run, "en").step("boiling")


def now_says(words, weight=Impact.REREAD, note="", language="en", identifier="boiling"):
    """Release the lesson with this rule in place of the one it has."""
    document = Document.objects.select_related("head").get(identifier=identifier)
    body = bytes(document.head.texts.get(language=language).body)
    rule = body.split(b"[!rule]\n> ")[1].split(b"\n")[0]
    save_drafts(document, {language: body.replace(rule, words.encode())}, base=document.head, by=None)
    return publish_head(document, weight=weight, note=note)


def asked(run):
    """(weights of what is open, whether the check is), or None."""
    run.course.refresh_from_db()
    found = open_changes([run], {run.pk: own_outline(run, "en")})
    return [([each.weight for each in change.changes], bool(change.check)) for change in found.get(run.pk, ())] or None


def try_check(run, right=True, **more):
    return answer(run, step_of(run), "is-it-off", ["1" if right else "0"], token=uuid.uuid4(), **more)


def test_only_what_weighs_more_than_minor_asks_and_only_who_had_done_the_lesson(enrollment):
    other = make_enrollment(make_user(language="en"), enrollment.course)
    now_says("Water, then fire.", Impact.MINOR)
    assert asked(enrollment) is None
    now_says("Water first.", Impact.REREAD)
    assert (asked(enrollment), asked(other)) == ([(["reread"], False)], None)
    complete_lesson(other, page_of(other))
    assert asked(other) is None
    assert enrollment.completions.count() == 1


def test_several_changes_are_one_act_as_heavy_as_the_heaviest_and_got_it_ends_those_that_were_shown(enrollment):
    first = now_says("Water first.")
    now_says("Water first, then fire.")
    acknowledge(enrollment, step_of(enrollment), first.pk)
    assert asked(enrollment) == [(["reread"], False)]
    now_says("Never fire first.", Impact.RETAKE)
    assert asked(enrollment) == [(["reread", "retake"], True)]
    with pytest.raises(CheckRequired):
        acknowledge(enrollment, step_of(enrollment), enrollment.course.current_id)
    with pytest.raises(UnknownRevision):
        acknowledge(enrollment, step_of(enrollment), 99)
    assert list(ChangeAcknowledgement.objects.values_list("release", "outcome")) == [(first.pk, "read")]


def test_said_twice_it_is_kept_and_logged_once(enrollment):
    release = now_says("Water first.")
    now_says("Water first!", Impact.MINOR)
    for _ in range(2):
        acknowledge(enrollment, step_of(enrollment), enrollment.course.current_id)
    seen = ChangeAcknowledgement.objects.get()
    assert (seen.release, seen.revision) == (release, seen.document.head)
    event = Event.objects.get(verb="change-acknowledged")
    assert event.data == {"change": seen.pk, "document": "boiling", "release": release.pk}
    assert asked(enrollment) is None


def test_a_check_is_answered_again_on_the_new_text_and_answers_of_before_do_not_count(enrollment):
    before = page_of(enrollment).revision_id
    for question, raw in PRACTICE.items():
        answer(enrollment, step_of(enrollment), question, raw, token=uuid.uuid4())
    try_check(enrollment)
    release = now_says("Never fire first.", Impact.RETAKE)
    now_says("Never fire first!", Impact.MINOR)
    try_check(enrollment, revision=before)  # a tab from before
    try_check(enrollment, right=False)
    assert asked(enrollment) == [(["retake"], True)]
    try_check(enrollment)
    assert asked(enrollment) is None
    seen = ChangeAcknowledgement.objects.get()
    assert (seen.release, seen.outcome) == (release, "checked")
    assert Event.objects.filter(verb="change-checked").count() == 1


def test_a_change_touches_who_reads_in_its_language_and_nothing_is_asked_of_who_is_excused(enrollment):
    chinese = make_enrollment(make_user(language="zh-hans"), enrollment.course)
    complete_lesson(chinese, page_of(chinese))
    now_says("Water first.")
    assert (bool(asked(enrollment)), asked(chinese)) == (True, None)
    exempt(enrollment, reason="On leave", by=make_admin())
    enrollment.refresh_from_db()
    assert asked(enrollment) is None


def test_home_and_lesson_show_the_sentence_as_it_was_and_is_and_why_until_got_it(enrollment, client):
    now_says("Water before fire, always.", note="Somebody forgot.")
    client.force_login(enrollment.learner)
    for address, then in ((reverse("home"), "/"), (LESSON, LESSON)):
        strip = BeautifulSoup(client.get(address).content, "html.parser").select_one(".change")
        assert [each.text for each in strip.select("del, ins")] == [", always"]
        assert "Somebody forgot." in strip.text
        assert "about 1 minute" in strip.select_one(".small").text
        form = {field["name"]: field["value"] for field in strip.select("form input[type=hidden]")}
        ChangeAcknowledgement.objects.all().delete()
        assert client.post(SEEN, form)["Location"] == then
        assert "change" not in {
            each for tag in soup(client, address).select("section") for each in tag.get("class", ())
        }
        ChangeAcknowledgement.objects.all().delete()


def place_of_right(card):
    """The value of the right choice, which stands anywhere."""
    return next(field["value"] for field in card.select("[name=choice]") if "Yes" in field.find_parent("label").text)


def soup(client, address):
    return BeautifulSoup(client.get(address).content, "html.parser")


def test_a_lesson_whose_check_is_asked_for_again_has_its_form_and_leads_to_it(enrollment, client):
    try_check(enrollment)
    client.force_login(enrollment.learner)
    assert soup(client, LESSON).select_one("#q-is-it-off form") is None
    now_says("Never fire first.", Impact.RETAKE)
    page = soup(client, LESSON)
    assert page.select_one("#q-is-it-off form")
    assert page.select_one(".change .btn")["href"].endswith("#q-is-it-off")
    assert "about 1 minute" in page.select_one(".change .small").text  # half of it for the question
    assert client.post(SEEN, {"release": Release.objects.latest("pk").pk}, follow=True).status_code == 200
    assert not ChangeAcknowledgement.objects.exists()
    right = sent("1", revision=page_of(enrollment).revision_id) | {
        "choice": place_of_right(page.select_one("#q-is-it-off"))
    }
    answered = client.post(answer_url(), right, headers={"HX-Request": "true"})
    assert answered["HX-Refresh"] == "true"
    page = soup(client, LESSON)
    assert page.select_one(".change") is None
    assert "Saved: you have read what changed." in page.text


@pytest.mark.parametrize("form", [{}, {"release": "x"}, {"release": 99}])
def test_a_form_that_was_never_shown_is_refused(enrollment, client, form):
    client.force_login(enrollment.learner)
    assert client.post(SEEN, form).status_code == 400


@pytest.mark.parametrize("people", [1, 4])
def test_it_costs_one_query_for_any_number_of_people_and_none_where_nothing_changed(
    enrollment, people, django_assert_num_queries
):
    runs = [enrollment, *(make_enrollment(make_user(language="en"), enrollment.course) for _ in range(people - 1))]
    for run in runs:
        complete_lesson(run, page_of(run))
    for weight, queries in ((Impact.MINOR, 0), (Impact.REREAD, 1)):
        now_says(f"Water first, {weight}.", weight)
        enrollment.course.refresh_from_db()
        route = own_outline(enrollment, "en")
        open_changes([enrollment], {enrollment.pk: route})  # what is read once for a release
        with django_assert_num_queries(queries):
            assert len(open_changes(runs, {run.pk: route for run in runs})) == people * queries


def test_taken_back_it_stays_ended_whatever_is_released_afterwards(enrollment):
    now_says("Never fire first.", Impact.RETAKE)
    now_says(BOILING.decode(), Impact.MINOR)
    now_says("Water before fire!", Impact.MINOR)
    assert asked(enrollment) is None
    now_says("Water, then fire.", Impact.REREAD)
    assert asked(enrollment) == [(["reread"], False)]


def test_a_minor_change_in_the_own_language_gives_no_weight_to_one_in_another(enrollment):
    now_says("Water first.", Impact.MINOR)
    now_says("水先于火。", Impact.REREAD, language="zh-hans")
    assert asked(enrollment) is None
    now_says("Water, then fire.", Impact.REREAD)
    assert asked(enrollment) == [(["reread"], False)]


CHOICES = "\n\n1. [ ] {}\n   > {}.\n2. [x] {}\n   > {}.\n".format
SECOND = {
    "zh-hans": "\n### 夜里呢？ {#by-night .one objective=O1.2 tracks=night}" + CHOICES("没", "看看", "也关", "好"),
    "en": "\n### And by night? {#by-night}" + CHOICES("Nope", "Look", "Off too", "Fine"),
}


def test_a_check_of_which_nothing_is_left_to_answer_ends_by_got_it(client):
    files = make_files()
    for language, text in SECOND.items():
        files[f"01-water/01-boiling.{language}.md"] += text.encode()
    run = make_enrollment(make_user(language="en"), make_course(files), job_role="night")
    complete_lesson(run, page_of(run))
    now_says("Never fire first.", Impact.RETAKE)
    try_check(run)
    client.force_login(run.learner)
    assert soup(client, LESSON).select_one(".change .btn")["href"].endswith("#q-by-night")
    client.post(reverse("learning:job-role", args=["tea-room"]), {"job_role": "day"})
    strip = soup(client, LESSON).select_one(".change")
    assert strip.select_one("form .btn").text == "Got it"
    client.post(SEEN, {"release": strip.select_one("[name=release]")["value"]})
    assert asked(run) is None
    assert ChangeAcknowledgement.objects.get().outcome == "checked"


def test_who_answered_the_last_question_in_a_tab_from_before_the_change_has_yet_to_see_it(enrollment):
    run = make_enrollment(make_user(language="en"), enrollment.course)
    before = page_of(run).revision_id
    for question, raw in PRACTICE.items():
        answer(run, step_of(run), question, raw, token=uuid.uuid4())
    now_says("Never fire first.", Impact.RETAKE)
    try_check(run, revision=before)
    assert run.completions.get().revision_id == before
    assert asked(run) == [(["retake"], True)]
