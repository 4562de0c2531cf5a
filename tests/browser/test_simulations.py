"""Simulations by keyboard, against the clock, offline and without script."""

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
    pytest.mark.slow,
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
    expect(page.get_by_label("Press 1, 2, 3 … to choose")).to_be_visible()  # shown by the script, so it is loaded
    return page


def press_key_of(page, name):
    """Press the digit shown for this choice or part."""
    offer = page.locator("[data-key]").and_(page.get_by_role("button", name=name).or_(page.get_by_label(name)))
    page.keyboard.press(offer.get_attribute("data-key"))


def situation(page, title):
    expect(page.locator("h1")).to_have_text(title)


# By keyboard ----------------------------------------------------------------------------------------------------------


@pytest.mark.main_way
def test_simulation_and_what_if_by_keyboard(visit, enrollment):
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
    situation(page, "Write a note")
    keyboard.tick(page.get_by_label("Where it burns"))
    press_key_of(page, "Whether all are out")
    keyboard.press(page.get_by_role("button", name="Send it"))
    expect(page).to_have_url(re.compile("/debrief/$"))
    situation(page, "Burnt down")
    keyboard.press(page.locator("#decision-1").get_by_role("button", name="Try again"))
    situation(page, "The bell rings")
    assert list(Decision.objects.values_list("place", "picked")) == [(1, []), (1, []), (0, []), (0, [0, 1])]


def test_start_button_is_visible_and_covers_no_choice(visit, enrollment):
    page = visit(enrollment.learner, viewport={"width": 390, "height": 300})
    page.goto(INTRO)
    button = page.get_by_role("button", name="Start the simulation")
    expect(button).to_be_in_viewport(ratio=1)
    keyboard = Keyboard(page)
    keyboard.choose(page.locator(".timing"), "Without a time limit")
    chosen, begin_at = page.locator(".timing :checked").bounding_box(), button.bounding_box()
    assert chosen["y"] + chosen["height"] <= begin_at["y"]


def test_digit_keys_can_be_turned_off(visit, enrollment):
    page = start(visit(enrollment.learner), timing="off")
    page.get_by_label("Press 1, 2, 3 … to choose").uncheck()
    page.keyboard.press("1")
    page.get_by_role("button", name="Send Li").click()
    situation(page, "Where are you?")
    expect(page.get_by_label("Press 1, 2, 3 … to choose")).not_to_be_checked()
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


def test_sound_and_speech_are_opt_in_and_persist(visit, enrollment):
    page = visit(enrollment.learner)
    page.add_init_script(SENSES)
    start(page, timing="off")
    expect(page.get_by_label("Vibration")).to_be_hidden()  # hidden without a touch screen
    assert page.evaluate("sensed.filter((what) => what !== 'hush')") == []
    page.get_by_label("Read aloud").check()
    spoken = ["en-US: The bell rings", "en-US: Li The tea room, I think.", "en-US: Wang Never mind it."]
    assert page.evaluate("sensed.filter((what) => what !== 'hush')") == spoken
    page.get_by_label("Sound").check()
    page.evaluate("sensed.length = 0")
    page.get_by_role("button", name="Send Li").click()
    situation(page, "Where are you?")
    assert page.evaluate("sensed") == ["hush", "en-US: Where are you?"]  # no alarm in this situation
    page.reload()
    expect(page.get_by_label("Read aloud")).to_be_checked()
    assert page.evaluate("sensed") == ["hush", "en-US: Where are you?"]


def test_incoming_call_rings_if_sound_is_on(visit, site):
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


def test_lines_appear_one_by_one_unless_skipped_or_reduced_motion(visit, site):
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
    expect(calm.get_by_label("Press 1, 2, 3 … to choose")).to_be_visible()
    expect(calm.locator(".line.later")).to_have_count(0)
    expect(calm.get_by_role("button", name="Show all at once")).to_be_hidden()


# Against the clock ----------------------------------------------------------------------------------------------------


def test_expired_timer_takes_timeout(visit, site):
    enrollment = make_enrollment(make_user(), make_simulation_course(**SHORT))
    page = start(visit(enrollment.learner))
    clock = page.get_by_role("timer")
    expect(clock).to_contain_text("2 seconds")
    expect(page.locator("[data-announce]")).to_contain_text("Time limit: 2 seconds.")
    situation(page, "Where are you?")
    expect(page.locator(".last")).to_contain_text("Time is up You do not move")
    assert Decision.objects.values_list("is_timeout", "seconds").get() == (True, 2)


def test_reload_keeps_remaining_time(visit, enrollment):
    page = start(visit(enrollment.learner))
    left = page.locator("[data-left-seconds]")
    expect(left).to_have_text("18", timeout=15_000)
    page.reload()
    expect(left).to_have_text(re.compile("1[5-8]"))
    assert not Decision.objects.exists()


def test_pause_delays_next_situation(visit, enrollment):
    page = start(visit(enrollment.learner))
    page.get_by_label("Pause after this decision").check()
    page.keyboard.press("1")
    expect(page.locator("h1")).to_have_text("Paused")
    expect(page.locator("h1")).to_be_focused()
    page.get_by_role("button", name="Continue").click()
    situation(page, "Where are you?")


# Offline and old tabs


def test_offline_decision_is_sent_once(visit, enrollment):
    page = start(visit(enrollment.learner))
    page.context.set_offline(True)
    page.keyboard.press("1")
    expect(page.locator("[data-trouble]")).to_contain_text("No connection.")
    assert not Decision.objects.exists()
    page.context.set_offline(False)
    situation(page, "Where are you?")
    assert Decision.objects.count() == 1


def test_offline_decision_in_time_is_no_timeout(visit, enrollment):
    page = start(visit(enrollment.learner))
    page.context.set_offline(True)
    press_key_of(page, "Put the cup down")
    expect(page.locator("[data-trouble]")).to_contain_text("No connection.")
    SimulationAttempt.objects.update(shown_at=timezone.now() - timedelta(hours=1))
    page.context.set_offline(False)
    situation(page, "Where are you?")
    assert Decision.objects.values_list("place", "is_timeout").get() == (0, False)


def test_last_offline_decision_opens_debrief_without_dialog(visit, enrollment):
    attempt = begin(enrollment, flags=[])
    take(attempt, 0), take(attempt, 0)
    page, asked = visit(enrollment.learner), []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(f"/simulation-attempts/{attempt.pk}/")
    page.context.set_offline(True)
    page.get_by_role("button", name="Send it").click()
    expect(page.locator("[data-trouble]")).to_contain_text("No connection.")
    page.context.set_offline(False)
    expect(page).to_have_url(re.compile("/debrief/$"))
    assert asked == []


def test_suspended_device_causes_no_timeout(visit, enrollment):
    page = visit(enrollment.learner)
    page.clock.install()
    start(page)
    SimulationAttempt.objects.update(shown_at=timezone.now() - timedelta(hours=1))
    page.clock.fast_forward("01:00:00")
    expect(page.locator("main")).to_contain_text("ran out while you were away")
    assert not Decision.objects.exists()


def test_double_click_decides_once(visit, enrollment):
    page = start(visit(enrollment.learner), timing="off")
    page.get_by_role("button", name="Put the cup down").click()
    situation(page, "Where are you?")
    page.get_by_role("button", name="In the shop").hover()
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    page.get_by_role("button", name="At home").click()
    situation(page, "Your own kitchen")
    assert list(Decision.objects.values_list("place", flat=True)) == [0, 1]


def test_attempt_continues_after_new_sign_in(visit, enrollment):
    page = start(visit(enrollment.learner), timing="off")
    attempt_url = page.url
    page.context.clear_cookies()
    page.keyboard.press("1")
    page.get_by_label("Email or staff number").fill(enrollment.learner.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(attempt_url)
    situation(page, "The bell rings")
    page.keyboard.press("1")
    situation(page, "Where are you?")
    assert Decision.objects.count() == 1


@pytest.mark.slow
def test_simulation_without_javascript_has_no_timer(visit, enrollment):
    page = visit(enrollment.learner, java_script_enabled=False)
    page.goto(INTRO)
    expect(page.locator(".timing")).to_be_hidden()
    page.get_by_role("button", name="Start the simulation").click()
    for choice in ("Put the cup down and look", "In the shop"):
        page.get_by_role("button", name=choice).click()
    page.get_by_label("Where it burns").check()
    page.get_by_role("button", name="Send it").click()
    if SimulationAttempt.objects.get().flags:
        page.get_by_role("button", name="Seat him outside").click()
    expect(page.locator("h1")).to_have_text("A false alarm")
    assert SimulationAttempt.objects.get().timing == "off"


# Accessibility


@languages()
def test_player_pages_are_accessible(language, visit, enrollment):
    page = visit(enrollment.learner, language=language)
    red = play(enrollment, RED)
    attempt = attempts.start(enrollment, KETTLE, timing="off")
    here = f"/simulation-attempts/{attempt.pk}/"
    assert_fine(page, [INTRO, here, f"{here.replace(str(attempt.pk), str(red.pk))}debrief/", "/learn/tea-room/record/"])
    attempts.decide(attempt, 1, 1)
    attempts.decide(attempt, 2, 0)
    assert_fine(page, [here])
    attempts.quit_attempt(attempt)
    attempt = attempts.start(enrollment, KETTLE, timing="paused")
    attempts.decide(attempt, 1, 0)
    assert_fine(page, [f"/simulation-attempts/{attempt.pk}/"])


@languages()
def test_statistics_pages_are_accessible(language, visit, enrollment):
    for _ in range(5):
        play(make_enrollment(course=enrollment.course), RED)
    document = enrollment.course.documents.get(identifier=KETTLE)
    pages = [f"/team/simulations/tea-room/{KETTLE}/", f"/admin/content/document/{document.pk}/change/"]
    assert_fine(visit(make_editor(), language=language), pages)


# Shipped simulations


@pytest.fixture
def player(shipped_course):
    return make_enrollment(make_user("Lea Learner"), shipped_course).learner


def test_first_shipped_simulation_reaches_best_ending(visit, shipped_course, player):
    first, *_ = simulations_of(shipped_course)
    assert play_to_the_end(visit(player), shipped_course, first, best).colour == "green"


@languages()
def test_shipped_simulations_reach_best_and_worst_ending(language, visit, shipped_course, player):
    page = visit(player, language=language)
    for simulation in simulations_of(shipped_course):
        assert play_to_the_end(page, shipped_course, simulation, best).colour == "green"
        assert play_to_the_end(page, shipped_course, simulation, worst).colour != "green"


def simulations_of(course):
    steps = store.outline(course.current, course.source_language).steps
    return [step.id for step in steps if step.kind == "simulation"]


def play_to_the_end(page, course, simulation, choose):
    """Play with digit keys; return the finished attempt after checking the ending shown."""
    page.goto(f"/simulations/{course.identifier}/{simulation}/")
    off = page.locator("input[value=off]")
    if off.count():  # a simulation without times has no choice
        off.check()
    page.locator(".begin .btn").click()
    expect(page.locator("[data-setting=keys]")).to_be_visible()  # the script is loaded
    attempt = SimulationAttempt.objects.with_release().latest("pk")
    while not (replay := replay_of(attempt)).ending:
        expect(page.locator("input[name=position]")).to_have_value(str(replay.position))
        choice, picked = choose(replay)
        offers = [f"[name=part][value='{part}']" for part in picked] + [f"button[name=choice][value='{choice}']"]
        for offer in offers:
            page.keyboard.press(page.locator(f"{offer}[data-key]").get_attribute("data-key"))
        expect(page.locator(f"input[name=position][value='{replay.position}']")).to_have_count(0)
    page.wait_for_url("**/debrief/")
    attempt.refresh_from_db()
    language = "en" if page.locator("html").get_attribute("lang") == "en" else "zh-hans"
    ending = page_of(attempt, language).simulation.endings_by_id[attempt.ending]
    assert ending.title in page.locator("h1").inner_html()
    return attempt


def best(replay):
    return replay.rules.best(replay.state)


def worst(replay):
    """Return the choice with the fewest points and the parts that do not belong."""
    node = replay.node
    choice = min(replay.rules.offered(replay.state), key=lambda choice: rules_of(replay.run).points(node.id, choice))
    return choice, [part for part, one in enumerate(node.parts) if not one.belongs]
