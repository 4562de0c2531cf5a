"""Pages of a course: what a lesson shows and what it keeps for itself, the card, and the post."""

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.urls import reverse

from courseware.accounts.models import User
from courseware.content.models import Revision
from courseware.content.releases.course_import import import_course
from courseware.content.rendering import store
from courseware.course_format.questions.question_types import load_question
from courseware.learning.learner_context import PUBLISHED
from courseware.learning.models import Answer, Completion
from courseware.learning.reference.print_view import as_printed
from courseware.learning.status.completion import complete, complete_lesson
from tests.course_format.samples import make_files
from tests.learning.lesson_pages import LESSON, PRACTICE, answer_url, practise, sent, soup_of, try_it
from tests.making import days, make_course, make_enrollment, make_user
from tests.world import complete_course

pytestmark = pytest.mark.django_db


def questions_of(enrollment, language="en"):
    page = store.page(enrollment.course.current, "boiling", language)
    return {key: load_question(data) for key, data in page.data["questions"].items()}


# What a page shows of a question


def secrets_of(question):
    """What must not be on a page before it may be seen: the reasons, and in .sort and .order the places."""
    return [BeautifulSoup(choice.reason, "html.parser").text.strip() for choice in question.choices]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_no_reason_and_no_key_is_on_the_page_before_the_answer(client, enrollment, language):
    response = client.get(LESSON, headers={"accept-language": language})
    for question in questions_of(enrollment, language).values():
        assert [secret for secret in secrets_of(question) if secret in response.text] == []
    for word in ("ticked", "is_right", "checked=", "data-key", "group-html"):
        assert word not in response.text


def test_the_shortened_address_of_a_course_leads_to_home(client, enrollment):
    client.force_login(enrollment.learner)
    assert client.get("/learn/tea-room/").url == "/?course=tea-room"
    client.force_login(make_user())
    assert client.get("/learn/tea-room/").status_code == 404


def test_a_first_miss_brings_the_reason_of_the_chosen_choice_alone(client, enrollment):
    order = soup_of(client.get(LESSON)).select("#q-what-first label")
    wrong = next(label.input["value"] for label in order if "Walk away" in label.text)
    client.post(answer_url("what-first"), sent(wrong))
    page = client.get(LESSON).text
    assert "A dry boil ruins it." in page
    assert "No water, no tea." not in page


def test_learners_never_meet_the_answers_or_the_tokens_of_others(client, enrollment):
    """Rendered questions are kept by the process; what differs between people must be part of what they are kept by."""
    other = make_enrollment(course=enrollment.course)
    note, others_note = "My cup is the blue one.", "Mine has no handle."
    try_it(enrollment, "what-first", ["0"])
    try_it(enrollment, "note", [note])
    try_it(other, "what-first", ["1"])
    try_it(other, "note", [others_note])
    tokens = []
    for who in (enrollment, other, enrollment, other):
        client.force_login(who.learner)
        page = soup_of(client.get(LESSON))
        assert (note in page.text, others_note in page.text) == (who == enrollment, who == other)
        assert bool(page.select_one("#q-what-first.right")) == (who == other)
        tokens += [field["value"] for field in page.select("[name=token]")]
        tokens += {field["value"] for field in page.select("[name=csrfmiddlewaretoken]")}
    assert len(tokens) == len(set(tokens)) > 4


def test_a_missed_question_is_tried_again_under_its_reason_and_nowhere_else(client, enrollment):
    before = [card["id"] for card in soup_of(client.get(LESSON)).select(".question")]
    try_it(enrollment, "what-first", ["0"])
    page = soup_of(client.get(LESSON))
    assert [card["id"] for card in page.select(".question")] == before
    [form] = page.select("form[action$='/answer/what-first/']")
    assert form.parent == page.select_one("#q-what-first .answered > .no > details#again-what-first:not([open])")
    assert form.select_one("[name=tries]")["value"] == "1"
    assert form.legend.text == page.select_one("#q-what-first h3").text
    assert page.find(id=form.fieldset["aria-describedby"]) == page.select_one("#q-what-first .stem")
    assert soup_of(client.get(LESSON, {"again": "what-first"})).select_one("#again-what-first[open]")
    try_it(enrollment, "what-first", ["1"])
    assert not soup_of(client.get(LESSON)).select("#q-what-first form")


def test_a_dot_for_each_question_leads_to_it_and_says_how_it_stands(client, enrollment):
    for question, raws in {"what-first": ["0"], "what-to-wipe": ["1"], "in-order": ["0", "1", "2"]}.items():
        try_it(enrollment, question, raws)
    try_it(enrollment, "what-to-wipe", ["0", "2"])
    try_it(enrollment, "what-to-wipe", ["1"])  # once right stays right
    try_it(enrollment, "note", ["So."])
    dots = soup_of(client.get(LESSON)).select_one("#lesson-dots")
    assert {dot["href"]: dot.text.strip() for dot in dots.select("a")} == {
        "#q-what-first": "Question 1: not correct yet",
        "#q-what-to-wipe": "Question 2: answered correctly",
        "#q-what-is-wrong": "Question 3: not answered yet",
        "#q-in-order": "Question 4: answered correctly",
        "#q-sorted": "Question 5: not answered yet",
        "#q-note": "Question 6: saved",
        "#q-is-it-off": "Check 1: not answered yet",
    }
    assert dots.b.text == "Check: 0 of 1"
    try_it(enrollment, "is-it-off", ["1"])
    assert soup_of(client.get(LESSON)).select_one("#lesson-dots b").text == "Check: 1 of 1"


def ahead(page):
    """Titles of the questions in parts that are not opened yet."""
    return [title.text for title in page.select(".part[hidden=until-found] h3[id^=q-]")]


def test_the_next_part_opens_with_an_answer_to_the_question_before_it_right_or_wrong(client, enrollment):
    titles = [title.text for title in soup_of(client.get(LESSON)).select("h3[id^=q-]")]
    for opened, (question, raw) in enumerate(PRACTICE.items(), start=1):
        assert ahead(soup_of(client.get(LESSON))) == titles[opened:]
        try_it(enrollment, question, raw)
    page = soup_of(client.get(LESSON))
    assert (ahead(page), page.select(".whole")) == ([], [])


def test_what_stands_behind_the_last_question_is_offered_while_it_is_hidden(client):
    files = make_files()
    for language in ("en", "zh-hans"):
        files[f"01-water/01-boiling.{language}.md"] += b"\n## Afterwards {#afterwards}\n\nWipe the spout.\n"
    enrollment = make_enrollment(course=make_course(files))
    client.force_login(enrollment.learner)
    practise(enrollment)
    page = soup_of(client.get(LESSON))
    assert "Wipe the spout." in page.select_one(".part[hidden=until-found]").text
    assert page.select_one(".whole button")["value"] == "1"
    try_it(enrollment, "is-it-off", ["0"])
    page = soup_of(client.get(LESSON))
    assert (page.select(".part[hidden]"), page.select(".whole")) == ([], [])


def test_what_was_answered_further_on_is_open_and_what_waits_behind_it_is_not(client, enrollment):
    try_it(enrollment, "what-first", ["1"])
    try_it(enrollment, "what-is-wrong", ["0"])
    assert ahead(soup_of(client.get(LESSON)))[:1] == ["What is wrong?"]
    try_it(enrollment, "what-to-wipe", ["1"])
    assert ahead(soup_of(client.get(LESSON)))[:1] == ["Sort"]


def test_all_of_a_lesson_is_open_once_it_is_done_or_a_form_was_refused_or_who_reads_wants_so(client, enrollment):
    whole = reverse("learning:show-all", args=["tea-room", "boiling"])
    assert ahead(soup_of(client.post(answer_url(), sent()))) == []
    assert ahead(soup_of(client.get(LESSON)))
    assert client.post(whole, {"whole": "1"}).headers["Location"] == LESSON
    page = soup_of(client.get(LESSON))
    assert (ahead(page), page.select_one(".whole button")["value"]) == ([], "0")
    client.post(whole, {"whole": "0"})
    page = soup_of(client.get(LESSON))
    assert ahead(page) and page.select_one(".whole button")["value"] == "1"
    document = enrollment.course.documents.get(identifier="boiling")
    complete(enrollment, document, revision=document.head, outcome=Completion.Outcome.COMPLETED)
    assert ahead(soup_of(client.get(LESSON))) == []


def test_ids_are_unique_also_when_a_question_stands_twice(client, enrollment):
    for question, raw in {"what-first": ["0"], "in-order": ["2", "1", "0"], "sorted": ["1", "1", "1"]}.items():
        try_it(enrollment, question, raw)
    ids = [tag["id"] for tag in soup_of(client.get(LESSON)).select("[id]")]
    assert len(ids) == len(set(ids))


def test_blocks_of_other_posts_are_folded_and_not_hidden(client, enrollment):
    assert "Be quiet at night." in soup_of(client.get(LESSON)).select_one("details.other-job-role").text
    client.post(reverse("learning:job-role", args=["tea-room"]), {"job_role": "night"})
    page = soup_of(client.get(LESSON))
    assert page.select_one("details.other-job-role") is None
    assert "Be quiet at night." in page.select_one("aside.callout.job-role").text


def test_a_course_that_lacks_the_language_of_the_page_is_marked_as_what_it_is(client):
    files = {path: data for path, data in make_files().items() if ".en." not in path}
    files["course.zh-hans.md"] = files["course.zh-hans.md"].replace(b"[zh-Hans, en]", b"[zh-Hans]")
    client.force_login(make_enrollment(course=make_course(files)).learner)
    page = soup_of(client.get(LESSON, headers={"accept-language": "en"}))
    assert page.html["lang"] == "en"
    assert page.article["lang"] == "zh-Hans"
    assert page.select_one("#lesson-state")["lang"] == "en"


# Other pages


CUPS = {
    "01-water/03-cups.zh-hans.md": "---\nid: cups\ntitle: 杯子\nobjectives: [O1.1]\n---\n\n洗杯子。\n",
    "01-water/03-cups.en.md": "---\nid: cups\ntitle: Cups\n---\n\nWash them.\n",
}


def test_who_says_they_have_read_it_has_read_what_the_page_showed(client, enrollment):
    files = make_files(**CUPS)
    import_course(files)
    address = reverse("learning:step", args=["tea-room", "cups"])
    form = soup_of(client.get(address)).select_one("#lesson-state form[action$='/read/']")
    shown = {"revision": form.select_one("[name=revision]")["value"]}
    longer = {path: files[path] + b"\nTwice.\n" for path in CUPS}
    import_course(files | longer, weights={"cups": "reread"})
    of_another = Revision.objects.exclude(document__identifier="cups").latest("pk")
    for wrong in ("0", "none", of_another.pk):
        assert client.post(form["action"], {"revision": wrong}).status_code == 400
    assert not Completion.objects.exists()
    for _twice in range(2):
        assert client.post(form["action"], shown).status_code == 302
    assert str(Completion.objects.get().revision_id) == shown["revision"]
    assert soup_of(client.get(address)).select_one("#changed")


def test_a_change_of_reasons_alone_says_that_no_sentence_of_the_lesson_differs(client, enrollment):
    User.objects.update(language="en")
    complete_lesson(enrollment, store.page(enrollment.course.current, "boiling", "en"))
    files, path = make_files(), "01-water/01-boiling.en.md"
    files[path] = files[path].replace(b"> Good.", b"> Good, and it stays off.")
    import_course(files, weights={"boiling": "retake"})
    strip = soup_of(client.get(LESSON)).select_one("#changed")
    assert (strip.select(".diff"), "The sentences have not changed." in strip.text) == ([], True)
    files[path] = files[path].replace(b"It has boiled.", b"It has boiled twice.")
    import_course(files, weights={"boiling": "retake"})
    strip = soup_of(client.get(LESSON)).select_one("#changed")
    assert (len(strip.select(".diff")), "The sentences have not changed." in strip.text) == (1, False)


def test_a_lesson_with_an_unfinished_check_is_not_marked_as_read(client, enrollment):
    client.post(reverse("learning:mark-read", args=["tea-room", "boiling"]))
    assert not Completion.objects.exists()
    assert "To finish: answer every question" in client.get(LESSON).text


def test_each_learner_answers_for_the_own_enrollment_only(client, enrollment):
    other = make_enrollment(make_user(), enrollment.course)
    client.force_login(other.learner)
    client.post(answer_url(), sent("1"))
    assert Answer.objects.get().enrollment == other
    assert not enrollment.answers.exists()


def test_after_the_session_ended_the_script_is_led_back_to_the_question(client, enrollment):
    client.logout()
    page = f"http://testserver{LESSON}?again=check#q-what-first"
    response = client.post(answer_url(), sent("1"), headers={"HX-Request": "true", "HX-Current-URL": page})
    assert response.headers["HX-Redirect"] == f"/accounts/login/?next={LESSON}%3Fagain%3Dcheck%23q-is-it-off"


def test_the_page_the_script_names_cannot_lead_to_another_host(client, enrollment):
    client.logout()
    for page in ("https://evil.example/learn/", "//evil.example/"):
        response = client.post(answer_url(), sent("1"), headers={"HX-Request": "true", "HX-Current-URL": page})
        assert "evil" not in response.headers["HX-Redirect"]


@pytest.mark.parametrize("step", ["nowhere", "tea-bank", "m1", "drill", "last-cup", "voice"])
def test_only_lessons_of_the_route_are_answered(client, enrollment, step):
    assert client.post(answer_url(step=step), sent("1")).status_code == 404


@pytest.mark.parametrize("path", ["learn/tea-room/a%00b/", "learn/%00/boiling/", "learn/tea-room/烧水/"])
def test_an_address_that_is_no_id_is_not_found(client, enrollment, path):
    assert client.get(f"/{path}").status_code == 404


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


COURSE = reverse("learning:print", args=["tea-room"])
MODULE = reverse("learning:print-module", args=["tea-room", "m1"])
REASONS = ("Go and look.", "Good.", "Just boiled.", "Never heated.")


def sheet(client, address):
    return client.get(address, headers={"accept-language": "en"})


def links_and_ids_stand(page):
    """Each id once, and no link leads nowhere."""
    ids = [tag["id"] for tag in page.select("[id]")]
    return len(ids) == len(set(ids)) and {link["href"][1:] for link in page.select("main a[href^='#']")} <= set(ids)


def test_lessons_contents_card_and_release_are_on_paper_and_each_id_once(client, enrollment):
    page = soup_of(sheet(client, COURSE))
    assert page.select_one(".contents a")["href"] == "#" + page.select_one(".printed-module")["id"]
    assert page.select_one("article h3").text == "1.1 Boiling water"
    assert "release 1 · printed on" in page.select_one(".sheets-foot").text
    assert page.select_one(".emergency-section h2").text == "Fire"
    assert links_and_ids_stand(page)
    assert not soup_of(sheet(client, MODULE)).select(".emergency-section")
    assert sheet(client, reverse("learning:print-module", args=["tea-room", "none"])).status_code == 404


def test_keys_and_reasons_come_once_the_course_is_completed(client, enrollment):
    assert not any(reason in sheet(client, COURSE).text for reason in REASONS)
    complete_course(enrollment)
    assert all(reason in sheet(client, COURSE).text for reason in REASONS)
    page = soup_of(sheet(client, MODULE))
    assert page.select(".answered .yes") and page.select(".reason sup")
    assert links_and_ids_stand(page)


def test_a_list_to_order_does_not_stand_in_its_order_for_everybody(client, enrollment):
    def steps():
        return tuple(li.text for li in soup_of(sheet(client, MODULE)).select(".to-tick.order li"))

    seen = {steps()}
    for _each in range(9):
        client.force_login(make_enrollment(course=enrollment.course).learner)
        seen.add(steps())
    assert len(seen) > 1


def test_it_is_printed_in_the_language_of_its_reader(client, enrollment):
    page = soup_of(client.get(COURSE, headers={"accept-language": "zh-hans"}))
    assert page.select_one("article h3").text == "1.1 烧水"


def test_only_what_is_a_tag_loses_its_places():
    html = '<h2 id="a">id="b" <a href="#c">x</a> <a href="/d/">y</a></h2><h6>z</h6>'
    assert as_printed(html) == '<h4>id="b" <a>x</a> <a href="/d/">y</a></h4><h6>z</h6>'
