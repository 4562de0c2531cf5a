"""Chinese set by Chinese habits, in what Django says too."""

import re

import pytest

from tests.site.routes import fill_in, routes
from tests.site.test_pages import page_of, pieces

pytestmark = pytest.mark.any_database

# But for the one blank that Django puts between a field's help and how to choose several.
GAP = re.compile(r"[\u4e00-\u9fff，。；：！？”）] +(?=[\u4e00-\u9fff“（])(?!按住 Control 键)")


def gaps(client, addresses):
    for address in addresses:
        if soup := page_of(client, address, "zh-hans"):
            yield from (f"{address}: {text}" for tag, text in pieces(soup) if tag != "en" and GAP.search(text))


@pytest.mark.long
@pytest.mark.parametrize("role", ["anonymous", "learner", "manager", "editor", "admin"])
def test_no_sentence_in_chinese_has_a_gap_in_it(role, client, world):
    if role != "anonymous":
        client.force_login(world.people[role])
    addresses = [fill_in(route, world.places) for route, _pattern in routes()]
    assert list(gaps(client, addresses)) == []
