"""Every page in both languages, light and dark, wide and narrow: no violation of WCAG 2.2 AA or of good practice."""

import re
from contextlib import suppress
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.test import Client

from courseware.assessment.exams import attempts
from courseware.content.models import EmergencyContact
from courseware.content.rendering import store
from courseware.learning.enrollments import enrollment as enrolling
from courseware.learning.reference.saved_phrases import save_phrase
from courseware.lib.dates import site_day
from courseware.reporting.statistics.nightly_update import update_statistics
from tests.assignments.sheets import answered, completed
from tests.browser.invalid_forms import OF_THE_ADMIN, OF_THE_SITE
from tests.browser.selection import is_selected
from tests.making import code_of_an_app, days, join, make_enrollment, make_user
from tests.reporting.test_missed_objectives import learned
from tests.site.routes import fill_in
from tests.site.test_access import read_table
from tests.world import ROLES, answer_survey, finish_lessons, lesson_document, outline_of

pytestmark = pytest.mark.exhaustive

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Without two things Django brings: Select2, which names its box by what is chosen in it, and the magnifying glass above
# its lists of two columns, which has a name where none is allowed.
RUN_AXE = "(options) => axe.run({ exclude: [['.select2'], ['.search-label-icon']] }, options)"
NARROWEST = 320  # CSS pixels: 1280 at 400 %
SMALLEST_TARGET = 24  # CSS pixels
HEIGHT = 800
LANGUAGES = ["en", "zh-hans"]
# (width, theme): a page is looked at in two of the four looks in one language, and in the others in the other.
LOOKS = {"en": [(1280, "light"), (360, "dark")], "zh-Hans": [(1280, "dark"), (360, "light")]}

# Colours on their way from light to dark would be measured half-way.
STAND_STILL = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, ::before, ::after { transition: none !important; animation: none !important; }");
  document.adoptedStyleSheets = [sheet];
}"""
# As far as WCAG 1.4.12 lets a reader go.
MORE_SPACE = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important;
    letter-spacing: .12em !important; word-spacing: .16em !important; }
    p { margin-bottom: 2em !important; }`);
  document.adoptedStyleSheets = [sheet];
}"""
SETTLE = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# What is wider than the page, but for what scrolls in a region of its own.
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"
# Controls smaller than 24 px, but for links and source marks in a line of text, and boxes whose label is the target.
TOO_SMALL = """(smallest) => [...document.querySelectorAll("a[href], button, input, select, summary, textarea")]
  .filter((control) => control.checkVisibility({ visibilityProperty: true }) && control.type !== "hidden")
  .filter((control) => control.tagName !== "A" || getComputedStyle(control).display !== "inline")
  .filter((control) => !control.closest("sup"))
  .map((control) => [control, ...[control, ...(control.labels ?? [])].map((part) => part.getBoundingClientRect())])
  .filter(([, ...boxes]) => boxes[0].width > 1)
  .filter(([, ...boxes]) => !boxes.some((box) => box.width >= smallest && box.height >= smallest))
  .map(([control]) => control.outerHTML.slice(0, 120))"""


def looks_of(page):
    return LOOKS["en" if page.locator("html").get_attribute("lang").startswith("en") else "zh-Hans"]


def problems_of(page, path, *, number=None, floor=False):
    """Lines that say what is wrong on the page at `path`, with a `number` in one look only, by turns; with `floor` only
    what is below that of Django's pages.
    """
    assert page.goto(path).status in (200, 404, 422), path
    if not is_selected(page):
        return []
    looks = looks_of(page) if number is None else [looks_of(page)[number % 2]]
    return shown_problems(page, path, looks, floor=floor) + misfits_of(page, path)


def shown_problems(page, name, looks, *, floor=False):
    """Lines as of `problems_of`, for the page as it stands."""
    page.evaluate(AXE_SCRIPT)
    page.evaluate(STAND_STILL)
    found = []
    for width, theme in looks:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.emulate_media(color_scheme=theme)
        page.evaluate(SETTLE)
        for violation in violations_of(page):
            if not floor or is_below(violation):
                places = ", ".join(str(node["target"]) for node in violation["nodes"][:3])
                found.append(f"{name} {width} {theme}: {violation['id']} ({violation['help']}): {places}")
    return found


def violations_of(page):
    # Without preload: axe would fetch the stylesheets anew, and put them into the page in a way the policy refuses.
    options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"], "preload": False}
    return page.evaluate(RUN_AXE, options)["violations"]


def is_below(violation):
    return violation["impact"] in ("serious", "critical") and "best-practice" not in violation["tags"]


def misfits_of(page, path):
    page.set_viewport_size({"width": NARROWEST, "height": HEIGHT})
    found = [
        f"{path}: smaller than {SMALLEST_TARGET} px: {target}" for target in page.evaluate(TOO_SMALL, SMALLEST_TARGET)
    ]
    if (over := page.evaluate(TOO_WIDE)) > 0:
        found.append(f"{path}: {over} px wider than {NARROWEST}")
    return found


def assert_fine(page, paths, **how):
    found = [problem for path in paths for problem in problems_of(page, path, **how)]
    assert not found, "\n".join(found)


def languages():
    return pytest.mark.parametrize("language", LANGUAGES)


@languages()
def test_the_front_door(language, visit, world):
    number = world.passed.enrollment.certificate.number
    pages = ["/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/done/", "/accounts/inactive/"]
    pages += [
        f"/certificates/{number}/",
        "/certificates/",
        "/certificates/?number=x",
        "/certificates/1234/",
        "/nowhere/",
    ]
    assert_fine(visit(language=language), pages)


@languages()
def test_pages_of_who_learns(language, visit, world):
    newcomer = make_user("Nora New")
    enrollment = enrolling.enroll(newcomer, world.course, due_at=days(2))
    page = visit(newcomer, language=language)
    course = "/learn/tea-room"
    assert_fine(
        page,
        [
            "/",
            f"{course}/boiling/",
            f"{course}/tracks/",
            f"{course}/card/",
            f"{course}/card/pocket/",
            "/offline/",
            f"{course}/print/",
            f"{course}/minutes/",
            "/exam/tea-room/last-cup/",
        ],
    )
    miss_everything(page)
    assert_fine(page, [f"{course}/boiling/"])
    finish_lessons(enrollment)
    answer_survey(enrollment)
    save_phrase(enrollment, store.page(world.course.current, "boiling", "en"), "note:1")
    assert_fine(page, ["/phrases/", "/search/?q=boiled"])
    assert_fine(page, ["/", f"{course}/boiling/", f"{course}/pouring/", f"{course}/voice/", f"{course}/record/"])


def miss_everything(page):
    """Send every form of the lesson with the first answer there is, so that right and wrong ones stand on the page."""
    page.goto("/learn/tea-room/boiling/")
    page.locator("button[name=whole]").click()
    for form in page.locator("form[data-answer]").all():
        for name in ("radio", "checkbox"):
            with suppress(IndexError):
                form.get_by_role(name).all()[0].check()
    page.locator("#q-what-first button[type=submit]").click()
    page.locator("#q-what-first:is(.missed, .right)").wait_for()
    page.locator("#q-is-it-off button[type=submit]").click()
    page.locator("#again-is-it-off, #q-is-it-off.right").first.wait_for()


@languages()
def test_pages_of_who_is_examined(language, visit, world):
    attempt = world.attempt
    page = visit(world.learner, language=language)
    passed = f"/attempts/{world.passed.pk}/result/"
    own = f"/certificates/{world.passed.enrollment.certificate.number}/"
    assert_fine(page, [f"/attempts/{attempt.pk}/?question=1", f"/attempts/{attempt.pk}/review/", passed, own])
    attempts.submit(attempt)
    assert_fine(page, [f"/attempts/{attempt.pk}/result/", "/exam/tea-room/last-cup/", "/learn/tea-room/voice/"])


@languages()
def test_pages_of_the_account(language, visit, world):
    pages = ["/accounts/password/change/", "/accounts/logout/", "/accounts/reauthenticate/"]
    pages += [f"/accounts/two-factor/{page}" for page in ("", "app/", "passkey/", "codes/new/")]
    pages += ["/accounts/sessions/", *(f"/help/{role}/" for role in ("learner", "manager", "hr", "editor"))]
    assert_fine(visit(world.learner, language=language), pages)
    assert_fine(visit(make_user("Uma Unenrolled"), language=language), ["/"])


@languages()
def test_pages_that_only_a_step_leads_to(language, visit, world):
    page = visit(make_user("Nora New"), language=language)
    page.goto("/accounts/two-factor/app/")
    page.locator("[name=code]").fill(code_of_an_app(page.locator(".door-key").inner_text()))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator(".door-codes li").count() == 10
    found = shown_problems(page, "recovery codes", looks_of(page)) + misfits_of(page, "recovery codes")
    order = enrolling.begin_enrolling([world.team], world.course, due_on=None)
    page = visit(world.people["admin"], language=language)
    found += problems_of(page, f"/admin/accounts/team/enrolling/{order.pk}/")
    assert found == []


# What a finger aims at: ways back above a page, and the names that begin the rows of a table.
LOW = """() => [...document.querySelectorAll("main .small > a, main th > a")].filter((link) => link.checkVisibility())
  .map((link) => [link.outerHTML.slice(0, 100), link.getClientRects()[0].height])
  .filter(([, height]) => height < 44)"""


@languages()
@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("learner", "/learn/tea-room/boiling/"),
        ("learner", "/learn/tea-room/record/"),
        ("manager", "/surveys/tea-room/voice/"),
    ],
)
def test_a_way_back_is_as_high_as_a_finger_needs(role, path, language, visit, world):
    page = visit(world.people[role], language=language)
    page.goto(path)
    page.set_viewport_size({"width": 360, "height": HEIGHT})
    assert page.locator("main .small > a").or_(page.locator("main th > a")).count()
    assert page.evaluate(LOW) == []


@languages()
def test_pages_of_the_manager(language, visit, world):
    for _ in range(5):
        enrollment = make_enrollment(course=world.course)
        answer_survey(enrollment, at=days(-3))
    for day in (-2, 2):
        join(world.team, make_enrollment(course=world.course, due_at=days(day)).learner)
    lead, day = world.people["manager"], site_day() - timedelta(days=3)
    for run in [completed(world.team, days_ago=40) for _each in range(5)]:
        answered(run, {"seen-off": 0, "seen-lacking": "A hook."}, by=lead, day=day)
    pages = [
        "/team/",
        "/team/today/",
        "/team/follow-ups/",
        f"/team/follow-ups/{completed(world.team).pk}/month-later/",
        "/surveys/tea-room/month-later/",
        "/team/?state=overdue&name=nobody",
        f"/team/people/{world.enrollment.pk}/",
        "/surveys/tea-room/voice/",
        "/team/reports/?first=2020-01&last=2099-12",
        "/team/reports/monthly/",
        "/api/",
    ]
    assert_fine(visit(world.people["manager"], language=language), pages)


@languages()
def test_pages_where_a_manager_looks_around(language, visit, world):
    lesson = next(step for step in outline_of(world.course).steps if step.check)
    for missed in ("", "", lesson.check[0].id, "", ""):
        learned(world.team, lesson, missed=missed, due_at=days(3))
    update_statistics(site_day() + timedelta(days=2))
    make_enrollment(world.people["manager"], world.course, due_at=days(2))
    seen = "/team/preview/tea-room/"
    pages = [
        "/",
        "/team/",
        "/team/trends/",
        "/team/teams/",
        "/team/?team=999",
        "/notifications/",
        "/email-settings/",
        "/daily/",
        "/calendar/",
    ]
    pages += [seen, f"{seen}boiling/", f"{seen}drill/", f"/people/actions/note/?team={world.team.pk}"]
    page = visit(world.people["manager"], language=language)
    assert_fine(page, pages)
    page.goto("/team/trends/")
    assert page.locator(".heat-map rect.heat-1").count()


@languages()
@pytest.mark.parametrize(("role", "path"), [("manager", "/team/"), ("learner", "/learn/tea-room/record/")])
def test_letters_and_words_set_apart_fit_the_narrowest_page(role, path, language, visit, world):
    page = visit(world.people[role], language=language)
    page.goto(path)
    page.set_viewport_size({"width": NARROWEST, "height": HEIGHT})
    page.evaluate(MORE_SPACE)
    page.evaluate(SETTLE)
    assert page.evaluate(TOO_WIDE) <= 0


@languages()
def test_our_own_pages_of_the_admin(language, visit, world):
    document = f"/admin/content/document/{lesson_document(world).pk}"
    first, last = lesson_document(world).revisions.order_by("number").values_list("pk", flat=True)
    pages = [f"{document}/change/", f"{document}/history/", f"{document}/compare/{first}/{last}/"]
    pages += [f"/admin/content/course/{world.course.pk}/{page}/" for page in ("publish", "readings")]
    assert_fine(visit(world.people["editor"], language=language), pages)


def addresses_of_the_admin(world):
    """Pages of the admin that open for an administrator, as the resolver has them, without histories and deletions."""
    client = Client()
    client.force_login(world.people["admin"])
    for (method, route), answers in read_table().items():
        if method == "GET" and route.startswith("/admin/") and answers[ROLES.index("admin")] == "200":
            address = fill_in(route.removeprefix("/"), world.places)
            is_left_out = re.search("logout|history|delete", route)
            if not is_left_out and client.get(address).get("Content-Type", "").startswith("text/html"):
                yield address


def test_pages_django_brings_have_nothing_serious(visit, world):
    EmergencyContact.objects.create(course=world.course, section="fire", who="Duty desk", number="8119")
    page, found = visit(world.people["admin"]), []
    for number, path in enumerate(addresses_of_the_admin(world)):
        found += problems_of(page, path, number=number, floor=True)
    serious = [problem for problem in found if not re.search("smaller than|wider than", problem)]
    assert not serious, "\n".join(serious)


def refused_pages(visit, world, forms, language, *, floor=False):
    """Lines as of `problems_of`, for the pages that come back with errors."""
    found = []
    for name, (role, send) in forms.items():
        page = visit(world.people.get(role), language=language)
        send(page, world)
        if is_selected(page):
            found += shown_problems(page, name, looks_of(page), floor=floor) + misfits_of(page, name)
    return found


@languages()
def test_pages_with_errors(language, visit, world):
    assert refused_pages(visit, world, OF_THE_SITE, language) == []


@languages()
def test_our_own_pages_of_the_admin_with_errors(language, visit, world):
    forms = {name: OF_THE_ADMIN[name] for name in OF_THE_ADMIN if OF_THE_ADMIN[name][0] == "editor"}
    assert refused_pages(visit, world, forms, language) == []


def test_pages_of_the_admin_with_errors_have_nothing_serious(visit, world):
    forms = {name: OF_THE_ADMIN[name] for name in OF_THE_ADMIN if OF_THE_ADMIN[name][0] == "admin"}
    found = refused_pages(visit, world, forms, "en", floor=True)
    serious = [problem for problem in found if not re.search("smaller than|wider than", problem)]
    assert not serious, "\n".join(serious)


# The course that is shipped: its pages differ by their text alone, so each is looked at in one look, and in the other
# language in another.


def assert_fine_by_turns(page, course, names):
    pages = enumerate(f"/learn/{course.identifier}/{name}/" for name in names)
    found = [problem for number, path in pages for problem in problems_of(page, path, number=number)]
    assert not found, "\n".join(found)


@pytest.fixture
def newcomer(shipped_course):
    learner = make_user("Lea Learner")
    enrolling.enroll(learner, shipped_course)
    return learner


@languages()
def test_the_first_page_of_each_kind_in_the_course_that_is_shipped(language, visit, shipped_course, newcomer):
    steps = store.outline(shipped_course.current, "en").steps
    firsts = {step.kind: step.id for step in reversed(steps)}
    assert_fine_by_turns(visit(newcomer, language=language), shipped_course, ["card", *firsts.values()])


@languages()
def test_a_newcomer_comes_from_home_through_the_starting_point_to_its_end(language, visit, newcomer):
    page = visit(newcomer, language=language)
    assert_fine(page, ["/"])
    page.goto("/")
    page.locator("form.do button").click()
    assert_fine(page, [urlsplit(page.url).path])
    for _ in range(6):
        page.locator(".picks button").first.click()
    page.wait_for_url("**/result/")
    assert_fine(page, [urlsplit(page.url).path])


@pytest.mark.only_if_changed("content/")
@languages()
def test_every_page_of_the_course_that_is_shipped(language, visit, shipped_course, newcomer):
    steps = store.outline(shipped_course.current, "en").steps
    page = visit(newcomer, language=language)
    assert_fine(page, ["/"])
    assert_fine_by_turns(page, shipped_course, ["card", "tracks", *(step.id for step in steps)])


def test_a_page_that_is_wrong_is_found(visit, site):
    page = visit()
    page.goto("/accounts/login/")
    wrong = '<img src="/static/icon.svg" width="900"><input type="checkbox"><p><font color="#bbb">faint</font></p>'
    page.evaluate("(html) => document.querySelector('main').insertAdjacentHTML('beforeend', html)", wrong)
    page.set_viewport_size({"width": NARROWEST, "height": HEIGHT})
    page.evaluate(AXE_SCRIPT)
    assert {violation["id"] for violation in violations_of(page)} >= {"image-alt", "label", "color-contrast"}
    assert len(misfits_of(page, "/")) == 2
