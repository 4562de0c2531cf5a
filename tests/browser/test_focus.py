"""Visible focus in forced colours and focus after form errors, on every page of every role."""

import io

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Error

from tests.browser.invalid_forms import OF_THE_ADMIN, OF_THE_SITE
from tests.browser.selection import is_selected
from tests.browser.test_accessibility import STAND_STILL
from tests.site.routes import fill_in
from tests.site.test_access import read_table
from tests.world import ROLES

pytestmark = pytest.mark.slow

APP = "/accounts/two-factor/app/"
CHECKED_ROLES = ["anonymous", "learner", "manager", "editor", "admin"]
# Controls that look the same with focus. Forced colours draw no shadows, and outlines even where transparent:
# so an outline must appear, at least 2 px wide or drawn by the browser.
UNSEEN = """() => {
  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const isDrawn = ({ style, width }) => style === "auto" || (style !== "none" && width >= 2);
  const rings = (control) => [control, ...(control.labels ?? [])].map((part) => {
    const { outlineStyle: style, outlineWidth, outlineColor: colour } = getComputedStyle(part);
    return { style, width: parseFloat(outlineWidth), colour };
  });
  const found = [];
  for (const control of document.querySelectorAll(controls)) {
    if (!control.checkVisibility({ visibilityProperty: true }) || control.disabled) continue;
    document.activeElement.blur();
    const before = rings(control).map(JSON.stringify);
    control.focus({ focusVisible: true });
    if (document.activeElement !== control) continue;
    const comes = rings(control).some((ring, place) => isDrawn(ring) && JSON.stringify(ring) !== before[place]);
    if (!comes) found.push(control.outerHTML.replace(/\\s+/g, " ").slice(0, 120));
  }
  return found;
}"""


def addresses(world, role):
    """Yield pages this role may open and no earlier role may."""
    place, before = ROLES.index(role), [ROLES.index(other) for other in CHECKED_ROLES[: CHECKED_ROLES.index(role)]]
    for (method, route), answers in read_table().items():
        if method == "GET" and answers[place] == "200" and not any(answers[other] == "200" for other in before):
            yield fill_in(route.removeprefix("/"), world.places)


def is_page(page, address):
    """Open the address; return whether it is an HTML page, not a download."""
    try:
        response = page.goto(address)
    except Error as error:
        if "Download is starting" not in error.message:
            raise
        return False
    return response and response.headers.get("content-type", "").startswith("text/html")


def controls_without_focus(page, name):
    page.evaluate(STAND_STILL)  # a transition would need waiting at each control
    return [f"{name}: {control}" for control in page.evaluate(UNSEEN)]


@pytest.mark.parametrize("role", CHECKED_ROLES)
def test_focus_is_visible_in_forced_colours(role, visit, world):
    page, found = visit(world.people.get(role), forced_colors="active"), []
    for address in addresses(world, role):
        if is_page(page, address) and is_selected(page):
            found += controls_without_focus(page, address)
    assert found == []


@pytest.mark.parametrize("forms", [OF_THE_SITE, OF_THE_ADMIN], ids=["site", "admin"])
def test_focus_is_visible_on_pages_with_form_errors(forms, visit, world):
    found = []
    for name, (role, send) in forms.items():
        page = visit(world.people.get(role), forced_colors="active")
        send(page, world)
        if is_selected(page):
            found += controls_without_focus(page, name)
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_qr_codes_are_readable_in_forced_colours(scheme, visit, world):
    page, found = visit(world.people["HR"], forced_colors="active", color_scheme=scheme), []
    for address, picture in (
        (f"/people/invite-links/{world.places['people/invite-links/<pk>']}/", ".qr"),
        (APP, ".account-picture"),
    ):
        page.goto(address)
        read = zxingcpp.read_barcode(Image.open(io.BytesIO(page.locator(picture).screenshot())))
        found.append(read and read.text.split(":")[0])
    assert found == ["http", "otpauth"]


# The focus is set when the page is drawn, on a busy machine after loading.
DRAWN = "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
OF_ALL = OF_THE_SITE | OF_THE_ADMIN


def test_form_error_sets_focus_and_title(visit, world):
    found = {}
    for name, (role, send) in OF_ALL.items():
        page = visit(world.people.get(role))
        send(page, world)
        page.wait_for_load_state()
        page.evaluate(DRAWN)
        found[name] = (page.title().split()[0], page.evaluate("document.activeElement.getAttribute('role')"))
    assert found == dict.fromkeys(OF_ALL, ("Error:", "alert"))


# Invalid controls without a visible error; invalid controls the error summary does not link to;
# dead links in the summary; repeated errors.
UNBOUND = """() => {
  const isSeen = (part) => part?.checkVisibility() && part.textContent.trim();
  const errorOf = (part) => (part?.getAttribute("aria-describedby") ?? "").split(" ")
    .map((id) => document.getElementById(id)).filter((error) => error?.matches(".errorlist")).filter(isSeen)[0];
  const links = [...document.querySelectorAll("[role=alert] a[href^='#']")];
  const places = links.map((link) => document.getElementById(link.hash.slice(1)));
  const wrong = [...document.querySelectorAll("[aria-invalid=true]")];
  const leads = (control) => places.some((place) => place === control || place?.contains(control));
  return {
    undescribed: wrong.filter((control) => !errorOf(control) && !errorOf(control.closest("fieldset")))
      .map((control) => control.name),
    unlinked: links.length ? wrong.filter((control) => !leads(control)).map((control) => control.name) : [],
    nowhere: links.filter((link, place) => !isSeen(places[place]) && !places[place]?.matches("input, select, textarea"))
      .map((link) => link.outerHTML),
    repeated: [...document.querySelectorAll("p.errornote, .errorlist.nonfield")].filter(isSeen).length,
  };
}"""


@pytest.mark.parametrize("forms", [OF_THE_SITE, OF_THE_ADMIN], ids=["site", "admin"])
def test_form_errors_are_described_and_linked(forms, visit, world):
    found = {}
    for name, (role, send) in forms.items():
        page = visit(world.people.get(role))
        send(page, world)
        found[name] = page.evaluate(UNBOUND)
    assert found == {name: {"undescribed": [], "unlinked": [], "nowhere": [], "repeated": 0} for name in forms}
