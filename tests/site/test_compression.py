"""Responses are compressed, and their length is masked."""

import gzip
import re

import pytest
from django.urls import reverse
from django.utils import timezone

pytestmark = pytest.mark.any_database

TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="(\w+)"')
HAS_NAME = 8  # the flag in the fourth byte of gzip's header: a name follows it


def ask(client, path, encodings):
    response = client.get(path, headers={"accept-encoding": encodings})
    assert response.status_code == 200
    return response


def body_of(response):
    return response.getvalue() if response.streaming else response.content


@pytest.fixture
def pages(client, world):
    """URLs of a page and of a streamed file, for a signed-in manager."""
    client.force_login(world.people["manager"])
    return {"page": reverse("reporting:dashboard"), "export": reverse("reporting:dashboard-csv")}


@pytest.mark.parametrize("what", ["page", "export"])
def test_response_is_compressed_and_complete(what, pages, client, time_machine):
    time_machine.move_to(timezone.now(), tick=False)  # a page says how many seconds the session has left
    packed = ask(client, pages[what], "gzip, deflate, br")
    plain = ask(client, pages[what], "identity")
    assert packed["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain
    assert "Accept-Encoding" in packed["Vary"] and "Accept-Encoding" in plain["Vary"]
    unpacked, whole = gzip.decompress(body_of(packed)), body_of(plain)
    assert TOKEN.sub(b"", unpacked) == TOKEN.sub(b"", whole)


def test_static_file_is_not_compressed_on_the_fly(client):
    assert "Content-Encoding" not in ask(client, "/static/css/site.css", "gzip")


@pytest.mark.slow
@pytest.mark.parametrize("what", ["page", "export"])
def test_length_is_masked_by_name_of_random_length(what, pages, client):
    names = []
    for _ in range(20):
        packed = body_of(ask(client, pages[what], "gzip"))
        names.append(packed[10 : packed.index(b"\0", 10)] if packed[3] & HAS_NAME else b"")
    assert len({len(name) for name in names}) > 5
    assert max(map(len, names)) <= 100
