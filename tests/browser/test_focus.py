"""Where the focus is, in the system's own colours too, on every page of every role, those with errors included."""

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

pytestmark = pytest.mark.exhaustive

APP = "/accounts/two-factor/app/"
WHO = ["anonymous", "learner", "manager", "editor", "admin"]
# Controls that look with the focus as without it. Forced colours draw no shadow, and an outline in the system's colour
# even where it is transparent: so an outline has to come, of at least two pixels or as the browser draws it.
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
    """What this role may open, and none of the roles before it."""
    place, before = ROLES.index(role), [ROLES.index(other) for other in WHO[: WHO.index(role)]]
    for (method, route), answers in read_table().items():
        if method == "GET" and answers[place] == "200" and not any(answers[other] == "200" for other in before):
            yield fill_in(route.removeprefix("/"), world.places)


def is_page(page, address):
    """Whether there is one at this address, which then is open: a file would be a download."""
    try:
        response = page.goto(address)
    except Error as error:
        if "Download is starting" not in error.message:
            raise
        return False
    return response and response.headers.get("content-type", "").startswith("text/html")


def unseen(page, name):
    page.evaluate(STAND_STILL)  # an outline on its way would have to be waited for at each control
    return [f"{name}: {control}" for control in page.evaluate(UNSEEN)]


@pytest.mark.parametrize("role", WHO)
def test_in_forced_colours_the_focus_is_seen_on_every_control(role, visit, world):
    page, found = visit(world.people.get(role), forced_colors="active"), []
    for address in addresses(world, role):
        if is_page(page, address) and is_selected(page):
            found += unseen(page, address)
    assert found == []


@pytest.mark.parametrize("forms", [OF_THE_SITE, OF_THE_ADMIN], ids=["site", "admin"])
def test_in_forced_colours_the_focus_is_seen_beside_every_error(forms, visit, world):
    found = []
    for name, (role, send) in forms.items():
        page = visit(world.people.get(role), forced_colors="active")
        send(page, world)
        if is_selected(page):
            found += unseen(page, name)
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_forced_colours_both_qr_codes_can_be_read(scheme, visit, world):
    page, found = visit(world.people["HR"], forced_colors="active", color_scheme=scheme), []
    for address, picture in (
        (f"/people/invite-links/{world.places['people/invite-links/<pk>']}/", ".qr"),
        (APP, ".door-picture"),
    ):
        page.goto(address)
        read = zxingcpp.read_barcode(Image.open(io.BytesIO(page.locator(picture).screenshot())))
        found.append(read and read.text.split(":")[0])
    assert found == ["http", "otpauth"]


# The focus of a page that has come is set when it is drawn, on a busy machine after it was loaded.
DRAWN = "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
OF_ALL = OF_THE_SITE | OF_THE_ADMIN


def test_after_an_error_the_focus_is_on_what_is_wrong_and_the_title_begins_with_it(visit, world):
    found = {}
    for name, (role, send) in OF_ALL.items():
        page = visit(world.people.get(role))
        send(page, world)
        page.wait_for_load_state()
        page.evaluate(DRAWN)
        found[name] = (page.title().split()[0], page.evaluate("document.activeElement.getAttribute('role')"))
    assert found == dict.fromkeys(OF_ALL, ("Error:", "alert"))


# Refused controls that no error describes which is there and seen, alone or in a group; those that the list above them
# does not lead to; links of that list that lead nowhere; what is said twice.
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
def test_each_error_is_said_beside_its_control_and_linked_from_above(forms, visit, world):
    found = {}
    for name, (role, send) in forms.items():
        page = visit(world.people.get(role))
        send(page, world)
        found[name] = page.evaluate(UNBOUND)
    assert found == {name: {"undescribed": [], "unlinked": [], "nowhere": [], "repeated": 0} for name in forms}
