"""WCAG 2.2 AA and best practices on every page: both languages, light and dark, wide and narrow."""

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
from tests.assignments.follow_ups import answered, completed
from tests.browser.invalid_forms import OF_THE_ADMIN, OF_THE_SITE
from tests.browser.selection import is_selected
from tests.making import code_of_an_app, days, join, make_enrollment, make_user
from tests.reporting.test_missed_objectives import learned
from tests.site.routes import fill_in
from tests.site.test_access import read_table
from tests.world import ROLES, answer_survey, finish_lessons, lesson_document, outline_of

pytestmark = pytest.mark.slow

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Without two parts of Django's admin: Select2, which is named by its value, and the magnifying glass above
# two-column lists, which has a name where none is allowed.
RUN_AXE = "(options) => axe.run({ exclude: [['.select2'], ['.search-label-icon']] }, options)"
NARROWEST = 320  # CSS pixels: 1280 at 400 %
SMALLEST_TARGET = 24  # CSS pixels
HEIGHT = 800
LANGUAGES = ["en", "zh-hans"]
# (width, theme): each language uses 2 of the 4 looks.
LOOKS = {"en": [(1280, "light"), (360, "dark")], "zh-Hans": [(1280, "dark"), (360, "light")]}

# Colours in transition would be measured halfway.
STAND_STILL = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, ::before, ::after { transition: none !important; animation: none !important; }");
  document.adoptedStyleSheets = [sheet];
}"""
# The text spacing of WCAG 1.4.12.
MORE_SPACE = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important;
    letter-spacing: .12em !important; word-spacing: .16em !important; }
    p { margin-bottom: 2em !important; }`);
  document.adoptedStyleSheets = [sheet];
}"""
SETTLE = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# Pixels by which the page is too wide, not counting scroll regions.
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"
# Controls below 24 px, except inline links, source marks and boxes with a large enough label.
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
    """Return problems of the page at `path`. `number` checks only one look, in rotation; `floor` only serious ones."""
    assert page.goto(path).status in (200, 404, 422), path
    if not is_selected(page):
        return []
    looks = looks_of(page) if number is None else [looks_of(page)[number % 2]]
    return shown_problems(page, path, looks, floor=floor) + misfits_of(page, path)


def shown_problems(page, name, looks, *, floor=False):
    """Return problems of the open page in these looks."""
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
    # Without preload: axe would refetch the stylesheets in a way the content security policy blocks.
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
    """Chinese always, English in `.ci/run` only if the structure or the styles of pages changed."""
    english = pytest.param("en", marks=pytest.mark.only_if_changed("templates/", "static/"))
    return pytest.mark.parametrize("language", [english, "zh-hans"])


@languages()
def test_public_pages(language, visit, world):
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
def test_learner_pages(language, visit, world):
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
    answer_with_first_choices(page)
    assert_fine(page, [f"{course}/boiling/"])
    finish_lessons(enrollment)
    answer_survey(enrollment)
    save_phrase(enrollment, store.page(world.course.current, "boiling", "en"), "note:1")
    assert_fine(page, ["/phrases/", "/search/?q=boiled"])
    assert_fine(page, ["/", f"{course}/boiling/", f"{course}/pouring/", f"{course}/voice/", f"{course}/record/"])


def answer_with_first_choices(page):
    """Submit every form of the lesson with its first answer, so that right and wrong ones are shown."""
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
def test_exam_pages(language, visit, world):
    attempt = world.attempt
    page = visit(world.learner, language=language)
    passed = f"/attempts/{world.passed.pk}/result/"
    own = f"/certificates/{world.passed.enrollment.certificate.number}/"
    assert_fine(page, [f"/attempts/{attempt.pk}/?question=1", f"/attempts/{attempt.pk}/review/", passed, own])
    attempts.submit(attempt)
    assert_fine(page, [f"/attempts/{attempt.pk}/result/", "/exam/tea-room/last-cup/", "/learn/tea-room/voice/"])


@languages()
def test_account_pages(language, visit, world):
    pages = ["/accounts/password/change/", "/accounts/logout/", "/accounts/reauthenticate/"]
    pages += [f"/accounts/two-factor/{page}" for page in ("", "app/", "passkey/", "codes/new/")]
    pages += ["/accounts/sessions/", *(f"/help/{role}/" for role in ("learner", "manager", "hr", "editor"))]
    assert_fine(visit(world.learner, language=language), pages)
    assert_fine(visit(make_user("Uma Unenrolled"), language=language), ["/"])


@languages()
def test_recovery_codes_and_bulk_enrollment_pages(language, visit, world):
    page = visit(make_user("Nora New"), language=language)
    page.goto("/accounts/two-factor/app/")
    page.locator("[name=code]").fill(code_of_an_app(page.locator(".account-key").inner_text()))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator(".account-codes li").count() == 10
    found = shown_problems(page, "recovery codes", looks_of(page)) + misfits_of(page, "recovery codes")
    order = enrolling.begin_enrolling([world.team], world.course, due_on=None)
    page = visit(world.people["admin"], language=language)
    found += problems_of(page, f"/admin/accounts/team/enrolling/{order.pk}/")
    assert found == []


# Back links above a page and links in row headers.
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
def test_back_and_row_links_are_44_px_high(role, path, language, visit, world):
    page = visit(world.people[role], language=language)
    page.goto(path)
    page.set_viewport_size({"width": 360, "height": HEIGHT})
    assert page.locator("main .small > a").or_(page.locator("main th > a")).count()
    assert page.evaluate(LOW) == []


@languages()
def test_manager_pages(language, visit, world):
    for _ in range(5):
        enrollment = make_enrollment(course=world.course)
        answer_survey(enrollment, at=days(-3))
    for day in (-2, 2):
        join(world.team, make_enrollment(course=world.course, due_at=days(day)).learner)
    manager, day = world.people["manager"], site_day() - timedelta(days=3)
    for enrollment in [completed(world.team, days_ago=40) for _each in range(5)]:
        answered(enrollment, {"seen-off": 0, "seen-lacking": "A hook."}, by=manager, day=day)
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
def test_trends_preview_and_settings_pages(language, visit, world):
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
def test_wcag_text_spacing_fits_320_px(role, path, language, visit, world):
    page = visit(world.people[role], language=language)
    page.goto(path)
    page.set_viewport_size({"width": NARROWEST, "height": HEIGHT})
    page.evaluate(MORE_SPACE)
    page.evaluate(SETTLE)
    assert page.evaluate(TOO_WIDE) <= 0


@languages()
def test_own_admin_pages(language, visit, world):
    document = f"/admin/content/document/{lesson_document(world).pk}"
    first, last = lesson_document(world).revisions.order_by("number").values_list("pk", flat=True)
    pages = [f"{document}/change/", f"{document}/history/", f"{document}/compare/{first}/{last}/"]
    pages += [f"/admin/content/course/{world.course.pk}/{page}/" for page in ("publish", "readings")]
    assert_fine(visit(world.people["editor"], language=language), pages)


def addresses_of_the_admin(world):
    """Yield the admin pages open to an administrator, without histories and deletions."""
    client = Client()
    client.force_login(world.people["admin"])
    for (method, route), answers in read_table().items():
        if method == "GET" and route.startswith("/admin/") and answers[ROLES.index("admin")] == "200":
            address = fill_in(route.removeprefix("/"), world.places)
            is_left_out = re.search("logout|history|delete", route)
            if not is_left_out and client.get(address).get("Content-Type", "").startswith("text/html"):
                yield address


def test_django_admin_pages_have_no_serious_problems(visit, world):
    EmergencyContact.objects.create(course=world.course, section="fire", who="Duty desk", number="8119")
    page, found = visit(world.people["admin"]), []
    for number, path in enumerate(addresses_of_the_admin(world)):
        found += problems_of(page, path, number=number, floor=True)
    serious = [problem for problem in found if not re.search("smaller than|wider than", problem)]
    assert not serious, "\n".join(serious)


def form_problems(visit, world, forms, language, *, floor=False):
    """Return problems of the pages with form errors."""
    found = []
    for name, (role, send) in forms.items():
        page = visit(world.people.get(role), language=language)
        send(page, world)
        if is_selected(page):
            found += shown_problems(page, name, looks_of(page), floor=floor) + misfits_of(page, name)
    return found


@languages()
def test_site_pages_with_form_errors(language, visit, world):
    assert form_problems(visit, world, OF_THE_SITE, language) == []


@languages()
def test_own_admin_pages_with_form_errors(language, visit, world):
    forms = {name: OF_THE_ADMIN[name] for name in OF_THE_ADMIN if OF_THE_ADMIN[name][0] == "editor"}
    assert form_problems(visit, world, forms, language) == []


def test_admin_form_errors_have_no_serious_problems(visit, world):
    forms = {name: OF_THE_ADMIN[name] for name in OF_THE_ADMIN if OF_THE_ADMIN[name][0] == "admin"}
    found = form_problems(visit, world, forms, "en", floor=True)
    serious = [problem for problem in found if not re.search("smaller than|wider than", problem)]
    assert not serious, "\n".join(serious)


# The shipped course: its pages differ only in text, so each is checked in one look per language,
# alternating.


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
def test_shipped_course_first_page_of_each_kind(language, visit, shipped_course, newcomer):
    steps = store.outline(shipped_course.current, "en").steps
    firsts = {step.kind: step.id for step in reversed(steps)}
    assert_fine_by_turns(visit(newcomer, language=language), shipped_course, ["card", *firsts.values()])


@languages()
def test_shipped_course_pre_test_pages(language, visit, newcomer):
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
def test_shipped_course_every_page(language, visit, shipped_course, newcomer):
    steps = store.outline(shipped_course.current, "en").steps
    page = visit(newcomer, language=language)
    assert_fine(page, ["/"])
    assert_fine_by_turns(page, shipped_course, ["card", "tracks", *(step.id for step in steps)])


def test_problems_are_detected(visit, site):
    page = visit()
    page.goto("/accounts/login/")
    wrong = '<img src="/static/icon.svg" width="900"><input type="checkbox"><p><font color="#bbb">faint</font></p>'
    page.evaluate("(html) => document.querySelector('main').insertAdjacentHTML('beforeend', html)", wrong)
    page.set_viewport_size({"width": NARROWEST, "height": HEIGHT})
    page.evaluate(AXE_SCRIPT)
    assert {violation["id"] for violation in violations_of(page)} >= {"image-alt", "label", "color-contrast"}
    assert len(misfits_of(page, "/")) == 2
