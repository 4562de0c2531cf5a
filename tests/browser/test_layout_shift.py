"""Nothing a reader has begun to read moves because a script came later, however late it comes."""

import pytest
from playwright.sync_api import expect

from courseware.learning.enrollments import enrollment as enrolling
from courseware.simulations import attempts
from courseware.simulations.models import TimeSetting
from tests.learning.lesson_pages import practise
from tests.making import days, make_user
from tests.world import finish_lessons

pytestmark = pytest.mark.exhaustive

PHONE = {"width": 360, "height": 740}
TELL_SHIFTS = """window.shifts = [];
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) {
    for (const { node } of shift.sources) window.shifts.push((node?.outerHTML ?? String(node)).slice(0, 90));
  }
}).observe({ type: "layout-shift", buffered: true });"""
SCRIPTS = "**/static/js/pages/*"
PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length"
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def shifts_of(page, path):
    """What moves on the page at `path`, when its scripts come only after it was painted."""
    held = []
    page.goto("about:blank")  # from one place of a page to another nothing would be loaded
    page.route(SCRIPTS, lambda route: held.append(route))
    page.goto(path, wait_until="commit")
    page.wait_for_function(PAINTED)
    assert held, f"{path}: no script was held back"
    for route in held:
        route.continue_()
    page.unroute(SCRIPTS)
    page.wait_for_load_state("networkidle")
    page.evaluate(TWO_FRAMES)
    return page.evaluate("window.shifts")


def assert_still(page, paths):
    """A busy machine paints in pieces now and then; what a page moves by itself, it moves each time."""
    for _ in range(3):
        moved = {path: shifts for path in paths if (shifts := shifts_of(page, path))}
        paths = list(moved)
    assert moved == {}


def test_nothing_moves_on_pages_of_who_learns(visit, world):
    newcomer = make_user("Nora New")
    enrollment = enrolling.enroll(newcomer, world.course, due_at=days(2))
    page = visit(newcomer, viewport=PHONE)
    page.add_init_script(TELL_SHIFTS)
    lesson = "/learn/tea-room/boiling/"
    paths = [
        "/",
        lesson,
        f"{lesson}#check",
        f"{lesson}#q-in-order",
        "/learn/tea-room/emergency-card/",
        "/learn/tea-room/job-role/",
    ]
    practise(enrollment)  # whoever is led past an open question sees the parts up to there open
    assert_still(page, paths)
    finish_lessons(enrollment)
    paths = ["/", "/exam/tea-room/last-cup/", "/learn/tea-room/record/"]
    assert_still(page, paths)


def test_nothing_moves_where_somebody_is_examined(visit, world):
    page = visit(world.learner, viewport=PHONE)
    page.add_init_script(TELL_SHIFTS)
    attempt = f"/attempts/{world.attempt.pk}/"
    paths = [*(f"{attempt}?question={number}" for number in (1, 2, 3)), f"{attempt}review/"]
    assert_still(page, paths)


@pytest.mark.parametrize("timing", [TimeSetting.WRITTEN, TimeSetting.OFF])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_nothing_moves_in_a_simulation_with_a_clock_or_without(language, timing, visit, world):
    learner = make_user("Nora New")
    run = attempts.start(enrolling.enroll(learner, world.course), world.run.simulation.identifier, timing=timing)
    page = visit(learner, language=language, viewport=PHONE)
    page.add_init_script(TELL_SHIFTS)
    assert_still(page, [f"/simulation-attempts/{run.pk}/"])
    expect(page.get_by_role("timer")).to_have_count(1 if timing == TimeSetting.WRITTEN else 0)


def test_what_moves_is_found(visit, world):
    page = visit(world.learner, viewport=PHONE)
    page.add_init_script(TELL_SHIFTS)
    page.goto("/")
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('afterbegin', '<p>A line that nobody expects.</p>')"
    )
    page.evaluate(TWO_FRAMES)
    assert page.evaluate("window.shifts") != []
