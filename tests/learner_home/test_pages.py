"""Home and the learner's record."""

import re

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from courseware.assessment.certificates.certification import store_certifications
from courseware.assessment.certificates.external_training import record_external_training, revoke_external_training
from courseware.assessment.models import ExternalTraining, Response
from courseware.content.models import Document
from courseware.content.rendering import store
from courseware.learning.enrollments import enrollment as enrolling
from courseware.learning.models import Completion, Enrollment
from courseware.learning.reference.saved_phrases import save_phrase
from tests.assessment.exams import MONDAY, START, exam_files, make_course_with_pre_check, ready, sit, start
from tests.course_format.samples import make_files
from tests.learning.lesson_pages import practise, soup_of, try_it
from tests.making import days, join, make_course, make_enrollment, make_hr, make_team, make_user
from tests.world import answer_survey, complete_course, outline_of

pytestmark = pytest.mark.django_db
LESSON, HOME = reverse("learning:step", args=["tea-room", "boiling"]), reverse("home")


def renew(enrollment):
    """Complete the course and enroll again; return the certificate and the new enrollment."""
    complete_course(enrollment)
    return Enrollment.objects.get(pk=enrollment.pk).certificate, make_enrollment(enrollment.learner, enrollment.course)


def test_home_without_enrollment_says_what_will_appear(client):
    client.force_login(make_user())
    assert "Nothing to do yet" in client.get(HOME).text


def test_home_leads_to_first_step_then_open_question(client, enrollment):
    page = soup_of(client.get(HOME))
    assert page.select_one(".welcome .btn")["href"] == LESSON
    assert page.select_one(".welcome time")["title"].endswith("24:00, Asia/Shanghai")
    try_it(enrollment, "what-first", ["0"])
    page = soup_of(client.get(HOME))
    assert page.select_one(".go .btn")["href"] == f"{LESSON}#q-what-to-wipe"
    assert "Continue: Boiling water" in page.select_one("h1").text
    assert page.select_one(".go q").text == "What needs a wipe?"
    text = " ".join(page.select_one(".go .soft").text.split())
    assert text.startswith("Module 1 · step 1 of 1 · 6 questions left, about 2 minutes"), text
    practise(enrollment)
    assert "1 question left, about 1 minute" in soup_of(client.get(HOME)).select_one(".go .soft").text


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"due_at": -3}, "overdue"),
        ({"exempted_at": 0, "exemption_reason": "moved to the warehouse"}, "moved to the warehouse"),
        ({"completed_at": 0}, "Course completed"),
    ],
)
def test_home_shows_state_of_enrollment(client, enrollment, fields, words):
    fields = {name: days(value) if isinstance(value, int) else value for name, value in fields.items()}
    Enrollment.objects.filter(pk=enrollment.pk).update(**fields)
    assert words in client.get(HOME).text


AFTERWARDS = {
    "02-end/04-result.zh-hans.md": "---\nid: result\ntitle: 结果\nobjectives: [O1.1]\n---\n\n看一看。\n",
    "02-end/04-result.en.md": "---\nid: result\ntitle: Your result\n---\n\nHave a look.\n",
}


@pytest.mark.slow
def test_home_marks_steps_added_after_completion(client):
    enrollment = make_enrollment(course=make_course(make_files(**AFTERWARDS)))
    client.force_login(enrollment.learner)
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=timezone.now())
    labels = []
    for done in ("boiling", "last-cup"):
        labels.append(" ".join(soup_of(client.get(HOME)).select_one(".go .btn.quiet").text.split()))
        document = Document.objects.get(identifier=done)
        facts = {"revision": document.latest_revision, "outcome": "completed", "completed_at": timezone.now()}
        Completion.objects.create(enrollment=enrollment, document=document, **facts)
    answer_survey(enrollment)
    labels.append(" ".join(soup_of(client.get(HOME)).select_one(".go .btn.quiet").text.split()))
    assert labels == ["New lesson since you completed the course: Boiling water", "The last cup", "Your result"]


def test_pages_count_required_steps_and_name_optional_ones(client, enrollment):
    practise(enrollment)
    ring = [each.text for each in soup_of(client.get(HOME)).select(".stops-done :is(text, figcaption)")]
    assert ring == ["0", "of 2", "and 2 optional steps"]
    try_it(enrollment, "is-it-off", ["1"])
    for module in soup_of(client.get(HOME)).select(".route > li"):
        assert len(module.select("summary .num")) == 1
    page = soup_of(client.get(HOME))
    counts = [" ".join(each.text.split()).split(" · ") for each in page.select("summary .num")]
    assert [each[:-1] for each in counts] == [
        ["1 of 1 done", "1 optional"], ["0 of 1 done", "1 optional"],
    ]  # fmt: skip
    route = page.select_one(".route-section > .small")
    assert "1 of 2 done · 2 optional" in " ".join(route.text.split())
    record = soup_of(client.get(reverse("learner_home:record", args=["tea-room"])))
    assert "1 of 2 done · 2 optional · 50%" in " ".join(record.select_one(".facts").text.split())
    first = reverse("learning:step", args=["tea-room", "boiling"])
    assert "Module 1 · step 1 of 1 · " in soup_of(client.get(first)).select_one("article > .small").text


@pytest.mark.parametrize(
    ("valid_for", "words"), [(0, "certified until"), (None, "you stay certified during the renewal"), (-2, None)]
)
def test_home_shows_valid_certificate_during_renewal(client, enrollment, django_assert_num_queries, valid_for, words):
    certificate, _again = renew(enrollment)
    certificate.valid_until = None if valid_for is None else timezone.localdate(days(valid_for))
    certificate.save()
    store_certifications([certificate])
    link = f"a[href='{reverse('assessment:certificate', args=[certificate.number])}']"
    client.get(HOME)
    with django_assert_num_queries(7):  # those of any home, and the certification or the manager
        page = soup_of(client.get(HOME))
    assert bool(page.select(link)) == bool(words)
    assert (words or "Start the first lesson: ") in page.select_one("main").text
    assert ("valid for 12 more months" in page.select_one("main").text) == bool(words)


def test_home_shows_certification_by_external_training(client, enrollment):
    training = {"person": enrollment.learner, "course": enrollment.course, "trained_on": days(-9).date(), "proof": "x"}
    [recorded] = record_external_training([ExternalTraining(**training, valid_until=days(9).date())], by=make_hr())
    assert "You are certified until" in soup_of(client.get(HOME)).select_one(".go").text
    revoke_external_training(recorded, reason="Another person", by=make_hr())
    assert "certified" not in soup_of(client.get(HOME)).select_one("main").text
    record_external_training([ExternalTraining(**training, valid_until=days(-1).date())], by=make_hr())
    assert "certified" not in soup_of(client.get(HOME)).select_one("main").text


def test_home_mentions_no_renewal_if_exempt(client, enrollment):
    _certificate, again = renew(enrollment)
    Enrollment.objects.filter(pk=again.pk).update(exempted_at=timezone.now())
    text = soup_of(client.get(HOME)).select_one(".go").text
    assert "valid until" in text
    assert "renews it" not in text


@pytest.mark.slow
def test_record_lists_earlier_enrollments_with_certificates(client, enrollment):
    url = reverse("learner_home:record", args=["tea-room"])
    assert "Earlier enrollments" not in client.get(url).text
    certificate, again = renew(enrollment)
    [item] = soup_of(client.get(url)).select("section[aria-labelledby=earlier] li")
    assert "Enrolled" in item.text
    assert "completed" in item.text
    assert item.select_one("a")["href"] == reverse("assessment:certificate", args=[certificate.number])
    Enrollment.objects.filter(pk=again.pk).update(exempted_at=timezone.now())
    make_enrollment(enrollment.learner, enrollment.course)
    waived, completed = soup_of(client.get(url)).select("section[aria-labelledby=earlier] li")
    assert "exempt since" in waived.text
    assert not waived.select("a")
    assert completed.select("a")


def test_record_links_certificate_of_current_enrollment(client, enrollment):
    def links():
        page = soup_of(client.get(reverse("learner_home:record", args=["tea-room"])))
        return [link["href"] for link in page.select('dl.facts a[href^="/certificates/"]')]

    assert links() == []
    complete_course(enrollment)
    certificate = Enrollment.objects.get(pk=enrollment.pk).certificate
    assert links() == [reverse("assessment:certificate", args=[certificate.number])]
    make_enrollment(enrollment.learner, enrollment.course)
    assert links() == []


@pytest.mark.parametrize("runs", [1, 3])
def test_record_query_count_is_independent_of_enrollments(client, enrollment, django_assert_num_queries, runs):
    for _ in range(runs):
        Enrollment.objects.open().update(completed_at=timezone.now())
        make_enrollment(enrollment.learner, enrollment.course)
    url = reverse("learner_home:record", args=["tea-room"])
    client.get(url)
    with django_assert_num_queries(22):  # session, person, enrollment, completions and 18 of the record
        client.get(url)


def test_home_features_most_urgent_course(client, enrollment):
    files = {path: data.replace(b"id: tea-room", b"id: tea-room-2") for path, data in make_files().items()}
    other = make_enrollment(enrollment.learner, make_course(files), due_at=days(-1))
    page = soup_of(client.get(HOME))
    assert page.select_one(".welcome .btn")["href"].startswith(f"/learn/{other.course}/")
    [beside] = page.select(".other-courses li:has(a[href='?course=tea-room'])")
    assert beside.select_one("time")["datetime"] == str(enrollment.due_on)
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=timezone.now())
    [beside] = soup_of(client.get(HOME)).select(".other-courses li:has(a[href='?course=tea-room'])")
    assert beside.select_one(".tag.good").text == "completed"
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=None)
    page = soup_of(client.get(HOME, {"course": "tea-room"}))
    assert page.select_one(".welcome .btn")["href"] == LESSON


def test_course_completed_by_release_can_be_finished_from_home(client, enrollment):
    Enrollment.objects.filter(pk=enrollment.pk).update(started_at=timezone.now())
    for document in enrollment.course.documents.filter(identifier__in=["boiling", "last-cup"]):
        facts = {"revision": document.latest_revision, "outcome": "completed", "completed_at": timezone.now()}
        Completion.objects.create(enrollment=enrollment, document=document, **facts)
    assert "Complete the course" in client.get(HOME).text
    client.post(reverse("learning:finish", args=["tea-room"]))
    enrollment.refresh_from_db()
    assert enrollment.completed_at


def test_record_counts_answers_and_shows_completed_steps(client, enrollment):
    practise(enrollment)
    try_it(enrollment, "is-it-off", ["0"])
    try_it(enrollment, "is-it-off", ["1"])
    page = soup_of(client.get(reverse("learner_home:record", args=["tea-room"])))
    cells = [cell.text for cell in page.select("tbody tr")[0].select("td")]
    assert cells[:2] == ["8", "4"]
    assert cells[2] != "–"


@pytest.mark.slow
def test_record_adds_up_exam_answers_by_objective(client):
    enrollment = ready(make_course(exam_files(questions=12, draw=4, retakes="retakes:\n  - {wait: 0 min}\n")))
    first, second = sit(enrollment, points=1, at=MONDAY), sit(enrollment, points=2, at=MONDAY)
    client.force_login(enrollment.learner)
    page = soup_of(client.get(reverse("learner_home:record", args=["tea-room"])))
    [module] = page.select(".attempts .topics > li")
    assert module.select_one(":scope > .num").text == "3 of 8 correct"
    shown = [each.text for each in module.select("li li .num")]
    for number, rule in zip(shown, ("O1.1", "O1.2"), strict=True):
        own = Response.objects.filter(attempt__in=[first, second], objective=rule)
        assert number == f"{own.filter(is_right=True).count()} of {own.count()} correct"


def test_offline_copy_has_current_module_without_personal_data(client, enrollment):
    def articles():
        page = client.get(reverse("learner_home:offline-copy")).content.decode()
        assert not any(word in page for word in (enrollment.learner.name, enrollment.learner.email, "csrf", "<form"))
        return [article["id"] for article in BeautifulSoup(page, "html.parser").find_all("article")]

    outline = store.outline(enrollment.course.current, "en")
    lessons = [[step.id for step in module.steps if step.kind == "lesson"] for module in outline.modules]
    assert articles() == ["emergency-card", *lessons[0]]
    save_phrase(enrollment, store.page(enrollment.course.current, "boiling", "en"), "note:1")
    assert articles() == ["emergency-card", "phrases", *lessons[0]]
    complete_course(enrollment)
    assert articles() == ["emergency-card", "phrases"]


def test_offline_copy_is_empty_without_enrollment(client):
    client.force_login(make_user())
    response = client.get(reverse("learner_home:offline-copy"))
    assert (response.status_code, response.content) == (204, b"")


def home(client, learner, **query):
    client.force_login(learner)
    return BeautifulSoup(client.get("/", query).content, "html.parser")


def test_welcome_names_person_and_draws_each_step(client):
    enrollment = make_enrollment(make_user(name="Lea Wang"), make_course_with_pre_check(), due_at=days(9))
    page = home(client, enrollment.learner)
    assert page.h1.text.strip().startswith("Welcome, ")
    assert page.select_one(".lead time")["datetime"] == str(enrollment.due_on)
    text = " ".join(page.select_one("main").get_text(" ").split())
    for words in ("2 steps by ", "Try 3 questions first", "1 short lesson", "4 questions, 4 correct answers to pass."):
        assert words in text
    outline = outline_of(enrollment.course)
    drawn = page.select(".wide-line > circle:not([class]), .wide-line .sim")
    steps = [step for step in outline.steps if step.kind in ("lesson", "simulation") and not step.is_after_exam]
    assert len(drawn) == len(page.select(".small-line circle, .small-line .sim")) == len(steps)


def test_optional_steps_are_counted_alike_everywhere(client):
    enrollment = make_enrollment(course=make_course_with_pre_check())
    page = home(client, enrollment.learner)
    beside = sum(int(found[1]) for found in re.finditer(r"(\d+) optional", page.select_one(".route").text))
    assert f" {beside} more steps are optional." in page.select_one(".mid").text
    start(enrollment, START)
    assert f"{beside} optional" in home(client, enrollment.learner).select_one(".route-section > p").text


def test_button_starts_pre_test_or_first_lesson(client):
    page = home(client, make_enrollment(course=make_course_with_pre_check()).learner)
    form = page.select_one("form.do")
    assert form["action"] == f"/exam/tea-room/{START}/start/"
    assert form.select_one("a")["href"] == "/learn/tea-room/boiling/"
    page = home(client, make_enrollment(course=make_course()).learner)
    assert not page.select("form.do")
    assert page.select_one(".do .btn")["href"] == "/learn/tea-room/boiling/"


def test_pre_test_can_start_after_simulation(client):
    enrollment = make_enrollment(course=make_course_with_pre_check(), started_at=timezone.now())
    page = home(client, enrollment.learner)
    assert page.select_one(".go form")["action"] == f"/exam/tea-room/{START}/start/"
    assert [link["href"] for link in page.select(".go .actions a")] == ["/learn/tea-room/boiling/"]


def test_request_is_signed_by_manager_or_enroller(client):
    hr, course = make_hr(name="Ada Hr"), make_course()
    ruled = make_enrollment(course=course)
    assert not home(client, ruled.learner).select(".asking")
    enrolled = enrolling.enroll(make_user(), course, by=hr)
    assert "Ada Hr asks you to take this course." in home(client, enrolled.learner).select_one(".asking").text
    join(make_team("Day shift", manager=make_user("Li Lin")), enrolled.learner)
    text = home(client, enrolled.learner).select_one(".asking").text
    assert "Li Lin asks you to take this course." in text
    assert "Manager of Day shift" in text
    own = enrolling.enroll(make_user(), course, by=None)
    assert not home(client, own.learner).select(".asking")
