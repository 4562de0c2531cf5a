"""Simulations played in a real browser: by keyboard alone, against the clock, through a broken line, without script."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from courseware.content.rendering import store
from courseware.simulations import attempts
from courseware.simulations.models import Decision, SimulationAttempt
from courseware.simulations.replay import page_of, replay_of, rules_of
from tests.browser.keyboard import Keyboard
from tests.browser.test_accessibility import assert_fine, languages
from tests.making import PASSWORD, make_editor, make_enrollment, make_user
from tests.simulations.playing import RED, begin, play, take
from tests.simulations.samples import KETTLE, SIMULATION, make_simulation_course

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.only_if_changed("content/", "static/", "templates/", "courseware/simulations/"),
]
INTRO = f"/simulations/tea-room/{KETTLE}/"
SHORT = {"zh_hans": SIMULATION["zh-hans"].replace("seconds: 20", "seconds: 2")}


@pytest.fixture
def enrollment(site):
    return make_enrollment(make_user("Lea Learner"), make_simulation_course())


def start(page, address=INTRO, *, timing="written"):
    page.goto(address)
    page.locator(f"input[value={timing}]").check()
    page.locator(".begin .btn").click()
    expect(page.get_by_label("Choose with the keys")).to_be_visible()  # the script shows it, so it is there
    return page


def press_key_of(page, name):
    """Press the digit that the page shows for this choice or part."""
    offer = page.locator("[data-key]").and_(page.get_by_role("button", name=name).or_(page.get_by_label(name)))
    page.keyboard.press(offer.get_attribute("data-key"))


def situation(page, title):
    expect(page.locator("h1")).to_have_text(title)


# By keyboard ----------------------------------------------------------------------------------------------------------


@pytest.mark.main_way
def test_a_run_is_played_by_keyboard_from_the_start_to_the_debrief_and_into_another_way(visit, enrollment):
    page = visit(enrollment.learner)
    keyboard = Keyboard(page)
    page.goto(INTRO)
    keyboard.choose(page.locator(".timing"), "Twice the time")
    keyboard.press(page.get_by_role("button", name="Start the simulation"))
    situation(page, "The bell rings")
    keyboard.press(page.get_by_role("button", name="Finish the tea"))
    situation(page, "Where are you?")
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator(".last")).to_contain_text("Calm −30")
    keyboard.press(page.get_by_role("button", name="At home"), "Space")
    situation(page, "Your own kitchen")
    press_key_of(page, "Put the lid on")
    situation(page, "Add note")
    keyboard.tick(page.get_by_label("Where it burns"))
    press_key_of(page, "Whether all are out")
    keyboard.press(page.get_by_role("button", name="Send form"))
    expect(page).to_have_url(re.compile("/debrief/$"))
    situation(page, "Burnt down")
    keyboard.press(page.locator("#decision-1").get_by_role("button", name="Try another way"))
    situation(page, "The bell rings")
    assert list(Decision.objects.values_list("place", "picked")) == [(1, []), (1, []), (0, []), (0, [0, 1])]


def test_however_long_the_scene_is_the_button_that_begins_is_seen_at_once_and_hides_no_choice(visit, enrollment):
    page = visit(enrollment.learner, viewport={"width": 390, "height": 300})
    page.goto(INTRO)
    button = page.get_by_role("button", name="Start the simulation")
    expect(button).to_be_in_viewport(ratio=1)
    keyboard = Keyboard(page)
    keyboard.choose(page.locator(".timing"), "Without a clock")
    chosen, begin_at = page.locator(".timing :checked").bounding_box(), button.bounding_box()
    assert chosen["y"] + chosen["height"] <= begin_at["y"]


def test_keys_do_nothing_once_they_are_turned_off(visit, enrollment):
    page = start(visit(enrollment.learner), timing="off")
    page.get_by_label("Choose with the keys").uncheck()
    page.keyboard.press("1")
    page.get_by_role("button", name="Send Li").click()
    situation(page, "Where are you?")
    expect(page.get_by_label("Choose with the keys")).not_to_be_checked()
    assert Decision.objects.get().place == 2


SENSES = """
globalThis.sensed = [];
const note = (what) => sensed.push(what);
Object.defineProperty(navigator, "vibrate", { value: (pattern) => note(pattern.length) });
Object.defineProperty(globalThis, "speechSynthesis", { value: {
  getVoices: () => [{ lang: "en-US" }, { lang: "zh-CN" }], cancel: () => note("hush"), addEventListener: () => {},
  speak: ({ text, lang }) => note(`${lang}: ${text}`) } });
globalThis.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
Object.defineProperty(SpeechSynthesisUtterance.prototype, "voice", { set() {} });
globalThis.AudioContext = class {
  currentTime = 0; destination = {};
  node = { frequency: {}, gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, start: () => note("tone"),
    stop() {}, connect: (next) => next };
  createOscillator() { return this.node; }
  createGain() { return this.node; }
};
"""


def test_nothing_is_heard_or_felt_or_read_aloud_but_by_choice_and_a_choice_stays(visit, enrollment):
    page = visit(enrollment.learner)
    page.add_init_script(SENSES)
    start(page, timing="off")
    expect(page.get_by_label("Vibration")).to_be_hidden()  # nothing shakes under a mouse
    assert page.evaluate("sensed.filter((what) => what !== 'hush')") == []
    page.get_by_label("Read aloud").check()
    said = ["en-US: The bell rings", "en-US: Li The tea room, I think.", "en-US: Wang Never mind it."]
    assert page.evaluate("sensed.filter((what) => what !== 'hush')") == said
    page.get_by_label("Sound").check()
    page.evaluate("sensed.length = 0")
    page.get_by_role("button", name="Send Li").click()
    situation(page, "Where are you?")
    assert page.evaluate("sensed") == ["hush", "en-US: Where are you?"]  # no alarm there
    page.reload()
    expect(page.get_by_label("Read aloud")).to_be_checked()
    assert page.evaluate("sensed") == ["hush", "en-US: Where are you?"]


def test_a_call_that_comes_in_during_a_run_rings_for_who_wants_sound(visit, site):
    display = "\n\n> [!screen phone]\n> - number: 8300\n> - on-file: yes"
    source = SIMULATION["zh-hans"].replace("{#where .scene seconds=0}", "{#where .call seconds=0}" + display)
    course = make_simulation_course(zh_hans=source, en=SIMULATION["en"].replace("{#where}", "{#where}" + display))
    page = visit(make_enrollment(make_user(), course).learner)
    page.add_init_script(SENSES)
    start(page, timing="off")
    page.get_by_label("Sound").check()
    page.evaluate("sensed.length = 0")
    page.get_by_role("button", name="Send Li").click()
    situation(page, "Where are you?")
    assert page.evaluate("sensed.filter((what) => what === 'tone').length") == 2


def test_what_is_said_comes_line_by_line_and_all_at_once_by_one_press_or_where_motion_is_not_wanted(visit, site):
    slow = SIMULATION["zh-hans"].replace("好像是茶水间。", "好像是茶水间。" * 40)  # the next line waits for a minute
    enrollment = make_enrollment(make_user(), make_simulation_course(zh_hans=slow))
    page = start(visit(enrollment.learner), timing="off")
    late, button = page.locator(".line.later"), page.get_by_role("button", name="Show all at once")
    expect(late).to_have_text("Wang Never mind it.")
    button.click()
    expect(late).to_have_count(0)
    expect(button).to_be_hidden()
    calm = visit(enrollment.learner, reduced_motion="reduce")
    calm.goto(page.url)
    expect(calm.get_by_label("Choose with the keys")).to_be_visible()
    expect(calm.locator(".line.later")).to_have_count(0)
    expect(calm.get_by_role("button", name="Show all at once")).to_be_hidden()


# Against the clock ----------------------------------------------------------------------------------------------------


def test_when_the_clock_has_run_down_the_branch_for_doing_nothing_is_taken(visit, site):
    enrollment = make_enrollment(make_user(), make_simulation_course(**SHORT))
    page = start(visit(enrollment.learner))
    clock = page.get_by_role("timer")
    expect(clock).to_contain_text("2 seconds")
    expect(page.locator("[data-announce]")).to_contain_text("The clock runs: 2 seconds.")
    situation(page, "Where are you?")
    expect(page.locator(".last")).to_contain_text("Time is up You do not move")
    assert Decision.objects.values_list("is_timeout", "seconds").get() == (True, 2)


def test_a_page_loaded_again_goes_on_with_the_time_that_is_left(visit, enrollment):
    page = start(visit(enrollment.learner))
    left = page.locator("[data-left-seconds]")
    expect(left).to_have_text("18", timeout=15_000)
    page.reload()
    expect(left).to_have_text(re.compile("1[5-8]"))
    assert not Decision.objects.exists()


def test_a_pause_holds_the_next_situation_until_it_is_wanted(visit, enrollment):
    page = start(visit(enrollment.learner))
    page.get_by_label("Pause after this decision").check()
    page.keyboard.press("1")
    expect(page.locator("h1")).to_have_text("Paused")
    expect(page.locator("h1")).to_be_focused()
    page.get_by_role("button", name="Go on").click()
    situation(page, "Where are you?")


# Broken lines and old tabs --------------------------------------------------------------------------------------------


def test_a_decision_made_without_network_is_kept_and_sent_once_by_itself(visit, enrollment):
    page = start(visit(enrollment.learner))
    page.context.set_offline(True)
    page.keyboard.press("1")
    expect(page.locator("[data-trouble]")).to_contain_text("No connection.")
    assert not Decision.objects.exists()
    page.context.set_offline(False)
    situation(page, "Where are you?")
    assert Decision.objects.count() == 1


def test_a_decision_made_in_time_counts_however_long_the_network_is_gone(visit, enrollment):
    page = start(visit(enrollment.learner))
    page.context.set_offline(True)
    press_key_of(page, "Put the cup down")
    expect(page.locator("[data-trouble]")).to_contain_text("No connection.")
    SimulationAttempt.objects.update(shown_at=timezone.now() - timedelta(hours=1))
    page.context.set_offline(False)
    situation(page, "Where are you?")
    assert Decision.objects.values_list("place", "is_timeout").get() == (0, False)


def test_the_last_decision_made_without_network_leads_to_the_debrief_and_asks_nothing(visit, enrollment):
    run = begin(enrollment, flags=[])
    take(run, 0), take(run, 0)
    page, asked = visit(enrollment.learner), []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(f"/simulation-attempts/{run.pk}/")
    page.context.set_offline(True)
    page.get_by_role("button", name="Send form").click()
    expect(page.locator("[data-trouble]")).to_contain_text("No connection.")
    page.context.set_offline(False)
    expect(page).to_have_url(re.compile("/debrief/$"))
    assert asked == []


def test_a_lid_that_was_closed_lets_no_time_run_out(visit, enrollment):
    page = visit(enrollment.learner)
    page.clock.install()
    start(page)
    SimulationAttempt.objects.update(shown_at=timezone.now() - timedelta(hours=1))
    page.clock.fast_forward("01:00:00")
    expect(page.locator("main")).to_contain_text("ran out while you were away")
    assert not Decision.objects.exists()


def test_the_second_half_of_a_double_click_decides_nothing_in_the_next_situation(visit, enrollment):
    page = start(visit(enrollment.learner), timing="off")
    page.get_by_role("button", name="Put the cup down").click()
    situation(page, "Where are you?")
    page.get_by_role("button", name="In the shop").hover()
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    page.get_by_role("button", name="At home").click()
    situation(page, "Your own kitchen")
    assert list(Decision.objects.values_list("place", flat=True)) == [0, 1]


def test_a_run_goes_on_after_signing_in_again(visit, enrollment):
    page = start(visit(enrollment.learner), timing="off")
    run = page.url
    page.context.clear_cookies()
    page.keyboard.press("1")
    page.get_by_label("Email address").fill(enrollment.learner.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(run)
    situation(page, "The bell rings")
    page.keyboard.press("1")
    situation(page, "Where are you?")
    assert Decision.objects.count() == 1


@pytest.mark.main_way
def test_without_javascript_it_is_played_page_by_page_and_without_a_clock(visit, enrollment):
    page = visit(enrollment.learner, java_script_enabled=False)
    page.goto(INTRO)
    expect(page.locator(".timing")).to_be_hidden()
    page.get_by_role("button", name="Start the simulation").click()
    for choice in ("Put the cup down and look", "In the shop"):
        page.get_by_role("button", name=choice).click()
    page.get_by_label("Where it burns").check()
    page.get_by_role("button", name="Send form").click()
    if SimulationAttempt.objects.get().flags:
        page.get_by_role("button", name="Seat him outside").click()
    expect(page.locator("h1")).to_have_text("A false alarm")
    assert SimulationAttempt.objects.get().timing == "off"


# How it looks ---------------------------------------------------------------------------------------------------------


@languages()
def test_pages_of_who_plays(language, visit, enrollment):
    page = visit(enrollment.learner, language=language)
    red = play(enrollment, RED)
    run = attempts.start(enrollment, KETTLE, timing="off")
    here = f"/simulation-attempts/{run.pk}/"
    assert_fine(page, [INTRO, here, f"{here.replace(str(run.pk), str(red.pk))}debrief/", "/learn/tea-room/record/"])
    attempts.decide(run, 1, 1)
    attempts.decide(run, 2, 0)
    assert_fine(page, [here])
    attempts.quit_attempt(run)
    run = attempts.start(enrollment, KETTLE, timing="paused")
    attempts.decide(run, 1, 0)
    assert_fine(page, [f"/simulation-attempts/{run.pk}/"])


@languages()
def test_pages_of_who_looks_how_it_was_played(language, visit, enrollment):
    for _ in range(5):
        play(make_enrollment(course=enrollment.course), RED)
    document = enrollment.course.documents.get(identifier=KETTLE)
    pages = [f"/team/simulations/tea-room/{KETTLE}/", f"/admin/content/document/{document.pk}/change/"]
    assert_fine(visit(make_editor(), language=language), pages)


# The simulations that are shipped -------------------------------------------------------------------------------------


@pytest.fixture
def player(shipped_course):
    return make_enrollment(make_user("Lea Learner"), shipped_course).learner


def test_the_first_simulation_that_is_shipped_is_played_by_keyboard_to_its_best_ending(visit, shipped_course, player):
    first, *_ = simulations_of(shipped_course)
    assert play_to_the_end(visit(player), shipped_course, first, best).colour == "green"


@languages()
def test_every_simulation_that_is_shipped_is_played_by_keyboard_to_its_best_and_its_worst_ending(
    language, visit, shipped_course, player
):
    page = visit(player, language=language)
    for simulation in simulations_of(shipped_course):
        assert play_to_the_end(page, shipped_course, simulation, best).colour == "green"
        assert play_to_the_end(page, shipped_course, simulation, worst).colour != "green"


def simulations_of(course):
    steps = store.outline(course.current, course.source_language).steps
    return [step.id for step in steps if step.kind == "simulation"]


def play_to_the_end(page, course, simulation, choose):
    """Play by the digits alone; gives the finished run, whose ending stands on the page."""
    page.goto(f"/simulations/{course.identifier}/{simulation}/")
    off = page.locator("input[value=off]")
    if off.count():  # one without times has nothing to choose
        off.check()
    page.locator(".begin .btn").click()
    expect(page.locator("[data-setting=keys]")).to_be_visible()  # the script is there
    run = SimulationAttempt.objects.with_release().latest("pk")
    while not (trail := replay_of(run)).ending:
        expect(page.locator("input[name=position]")).to_have_value(str(trail.position))
        place, picked = choose(trail)
        offers = [f"[name=part][value='{part}']" for part in picked] + [f"button[name=choice][value='{place}']"]
        for offer in offers:
            page.keyboard.press(page.locator(f"{offer}[data-key]").get_attribute("data-key"))
        expect(page.locator(f"input[name=position][value='{trail.position}']")).to_have_count(0)
    page.wait_for_url("**/debrief/")
    run.refresh_from_db()
    language = "en" if page.locator("html").get_attribute("lang") == "en" else "zh-hans"
    ending = page_of(run, language).simulation.endings_by_id[run.ending]
    assert ending.title in page.locator("h1").inner_html()
    return run


def best(trail):
    return trail.rules.best(trail.state)


def worst(trail):
    """The choice that is worth least, and the parts that do not belong."""
    node = trail.node
    place = min(trail.rules.offered(trail.state), key=lambda place: rules_of(trail.run).points(node.id, place))
    return place, [part for part, one in enumerate(node.parts) if not one.belongs]
