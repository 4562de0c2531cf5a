"""How often a decision asks the database: as often at the end of a run as at its beginning."""

from collections import Counter

import pytest
from django.urls import reverse

from tests.counting import FRAME, statements
from tests.simulations.playing import BEST, begin, take
from tests.simulations.samples import make_player

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("made", [0, len(BEST) - 2])
def test_a_decision_and_the_next_situation_ask_the_same_wherever_the_run_stands(client, made):
    run = begin(make_player(), flags=())
    client.force_login(run.enrollment.learner)
    client.get(reverse("simulations:run", args=[run.pk]))  # outline and page are kept in memory from now on
    for choice in BEST[:made]:
        take(run, choice)
    form = {"position": made + 1, "choice": BEST[made]}
    address = reverse("simulations:decide", args=[run.pk])

    asked = statements(lambda: client.post(address, form, headers={"HX-Request": "true"})) - FRAME

    # Run and enrollment, both once more under the lock, the decisions, how many of late; decision, run.
    assert asked == Counter(SELECT=6, INSERT=1, UPDATE=1)
