"""Pages of a course: what a lesson shows and what it keeps for itself, the card, and the post."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from courseware.accounts.models import User
from courseware.content.compiled import serving
from courseware.content.models import Revision
from courseware.content.releases.importing import import_course
from courseware.language.questions import load_question
from courseware.learning.completing import complete, complete_lesson
from courseware.learning.models import Completion
from tests.language.samples import make_files
from tests.learning.lesson_pages import LESSON, PRACTICE, answer_url, practise, sent, soup_of, try_it
from tests.making import make_course, make_enrollment, make_user

pytestmark = pytest.mark.django_db
HOME = reverse("home")


def questions_of(enrollment, language="en"):
    page = serving.page(enrollment.course.current, "boiling", language)
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


def test_another_try_shows_the_choices_in_another_order(client):
    course, orders = make_course(), []
    for _ in range(12):  # three choices stand in the same order again once in six times
        enrollment = make_enrollment(make_user(), course)
        client.force_login(enrollment.learner)
        first = client.get(LESSON)
        try_it(enrollment, "what-to-wipe", ["1"])
        orders.append([texts_of_choices(response) for response in (first, client.get(LESSON))])
    assert all(sorted(first) == sorted(again) for first, again in orders)
    assert any(first != again for first, again in orders)


def texts_of_choices(response):
    return [label.text for label in soup_of(response).select("#q-what-to-wipe form label")]


def test_a_dot_for_each_question_leads_to_it_and_says_how_it_stands(client, enrollment):
    for question, raws in {"what-first": ["0"], "what-to-wipe": ["1"], "in-order": ["0", "1", "2"]}.items():
        try_it(enrollment, question, raws)
    try_it(enrollment, "what-to-wipe", ["0", "2"])
    try_it(enrollment, "what-to-wipe", ["1"])  # once right stays right
    try_it(enrollment, "note", ["So."])
    dots = soup_of(client.get(LESSON)).select_one("#lesson-dots")
    assert {dot["href"]: dot.text.strip() for dot in dots.select("a")} == {
        "#q-what-first": "Question 1: not right yet",
        "#q-what-to-wipe": "Question 2: answered right",
        "#q-what-is-wrong": "Question 3: not answered yet",
        "#q-in-order": "Question 4: answered right",
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
    whole = reverse("learning:show-whole", args=["tea-room", "boiling"])
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


def test_the_order_stays_over_a_reload(client, enrollment):
    first, second = (soup_of(client.get(LESSON)).select("#q-what-to-wipe label") for _ in range(2))
    assert [label.text for label in first] == [label.text for label in second]


def test_every_question_is_a_named_group_with_what_is_asked(client, enrollment):
    page = soup_of(client.get(LESSON))
    forms = page.select("form[data-answer]")
    assert len(forms) == 7
    for form in forms:
        fieldset = form.select_one("fieldset")
        assert fieldset.legend.h3.text
        assert page.find(id=fieldset["aria-describedby"].split()[0])
        for field in form.select("select, textarea"):
            labelled = field.get("aria-labelledby") or page.select_one(f"label[for='{field['id']}']")
            assert labelled


def test_ids_are_unique_also_when_a_question_stands_twice(client, enrollment):
    for question, raw in {"what-first": ["0"], "in-order": ["2", "1", "0"], "sorted": ["1", "1", "1"]}.items():
        try_it(enrollment, question, raw)
    ids = [tag["id"] for tag in soup_of(client.get(LESSON)).select("[id]")]
    assert len(ids) == len(set(ids))


def test_blocks_of_other_posts_are_folded_and_not_hidden(client, enrollment):
    assert "Be quiet at night." in soup_of(client.get(LESSON)).select_one("details.other-post").text
    client.post(reverse("learning:tracks", args=["tea-room"]), {"track": "night"})
    page = soup_of(client.get(LESSON))
    assert page.select_one("details.other-post") is None
    assert "Be quiet at night." in page.select_one("aside.callout.post").text


def test_a_course_that_lacks_the_language_of_the_page_is_marked_as_what_it_is(client):
    files = {path: data for path, data in make_files().items() if ".en." not in path}
    files["course.zh-hans.md"] = files["course.zh-hans.md"].replace(b"[zh-Hans, en]", b"[zh-Hans]")
    client.force_login(make_enrollment(course=make_course(files)).learner)
    page = soup_of(client.get(LESSON, headers={"accept-language": "en"}))
    assert page.html["lang"] == "en"
    assert page.article["lang"] == "zh-Hans"
    assert page.select_one("#lesson-state")["lang"] == "en"


# Other pages


def test_the_post_is_chosen_among_the_courses_own(client, enrollment):
    url = reverse("learning:tracks", args=["tea-room"])
    assert client.post(url, {"track": "nowhere"}).status_code == 422
    assert client.post(url, {}).status_code == 422
    assert client.post(url, {"track": "night"}).status_code == 302
    enrollment.refresh_from_db()
    assert enrollment.track == "night"


def test_the_emergency_card_gives_the_number_to_ring(client, enrollment):
    page = soup_of(client.get(reverse("learning:card", args=["tea-room"])))
    assert page.select_one("a[href='tel:119']").text == "119"


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
    complete_lesson(enrollment, serving.page(enrollment.course.current, "boiling", "en"))
    files, path = make_files(), "01-water/01-boiling.en.md"
    files[path] = files[path].replace(b"> Good.", b"> Good, and it stays off.")
    import_course(files, weights={"boiling": "retake"})
    strip = soup_of(client.get(LESSON)).select_one("#changed")
    assert (strip.select(".diff"), "Its sentences are as you read them." in strip.text) == ([], True)
    files[path] = files[path].replace(b"It has boiled.", b"It has boiled twice.")
    import_course(files, weights={"boiling": "retake"})
    strip = soup_of(client.get(LESSON)).select_one("#changed")
    assert (len(strip.select(".diff")), "Its sentences are as you read them." in strip.text) == (1, False)


def test_a_lesson_with_an_unfinished_check_is_not_marked_as_read(client, enrollment):
    client.post(reverse("learning:mark-read", args=["tea-room", "boiling"]))
    assert not Completion.objects.exists()
    assert "when each question was answered" in client.get(LESSON).text
