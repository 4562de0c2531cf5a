"""A lesson that is released anew, or drawn in another order, while its form is open."""

import pytest

from courseware.learning.models import Answer
from tests.language.samples import make_files
from tests.learning.lesson_pages import LESSON, answer_url, facts, revision, sent, soup_of, try_it
from tests.making import make_course, make_enrollment

pytestmark = pytest.mark.django_db
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


def test_for_the_script_a_changed_question_that_was_missed_comes_unfolded(client, reader):
    try_it(reader, "what-first", ["0"])
    form = sent("0", tries=1)
    release_lesson((2, 1, 0))  # the same key, so the miss still counts
    response = client.post(answer_url("what-first"), form, headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Retarget"]) == (409, "#q-what-first")
    assert "was changed" in soup_of(response).select_one("#again-what-first[open] .invalid-feedback").text
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
