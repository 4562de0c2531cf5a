"""The debrief, and the branches that are tried from it."""

import re

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from courseware.content.releases.importing import import_course
from courseware.simulations.models import Run
from tests.language.samples import make_files
from tests.simulations.playing import BEST, INTRO, RED, YELLOW, begin, fresh, page_of, play, take, text_of
from tests.simulations.samples import change

pytestmark = pytest.mark.django_db


def debrief_of(client, run):
    response = client.get(reverse("simulations:debrief", args=[run.pk]))
    return BeautifulSoup(response.content, "html.parser")


def test_the_debrief_opens_with_the_critical_errors(signed_in, enrollment):
    page = debrief_of(signed_in, play(enrollment, RED))
    first = page.find("main").find("h2")
    assert first.get_text() == "First of all: a critical error"
    assert "Finish the tea" in first.find_parent("section").get_text()
    assert "−2 of 4 points" in page.get_text()


def test_a_run_without_critical_errors_opens_with_its_ending(signed_in, enrollment):
    page = debrief_of(signed_in, play(enrollment))
    assert "critical" not in page.find("main").get_text()
    assert page.find("h1").get_text() == "A false alarm"
    assert "4 of 4 points" in page.get_text()


def test_only_where_the_same_was_chosen_are_both_ways_one(signed_in, enrollment):
    def told(run):
        lines = debrief_of(signed_in, run).select("ol.stopovers li")
        return ["you chose otherwise" in line.text for line in lines]

    assert told(play(enrollment)) == [False] * 4
    after_a_critical_error = told(play(enrollment, RED))
    assert after_a_critical_error[0]
    assert told(play(enrollment, YELLOW)).count(True) == 1


def test_the_debrief_lays_both_ways_beside_each_other_as_picture_and_as_list(signed_in, enrollment):
    page = debrief_of(signed_in, play(enrollment, [1, 1, 1, (0, [])]))
    picture = page.find("svg", class_="map")
    assert [path["class"] for path in picture.find_all("path")].count(["off"]) == 2
    lines = [line.get_text(" ", strip=True) for line in page.find("ol", class_="stopovers").find_all("li")]
    assert lines == [
        "1 The bell rings both ways come here; you chose otherwise",
        "2 Where are you? both ways",
        "3 Your own kitchen your way",
        "4 Write a note both ways come here; you chose otherwise",
        "◆ A false alarm the best way ● held",
        "◆ Burnt down your way ○ harm done",
    ]


def test_the_debrief_names_what_would_have_been_better_and_why(signed_in, enrollment):
    page = debrief_of(signed_in, play(enrollment, [2, 0, (0, [0, 2])]))
    first, _second, message = page.find("ol", class_="decisions").find_all("li", recursive=False)
    said = first.get_text(" ", strip=True)
    for part in (
        "Send Li",
        "weak",
        "Li waits for you.",
        "Better Put the cup down and look",
        "Go and look.",
        "Calm −5 → 55",
    ):
        assert part in said
    said = message.get_text(" ", strip=True)
    assert "not ticked: Whether all are out belongs there" in said
    assert "ticked: Who left it on does not belong there" in said


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
    response = signed_in.post(reverse("simulations:branch", args=[run.pk, 1]), follow=True)
    text = text_of(response)
    assert "The bell rings" in text and "not on record" in text and "Finish the tea your way before" in text
    branch = Run.objects.get(branch_of=run)
    for choice in BEST:
        take(branch, choice)
    page = debrief_of(signed_in, branch)
    assert page.find("a", href=reverse("simulations:debrief", args=[run.pk]))
    assert not page.find_all("form", action=re.compile("/branch/"))


def test_leaving_a_branch_leads_back_to_the_debrief(signed_in, enrollment):
    run = play(enrollment, RED)
    signed_in.post(reverse("simulations:branch", args=[run.pk, 2]))
    branch = Run.objects.get(branch_of=run)
    response = signed_in.post(reverse("simulations:give-up", args=[branch.pk]))
    assert response["Location"] == reverse("simulations:debrief", args=[run.pk])


def test_there_is_no_branch_where_nothing_was_decided(signed_in, enrollment):
    run = play(enrollment, RED)
    assert signed_in.post(reverse("simulations:branch", args=[run.pk, 9])).status_code == 404


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
