"""No layout shift when scripts load late."""

import pytest
from playwright.sync_api import expect

from courseware.learning.enrollments import enrollment as enrolling
from courseware.simulations import attempts
from courseware.simulations.models import TimeSetting
from tests.learning.lesson_pages import practise
from tests.making import days, make_user
from tests.world import finish_lessons

pytestmark = pytest.mark.slow

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
    """Return the elements that shift at `path` if its scripts load only after the first paint."""
    held = []
    page.goto("about:blank")  # in-page navigation would load nothing
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


def assert_no_shifts(page, paths):
    """Retry 3 times: a busy machine may paint in pieces, a real shift repeats."""
    for _ in range(3):
        moved = {path: shifts for path in paths if (shifts := shifts_of(page, path))}
        paths = list(moved)
    assert moved == {}


def test_learner_pages_do_not_shift(visit, world):
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
    practise(enrollment)  # the parts up to an open question are shown
    assert_no_shifts(page, paths)
    finish_lessons(enrollment)
    paths = ["/", "/exam/tea-room/last-cup/", "/learn/tea-room/record/"]
    assert_no_shifts(page, paths)


def test_exam_pages_do_not_shift(visit, world):
    page = visit(world.learner, viewport=PHONE)
    page.add_init_script(TELL_SHIFTS)
    attempt = f"/attempts/{world.attempt.pk}/"
    paths = [*(f"{attempt}?question={number}" for number in (1, 2, 3)), f"{attempt}review/"]
    assert_no_shifts(page, paths)


@pytest.mark.parametrize("timing", [TimeSetting.WRITTEN, TimeSetting.OFF])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_simulation_does_not_shift(language, timing, visit, world):
    learner = make_user("Nora New")
    attempt = attempts.start(enrolling.enroll(learner, world.course), world.run.simulation.identifier, timing=timing)
    page = visit(learner, language=language, viewport=PHONE)
    page.add_init_script(TELL_SHIFTS)
    assert_no_shifts(page, [f"/simulation-attempts/{attempt.pk}/"])
    expect(page.get_by_role("timer")).to_have_count(1 if timing == TimeSetting.WRITTEN else 0)


def test_shift_is_detected(visit, world):
    page = visit(world.learner, viewport=PHONE)
    page.add_init_script(TELL_SHIFTS)
    page.goto("/")
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('afterbegin', '<p>A line that nobody expects.</p>')"
    )
    page.evaluate(TWO_FRAMES)
    assert page.evaluate("window.shifts") != []
