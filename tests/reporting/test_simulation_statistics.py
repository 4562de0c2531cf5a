from datetime import date
from itertools import count

import pytest
import time_machine
from bs4 import BeautifulSoup

from courseware.content.models import Document
from courseware.content.rendering import store
from courseware.learning.models import Enrollment
from courseware.lib.text.fractions_text import AnonymousShare as Share
from courseware.reporting.statistics.group_statistics import GroupStatistic
from courseware.reporting.statistics.nightly_update import update_statistics
from courseware.reporting.statistics.simulations import split_of
from tests.making import join, make_editor, make_enrollment, make_team, make_user
from tests.simulations.playing import BEST, HOME_BEST, RED, YELLOW, begin, play, take
from tests.simulations.samples import KETTLE, change, make_player

NIGHTS = map(date.fromordinal, count(date(2026, 12, 1).toordinal()))  # later than all attempts
PAGE = f"/team/simulations/tea-room/{KETTLE}/"

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def split(today=None):
    """After the next nightly update."""
    update_statistics(today or next(NIGHTS))
    document = Document.objects.select_related("course__current").get(identifier=KETTLE)
    page = store.page(document.course.current, KETTLE, "en")
    return split_of(document, page, GroupStatistic.objects.all())


def node(found, identifier):
    return next(each for each in found.nodes if each.node.id == identifier)


def test_statistics_grow_in_steps_of_5_after_2_days():
    for _ in range(5):
        play(make_player(), BEST)
    assert split(today=date(2026, 11, 26)).people == 0
    five = split(today=date(2026, 11, 27))
    assert (five.people, node(five, "rings").people) == (5, 5)
    for _ in range(4):
        play(make_player(), RED)
    assert split() == five
    play(make_player(), RED)
    ten = split()
    assert (ten.people, node(ten, "rings").people) == (10, 10)


def test_each_situation_counts_in_fives():
    for choices in [RED] * 3 + [HOME_BEST] * 7:
        play(make_player(), choices)
    found = split()
    assert {each.node.id: each.people for each in found.nodes if each.people} == {
        "rings": 10, "where": 10, "kitchen": 5, "note": 10,
    }  # fmt: skip


def test_first_finished_attempt_counts():
    players = [make_player() for _ in range(5)]
    unfinished = begin(players[0])
    Enrollment.objects.filter(pk=players[0].pk).update(completed_at=unfinished.started_at)
    players[0] = make_enrollment(players[0].learner, players[0].course)
    for player in players:
        play(player, BEST)
    before = split()
    for choice in RED:
        take(unfinished, choice, seconds=60)
    assert split() == before


def test_statistics_split_people_at_each_situation():
    for choices in [RED, RED, YELLOW, BEST, BEST]:
        play(make_player(), choices)
    found = split()
    rings = node(found, "rings")
    assert [share.count for _choice, share in rings.choices] == [3, 2, 0, 0]
    assert (rings.people, rings.critical) == (5, Share(2, 5))
    assert [(ending.id, share.count) for ending, share in found.endings] == [
        ("burnt-down", 2),
        ("hurt", 1),
        ("calm-end", 2),
    ]
    assert node(found, "kitchen").choices == ()
    assert {(way.source, way.target) for way, _width in found.ways} == {
        ("rings", "where"), ("where", "note"), ("note", "burnt-down"), ("note", "hurt"), ("note", "calm-end"),
    }  # fmt: skip


def test_time_is_median_of_decisions():
    for _ in range(5):
        play(make_player(), BEST)
    assert node(split(), "rings").seconds == 0


def test_five_attempts_of_one_person_count_once():
    enrollment = make_player()
    for _ in range(5):
        play(enrollment, RED)
    assert (split().people, split().endings) == (0, ())


def test_changed_situation_restarts_its_count_only():
    for _ in range(5):
        play(make_player(), RED)
    weak, harmful = '- [叫小李去](#where "weak")', '- [叫小李去](#where "harmful")'
    change(zh_hans=(weak, harmful), en=('- [Send Li](#where "weak")', '- [Send Li](#where "harmful")'))
    found = split()
    assert (node(found, "rings").people, node(found, "where").people) == (0, 5)


def test_reworded_choice_keeps_count():
    for _ in range(5):
        play(make_player(), RED)
    change(zh_hans=("叫小李去", "请小李去"), en=("Send Li", "Let Li go"))
    assert node(split(), "rings").people == 5


@pytest.fixture
def later():
    with time_machine.travel("2026-12-01T12:00Z", tick=False):
        yield


def test_page_is_for_managers_and_editors_without_names(client, later):
    team = make_team()
    for _ in range(5):
        enrollment = make_player(make_user("Nora Named"))
        join(team, enrollment.learner)
        play(enrollment, RED)
    for person, status in [(team.manager, 200), (make_editor(), 200), (enrollment.learner, 404), (make_user(), 404)]:
        client.force_login(person)
        assert client.get(PAGE).status_code == status
    update_statistics()
    client.force_login(team.manager)
    text = client.get(PAGE).content.decode()
    assert "critical error: most" in text and "Nora" not in text


def test_manager_sees_statistics_of_own_people_only(client, later):
    for _ in range(5):
        play(make_player(), RED)
    update_statistics()
    client.force_login(make_team(learners=1).manager)
    assert "Not enough attempts yet" in client.get(PAGE).content.decode()


def test_page_states_people_and_update_rule(client, later):
    for _ in range(6):
        play(make_player(), RED)
    update_statistics()
    client.force_login(make_editor())
    words = BeautifulSoup(client.get(PAGE).content, "html.parser").main.text
    assert "5 people played the simulation to the end" in words
    assert "The numbers change only when there is data of 5 more people, at night" in words
    assert "6" not in words


def among_colleagues(client, attempt):
    """Number of a situation → what its debrief says about colleagues."""
    client.force_login(attempt.enrollment.learner)
    page = BeautifulSoup(client.get(f"/simulation-attempts/{attempt.pk}/debrief/").content, "html.parser")
    items = {
        item.find(class_="num").get_text(): item.find(class_="colleagues") for item in page.select(".decisions > li")
    }
    return {
        number: (line.get_text(" ", strip=True), len(line.select("i.one")), len(line.select("i")))
        for number, line in items.items()
        if line
    }


def test_debrief_shows_share_of_colleagues_choosing_best(client):
    def player(*choices):
        return play(make_player(), choices)

    forked = [2, 0, (0, [0, 2])]
    for choices in [BEST] * 3 + [RED]:
        player(*choices)
    of_four = player(*forked)  # the fifth
    assert among_colleagues(client, of_four) == {}
    update_statistics(next(NIGHTS))
    sentence = "Of the colleagues who reached this situation, {} made the best choice."
    # Situation 2 has no better choice; the choices of the message do not differ.
    assert among_colleagues(client, of_four) == {"1": (sentence.format("3 of 5"), 3, 5)}
    assert among_colleagues(client, player(*BEST)) == {}
    for _ in range(14):
        player(*BEST)
    update_statistics(next(NIGHTS))
    assert among_colleagues(client, of_four) == {"1": (sentence.format("90%"), 0, 0)}


def test_colleagues_are_not_shown_for_changed_situation(client):
    for _ in range(4):
        play(make_player(), BEST)
    before = play(make_player(), RED)
    update_statistics(next(NIGHTS))
    weak, harmful = ('- [叫小李去](#where "weak")', '- [叫小李去](#where "harmful")')
    change(zh_hans=(weak, harmful), en=('- [Send Li](#where "weak")', '- [Send Li](#where "harmful")'))
    assert list(among_colleagues(client, before)) == ["1"]
    assert among_colleagues(client, play(make_player(), RED)) == {}
