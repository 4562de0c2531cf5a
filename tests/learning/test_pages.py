import uuid

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from courseware.content.compiled import serving
from courseware.content.models import ReleaseEntry
from courseware.language.questions import load_question
from courseware.learning.answering import answer
from courseware.learning.models import Answer, Completion, Enrollment, LessonReport
from courseware.learning.question_view import drawn_with
from tests.language.samples import make_files
from tests.making import days, make_course, make_enrollment, make_user

pytestmark = pytest.mark.django_db
LESSON = reverse("learning:step", args=["tea-room", "boiling"])
HOME = reverse("home")


def answer_url(question="is-it-off", step="boiling", course="tea-room"):
    return reverse("learning:answer", args=[course, step, question])


def sent(*choices, tries=0, **fields):
    return {
        "token": uuid.uuid4(),
        "tries": tries,
        "revision": revision(),
        "choice": choices,
        "drawn_with": drawn_with(),
    } | fields


def revision(lesson="boiling"):
    """Primary key of the revision a page shows now."""
    return ReleaseEntry.objects.filter(document__identifier=lesson).latest("pk").revision_id


@pytest.fixture
def enrollment(client):
    enrollment = make_enrollment(course=make_course(), due_at=days(9))
    client.force_login(enrollment.learner)
    return enrollment


def questions_of(enrollment, language="en"):
    page = serving.page(enrollment.course.current, "boiling", language)
    return {key: load_question(data) for key, data in page.data["questions"].items()}


def try_it(enrollment, question, raw):
    course = enrollment.course
    step = serving.outline(course.current, "en").step("boiling")
    return answer(enrollment, step, question, raw, token=uuid.uuid4())


def soup_of(response):
    return BeautifulSoup(response.content, "html.parser")


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


def test_a_missed_question_waits_at_the_end_and_leaves_when_it_is_right(client, enrollment):
    try_it(enrollment, "what-first", ["0"])
    page = soup_of(client.get(LESSON))
    assert page.select_one("#q-what-first form") is None
    assert page.select_one("#again-what-first form input[name=tries]")["value"] == "1"
    try_it(enrollment, "what-first", ["1"])
    page = soup_of(client.get(LESSON))
    assert page.select_one("#again-what-first") is None
    assert "hidden" in page.select_one("#again").attrs


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


# Answering


def test_without_script_an_answer_leads_back_to_its_question(client, enrollment):
    response = client.post(answer_url(), sent("1"))
    assert response.headers["Location"] == f"{LESSON}#q-is-it-off"
    page = soup_of(client.get(LESSON))
    card = page.select_one("#q-is-it-off")
    assert "✓ Right" in card.select_one("[role=status]").text
    assert "Lesson done" in page.select_one("#lesson-state").text
    assert page.select_one("#stop-boiling .tick")


def test_every_kind_can_be_answered_without_script(client, enrollment):
    page = soup_of(client.get(LESSON))
    for card in page.select("section.question"):
        form, fields = card.form, {}
        for field in form.select("input[type=hidden], select, textarea"):
            fields[field["name"]] = field.get("value", "")
        fields |= {"choice": form.select_one("[name=choice]")["value"]} if form.select_one("[name=choice]") else {}
        fields |= {radio["name"]: radio["value"] for radio in form.select("[name^=group]")}
        fields |= {select["name"]: number for number, select in enumerate(form.select("[name^=number]"), 1)}
        fields |= {"text": "I ring\r\nback."} if form.textarea else {}
        assert client.post(form["action"], fields).status_code == 302
    assert Answer.objects.count() == 7
    assert Answer.objects.get(question="note").response == "I ring\nback."


def test_a_form_that_cannot_be_taken_comes_back_filled_in_with_what_to_do(client, enrollment):
    fields = {"token": uuid.uuid4(), "tries": 0, "revision": revision(), "drawn_with": drawn_with(), "group-0": "1"}
    response = client.post(answer_url("sorted"), fields)
    assert response.status_code == 422
    page = soup_of(response)
    assert page.title.text.startswith("Error:")
    assert page.select_one(".error-summary a")["href"] == "#q-sorted"
    assert page.select_one("#q-sorted fieldset[aria-invalid=true]")
    assert page.select_one("#q-sorted input[name=group-0][value='1']").has_attr("checked")
    assert not Answer.objects.exists()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "script"])
def test_an_answer_too_many_in_a_minute_comes_back_as_it_was_chosen(client, enrollment, settings, headers):
    settings.ANSWERS_A_MINUTE = 1
    client.post(answer_url(), sent("1"))
    response = client.post(answer_url("note"), sent(text="Line one."), headers=headers)
    assert response.status_code == 422
    card = soup_of(response).select_one("#q-note")
    assert card.select_one(".invalid-feedback").text == (
        "These were very many answers for one minute. Wait a moment, then send this one again: it is still here."
    )
    assert card.select_one("textarea").text.strip() == "Line one."
    assert Answer.objects.count() == 1


def test_for_the_script_an_answer_brings_the_card_and_what_changed_beside_it(client, enrollment):
    response = client.post(answer_url(), sent("1"), headers={"HX-Request": "true"})
    page = soup_of(response)
    assert page.html is None
    assert {tag["id"] for tag in page.select("[hx-swap-oob]")} == {"again", "lesson-state", "stop-boiling"}
    assert page.select_one("#q-is-it-off.right")


def test_for_the_script_a_refused_form_goes_where_it_stood(client, enrollment):
    try_it(enrollment, "what-first", ["0"])
    response = client.post(answer_url("what-first"), sent(tries=1), headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Retarget"]) == (422, "#again-what-first")


def test_a_double_click_is_one_answer_and_another_content_a_conflict(client, enrollment):
    form = sent("1")
    assert [client.post(answer_url(), form).status_code for _ in range(2)] == [302, 302]
    assert Answer.objects.count() == 1
    response = client.post(answer_url(), {**form, "choice": "0"})
    assert response.status_code == 409
    assert f"{LESSON}#q-is-it-off" in response.text
    assert Answer.objects.count() == 1


def test_an_older_tab_is_another_try_and_no_error(client, enrollment):
    for tries, choice in ((0, "1"), (0, "0"), (1, "0")):
        assert client.post(answer_url(), sent(choice, tries=tries)).status_code == 302
    assert [one.is_right for one in Answer.objects.all()] == [True, False, False]
    page = soup_of(client.get(LESSON))
    assert "that counts" in page.select_one("#q-is-it-off").text
    assert page.select_one("#again-is-it-off") is None


def test_what_was_right_can_be_practised_again(client, enrollment):
    try_it(enrollment, "is-it-off", ["1"])
    assert soup_of(client.get(LESSON)).select_one("#q-is-it-off form") is None
    for again in ("is-it-off", "check"):
        assert soup_of(client.get(LESSON, {"again": again})).select_one("#q-is-it-off form")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"token": "x", "tries": 0},
        {"token": uuid.UUID(int=1), "revision": 1},
        {"token": uuid.UUID(int=1), "tries": 0},
        {"token": uuid.UUID(int=1), "tries": 0, "revision": "9" * 50},
        {"token": uuid.UUID(int=1), "tries": -1, "revision": 1},
        {"token": uuid.UUID(int=1), "tries": "9" * 5000, "revision": 1},
        {"token": "\0", "tries": "\0"},
    ],
)
def test_a_form_of_nobody_is_a_bad_request(client, enrollment, fields):
    assert client.post(answer_url(), fields).status_code == 400
    assert not Answer.objects.exists()


def test_what_is_decided_here_cannot_be_sent(client, enrollment):
    forged = {"is_right": "true", "enrollment": 0, "answered_at": "2020-01-01", "outcome": "passed", "due_at": ""}
    client.post(answer_url(), sent("0", **forged))
    stored = Answer.objects.get()
    assert (stored.is_right, stored.enrollment) == (False, enrollment)
    assert stored.answered_at.year > 2020
    enrollment.refresh_from_db()
    assert enrollment.due_at


def test_a_question_that_is_gone_says_so_and_leads_to_the_lesson(client, enrollment):
    response = client.post(answer_url("nowhere"), sent("0"))
    assert response.status_code == 409
    assert LESSON in response.text


# A lesson that is released anew while its form is open

WORDS = {
    "zh-hans": ["走开", "加水", "坐下", "早上七点"],
    "en": ["Walk away", "Fill it", "Sit down", "Seven in the morning"],
}


def release_lesson(order=(0, 1, 2), *, language="", more="", heading=""):
    """Release the lesson with three choices in "what-first", the second right, their texts standing in this order."""
    files = make_files()
    for code, (walk, fill, sit, morning) in WORDS.items():
        path = f"01-water/01-boiling.{code}.md"
        is_mine = language in ("", code)
        texts = [(walk, fill, sit)[place] for place in (order if is_mine else (0, 1, 2))]
        text = files[path].decode()
        first, rest = text.index(f"- [ ] {walk}"), text.index("> [!rule]")
        lines = "".join(f"- [{'x' if words == fill else ' '}] {words}\n  > Because.\n" for words in texts)
        text = text[:first] + lines + (f"- [ ] {more}\n  > Because.\n" if more else "") + "\n" + text[rest:]
        files[path] = text.replace(f"## {morning}", f"## {heading or morning}").encode()
    return make_course(files)


@pytest.fixture
def reader(client):
    """A learner in front of the lesson with three choices."""
    enrollment = make_enrollment(course=release_lesson())
    client.force_login(enrollment.learner)
    return enrollment


def ticked(client, words, question="what-first"):
    """What the form of the open page would send with the choice of these words ticked."""
    form = soup_of(client.get(LESSON)).select_one(f"#q-{question} form")
    (label,) = (label for label in form.select("label") if words in label.text)
    return {field["name"]: field["value"] for field in [*form.select("input[type=hidden]"), label.input]}


@pytest.mark.parametrize(
    "change",
    [{"order": (2, 1, 0)}, {"order": (1, 0, 2)}, {"more": "Sing"}, {"order": (2, 1, 0), "language": "en"}],
    ids=["two wrong swapped", "right and wrong swapped", "one more", "swapped in the language that is read"],
)
def test_an_answer_to_choices_that_were_changed_meanwhile_is_refused_and_nothing_is_kept(client, reader, change):
    form = ticked(client, "Walk away")
    release_lesson(**change)
    response = client.post(answer_url("what-first"), form)
    assert response.status_code == 409
    page = soup_of(response)
    assert "was changed while you had it open" in page.select_one(".error-summary a[href='#q-what-first']").text
    card = page.select_one("#q-what-first")
    assert "was changed while you had it open" in card.select_one(".invalid-feedback").text
    assert card.select_one("[name=revision]")["value"] == str(revision()) != form["revision"]
    assert not card.select("[checked]")
    assert facts() == (0, 0, 0)
    assert client.post(answer_url("what-first"), ticked(client, "Fill it")).status_code == 302
    assert Answer.objects.get().is_right


@pytest.mark.parametrize("before", [None, "", "0" * 12, "another key"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "script"])
def test_a_form_of_another_order_is_shown_anew_and_nothing_is_kept(client, enrollment, settings, before, headers):
    form = sent("1")
    if before == "another key":
        settings.SECRET_KEY = "another key " * 6
    elif before is None:  # from before orders were drawn with a key
        del form["drawn_with"]
    else:
        form["drawn_with"] = before
    client.force_login(enrollment.learner)
    response = client.post(answer_url(), form, headers=headers)
    assert response.status_code == 409
    card = soup_of(response).select_one("#q-is-it-off")
    assert card.select_one(".invalid-feedback").text == (
        "The choices stand in another order since you opened this page. Nothing was sent: choose again."
    )
    assert not card.select("input[checked]")
    assert not Answer.objects.exists()
    again = {field["name"]: field["value"] for field in card.select("input[type=hidden]")}
    assert client.post(answer_url(), again | {"choice": "1"}).status_code == 302
    assert Answer.objects.count() == 1


def test_what_was_written_is_kept_whatever_became_of_the_orders(client, enrollment):
    assert client.post(answer_url("note"), sent(text="Line one.", drawn_with="")).status_code == 302
    assert Answer.objects.get().response == "Line one."


def test_for_the_script_the_changed_question_comes_as_a_fresh_card(client, reader):
    form = ticked(client, "Walk away")
    release_lesson((2, 1, 0))
    response = client.post(answer_url("what-first"), form, headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Retarget"]) == (409, "#q-what-first")
    page = soup_of(response)
    assert page.html is None
    assert "was changed while you had it open" in page.select_one("#q-what-first .invalid-feedback").text
    assert page.select_one("#q-what-first [name=token]")["value"] != form["token"]
    assert not Answer.objects.exists()


def test_for_the_script_a_changed_question_that_waits_at_the_end_is_shown_there(client, reader):
    try_it(reader, "what-first", ["0"])
    form = sent("0", tries=1)
    release_lesson((2, 1, 0))  # the same key, so the miss still counts
    response = client.post(answer_url("what-first"), form, headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Retarget"]) == (409, "#again-what-first")
    assert "was changed" in soup_of(response).select_one("#again-what-first .invalid-feedback").text
    assert Answer.objects.count() == 1


def test_a_choice_that_is_gone_is_told_as_a_change_and_not_as_a_mistake(client, reader):
    form = ticked(client, "Sit down") | {"choice": "2"}
    make_course(make_files())
    assert client.post(answer_url("what-first"), form).status_code == 409
    assert not Answer.objects.exists()


def test_a_word_mended_elsewhere_in_the_lesson_disturbs_nobody(client, reader):
    form = ticked(client, "Walk away")
    release_lesson(heading="Half past seven")
    assert str(revision()) != form["revision"]
    assert client.post(answer_url("what-first"), form).status_code == 302
    stored = Answer.objects.get()
    assert (stored.response, str(stored.revision_id)) == ([0], form["revision"])


def test_a_revision_that_never_was_of_this_lesson_is_refused(client, reader):
    for other in (revision("card"), 2**62):
        assert client.post(answer_url("what-first"), sent("0", revision=other)).status_code == 409
    assert not Answer.objects.exists()


# Who may


def lesson_pages():
    course = ["tea-room"]
    yield "get", LESSON
    yield "get", reverse("learning:step", args=[*course, "voice"])
    yield "post", reverse("learning:step", args=[*course, "voice"])
    yield "post", answer_url()
    yield "post", reverse("learning:mark-read", args=[*course, "boiling"])
    yield "post", reverse("learning:report", args=[*course, "boiling"])
    for name in ("learning:tracks", "learning:card", "journey:record"):
        yield "get", reverse(name, args=course)
    yield "post", reverse("learning:tracks", args=course)
    yield "post", reverse("learning:finish", args=course)


def facts():
    return Answer.objects.count(), Completion.objects.count(), LessonReport.objects.count()


@pytest.mark.parametrize("method, url", list(lesson_pages()))
def test_an_outsider_finds_nothing_and_writes_nothing(client, enrollment, method, url):
    client.force_login(make_user())
    assert getattr(client, method)(url, sent("1", track="night", comment="x")).status_code == 404
    assert facts() == (0, 0, 0)


@pytest.mark.parametrize("method, url", list(lesson_pages()))
def test_who_is_not_signed_in_signs_in_and_comes_back_to_a_page(client, enrollment, method, url):
    client.logout()
    response = getattr(client, method)(url, sent("1"))
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/?next=/")
    assert "answer" not in response.headers["Location"]
    assert facts() == (0, 0, 0)


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


def test_a_get_changes_nothing(client, enrollment):
    before = Enrollment.objects.values().get()
    for method, url in lesson_pages():
        if method == "get":
            client.get(url)
            client.get(url, {"again": "check"})
    assert facts() == (0, 0, 0)
    assert Enrollment.objects.values().get() == before


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


def test_a_lesson_with_an_unfinished_check_is_not_marked_as_read(client, enrollment):
    client.post(reverse("learning:mark-read", args=["tea-room", "boiling"]))
    assert not Completion.objects.exists()
    assert "when its check is answered" in client.get(LESSON).text


# What pages cost


def longer_course(modules):
    files = {path.replace("02-end", "09-end"): data for path, data in make_files().items()}
    for number in range(2, modules + 1):
        for path, data in make_files().items():
            if path.startswith("01-water/") and "drill" not in path:
                new = data.replace(b"O1.", b"O%d." % number).replace(b"id: ", b"id: n%d-" % number)
                new = new.replace(b"covers: [M1.S1.P1, M1.S1]\n", b"")
                for question in (
                    "what-first",
                    "what-to-wipe",
                    "what-is-wrong",
                    "in-order",
                    "sorted",
                    "note",
                    "is-it-off",
                ):
                    new = new.replace(b"{#%s" % question.encode(), b"{#n%d-%s" % (number, question.encode()))
                files[path.replace("01-water", f"{number:02}-water")] = new
    return files


@pytest.mark.parametrize("modules", [1, 3])
def test_lesson_and_home_cost_the_same_for_any_size_of_the_course(client, django_assert_num_queries, modules):
    enrollment = make_enrollment(course=make_course(longer_course(modules)))
    client.force_login(enrollment.learner)
    try_it(enrollment, "what-first", ["0"])
    client.get(LESSON)  # outline and page are kept in memory from now on
    with django_assert_num_queries(5):  # session, person, enrollment, what is done, tries
        assert client.get(LESSON).status_code == 200
    with django_assert_num_queries(5):  # the same, the tries being those at the next lesson
        assert client.get(HOME).status_code == 200
