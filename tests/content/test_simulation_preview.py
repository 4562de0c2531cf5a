"""Playing a simulation in the editor from the unsaved text."""

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


def choose(play, pressed, parts=(), simulation=None):
    return preview_simulation(simulation or play.simulation, {"carried": play.carried, "play": str(pressed)}, parts)


def begin(flags=()):
    carried = signing.dumps([0, list(flags), []], salt=SALT)
    return preview_simulation(rules(), {"carried": carried})


@pytest.mark.slow
def test_preview_plays_to_ending(document):
    play = choose(choose(begin(), 0), 0)
    assert play.node.id == "note"
    play = choose(play, 0, ["0", "1", "x"])
    assert (play.ending.id, play.offered) == ("calm-end", [])


def test_timeout_can_be_chosen_and_undone(document):
    play = choose(begin(), "timeout")
    assert [taken.choice.quality for taken in play.taken] == ["timeout"]
    assert choose(play, "back") == begin()


def test_restart_draws_new_flags(document):
    play = begin()
    seen = {choose(play, "again").flags for _ in range(60)}
    assert seen == {(), ("friend",)}


def test_restart_shuffles_choices_once(document):
    play, orders = begin(), set()
    for _ in range(30):
        play = choose(play, "again")
        orders.add(tuple(value for value, _choice in play.offered))
        assert choose(play, "").offered == play.offered
    assert len(orders) > 1
    assert {(*sorted(order[:3]), order[3]) for order in orders} == {(0, 1, 2, "timeout")}


@pytest.mark.parametrize("pressed", ["9", "-1", "x", ""])
def test_invalid_choice_is_ignored(document, pressed):
    assert choose(begin(), pressed).decisions == ()


def test_forged_state_starts_new_attempt(document):
    play = preview_simulation(rules(), {"carried": "forged", "play": "0"})
    assert play.simulation.begin(play.flags) == play.states[0]
    assert [state.place for state in play.states] == ["rings", "where"]


def test_changed_text_keeps_valid_decisions(document):
    play = choose(choose(choose(begin(), 0), 0), 0, ["0", "2"])
    assert play.ending.id == "hurt"
    note = play.simulation.nodes["note"]
    shorter = replace(play.simulation, nodes=play.simulation.nodes | {"note": replace(note, parts=note.parts[:2])})
    play = choose(play, "", simulation=shorter)
    assert (play.node.id, len(play.decisions)) == ("note", 2)


def form(document, **texts):
    document.refresh_from_db()
    fields = {f"text-{text.language}": bytes(text.body).decode() for text in document.latest_revision.texts.all()}
    return fields | texts | {"base": document.latest_revision.pk, "language": "en"}


def preview(client, document, **fields):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(make_editor())
    address = reverse("admin:content_document_preview", args=[document.pk])
    return client.post(address, form(document, **fields)).content.decode()


@pytest.mark.slow
def test_preview_plays_and_draws_unsaved_text(client, document):
    text = SIMULATION["en"].replace("The bell rings", "A whistle blows")
    page = preview(client, document, **{"text-en": text})
    assert "A whistle blows" in page and 'class="map"' in page
    carried = re.search(r'name="carried" value="([^"]+)"', page)[1]
    page = preview(client, document, carried=carried, play="1", **{"text-en": text})
    assert "Where are you?" in page and "Finish the tea" in page and "burnt" in page
    assert not SimulationAttempt.objects.exists()


def test_text_with_errors_is_not_played(client, document):
    text = SIMULATION["zh-hans"].replace(
        "## 警铃响了 {#rings .alarm}", "## 警铃响了 {#rings .alarm if=never else=rings}"
    )
    page = preview(client, document, **{"text-zh-hans": text})
    assert "You can play the simulation here when its text has no errors" in page
    assert 'class="map"' not in page


@pytest.mark.slow
def test_preview_works_without_script(client, document):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(make_editor())
    address = reverse("admin:content_document_change", args=[document.pk])
    assert "The bell rings" in client.get(address).content.decode()
    page = client.post(address, form(document, play="0")).content.decode()
    assert "Where are you?" in page
    assert document.revisions.count() == 1
