"""Where the focus is, in the system's own colours too, on every page of every role, those with errors included."""

import pytest

from tests.browser.courses import make_tea_room
from tests.browser.refused import OF_THE_ADMIN, OF_THE_SITE
from tests.site.routes import fill_in
from tests.site.test_access import read_table
from tests.world import ROLES, make_world

WHO = ["anonymous", "learner", "manager", "editor", "admin"]
# Controls that look with the focus as without it. Forced colours draw no shadow, and an outline in the system's colour
# even where it is transparent: so an outline has to come, of at least two pixels or as the browser draws it.
UNSEEN = """async () => {
  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const settle = () => new Promise((done) => requestAnimationFrame(done));
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
    await settle();
    const comes = rings(control).some((ring, place) => isDrawn(ring) && JSON.stringify(ring) !== before[place]);
    if (!comes) found.push(control.outerHTML.replace(/\\s+/g, " ").slice(0, 120));
  }
  return found;
}"""


@pytest.fixture
def world(site):
    return make_world(make_tea_room())


def addresses(world, role):
    """What this role may open, and none of the roles before it."""
    place, before = ROLES.index(role), [ROLES.index(other) for other in WHO[: WHO.index(role)]]
    for (method, route), answers in read_table().items():
        if method == "GET" and answers[place] == "200" and not any(answers[other] == "200" for other in before):
            yield fill_in(route.removeprefix("/"), world.places)


def is_page(response):
    return response and response.headers.get("content-type", "").startswith("text/html")


def unseen(page, name):
    return [f"{name}: {control}" for control in page.evaluate(UNSEEN)]


@pytest.mark.parametrize("role", WHO)
def test_in_forced_colours_the_focus_is_seen_on_every_control(role, visit, world):
    page, found = visit(world.people.get(role), forced_colors="active"), []
    for address in addresses(world, role):
        if not address.endswith((".csv", "/jsi18n/", "/autocomplete/", ".svg")) and is_page(page.goto(address)):
            found += unseen(page, address)
    assert found == []


@pytest.mark.parametrize("forms", [OF_THE_SITE, OF_THE_ADMIN], ids=["site", "admin"])
def test_in_forced_colours_the_focus_is_seen_beside_every_error(forms, visit, world):
    found = []
    for name, (role, send) in forms.items():
        page = visit(world.people.get(role), forced_colors="active")
        send(page, world)
        found += unseen(page, name)
    assert found == []


# Django's own forms bring the focus to their first field, or leave it where it was.
OURS = OF_THE_SITE | {name: OF_THE_ADMIN[name] for name in OF_THE_ADMIN if OF_THE_ADMIN[name][0] == "editor"}
OURS |= {name: OF_THE_ADMIN[name] for name in ("more time for several", "enrolling a team")}


def test_after_an_error_the_focus_is_on_what_is_wrong_and_the_title_begins_with_it(visit, world):
    found = {}
    for name, (role, send) in OURS.items():
        page = visit(world.people.get(role))
        send(page, world)
        page.wait_for_load_state()
        found[name] = (page.title().split()[0], page.evaluate("document.activeElement.getAttribute('role')"))
    assert found == dict.fromkeys(OURS, ("Error:", "alert"))
