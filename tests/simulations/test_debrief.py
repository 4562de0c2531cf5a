"""The debrief, and the branches that are tried from it."""

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


def debrief_of(client, run):
    response = client.get(reverse("simulations:debrief", args=[run.pk]))
    return BeautifulSoup(response.content, "html.parser")


def way(page):
    """(number and title, what was chosen, look of the line, whether it is told at length) of each decision."""
    return [
        (
            item.find("h3").get_text(" ", strip=True),
            item.find(class_="did").get_text(" ", strip=True),
            item["class"][1:],
            item.find("details").has_attr("open"),
        )
        for item in page.select("ol.decisions > li")
    ]


def test_the_debrief_opens_with_the_ending_and_the_critical_errors(signed_in, enrollment):
    page = debrief_of(signed_in, play(enrollment, RED))
    outcome = page.find("section", class_="outcome")
    assert outcome.find("h1").get_text() == "Burnt down"
    assert outcome.find("h2").get_text() == "There was a critical error"
    assert [item.get_text() for item in outcome.select(".first-of-all li")] == ["Situation 1: Finish the tea"]
    assert outcome.find("a", href="#decision-1") and page.find(id="decision-1")


def test_the_outcome_is_told_in_words_and_not_as_a_sum(signed_in, enrollment):
    def counted(*choices):
        page = debrief_of(signed_in, play(enrollment, choices))
        assert "points" not in page.find("section", class_="fork").get_text()
        return [item.get_text(" ", strip=True) for item in page.select(".counts li")]

    assert counted(*BEST) == ["2 best"]
    assert counted(*RED) == ["1 weak", "1 critical"]  # nothing was ticked
    assert counted(2, 1, 1, (0, [0, 1])) == ["1 best", "1 weak", "1 harmful"]


@pytest.mark.parametrize(("is_required", "goes_on"), [(True, False), (False, True)])
def test_after_a_red_ending_the_way_leads_on_where_the_simulation_is_optional(client, is_required, goes_on):
    make_simulation_course(is_required=is_required)
    player = make_player()
    client.force_login(player.learner)
    page = debrief_of(client, play(player, RED))
    assert any(link.text.startswith("Next: ") for link in page.select(".outcome .btn")) is goes_on


def test_the_way_is_numbered_as_it_was_played_and_forks_where_something_else_was_chosen(signed_in, enrollment):
    page = debrief_of(signed_in, play(enrollment, [1, 1, 0, (0, [0, 2])]))
    assert way(page) == [
        ("1 The bell rings", "Finish the tea ✕ critical error", ["critical"], True),
        ("2 Where are you?", "At home", [], False),
        ("3 Your own kitchen", "Put the lid on ✓ best", ["best"], False),
        ("4 Write a note", "Send it weak", ["weak"], True),
    ]
    in_the_shop = debrief_of(signed_in, play(enrollment))
    assert [number for number, *_ in way(in_the_shop)] == ["1 The bell rings", "2 Where are you?", "3 Write a note"]
    assert not any(is_open for *_, is_open in way(in_the_shop))


def test_both_endings_stand_side_by_side(signed_in, enrollment):
    page = debrief_of(signed_in, play(enrollment, RED))
    ends = [(item["class"], item.get_text(" ", strip=True)) for item in page.select("dl.ends > div")]
    assert ends == [(["red"], "Your ending Burnt down"), (["green"], "Ending of the best path A false alarm")]


def test_another_way_is_offered_from_the_gravest_decision(signed_in, enrollment):
    run = play(enrollment, [2, 1, 1, (0, [0, 1])])  # weak, then harmful
    button = debrief_of(signed_in, run).find("section", class_="outcome").find("button")
    assert button.get_text() == "Try another choice from situation 3"
    assert button.find_parent("form")["action"] == reverse("simulations:what-if", args=[run.pk, 3])
    assert not debrief_of(signed_in, play(enrollment)).find("section", class_="outcome").find("form")


@pytest.mark.parametrize(
    ("ways", "told"),
    [
        ([2, 0, (0, [0])], "It is not completed: you have 1 of 4 points and need half of them."),
        ([None, 1, 0, None], "It is not completed: the time ran out 2 times, and only 1 time is allowed."),
        (RED, "To complete it, reach an ending without harm."),
        (BEST, "This simulation is completed."),
    ],
)
def test_what_a_run_lacks_to_be_done_is_said(signed_in, enrollment, ways, told):
    run = begin(enrollment, timing=TimeSetting.WRITTEN, flags=[])
    for number, one in enumerate(ways, start=1):
        take(run, one, seconds=100 * number if one is None or None in ways else 0)
    text = " ".join(debrief_of(signed_in, run).get_text().split())
    assert told in text


def test_the_debrief_names_what_would_have_been_better_and_why(signed_in, enrollment):
    page = debrief_of(signed_in, play(enrollment, [2, 0, (0, [0, 2])]))
    first, _second, message = page.find("ol", class_="decisions").find_all("li", recursive=False)
    said = first.get_text(" ", strip=True)
    for part in (
        "You Send Li",
        "weak",
        "Li waits for you.",
        "Better Put the cup down and look",
        "One look tells how bad it is.",
        "Go and look.",
        "Calm −5 → 55",
    ):
        assert part in said
    said = message.get_text(" ", strip=True)
    assert "not ticked: Whether all are out should be included" in said
    assert "ticked: Who left it on should not be included" in said


def test_the_debrief_tells_the_real_case_with_its_sources(signed_in, enrollment):
    page = debrief_of(signed_in, play(enrollment))
    assert "One year a tea house burnt somewhere." in page.get_text()
    assert page.find(id="source-1")
    assert page.find("a", href="#source-1")


def test_an_open_run_has_no_debrief(signed_in, enrollment):
    run = begin(enrollment)
    assert signed_in.get(reverse("simulations:debrief", args=[run.pk]))["Location"] == page_of(run)


def test_another_way_is_tried_from_the_very_situation_and_leads_back(signed_in, enrollment):
    run = play(enrollment, RED)
    response = signed_in.post(reverse("simulations:what-if", args=[run.pk, 1]), follow=True)
    text = text_of(response)
    assert "The bell rings" in text and "not recorded" in text and "Finish the tea your previous choice" in text
    branch = SimulationAttempt.objects.get(what_if_of=run)
    for choice in BEST:
        take(branch, choice)
    page = debrief_of(signed_in, branch)
    assert page.find("a", href=reverse("simulations:debrief", args=[run.pk]))
    assert not page.find_all("form", action=re.compile("/what-if/"))


def test_leaving_a_branch_leads_back_to_the_debrief(signed_in, enrollment):
    run = play(enrollment, RED)
    signed_in.post(reverse("simulations:what-if", args=[run.pk, 2]))
    branch = SimulationAttempt.objects.get(what_if_of=run)
    response = signed_in.post(reverse("simulations:quit", args=[branch.pk]))
    assert response["Location"] == reverse("simulations:debrief", args=[run.pk])


def test_there_is_no_branch_where_nothing_was_decided(signed_in, enrollment):
    run = play(enrollment, RED)
    assert signed_in.post(reverse("simulations:what-if", args=[run.pk, 9])).status_code == 404


def test_a_debrief_is_kept_when_the_simulation_has_left_the_course(signed_in, enrollment):
    run = play(enrollment)
    import_course(make_files())
    assert signed_in.get(INTRO).status_code == 404
    page = debrief_of(signed_in, fresh(run))
    assert page.find("h1").get_text() == "A false alarm"


def test_best_and_latest_run_stand_on_the_page_before_the_start(signed_in, enrollment):
    best = play(enrollment, BEST)
    latest = play(enrollment, RED)
    page = BeautifulSoup(signed_in.get(INTRO).content, "html.parser")
    links = [link["href"] for link in page.find("dl", class_="runs").find_all("a")]
    assert links == [reverse("simulations:debrief", args=[run.pk]) for run in (best, latest)]


def test_before_the_start_a_situation_of_each_set_that_chance_draws_from_is_counted(signed_in):
    assert "about 3 decisions" in text_of(signed_in.get(INTRO))
    change(zh_hans=("chance: {friend: 1/3}", "chance: {visitor: [friend, nobody]}"))
    assert "about 4 decisions" in text_of(signed_in.get(INTRO))
