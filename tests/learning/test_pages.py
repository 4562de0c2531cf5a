"""Lesson pages and print views: what they show, hide and mark."""

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


# Questions


def secrets_of(question):
    """The reasons, which must not be on a page before the answer."""
    return [BeautifulSoup(choice.reason, "html.parser").text.strip() for choice in question.choices]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_page_shows_no_reason_or_key_before_answer(client, enrollment, language):
    response = client.get(LESSON, headers={"accept-language": language})
    for question in questions_of(enrollment, language).values():
        assert [secret for secret in secrets_of(question) if secret in response.text] == []
    for marker in ("ticked", "is_right", "checked=", "data-key", "group-html"):
        assert marker not in response.text


def test_short_course_url_redirects_to_home(client, enrollment):
    client.force_login(enrollment.learner)
    assert client.get("/learn/tea-room/").url == "/?course=tea-room"
    client.force_login(make_user())
    assert client.get("/learn/tea-room/").status_code == 404


def test_first_miss_shows_reason_of_chosen_option_only(client, enrollment):
    order = soup_of(client.get(LESSON)).select("#q-what-first label")
    wrong = next(label.input["value"] for label in order if "Walk away" in label.text)
    client.post(answer_url("what-first"), sent(wrong))
    page = client.get(LESSON).text
    assert "A dry boil ruins it." in page
    assert "No water, no tea." not in page


def test_page_cache_never_mixes_answers_or_tokens_of_learners(client, enrollment):
    """Rendered questions are cached per process; the cache key must contain all personal values."""
    other = make_enrollment(course=enrollment.course)
    note, others_note = "My cup is the blue one.", "Mine has no handle."
    try_it(enrollment, "what-first", ["0"])
    try_it(enrollment, "note", [note])
    try_it(other, "what-first", ["1"])
    try_it(other, "note", [others_note])
    tokens = []
    for reader in (enrollment, other, enrollment, other):
        client.force_login(reader.learner)
        page = soup_of(client.get(LESSON))
        assert (note in page.text, others_note in page.text) == (reader == enrollment, reader == other)
        assert bool(page.select_one("#q-what-first.right")) == (reader == other)
        tokens += [field["value"] for field in page.select("[name=token]")]
        tokens += {field["value"] for field in page.select("[name=csrfmiddlewaretoken]")}
    assert len(tokens) == len(set(tokens)) > 4


def test_missed_question_has_its_form_below_reason(client, enrollment):
    before = [block["id"] for block in soup_of(client.get(LESSON)).select(".question")]
    try_it(enrollment, "what-first", ["0"])
    page = soup_of(client.get(LESSON))
    assert [block["id"] for block in page.select(".question")] == before
    [form] = page.select("form[action$='/answer/what-first/']")
    assert form.parent == page.select_one("#q-what-first .answered > .no > details#again-what-first:not([open])")
    assert form.select_one("[name=tries]")["value"] == "1"
    assert form.legend.text == page.select_one("#q-what-first h3").text
    assert page.find(id=form.fieldset["aria-describedby"]) == page.select_one("#q-what-first .stem")
    assert soup_of(client.get(LESSON, {"again": "what-first"})).select_one("#again-what-first[open]")
    try_it(enrollment, "what-first", ["1"])
    assert not soup_of(client.get(LESSON)).select("#q-what-first form")


@pytest.mark.slow
def test_question_dots_link_to_questions_with_state(client, enrollment):
    for question, raws in {"what-first": ["0"], "what-to-wipe": ["1"], "in-order": ["0", "1", "2"]}.items():
        try_it(enrollment, question, raws)
    try_it(enrollment, "what-to-wipe", ["0", "2"])
    try_it(enrollment, "what-to-wipe", ["1"])  # a right answer stays right
    try_it(enrollment, "note", ["So."])
    dots = soup_of(client.get(LESSON)).select_one("#lesson-dots")
    assert {dot["href"]: dot.text.strip() for dot in dots.select("a")} == {
        "#q-what-first": "Question 1: not correct yet",
        "#q-what-to-wipe": "Question 2: answered correctly",
        "#q-what-is-wrong": "Question 3: not answered yet",
        "#q-in-order": "Question 4: answered correctly",
        "#q-sorted": "Question 5: not answered yet",
        "#q-note": "Question 6: saved",
        "#q-is-it-off": "Check question 1: not answered yet",
    }
    assert dots.b.text == "Check: 0 of 1"
    try_it(enrollment, "is-it-off", ["1"])
    assert soup_of(client.get(LESSON)).select_one("#lesson-dots b").text == "Check: 1 of 1"


def hidden_titles(page):
    """Titles of questions in hidden parts."""
    return [title.text for title in page.select(".part[hidden=until-found] h3[id^=q-]")]


@pytest.mark.slow
def test_next_part_opens_after_any_answer(client, enrollment):
    titles = [title.text for title in soup_of(client.get(LESSON)).select("h3[id^=q-]")]
    for opened, (question, raw) in enumerate(PRACTICE.items(), start=1):
        assert hidden_titles(soup_of(client.get(LESSON))) == titles[opened:]
        try_it(enrollment, question, raw)
    page = soup_of(client.get(LESSON))
    assert (hidden_titles(page), page.select(".whole")) == ([], [])


def test_text_after_last_question_is_offered_while_hidden(client):
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


def test_answered_parts_are_open_and_next_ones_hidden(client, enrollment):
    try_it(enrollment, "what-first", ["1"])
    try_it(enrollment, "what-is-wrong", ["0"])
    assert hidden_titles(soup_of(client.get(LESSON)))[:1] == ["What is wrong?"]
    try_it(enrollment, "what-to-wipe", ["1"])
    assert hidden_titles(soup_of(client.get(LESSON)))[:1] == ["Sort"]


def test_completed_lesson_refused_form_and_show_all_open_all_parts(client, enrollment):
    show_all_url = reverse("learning:show-all", args=["tea-room", "boiling"])
    assert hidden_titles(soup_of(client.post(answer_url(), sent()))) == []
    assert hidden_titles(soup_of(client.get(LESSON)))
    assert client.post(show_all_url, {"whole": "1"}).headers["Location"] == LESSON
    page = soup_of(client.get(LESSON))
    assert (hidden_titles(page), page.select_one(".whole button")["value"]) == ([], "0")
    client.post(show_all_url, {"whole": "0"})
    page = soup_of(client.get(LESSON))
    assert hidden_titles(page) and page.select_one(".whole button")["value"] == "1"
    document = enrollment.course.documents.get(identifier="boiling")
    complete(enrollment, document, revision=document.latest_revision, outcome=Completion.Outcome.COMPLETED)
    assert hidden_titles(soup_of(client.get(LESSON))) == []


def test_ids_are_unique_if_question_is_repeated(client, enrollment):
    for question, raw in {"what-first": ["0"], "in-order": ["2", "1", "0"], "sorted": ["1", "1", "1"]}.items():
        try_it(enrollment, question, raw)
    ids = [tag["id"] for tag in soup_of(client.get(LESSON)).select("[id]")]
    assert len(ids) == len(set(ids))


def test_blocks_for_other_job_roles_are_folded(client, enrollment):
    assert "Be quiet at night." in soup_of(client.get(LESSON)).select_one("details.other-job-role").text
    client.post(reverse("learning:job-role", args=["tea-room"]), {"job_role": "night"})
    page = soup_of(client.get(LESSON))
    assert page.select_one("details.other-job-role") is None
    assert "Be quiet at night." in page.select_one("aside.callout.job-role").text


def test_page_in_other_language_is_marked_with_lang(client):
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


@pytest.mark.slow
def test_mark_read_records_revision_that_page_showed(client, enrollment):
    files = make_files(**CUPS)
    import_course(files)
    address = reverse("learning:step", args=["tea-room", "cups"])
    form = soup_of(client.get(address)).select_one("#lesson-state form[action$='/read/']")
    shown = {"revision": form.select_one("[name=revision]")["value"]}
    longer = {path: files[path] + b"\nTwice.\n" for path in CUPS}
    import_course(files | longer, impacts={"cups": "reread"})
    other_revision = Revision.objects.exclude(document__identifier="cups").latest("pk")
    for wrong in ("0", "none", other_revision.pk):
        assert client.post(form["action"], {"revision": wrong}).status_code == 400
    assert not Completion.objects.exists()
    for _twice in range(2):
        assert client.post(form["action"], shown).status_code == 302
    assert str(Completion.objects.get().revision_id) == shown["revision"]
    assert soup_of(client.get(address)).select_one("#changed")


@pytest.mark.slow
def test_change_of_reasons_only_shows_no_text_difference(client, enrollment):
    User.objects.update(language="en")
    complete_lesson(enrollment, store.page(enrollment.course.current, "boiling", "en"))
    files, path = make_files(), "01-water/01-boiling.en.md"
    files[path] = files[path].replace(b"> Good.", b"> Good, and it stays off.")
    import_course(files, impacts={"boiling": "retake"})
    strip = soup_of(client.get(LESSON)).select_one("#changed")
    assert (strip.select(".diff"), "The sentences have not changed." in strip.text) == ([], True)
    files[path] = files[path].replace(b"It has boiled.", b"It has boiled twice.")
    import_course(files, impacts={"boiling": "retake"})
    strip = soup_of(client.get(LESSON)).select_one("#changed")
    assert (len(strip.select(".diff")), "The sentences have not changed." in strip.text) == (1, False)


def test_lesson_with_open_check_cannot_be_marked_read(client, enrollment):
    client.post(reverse("learning:mark-read", args=["tea-room", "boiling"]))
    assert not Completion.objects.exists()
    assert "To finish this lesson, answer every question" in client.get(LESSON).text


def test_learner_answers_own_enrollment_only(client, enrollment):
    other = make_enrollment(make_user(), enrollment.course)
    client.force_login(other.learner)
    client.post(answer_url(), sent("1"))
    assert Answer.objects.get().enrollment == other
    assert not enrollment.answers.exists()


def test_expired_session_returns_script_to_question(client, enrollment):
    client.logout()
    page = f"http://testserver{LESSON}?again=check#q-what-first"
    response = client.post(answer_url(), sent("1"), headers={"HX-Request": "true", "HX-Current-URL": page})
    assert response.headers["HX-Redirect"] == f"/accounts/login/?next={LESSON}%3Fagain%3Dcheck%23q-is-it-off"


def test_redirect_never_leads_to_another_host(client, enrollment):
    client.logout()
    for page in ("https://evil.example/learn/", "//evil.example/"):
        response = client.post(answer_url(), sent("1"), headers={"HX-Request": "true", "HX-Current-URL": page})
        assert "evil" not in response.headers["HX-Redirect"]


@pytest.mark.parametrize("step", ["nowhere", "tea-bank", "m1", "drill", "last-cup", "voice"])
def test_only_lessons_accept_answers(client, enrollment, step):
    assert client.post(answer_url(step=step), sent("1")).status_code == 404


@pytest.mark.parametrize("path", ["learn/tea-room/a%00b/", "learn/%00/boiling/", "learn/tea-room/烧水/"])
def test_invalid_id_in_url_returns_404(client, enrollment, path):
    assert client.get(f"/{path}").status_code == 404


@pytest.mark.skipif(connection.vendor != "sqlite", reason="what SQLite does without knowing how many rows there are")
@pytest.mark.parametrize("more", [{}, {"pk": 1}])
def test_sqlite_searches_enrollments_by_learner_or_key(more):
    enrollment = make_enrollment()
    seen = []
    with connection.execute_wrapper(lambda execute, sql, *rest: seen.append((sql, rest[0])) or execute(sql, *rest)):
        PUBLISHED(learner=enrollment.learner_id, **more)

    [(sql, parameters)] = seen
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        steps = [detail for *_numbers, detail in cursor.fetchall() if "learning_enrollment" in detail]

    assert len(steps) == 1
    assert steps[0].startswith("SEARCH learning_enrollment")
    assert "(learner_id=?" in steps[0] or "(rowid=?" in steps[0]


def test_lesson_uses_newest_enrollment_in_its_course(client):
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


def get_printed(client, address):
    return client.get(address, headers={"accept-language": "en"})


def has_valid_links_and_unique_ids(page):
    """Whether ids are unique and anchors have targets."""
    ids = [tag["id"] for tag in page.select("[id]")]
    return len(ids) == len(set(ids)) and {link["href"][1:] for link in page.select("main a[href^='#']")} <= set(ids)


def test_print_view_has_contents_card_and_unique_ids(client, enrollment):
    page = soup_of(get_printed(client, COURSE))
    assert page.select_one(".contents a")["href"] == "#" + page.select_one(".printed-module")["id"]
    assert page.select_one("article h3").text == "1.1 Boiling water"
    assert "release 1 · printed on" in page.select_one(".sheets-foot").text
    assert page.select_one(".emergency-section h2").text == "Fire"
    assert has_valid_links_and_unique_ids(page)
    assert not soup_of(get_printed(client, MODULE)).select(".emergency-section")
    assert get_printed(client, reverse("learning:print-module", args=["tea-room", "none"])).status_code == 404


def test_print_view_shows_keys_after_completion(client, enrollment):
    assert not any(reason in get_printed(client, COURSE).text for reason in REASONS)
    complete_course(enrollment)
    assert all(reason in get_printed(client, COURSE).text for reason in REASONS)
    page = soup_of(get_printed(client, MODULE))
    assert page.select(".answered .yes") and page.select(".reason sup")
    assert has_valid_links_and_unique_ids(page)


@pytest.mark.slow
def test_print_view_shuffles_ordering_questions_per_learner(client, enrollment):
    def steps():
        return tuple(li.text for li in soup_of(get_printed(client, MODULE)).select(".to-tick.order li"))

    seen = {steps()}
    for _each in range(9):
        client.force_login(make_enrollment(course=enrollment.course).learner)
        seen.add(steps())
    assert len(seen) > 1


def test_print_view_uses_language_of_reader(client, enrollment):
    page = soup_of(client.get(COURSE, headers={"accept-language": "zh-hans"}))
    assert page.select_one("article h3").text == "1.1 烧水"


def test_print_view_removes_ids_and_anchors_of_tags_only():
    html = '<h2 id="a">id="b" <a href="#c">x</a> <a href="/d/">y</a></h2><h6>z</h6>'
    assert as_printed(html) == '<h4>id="b" <a>x</a> <a href="/d/">y</a></h4><h6>z</h6>'
