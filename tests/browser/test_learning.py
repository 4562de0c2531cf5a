"""A learner takes the course by keyboard only, and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from courseware.assessment.models import Certificate
from courseware.learning.enrollments import enrollment
from courseware.learning.models import Enrollment, SurveyAnswers, SurveyReceipt
from tests.browser.courses import RIGHT
from tests.browser.keyboard import Keyboard
from tests.course_format.samples import make_files
from tests.learning.lesson_pages import practise
from tests.making import PASSWORD, make_course, make_user

pytestmark = pytest.mark.slow


def question(page, identifier):
    return page.locator(f"#q-{identifier}")


@pytest.mark.main_way
def test_course_by_keyboard_on_narrow_page_in_forced_colours(visit, learner):
    page = visit(viewport={"width": 360, "height": 740}, forced_colors="active")
    keys = Keyboard(page)
    sign_in(page, keys, learner)
    start_course(page, keys)
    answer_practice(page, keys)
    answer_wrong_then_right(page, keys)
    play_simulation(page, keys)
    mark_as_read(page, keys)
    take_exam(page, keys)
    open_certificate(page, keys, learner)
    answer_survey(page, keys)
    assert Enrollment.objects.get().completed_at


def sign_in(page, keys, learner):
    page.goto("/")
    keys.type(page.get_by_label("Email or staff number"), learner.email)
    keys.type(page.get_by_label("Password", exact=True), PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Welcome, "))


def start_course(page, keys):
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    keys.press(page.get_by_role("link", name=re.compile("^Start")))
    expect(page).to_have_title(re.compile("Boiling water"))


def answer_wrong_then_right(page, keys):
    check = question(page, "is-it-off")
    keys.choose(check, "No")
    keys.press(check.get_by_role("button", name="Check my answer"))
    expect(check.get_by_text("Not correct yet")).to_be_visible()
    expect(check).to_be_focused()
    expect(check).to_contain_text("Go and look.")
    expect(check).not_to_contain_text("Good.")
    again = page.locator("#again-is-it-off")
    keys.press(again.locator("summary"))
    keys.choose(again, "Yes")
    keys.press(again.get_by_role("button", name="Check my answer"))
    expect(page.locator("#lesson-state")).to_contain_text("Lesson done")
    expect(page.locator("[data-announce]")).to_contain_text("Right")


def play_simulation(page, keys):
    keys.press(page.get_by_role("link", name="Next: Drill"))
    keys.press(page.get_by_role("button", name="Start the simulation"))
    expect(page.get_by_role("heading", level=1)).to_have_text("At the door")
    keys.press(page.get_by_role("button", name="Leave"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Outside")


def mark_as_read(page, keys):
    keys.press(page.get_by_role("link", name="Next: Pouring"))
    keys.press(page.get_by_role("button", name="I have read it"))
    expect(page.locator("#lesson-state")).to_contain_text("Lesson done")


def take_exam(page, keys):
    keys.press(page.get_by_role("link", name="Go to the exam: The last cup"))
    keys.press(page.get_by_role("button", name="Start the exam"))
    for number in (1, 2):
        expect(page.get_by_text(f"Question {number} of 2")).to_be_visible()
        title = page.get_by_role("heading", level=1).inner_text()
        keys.press(page.get_by_role("link", name="Skip to the content"))
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_attribute("name", "choice")  # not the list of question numbers
        keys.choose(page.get_by_role("group", name=title), RIGHT[title])
        expect(page.locator("#exam-state")).to_contain_text("Saved")
        keys.press(page.get_by_role("button", name="Next question" if number == 1 else "Go to overview"))
    expect(page.get_by_text("You have answered every question")).to_be_visible()
    keys.press(page.get_by_role("button", name="Submit exam and see the result"))
    expect(page.get_by_role("heading", name="Passed", exact=True)).to_be_visible()


def open_certificate(page, keys, learner):
    keys.press(page.get_by_role("link", name="Open the certificate"))
    expect(page.get_by_role("article")).to_contain_text(learner.name)
    in_fours = re.findall(".{1,4}", Certificate.objects.get().number)
    expect(page.get_by_role("article")).to_contain_text("-".join(in_fours))
    page.go_back()


def answer_survey(page, keys):
    keys.press(page.get_by_role("link", name="Your view").last)
    keys.choose(page.get_by_role("group", name="Recommend it?"), "9")
    keys.type(page.get_by_role("textbox", name="More"), "Good tea.")
    keys.press(page.get_by_role("button", name="Send my answers"))
    expect(
        page.get_by_text("Thank you. The system records that you answered, but not what you answered.")
    ).to_be_visible()
    assert SurveyReceipt.objects.count() == 1
    assert list(SurveyAnswers.objects.values_list("answers", "learner")) == [
        ({"recommend": 9, "say-more": "Good tea."}, None)
    ]


def answer_practice(page, keys):
    """Answer a question of every type."""
    keys.choose(question(page, "what-first"), "Fill it")
    send(page, keys, "what-first", "Right")
    for label in ("The counter", "The spout"):
        keys.tick(question(page, "what-to-wipe").get_by_label(label))
    send(page, keys, "what-to-wipe", "Right")
    keys.tick(question(page, "what-is-wrong").get_by_label("The stove is on"))
    send(page, keys, "what-is-wrong", "Right")
    put_in_order(page, keys, ["Fill", "Heat", "Turn off"])
    send(page, keys, "in-order", "Right")
    for entry, group in {"Kettle": "Hot", "Ice": "Cold", "Tap water": "Cold"}.items():
        keys.choose(question(page, "sorted").get_by_role("group", name=entry), group)
    send(page, keys, "sorted", "Right")
    keys.type(question(page, "note").get_by_role("textbox"), "I turn it off.")
    keys.press(question(page, "note").get_by_role("button", name="Save"))
    expect(question(page, "note")).to_contain_text("Only you can read your answer")


# Right or wrong → answers by question type.
ANSWERS = {
    True: {"one": "Fill it", "several": ("The counter", "The spout"), "mark": "The stove is on", "check": "Yes"},
    False: {"one": "Walk away", "several": ("The counter", "The ceiling"), "mark": "I am off", "check": "No"},
}
IN_ORDER = ["Fill", "Heat", "Turn off"]


@pytest.mark.parametrize("is_right", [True, False], ids=["right", "wrong"])
def test_live_region_announces_verdict_first(is_right, visit, learner):
    page = visit(learner)
    keys, answers = Keyboard(page), ANSWERS[is_right]
    page.goto("/learn/tea-room/boiling/")

    verdict = "✓ Right" if is_right else "✗ Not correct yet"

    def send_and_hear(identifier, left, verdict=verdict):
        question(page, identifier).locator("button[type=submit]").first.click()
        # The verdict may be followed by a count of missing choices or right steps.
        expected = re.compile(rf"^{verdict}( [^.]+\.)? {left}$")
        expect(page.locator("[data-announce]")).to_have_text(expected)

    question(page, "what-first").get_by_label(answers["one"]).check()
    send_and_hear("what-first", r"6 questions left in this lesson\.")
    for label in answers["several"]:
        question(page, "what-to-wipe").get_by_label(label).check()
    send_and_hear("what-to-wipe", r"5 questions left in this lesson\.")
    question(page, "what-is-wrong").get_by_label(answers["mark"]).check()
    send_and_hear("what-is-wrong", r"4 questions left in this lesson\.")
    put_in_order(page, keys, IN_ORDER if is_right else IN_ORDER[::-1])
    send_and_hear("in-order", r"3 questions left in this lesson\.")
    for entry, group in {"Kettle": "Hot", "Ice": "Cold", "Tap water": "Cold" if is_right else "Hot"}.items():
        question(page, "sorted").get_by_role("group", name=entry).get_by_label(group).check()
    send_and_hear("sorted", r"2 questions left in this lesson\.")
    question(page, "note").get_by_role("textbox").fill("I turn it off.")
    send_and_hear("note", r"1 question left in this lesson\.", r"Saved \d\d:\d\d\.")
    question(page, "is-it-off").get_by_label(answers["check"]).check()
    send_and_hear("is-it-off", r"Lesson done\. .*" if is_right else r"1 question left in this lesson\.")


def test_answer_opens_next_part_and_dot_opens_parts_before(visit, learner):
    page = visit(learner)
    page.goto("/learn/tea-room/boiling/")
    parts = [question(page, each) for each in ("what-first", "what-to-wipe", "what-is-wrong", "in-order")]
    assert [part.is_visible() for part in parts] == [True, False, False, False]
    parts[0].get_by_label("Walk away").check()
    parts[0].get_by_role("button", name="Submit and see why").click()
    expect(parts[1]).to_be_visible()
    assert [part.is_visible() for part in parts] == [True, True, False, False]
    page.get_by_role("link", name="Question 4: not answered yet").click()
    expect(parts[3]).to_be_visible()
    assert [part.is_visible() for part in parts] == [True] * 4
    page.reload()
    page.get_by_role("button", name="Show the whole lesson").click()
    expect(question(page, "is-it-off")).to_be_visible()


def test_next_part_opens_without_job_role(visit, site):
    files, path = make_files(), "01-water/01-boiling.zh-hans.md"
    files[path] = files[path].replace(b"{#seven}", b"{#seven .tracks}")
    learner = make_user()
    enrollment.enroll(learner, make_course(files))
    page = visit(learner)
    page.goto("/learn/tea-room/boiling/")
    expect(page.get_by_role("button", name="Choose this job role")).to_be_visible()
    expect(question(page, "what-to-wipe")).to_be_hidden()
    question(page, "what-first").get_by_label("Walk away").check()
    question(page, "what-first").get_by_role("button", name="Submit and see why").click()
    expect(question(page, "what-to-wipe")).to_be_visible()


def test_all_parts_are_shown_without_script_and_in_print(visit, learner):
    page = visit(learner, java_script_enabled=False)
    page.goto("/learn/tea-room/boiling/")
    expect(question(page, "is-it-off")).to_be_visible()
    page = visit(learner)
    page.goto("/learn/tea-room/boiling/")
    expect(question(page, "is-it-off")).to_be_hidden()
    page.emulate_media(media="print")
    expect(question(page, "is-it-off")).to_be_visible()


def send(page, keys, identifier, outcome):
    keys.press(question(page, identifier).locator("button[type=submit]"))
    expect(question(page, identifier).get_by_role("status").first).to_contain_text(outcome)
    expect(question(page, identifier)).to_be_focused()


def put_in_order(page, keys, wanted):
    """Move each step up to its position with its button."""
    steps = question(page, "in-order").locator(".ordering > li")
    for position, label in enumerate(wanted):
        names = [step.locator(".text").inner_text() for step in steps.all()]
        for _ in range(names.index(label) - position):
            keys.press(page.get_by_role("button", name=f"Up: {label}", exact=True))
    assert [step.locator(".text").inner_text() for step in steps.all()] == wanted


def test_course_without_javascript(visit, learner):
    page = visit(learner, java_script_enabled=False)
    practise(Enrollment.objects.get(), but=["in-order"])
    page.goto("/learn/tea-room/boiling/")
    order = question(page, "in-order")
    for label, number in {"Fill": "1", "Heat": "2", "Turn off": "3"}.items():
        order.get_by_label(label, exact=True).select_option(number)
    order.get_by_role("button", name="Submit and see why").click()
    expect(order.get_by_role("status")).to_contain_text("Right")
    question(page, "is-it-off").get_by_role("button", name="Check my answer").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose one answer, then send it.")
    expect(page).to_have_title(re.compile("^Error:"))
    question(page, "is-it-off").get_by_label("Yes").check()
    question(page, "is-it-off").get_by_role("button", name="Check my answer").click()
    expect(page.locator("#lesson-state")).to_contain_text("Lesson done")
    page.get_by_role("link", name="Next: Drill").click()
    page.get_by_role("button", name="Start the simulation").click()
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("link", name="Next: Pouring").click()
    page.get_by_role("button", name="I have read it").click()
    page.get_by_role("link", name="Go to the exam: The last cup").click()
    page.get_by_role("button", name="Start the exam").click()
    for name in ("Next question", "Go to overview"):
        title = page.get_by_role("heading", level=1).inner_text()
        page.get_by_label(RIGHT[title]).check()
        page.get_by_role("button", name=name).click()
    page.get_by_role("button", name="Submit exam and see the result").click()
    expect(page.get_by_role("heading", name="Passed", exact=True)).to_be_visible()
    page.get_by_role("link", name="Your view").last.click()
    page.get_by_role("group", name="Recommend it?").get_by_label("9").check()
    page.get_by_role("button", name="Send my answers").click()
    expect(page.get_by_text("Thank you. The system records that you answered")).to_be_visible()


@pytest.mark.main_way
def test_switching_language_keeps_url(visit, learner):
    page = visit(learner)
    page.goto("/learn/tea-room/boiling/?again=check")
    page.get_by_role("button", name="中文").click()
    expect(page).to_have_url(re.compile(r"/learn/tea-room/boiling/\?again=check$"))
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.get_by_role("heading", level=1)).to_have_text("烧水")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Boiling water")


def test_switching_language_keeps_scroll_position(visit, learner):
    practise(Enrollment.objects.get())  # so that the check is visible
    page = visit(learner)
    page.goto("/learn/tea-room/boiling/")
    page.get_by_role("button", name="中文").click()
    expect(page).to_have_url(re.compile("/boiling/$"))  # nothing is added at the top
    page.locator("#check").evaluate("(heading) => heading.scrollIntoView()")
    page.get_by_role("button", name="English").evaluate("(button) => button.click()")
    expect(page).to_have_url(re.compile("/boiling/#check$"))
    expect(page.locator("#check")).to_be_in_viewport()


def test_chosen_theme_persists(visit, learner):
    page = visit(learner, color_scheme="light")
    page.goto("/")
    light = background(page)
    page.get_by_label("Dark", exact=True).check()
    assert background(page) != light
    page.reload()
    assert background(page) != light
    page.get_by_label("Same as device").check()
    assert background(page) == light


def background(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_slash_opens_search_and_hit_opens_paragraph(visit, learner):
    page = visit()
    sign_in(page, Keyboard(page), learner)
    page.wait_for_load_state()
    page.keyboard.press("/")
    field = page.get_by_role("searchbox")
    expect(field).to_be_focused()
    page.keyboard.type("stairs")
    page.keyboard.press("Enter")
    hit = page.locator(".found li a")
    expect(hit).to_contain_text("take the stairs")
    page.wait_for_load_state()
    page.keyboard.press("/")
    expect(field).to_be_focused()
    hit.click()
    target = page.locator(":target")
    expect(target).to_have_text("Put the cup down and take the stairs.")
    expect(target).to_be_in_viewport()


def test_phrase_is_saved_by_keyboard_and_filtered_by_typing(visit, learner):
    page = visit(learner)
    page.goto("/learn/tea-room/boiling/#say-note:1")
    star = page.locator(".star")
    star.focus()
    page.keyboard.press("Enter")
    expect(star).to_have_text(re.compile("^Saved"))
    expect(star).to_be_focused()  # the same key can undo it
    page.goto("/phrases/")
    phrase, none = page.locator("[data-phrase]"), page.locator("[data-none]")
    for typed, is_there in {"WATER bo": True, "fire": False, "boiled": True}.items():
        page.locator("#q").fill(typed)
        expect(phrase).to_be_visible(visible=is_there)
        expect(none).to_be_visible(visible=not is_there)
        expect(page.get_by_role("heading", name="Boiling water")).to_be_visible(visible=is_there)
