"""Answer forms in lessons, with and without script."""

import uuid

import pytest

from courseware.learning.lessons.question_rendering import drawn_with
from courseware.learning.models import Answer
from tests.course_format.samples import make_files
from tests.learning.lesson_pages import LESSON, answer_url, practise, revision, sent, soup_of, stored_counts, try_it
from tests.making import make_course, make_enrollment

pytestmark = pytest.mark.django_db


def test_answer_without_script_redirects_to_its_question(client, enrollment):
    practise(enrollment)
    response = client.post(answer_url(), sent("1"))
    assert response.headers["Location"] == f"{LESSON}#q-is-it-off"
    page = soup_of(client.get(LESSON))
    block = page.select_one("#q-is-it-off")
    assert "✓ Right" in block.select_one("[role=status]").text
    assert "Lesson done" in page.select_one("#lesson-state").text
    assert page.select_one("#stop-boiling .tick")


def test_every_question_type_works_without_script(client, enrollment):
    page = soup_of(client.get(LESSON))
    for block in page.select("section.question"):
        form, fields = block.form, {}
        for field in form.select("input[type=hidden], select, textarea"):
            fields[field["name"]] = field.get("value", "")
        fields |= {"choice": form.select_one("[name=choice]")["value"]} if form.select_one("[name=choice]") else {}
        fields |= {radio["name"]: radio["value"] for radio in form.select("[name^=group]")}
        fields |= {select["name"]: number for number, select in enumerate(form.select("[name^=number]"), 1)}
        fields |= {"text": "I ring\r\nback."} if form.textarea else {}
        assert client.post(form["action"], fields).status_code == 302
    assert Answer.objects.count() == 7
    assert Answer.objects.get(question="note").response == "I ring\nback."


def test_invalid_form_is_shown_again_filled_in_with_error(client, enrollment):
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
def test_answer_above_rate_limit_is_shown_again(client, enrollment, settings, headers):
    settings.ANSWERS_PER_MINUTE = 1
    client.post(answer_url(), sent("1"))
    response = client.post(answer_url("note"), sent(text="Line one."), headers=headers)
    assert response.status_code == 422
    block = soup_of(response).select_one("#q-note")
    assert block.select_one(".invalid-feedback").text == (
        "You sent too many answers in 1 minute. Your answer is still in the form. Wait a moment, then send it again."
    )
    assert block.select_one("textarea").text.strip() == "Line one."
    assert Answer.objects.count() == 1


def test_script_gets_question_and_changed_parts(client, enrollment):
    practise(enrollment)
    response = client.post(answer_url(), sent("1"), headers={"HX-Request": "true"})
    page = soup_of(response)
    assert page.html is None
    assert {tag["id"] for tag in page.select("[hx-swap-oob]")} == {"lesson-dots", "lesson-state", "stop-boiling"}
    assert page.select_one("#q-is-it-off.right")


def test_script_gets_refused_form_in_its_place(client, enrollment):
    try_it(enrollment, "what-first", ["0"])
    response = client.post(answer_url("what-first"), sent(tries=1), headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Retarget"]) == (422, "#q-what-first")
    assert soup_of(response).select_one("#q-what-first .no > #again-what-first[open] .invalid-feedback")


def test_double_click_stores_one_answer_and_other_content_conflicts(client, enrollment):
    form = sent("1")
    assert [client.post(answer_url(), form).status_code for _ in range(2)] == [302, 302]
    assert Answer.objects.count() == 1
    response = client.post(answer_url(), {**form, "choice": "0"})
    assert response.status_code == 409
    assert f"{LESSON}#q-is-it-off" in response.text
    assert Answer.objects.count() == 1


def test_form_of_older_tab_counts_as_another_answer(client, enrollment):
    for tries, choice in ((0, "1"), (0, "0"), (1, "0")):
        assert client.post(answer_url(), sent(choice, tries=tries)).status_code == 302
    assert [one.is_right for one in Answer.objects.all()] == [True, False, False]
    page = soup_of(client.get(LESSON))
    assert "it counts" in page.select_one("#q-is-it-off").text
    assert page.select_one("#again-is-it-off") is None


@pytest.mark.slow
def test_completed_lesson_shows_progress_and_its_rule(client, enrollment):
    practise(enrollment)
    before = soup_of(client.get(LESSON)).select_one("#lesson-state")
    assert "0 of 2 steps done" in before.text
    assert "Water before fire." not in before.text
    client.post(answer_url(), sent("1"))
    page = soup_of(client.get(LESSON))
    assert "Steps done: 1. Steps left: 1." in page.select_one("#lesson-state").text
    assert page.select_one(".kept div").get_text(strip=True) == "Water before fire."
    ids = [tag["id"] for tag in page.select("[id]")]
    assert len(ids) == len(set(ids))


@pytest.mark.slow
def test_completed_lesson_without_rule_ends_with_its_phrase(client):
    files = {path: body.replace(b"> [!rule]", b"> [!warning]") for path, body in make_files().items()}
    enrollment = make_enrollment(course=make_course(files))
    client.force_login(enrollment.learner)
    practise(enrollment)
    try_it(enrollment, "is-it-off", ["1"])
    assert soup_of(client.get(LESSON)).select_one(".kept div").get_text(strip=True) == '"It has boiled."'


@pytest.mark.slow
def test_right_answer_can_be_practised_again(client, enrollment):
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
def test_form_with_invalid_fields_returns_400(client, enrollment, fields):
    assert client.post(answer_url(), fields).status_code == 400
    assert not Answer.objects.exists()


@pytest.mark.slow
def test_forged_fields_are_ignored(client, enrollment):
    forged = {"is_right": "true", "enrollment": 0, "answered_at": "2020-01-01", "outcome": "passed", "due_at": ""}
    client.post(answer_url(), sent("0", **forged))
    stored = Answer.objects.get()
    assert (stored.is_right, stored.enrollment) == (False, enrollment)
    assert stored.answered_at.year > 2020
    enrollment.refresh_from_db()
    assert enrollment.due_at


@pytest.mark.slow
def test_answer_to_removed_question_returns_409_with_link_to_lesson(client, enrollment):
    response = client.post(answer_url("nowhere"), sent("0"))
    assert response.status_code == 409
    assert LESSON in response.text


TEXTS = {
    "zh-hans": ["走开", "加水", "坐下", "早上七点"],
    "en": ["Walk away", "Fill it", "Sit down", "Seven in the morning"],
}


def release_lesson(order=(0, 1, 2), *, language="", extra="", heading=""):
    """Release the lesson with 3 options in "what-first" in this order; the second is right."""
    files = make_files()
    for code, (walk, fill, sit, morning) in TEXTS.items():
        path = f"01-water/01-boiling.{code}.md"
        is_changed = language in ("", code)
        texts = [(walk, fill, sit)[place] for place in (order if is_changed else (0, 1, 2))]
        source = files[path].decode()
        first, rest = source.index(f"- [ ] {walk}"), source.index("> [!rule]")
        lines = "".join(f"- [{'x' if text == fill else ' '}] {text}\n  > Because.\n" for text in texts)
        source = source[:first] + lines + (f"- [ ] {extra}\n  > Because.\n" if extra else "") + "\n" + source[rest:]
        files[path] = source.replace(f"## {morning}", f"## {heading or morning}").encode()
    return make_course(files)


@pytest.fixture
def enrollment_with_3_options(client):
    """Enrollment of a signed-in learner in the course with 3 options."""
    enrollment = make_enrollment(course=release_lesson())
    client.force_login(enrollment.learner)
    return enrollment


def fields_with_choice(client, text, question="what-first"):
    """Form fields with the option of this text ticked."""
    form = soup_of(client.get(LESSON)).select_one(f"#q-{question} form")
    (label,) = (label for label in form.select("label") if text in label.text)
    return {field["name"]: field["value"] for field in [*form.select("input[type=hidden]"), label.input]}


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [{"order": (2, 1, 0)}, {"order": (1, 0, 2)}, {"extra": "Sing"}, {"order": (2, 1, 0), "language": "en"}],
    ids=["two wrong swapped", "right and wrong swapped", "one more", "swapped in the language that is read"],
)
def test_answer_to_changed_options_is_refused_and_not_stored(client, enrollment_with_3_options, change):
    form = fields_with_choice(client, "Walk away")
    release_lesson(**change)
    response = client.post(answer_url("what-first"), form)
    assert response.status_code == 409
    page = soup_of(response)
    assert "changed while you had it open" in page.select_one(".error-summary a[href='#q-what-first']").text
    block = page.select_one("#q-what-first")
    assert "changed while you had it open" in block.select_one(".invalid-feedback").text
    assert block.select_one("[name=revision]")["value"] == str(revision()) != form["revision"]
    assert not block.select("[checked]")
    assert stored_counts() == (0, 0, 0)
    assert client.post(answer_url("what-first"), fields_with_choice(client, "Fill it")).status_code == 302
    assert Answer.objects.get().is_right


@pytest.mark.parametrize("before", ["", "0" * 12, "another key"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "script"])
def test_form_with_unknown_option_order_is_shown_again(client, enrollment, settings, before, headers):
    form = sent("1")
    if before == "another key":
        settings.SECRET_KEY = "another key " * 6
    else:
        form["drawn_with"] = before
    client.force_login(enrollment.learner)
    response = client.post(answer_url(), form, headers=headers)
    assert response.status_code == 409
    block = soup_of(response).select_one("#q-is-it-off")
    assert block.select_one(".invalid-feedback").text == (
        "The order of the options changed after you opened this page. Nothing was sent. Choose again."
    )
    assert not block.select("input[checked]")
    assert not Answer.objects.exists()
    again = {field["name"]: field["value"] for field in block.select("input[type=hidden]")}
    assert client.post(answer_url(), again | {"choice": "1"}).status_code == 302
    assert Answer.objects.count() == 1


def test_script_gets_changed_question_as_new_form(client, enrollment_with_3_options):
    form = fields_with_choice(client, "Walk away")
    release_lesson((2, 1, 0))
    response = client.post(answer_url("what-first"), form, headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Retarget"]) == (409, "#q-what-first")
    page = soup_of(response)
    assert page.html is None
    assert "changed while you had it open" in page.select_one("#q-what-first .invalid-feedback").text
    assert page.select_one("#q-what-first [name=token]")["value"] != form["token"]
    assert not Answer.objects.exists()


def test_script_gets_changed_missed_question_unfolded(client, enrollment_with_3_options):
    try_it(enrollment_with_3_options, "what-first", ["0"])
    form = sent("0", tries=1)
    release_lesson((2, 1, 0))  # the same key, so the miss still counts
    response = client.post(answer_url("what-first"), form, headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Retarget"]) == (409, "#q-what-first")
    assert "was changed" in soup_of(response).select_one("#again-what-first[open] .invalid-feedback").text
    assert Answer.objects.count() == 1


@pytest.mark.slow
def test_removed_option_is_reported_as_change(client, enrollment_with_3_options):
    form = fields_with_choice(client, "Sit down") | {"choice": "2"}
    make_course(make_files())
    assert client.post(answer_url("what-first"), form).status_code == 409
    assert not Answer.objects.exists()


@pytest.mark.slow
def test_change_elsewhere_in_lesson_does_not_affect_answer(client, enrollment_with_3_options):
    form = fields_with_choice(client, "Walk away")
    release_lesson(heading="Half past seven")
    assert str(revision()) != form["revision"]
    assert client.post(answer_url("what-first"), form).status_code == 302
    stored = Answer.objects.get()
    assert (stored.response, str(stored.revision_id)) == ([0], form["revision"])


def test_revision_of_another_document_is_refused(client, enrollment_with_3_options):
    for other in (revision("card"), 2**62):
        assert client.post(answer_url("what-first"), sent("0", revision=other)).status_code == 409
    assert not Answer.objects.exists()
