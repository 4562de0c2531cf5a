"""The debrief, and what-if attempts started from it."""

import re

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from courseware.content.releases.course_import import import_course
from courseware.simulations.models import SimulationAttempt, TimeSetting
from tests.course_format.samples import make_files
from tests.simulations.playing import BEST, INTRO, RED, begin, fresh, page_of, play, take, text_of
from tests.simulations.samples import change, make_player, make_simulation_course

pytestmark = pytest.mark.django_db


def debrief_of(client, attempt):
    response = client.get(reverse("simulations:debrief", args=[attempt.pk]))
    return BeautifulSoup(response.content, "html.parser")


def decisions_in(page):
    """(number and title, choice, classes, is open) of each decision."""
    return [
        (
            item.find("h3").get_text(" ", strip=True),
            item.find(class_="did").get_text(" ", strip=True),
            item["class"][1:],
            item.find("details").has_attr("open"),
        )
        for item in page.select("ol.decisions > li")
    ]


def test_debrief_starts_with_ending_and_critical_errors(signed_in, enrollment):
    page = debrief_of(signed_in, play(enrollment, RED))
    outcome = page.find("section", class_="outcome")
    assert outcome.find("h1").get_text() == "Burnt down"
    assert outcome.find("h2").get_text() == "There was a critical error"
    assert [item.get_text() for item in outcome.select(".first-of-all li")] == ["Situation 1: Finish the tea"]
    assert outcome.find("a", href="#decision-1") and page.find(id="decision-1")


@pytest.mark.slow
def test_outcome_shows_counts_by_rating_without_points(signed_in, enrollment):
    def counted(*choices):
        page = debrief_of(signed_in, play(enrollment, choices))
        assert "points" not in page.find("section", class_="fork").get_text()
        return [item.get_text(" ", strip=True) for item in page.select(".counts li")]

    assert counted(*BEST) == ["2 best"]
    assert counted(*RED) == ["1 weak", "1 critical"]  # no part was ticked
    assert counted(2, 1, 1, (0, [0, 1])) == ["1 best", "1 weak", "1 harmful"]


@pytest.mark.parametrize(("is_required", "goes_on"), [(True, False), (False, True)])
def test_red_ending_links_on_only_if_optional(client, is_required, goes_on):
    make_simulation_course(is_required=is_required)
    player = make_player()
    client.force_login(player.learner)
    page = debrief_of(client, play(player, RED))
    assert any(link.text.startswith("Next: ") for link in page.select(".outcome .btn")) is goes_on


def test_decisions_are_numbered_and_open_where_not_best(signed_in, enrollment):
    page = debrief_of(signed_in, play(enrollment, [1, 1, 0, (0, [0, 2])]))
    assert decisions_in(page) == [
        ("1 The bell rings", "Finish the tea ✕ critical error", ["critical"], True),
        ("2 Where are you?", "At home", [], False),
        ("3 Your own kitchen", "Put the lid on ✓ best", ["best"], False),
        ("4 Write a note", "Send it weak", ["weak"], True),
    ]
    in_the_shop = debrief_of(signed_in, play(enrollment))
    assert [number for number, *_ in decisions_in(in_the_shop)] == [
        "1 The bell rings",
        "2 Where are you?",
        "3 Write a note",
    ]
    assert not any(is_open for *_, is_open in decisions_in(in_the_shop))


def test_both_endings_are_shown_side_by_side(signed_in, enrollment):
    page = debrief_of(signed_in, play(enrollment, RED))
    ends = [(item["class"], item.get_text(" ", strip=True)) for item in page.select("dl.ends > div")]
    assert ends == [(["red"], "Your ending Burnt down"), (["green"], "Ending of the best path A false alarm")]


def test_other_choice_is_offered_at_worst_decision(signed_in, enrollment):
    attempt = play(enrollment, [2, 1, 1, (0, [0, 1])])  # weak, then harmful
    button = debrief_of(signed_in, attempt).find("section", class_="outcome").find("button")
    assert button.get_text() == "Try again from situation 3"
    assert button.find_parent("form")["action"] == reverse("simulations:what-if", args=[attempt.pk, 3])
    assert not debrief_of(signed_in, play(enrollment)).find("section", class_="outcome").find("form")


@pytest.mark.parametrize(
    ("ways", "told"),
    [
        (
            [2, 0, (0, [0])],
            "The simulation is not completed: you have 1 of 4 points, but you need at least half of the 4 points.",
        ),
        ([None, 1, 0, None], "The simulation is not completed: the time ran out 2 times, and only 1 time is allowed."),
        (RED, "To complete the simulation, reach an ending without harm."),
        (BEST, "This simulation is completed."),
    ],
)
def test_debrief_says_what_completion_lacks(signed_in, enrollment, ways, told):
    attempt = begin(enrollment, timing=TimeSetting.WRITTEN, flags=[])
    for number, one in enumerate(ways, start=1):
        take(attempt, one, seconds=100 * number if one is None or None in ways else 0)
    text = " ".join(debrief_of(signed_in, attempt).get_text().split())
    assert told in text


def test_debrief_shows_better_choice_and_reason(signed_in, enrollment):
    page = debrief_of(signed_in, play(enrollment, [2, 0, (0, [0, 2])]))
    first, _second, message = page.find("ol", class_="decisions").find_all("li", recursive=False)
    shown = first.get_text(" ", strip=True)
    for part in (
        "You Send Li",
        "weak",
        "Li waits for you.",
        "Better Put the cup down and look",
        "One look tells how bad it is.",
        "Go and look.",
        "Calm −5 → 55",
    ):
        assert part in shown
    shown = message.get_text(" ", strip=True)
    assert "not ticked: Whether all are out should be included" in shown
    assert "ticked: Who left it on should not be included" in shown


def test_debrief_tells_real_case_with_sources(signed_in, enrollment):
    page = debrief_of(signed_in, play(enrollment))
    assert "One year a tea house burnt somewhere." in page.get_text()
    assert page.find(id="source-1")
    assert page.find("a", href="#source-1")


def test_open_attempt_has_no_debrief(signed_in, enrollment):
    attempt = begin(enrollment)
    assert signed_in.get(reverse("simulations:debrief", args=[attempt.pk]))["Location"] == page_of(attempt)


def test_what_if_starts_at_situation_and_links_back(signed_in, enrollment):
    attempt = play(enrollment, RED)
    response = signed_in.post(reverse("simulations:what-if", args=[attempt.pk, 1]), follow=True)
    text = text_of(response)
    assert "The bell rings" in text and "not recorded" in text and "Finish the tea your previous choice" in text
    what_if = SimulationAttempt.objects.get(what_if_of=attempt)
    for choice in BEST:
        take(what_if, choice)
    page = debrief_of(signed_in, what_if)
    assert page.find("a", href=reverse("simulations:debrief", args=[attempt.pk]))
    assert not page.find_all("form", action=re.compile("/what-if/"))


def test_quitting_what_if_leads_back_to_debrief(signed_in, enrollment):
    attempt = play(enrollment, RED)
    signed_in.post(reverse("simulations:what-if", args=[attempt.pk, 2]))
    what_if = SimulationAttempt.objects.get(what_if_of=attempt)
    response = signed_in.post(reverse("simulations:quit", args=[what_if.pk]))
    assert response["Location"] == reverse("simulations:debrief", args=[attempt.pk])


def test_undecided_situation_has_no_what_if(signed_in, enrollment):
    attempt = play(enrollment, RED)
    assert signed_in.post(reverse("simulations:what-if", args=[attempt.pk, 9])).status_code == 404


def test_debrief_stays_after_simulation_left_course(signed_in, enrollment):
    attempt = play(enrollment)
    import_course(make_files())
    assert signed_in.get(INTRO).status_code == 404
    page = debrief_of(signed_in, fresh(attempt))
    assert page.find("h1").get_text() == "A false alarm"


def test_intro_links_best_and_latest_attempt(signed_in, enrollment):
    best = play(enrollment, BEST)
    latest = play(enrollment, RED)
    page = BeautifulSoup(signed_in.get(INTRO).content, "html.parser")
    links = [link["href"] for link in page.find("dl", class_="runs").find_all("a")]
    assert links == [reverse("simulations:debrief", args=[attempt.pk]) for attempt in (best, latest)]


@pytest.mark.slow
def test_intro_counts_one_situation_per_drawn_set(signed_in):
    assert "about 3 decisions" in text_of(signed_in.get(INTRO))
    change(zh_hans=("chance: {friend: 1/3}", "chance: {visitor: [friend, nobody]}"))
    assert "about 4 decisions" in text_of(signed_in.get(INTRO))
