"""Figures about a group, as programs read them."""

from datetime import timedelta
from itertools import count

import pytest
import time_machine
from django.utils import timezone

from courseware.lib.shares import AnonymousShare as Share
from courseware.reporting.api import shares_in
from courseware.reporting.keeping_figures import keep_figures
from tests.making import (
    join,
    make_admin,
    make_team,
)
from tests.reporting.boards import learner_of
from tests.reporting.programs import Program
from tests.simulations.playing import BEST, play
from tests.simulations.samples import KETTLE, make_player
from tests.world import complete_course

pytestmark = pytest.mark.django_db
NIGHTS = count(3)  # from today, each later than the one before


def test_figures_of_a_simulation_are_of_five_people_and_more(team):
    address = f"simulations/tea-room/{KETTLE}/"

    def played(people):
        for _ in range(people):
            player = make_player()
            join(team, player.learner)
            play(player, BEST)

    def figures(person):
        with time_machine.travel(timezone.now() + timedelta(days=next(NIGHTS)), tick=False):
            keep_figures()
            return Program(person).asks(address).json()

    nothing = {"people": 0, "endings": []}
    played(4)
    assert figures(team.manager).items() >= nothing.items()
    played(1)
    found = figures(team.manager)
    assert (found["people"], [share for share in found["endings"] if share["about"] == "most"]) == (
        5,
        [{"id": "calm-end", "count": None, "percent": None, "about": "most"}],
    )
    assert figures(make_team().manager).items() >= nothing.items()
    assert Program(team.manager).asks("simulations/tea-room/no-such/").status_code == 404


def test_figures_of_questions_are_of_five_people_and_more_and_of_banks_for_staff_alone(team):
    def right(person, document):
        with time_machine.travel(timezone.now() + timedelta(days=next(NIGHTS)), tick=False):
            keep_figures()
            asked = Program(person).asks(f"questions/tea-room/{document}/")
        return asked.json()["questions"] if asked.status_code == 200 else asked.status_code

    for _ in range(4):
        complete_course(learner_of(team))
    assert {(each["people"], each["right"]) for each in right(team.manager, "boiling")} == {(0, None)}
    complete_course(learner_of(team))
    nearly_all = {"count": None, "percent": None, "about": "most"}
    assert {
        "id": "is-it-off",
        "people": 5,
        "right": {"id": "right"} | nearly_all,
        "choices": [{"id": "1"} | nearly_all | {"about": "few"}, {"id": "2"} | nearly_all],
    } in right(team.manager, "boiling")
    assert {each["people"] for each in right(make_team().manager, "boiling")} == {0}
    assert (right(team.manager, "tea-bank"), right(team.manager, "last-cup")) == (404, 404)
    assert {each["people"] for each in right(make_admin(), "tea-bank")} <= {0, 5}


def test_parts_of_a_group_are_in_people_below_twenty_and_from_there_on_in_percent_alone():
    shares = shares_in([("a", Share(6, 19)), ("b", Share(12, 20))])
    assert [vars(share) for share in shares] == [
        {"id": "a", "count": 6, "percent": None, "about": None},
        {"id": "b", "count": None, "percent": 60, "about": None},
    ]
