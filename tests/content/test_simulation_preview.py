"""Playing a simulation in the editor, from its text as it is typed."""

import re
from dataclasses import replace

import pytest
from django.core import signing
from django.urls import reverse

from courseware.content.authoring.simulation_preview import SALT, preview_simulation
from courseware.simulations.models import SimulationAttempt
from tests.making import make_editor
from tests.simulations.samples import KETTLE, SIMULATION, make_simulation_course, rules

pytestmark = pytest.mark.django_db


@pytest.fixture
def document():
    return make_simulation_course().documents.get(identifier=KETTLE)


def press(run, pressed, parts=(), simulation=None):
    return preview_simulation(simulation or run.simulation, {"carried": run.carried, "rehearse": str(pressed)}, parts)


def begin(flags=()):
    carried = signing.dumps([0, list(flags), []], salt=SALT)
    return preview_simulation(rules(), {"carried": carried})


def test_it_is_played_step_by_step_to_an_ending(document):
    run = press(press(begin(), 0), 0)
    assert run.node.id == "note"
    run = press(run, 0, ["0", "1", "x"])
    assert (run.ending.id, run.offered) == ("calm-end", [])


def test_doing_nothing_can_be_tried_and_taken_back(document):
    run = press(begin(), "timeout")
    assert [taken.choice.quality for taken in run.taken] == ["timeout"]
    assert press(run, "back") == begin()


def test_from_the_start_chance_deals_anew(document):
    run = begin()
    seen = {press(run, "again").flags for _ in range(60)}
    assert seen == {(), ("friend",)}


def test_each_new_run_shuffles_the_choices_and_keeps_them_so(document):
    run, orders = begin(), set()
    for _ in range(30):
        run = press(run, "again")
        orders.add(tuple(value for value, _choice in run.offered))
        assert press(run, "").offered == run.offered
    assert len(orders) > 1
    assert {(*sorted(order[:3]), order[3]) for order in orders} == {(0, 1, 2, "timeout")}


@pytest.mark.parametrize("pressed", ["9", "-1", "x", ""])
def test_what_is_not_offered_moves_nothing(document, pressed):
    assert press(begin(), pressed).decisions == ()


def test_what_was_not_signed_here_is_a_new_run(document):
    run = preview_simulation(rules(), {"carried": "forged", "rehearse": "0"})
    assert run.simulation.begin(run.flags) == run.states[0]
    assert [state.place for state in run.states] == ["rings", "where"]


def test_a_text_that_changed_is_played_as_far_as_it_still_goes(document):
    run = press(press(press(begin(), 0), 0), 0, ["0", "2"])
    assert run.ending.id == "hurt"
    note = run.simulation.nodes["note"]
    shorter = replace(run.simulation, nodes=run.simulation.nodes | {"note": replace(note, parts=note.parts[:2])})
    run = press(run, "", simulation=shorter)
    assert (run.node.id, len(run.decisions)) == ("note", 2)


def form(document, **texts):
    document.refresh_from_db()
    fields = {f"text-{text.language}": bytes(text.body).decode() for text in document.head.texts.all()}
    return fields | texts | {"base": document.head.pk, "language": "en"}


def preview(client, document, **fields):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(make_editor())
    address = reverse("admin:content_document_preview", args=[document.pk])
    return client.post(address, form(document, **fields)).content.decode()


def test_the_preview_plays_and_draws_the_text_as_it_is_typed(client, document):
    text = SIMULATION["en"].replace("The bell rings", "A whistle blows")
    page = preview(client, document, **{"text-en": text})
    assert "A whistle blows" in page and 'class="map"' in page
    carried = re.search(r'name="carried" value="([^"]+)"', page)[1]
    page = preview(client, document, carried=carried, rehearse="1", **{"text-en": text})
    assert "Where are you?" in page and "Finish the tea" in page and "burnt" in page
    assert not SimulationAttempt.objects.exists()


def test_what_has_errors_is_named_by_its_line_and_not_played(client, document):
    text = SIMULATION["zh-hans"].replace(
        "## 警铃响了 {#rings .alarm}", "## 警铃响了 {#rings .alarm if=never else=rings}"
    )
    page = preview(client, document, **{"text-zh-hans": text})
    assert "You can play it here when it has no errors" in page
    assert 'class="map"' not in page


def test_without_a_script_the_buttons_play_on_in_the_editor(client, document):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(make_editor())
    address = reverse("admin:content_document_change", args=[document.pk])
    assert "The bell rings" in client.get(address).content.decode()
    page = client.post(address, form(document, rehearse="0")).content.decode()
    assert "Where are you?" in page
    assert document.revisions.count() == 1
