"""Only two forms are autosaved; surveys and reports are not."""

import pytest

from courseware.autosave.models import AutosavedText
from tests.site.routes import fill_in, routes
from tests.site.test_access import client_of, forms

pytestmark = pytest.mark.django_db
AUTOSAVED = {
    "learn/<id:course>/<id:step>/answer/<id:open_question>/unsaved/",
    "admin/content/document/<int:object_id>/change/unsaved/",
}
EDITOR_FORM = "admin/content/document/<path:object_id>/change/"
ALL_ROUTES = dict(routes())
TYPED = {"token": "00000000-0000-4000-8000-000000000009", "text": "Nearly.", "comment": "Nearly.", "q-say-more": "No."}


def test_only_listed_forms_have_autosave_urls():
    assert {route for route in ALL_ROUTES if "unsaved" in route} == AUTOSAVED


def forms_of_the_site():
    """Routes of views that name the page of their form."""
    return [route for route, pattern in ALL_ROUTES.items() if hasattr(pattern.callback, "page_of_form")]


@pytest.mark.slow
@pytest.mark.parametrize("role", ["learner", "admin"])
def test_no_other_form_is_autosaved(world, role, unrendered):
    """The script posts to the URL of a form plus `unsaved/`."""
    others = [route for route in forms_of_the_site() if route not in AUTOSAVED and route != EDITOR_FORM]
    assert len(others) > 10
    addresses = [fill_in(route, world.places) for route in others]
    addresses += [f"/learn/{world.course.identifier}/{step.id}/" for step in world.outline.steps]
    addresses += [address.replace("/answer/", "/") for address in addresses if "/answer/" in address]
    client = client_of(world, role)
    answers = {address: client.post(f"{address}unsaved/", TYPED).status_code for address in addresses}
    assert {address: status for address, status in answers.items() if status not in (404, 405)} == {}
    assert AutosavedText.objects.count() == 0


@pytest.mark.slow
@pytest.mark.parametrize("role", ["learner", "editor"])
def test_submitted_form_is_not_autosaved(world, role, unrendered):
    client, sent = client_of(world, role), forms(world)
    for route in forms_of_the_site():
        if route not in AUTOSAVED:
            client.post(fill_in(route, world.places), sent.get(route, {}) | TYPED)
    assert AutosavedText.objects.count() == 0
