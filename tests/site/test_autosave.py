"""Two forms of the site are kept while somebody types, and no other: above all no survey and no report."""

import pytest

from courseware.autosave.models import AutosavedText
from tests.site.routes import fill_in, routes
from tests.site.test_access import client_of, forms

pytestmark = pytest.mark.django_db
KEPT = {
    "learn/<id:course>/<id:step>/answer/<id:open_question>/unsaved/",
    "admin/content/document/<int:object_id>/change/unsaved/",
}
OF_AN_EDITOR = "admin/content/document/<path:object_id>/change/"
ALL_ROUTES = dict(routes())
TYPED = {"token": "00000000-0000-4000-8000-000000000009", "text": "Nearly.", "comment": "Nearly.", "q-say-more": "No."}


def test_the_site_has_these_addresses_for_what_is_typed_and_no_other():
    assert {route for route in ALL_ROUTES if "unsaved" in route} == KEPT


def forms_of_the_site():
    """Routes of the views that say on which page their form stands."""
    return [route for route, pattern in ALL_ROUTES.items() if hasattr(pattern.callback, "page_of_form")]


@pytest.mark.parametrize("role", ["learner", "admin"])
def test_nothing_is_kept_of_any_other_form_of_the_site(world, role, unrendered):
    """As the script would send it: to the address of the form, with `unsaved/` behind it. The step of a survey too."""
    others = [route for route in forms_of_the_site() if route not in KEPT and route != OF_AN_EDITOR]
    assert len(others) > 10
    addresses = [fill_in(route, world.places) for route in others]
    addresses += [f"/learn/{world.course.identifier}/{step.id}/" for step in world.outline.steps]
    addresses += [address.replace("/answer/", "/") for address in addresses if "/answer/" in address]
    client = client_of(world, role)
    answers = {address: client.post(f"{address}unsaved/", TYPED).status_code for address in addresses}
    assert {address: status for address, status in answers.items() if status not in (404, 405)} == {}
    assert AutosavedText.objects.count() == 0


@pytest.mark.parametrize("role", ["learner", "editor"])
def test_what_is_sent_to_a_form_itself_is_never_kept_as_unsaved(world, role, unrendered):
    client, sent = client_of(world, role), forms(world)
    for route in forms_of_the_site():
        if route not in KEPT:
            client.post(fill_in(route, world.places), sent.get(route, {}) | TYPED)
    assert AutosavedText.objects.count() == 0
