"""Two forms of the site are kept while somebody types, and no other: above all no survey and no report."""

import pytest
from django.urls import get_resolver

from courseware.unsaved.models import UnsavedText
from tests.site.routes import fill_in, routes
from tests.site.test_access import client_of, forms
from tests.world import ROLES

pytestmark = pytest.mark.django_db
KEPT = {
    "learn/<id:course>/<id:step>/answer/<id:open_question>/unsaved/",
    "admin/content/document/<int:object_id>/change/unsaved/",
}
OF_AN_EDITOR = "admin/content/document/<path:object_id>/change/"
ALL_ROUTES = dict(routes())


def test_the_site_has_these_addresses_for_what_is_typed_and_no_other():
    assert {route for route in ALL_ROUTES if "unsaved" in route} == KEPT


def forms_of_the_site():
    """Routes of the views that say on which page their form stands."""
    return [route for route, pattern in ALL_ROUTES.items() if hasattr(pattern.callback, "page_of_form")]


@pytest.mark.parametrize("role", [role for role in ROLES if role != "anonymous"])
def test_nothing_is_kept_of_any_other_form_of_the_site(world, role):
    """As the script would send it: to the address of the form, with `unsaved/` behind it. The step of a survey too."""
    others = [route for route in forms_of_the_site() if route not in KEPT and route != OF_AN_EDITOR]
    assert len(others) > 10
    addresses = [fill_in(route, world.places) for route in others]
    addresses += [f"/learn/{world.course.identifier}/{step.id}/" for step in world.outline.steps]
    addresses += [address.replace("/answer/", "/") for address in addresses]
    client = client_of(world, role)
    answers = {address: client.post(f"{address}unsaved/", typed()).status_code for address in addresses}
    assert {address: status for address, status in answers.items() if status not in (404, 405)} == {}
    assert UnsavedText.objects.count() == 0


def typed():
    return {
        "token": "00000000-0000-4000-8000-000000000009",
        "text": "Nearly.",
        "comment": "Nearly.",
        "q-say-more": "No.",
    }


@pytest.mark.parametrize("role", ["learner", "editor", "admin"])
def test_what_is_sent_to_a_form_itself_is_never_kept_as_unsaved(world, role):
    client = client_of(world, role)
    for route in forms_of_the_site():
        if route not in KEPT and get_resolver().resolve(address := fill_in(route, world.places)):
            client.post(address, forms(world).get(route, {}) | typed())
    assert UnsavedText.objects.count() == 0
