import re
from collections import Counter

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from courseware.content.releases.course_import import import_course
from courseware.simulations import attempts as running
from courseware.simulations.models import Decision, SimulationAttempt, TimeSetting
from courseware.simulations.replay import replay_of
from tests.counting import FRAME, statements
from tests.course_format.samples import make_files
from tests.simulations.playing import BEST, INTRO, RED, at, begin, decide, page_of, play, take, text_of
from tests.simulations.samples import KETTLE, change, make_player, make_simulation_course

pytestmark = pytest.mark.django_db

TIMED = {"timing": "written", "has_script": "1"}


# Who may see what -----------------------------------------------------------------------------------------------------


def test_the_way_leads_from_the_route_to_the_page_before_the_start(signed_in):
    assert signed_in.get(f"/learn/tea-room/{KETTLE}/")["Location"] == INTRO
    assert signed_in.get(INTRO).status_code == 200


@pytest.mark.parametrize("is_required", [True, False])
def test_the_page_before_the_start_says_what_it_takes_to_be_done_and_whether_it_is(client, is_required):
    make_simulation_course(is_required=is_required)
    enrollment = make_player()
    client.force_login(enrollment.learner)

    def shown():
        page = BeautifulSoup(client.get(INTRO).content, "html.parser")
        tags = [tag.get_text() for tag in page.select(".intro .tag")]
        return "optional" in tags, "✓ done" in tags, "To complete it: no harm" in page.get_text()

    assert shown() == (not is_required, False, True)
    play(enrollment, RED)
    assert not shown()[1]
    play(enrollment, BEST)
    assert shown() == (not is_required, True, False)


def test_another_step_of_the_course_is_no_simulation(signed_in):
    assert signed_in.get("/simulations/tea-room/boiling/").status_code == 404
    assert signed_in.post("/simulations/tea-room/boiling/start/").status_code == 404


# Playing --------------------------------------------------------------------------------------------------------------


def test_starting_twice_leads_to_one_run(signed_in):
    first = signed_in.post(f"{INTRO}start/", TIMED)
    assert signed_in.post(f"{INTRO}start/", TIMED)["Location"] == first["Location"]
    assert SimulationAttempt.objects.get().timing == TimeSetting.WRITTEN


def test_without_javascript_a_run_is_played_untimed_and_recorded_so(signed_in):
    signed_in.post(f"{INTRO}start/", {"timing": "written"})
    run = SimulationAttempt.objects.get()
    assert run.timing == TimeSetting.OFF
    assert b"data-clock" not in signed_in.get(page_of(run)).content


def test_a_call_that_comes_in_shows_its_number_and_then_keeps_it_above_what_is_said(signed_in):
    shown = "> [!screen phone]\n> - number: 156 0000 7318\n> - on-file: no\n\n> [!screen sms]\n> - from: A\n>\n> 1\n\n"
    change(
        zh_hans=("{#rings .alarm}\n\n", f"{{#rings .call}}\n\n{shown}"),
        en=("{#rings}\n\n", f"{{#rings}}\n\n{shown}"),
    )
    page = BeautifulSoup(signed_in.get(INTRO).content, "html.parser")
    number = "156 0000 7318 not a known number"
    assert number in " ".join(page.select_one(".caller").get_text(" ").split())
    signed_in.post(INTRO + "start/", TIMED)
    arrival = BeautifulSoup(signed_in.get(page_of(SimulationAttempt.objects.get())).content, "html.parser").select_one(
        ".arrival"
    )
    assert number in " ".join(arrival.get_text(" ").split())
    assert "incoming-call" not in arrival["class"]  # it was answered before the run began
    assert not arrival.select(".lines .phone")
    assert len(arrival.select(".lines .sms")) == 1


@pytest.mark.parametrize(
    ("shown", "said"),
    [("", "On the phone"), ("> [!screen phone]\n> - number: 8300\n> - on-file: yes\n\n", "Incoming call")],
)
def test_a_later_call_comes_in_where_the_display_of_the_phone_is_shown(signed_in, enrollment, shown, said):
    change(
        zh_hans=("{#where .scene seconds=0}\n\n", f"{{#where .call seconds=0}}\n\n{shown}"),
        en=("{#where}\n\n", f"{{#where}}\n\n{shown}"),
    )
    run = begin(enrollment)
    take(run, 0)
    arrival = BeautifulSoup(signed_in.get(page_of(run)).content, "html.parser").select_one(".arrival")
    assert arrival.select_one(".who").get_text(strip=True) == said
    assert ("incoming-call" in arrival["class"]) is bool(shown)


def test_a_situation_shows_what_stands_in_it_and_nothing_of_what_follows(signed_in, enrollment):
    run = begin(enrollment, timing=TimeSetting.WRITTEN)
    with time_machine.travel(at(1), tick=False):
        page = signed_in.get(page_of(run)).content.decode()
    assert "The bell rings" in page and "Put the cup down and look" in page
    hidden = [
        "One look tells",
        "critical",
        "You do not move",
        "Go and look",
        "Where are you",
        "burnt",
        "#where",
        "best",
    ]
    assert [word for word in hidden if word in page] == []


@pytest.mark.parametrize(("choice", "heard"), [(0, []), (1, ["Your tea has cost us the curtain."])])
def test_what_is_said_depends_on_what_was_done_before_and_only_that_takes_time(signed_in, enrollment, choice, heard):
    change(
        zh_hans=("> **值班**：告诉", "> **值班**：你那杯茶，烧掉了窗帘。 {if=burnt}\n>\n> **值班**：告诉"),
        en=("> **Duty**: What", "> **Duty**: Your tea has cost us the curtain.\n>\n> **Duty**: What"),
    )
    enrollment.course.refresh_from_db()
    run = begin(enrollment, timing=TimeSetting.WRITTEN, flags=[])
    take(run, choice)
    take(run, 0)
    with time_machine.travel(at(0), tick=False):
        page = BeautifulSoup(signed_in.get(page_of(run)).content, "html.parser")
    assert [line.get_text(strip=True) for line in page.select(".said")] == [*heard, "What do we tell the others?"]
    characters = 6 + 9 * len(heard)  # of the course's own language
    assert int(page.find(attrs={"data-wait": True})["data-wait"]) == characters * 240


def offers_of(client, run, **headers):
    """(key, value) of the parts and the choices of the page, from top to bottom."""
    page = BeautifulSoup(client.get(page_of(run), headers=headers).content, "html.parser")
    return [(int(each["data-key"]), int(each["value"])) for each in page.select(".decision [data-key]")]


def attempts(enrollment, number=12):
    """One after the other, each open while it is looked at."""
    for minute in range(number):
        run = begin(enrollment, seconds=60 * minute, flags=[])
        yield run
        running.quit_attempt(run, at=at(60 * minute))


def test_choices_have_a_different_order_in_different_attempts(signed_in, enrollment):
    offers = [offers_of(signed_in, run) for run in attempts(enrollment)]
    assert all([key for key, _ in each] == [1, 2, 3] for each in offers)
    assert all(sorted(value for _, value in each) == [0, 1, 2] for each in offers)
    assert len({tuple(each) for each in offers}) > 1


def test_choices_keep_their_order_within_an_attempt_in_every_tab_and_language(signed_in, enrollment):
    for run in attempts(enrollment, 4):
        first = offers_of(signed_in, run)
        assert offers_of(signed_in, run) == first
        assert offers_of(signed_in, run, **{"Accept-Language": "zh-hans"}) == first


def test_a_shuffled_choice_is_stored_by_its_place_in_the_text(signed_in, enrollment):
    texts = ["Put the cup down and look", "Finish the tea", "Send Li"]
    for run in attempts(enrollment, 6):
        page = BeautifulSoup(signed_in.get(page_of(run)).content, "html.parser")
        button = page.select(".decision button.choice")[0]
        decide(signed_in, run, button["value"])
        decision = Decision.objects.get(run=run)
        assert texts[decision.place] == button.span.get_text(strip=True)


def test_a_decision_leads_to_the_next_situation_with_what_it_changed(signed_in, enrollment):
    run = begin(enrollment, flags=[])
    response = decide(signed_in, run, 1)
    assert response["Location"] == page_of(run)
    text = text_of(signed_in.get(page_of(run)))
    assert "Situation 2 of about 3" in text
    assert re.search(r"You chose: → Finish the tea Calm −30", text)


def test_for_the_script_the_piece_alone_comes_back(signed_in, enrollment):
    run = begin(enrollment)
    response = decide(signed_in, run, 0, headers={"HX-Request": "true"})
    assert response.content.lstrip().startswith(b"<title>")
    assert b"<html" not in response.content and b"Where are you?" in response.content


def test_the_last_decision_leads_to_the_debrief(signed_in, enrollment):
    run = begin(enrollment, flags=[])
    take(run, 0), take(run, 0)
    assert decide(signed_in, run, 0, position=3, part=[0, 1])["Location"].endswith("/debrief/")
    assert Decision.objects.get(position=3).picked == [0, 1]
    assert decide(signed_in, run, 0, position=3, headers={"HX-Request": "true"})["HX-Redirect"].endswith("/debrief/")


def test_what_is_not_offered_is_refused_and_says_where_the_run_stands(signed_in, enrollment):
    response = decide(signed_in, begin(enrollment), 9)
    assert response.status_code == 409
    assert "You cannot choose this here." in text_of(response)
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"choice": "x"},
        {"choice": "-1"},
        {"position": "0"},
        {"part": ["1", "zwei"]},
        {"choice": "1\0"},
        {"position": "9" * 99},
    ],
)
def test_what_no_form_sends_is_a_bad_request(signed_in, enrollment, fields):
    run = begin(enrollment)
    sent = {"position": 1, "choice": 0} | fields
    assert signed_in.post(reverse("simulations:decide", args=[run.pk]), sent).status_code == 400


def test_time_that_is_not_up_is_refused_and_a_late_decision_is_the_branch_for_doing_nothing(signed_in):
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        signed_in.post(f"{INTRO}start/", TIMED)
        run = SimulationAttempt.objects.get()
        early = decide(signed_in, run, "timeout", has_clock=1)
        assert early.status_code == 409 and "There is still time." in text_of(early)
        traveller.shift(60)
        decide(signed_in, run, 0, has_clock=1)
        assert Decision.objects.get().is_timeout
        assert "Time is up You do not move" in text_of(signed_in.get(page_of(run)))


def test_a_page_opened_again_has_less_time_left_and_changes_nothing(signed_in):
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        signed_in.post(f"{INTRO}start/", TIMED)
        run = SimulationAttempt.objects.get()

        def left():
            form = BeautifulSoup(signed_in.get(page_of(run)).content, "html.parser").find("form", class_="decision")
            return int(form["data-wait"]), int(form["data-left"])

        wait, full = left()
        assert 0 < wait < 10_000 and full == 20_000
        traveller.shift(wait / 1000 + 5)
        assert left() == (0, 15_000)
        traveller.shift(30)
        assert "ran out while you were away" in text_of(signed_in.get(page_of(run)))
        signed_in.post(reverse("simulations:continue", args=[run.pk]))
        assert left() == (wait, full)
        assert not Decision.objects.exists()


def test_where_the_clock_of_the_server_jumped_back_no_line_arrives_hours_later(signed_in, enrollment):
    run = begin(enrollment, timing=TimeSetting.WRITTEN, seconds=7200)
    with time_machine.travel(at(0), tick=False):
        page = BeautifulSoup(signed_in.get(page_of(run)).content, "html.parser")
    form = page.find("form", class_="decision")
    assert int(form["data-wait"]) < 10_000 and form["data-left"] == "20000"
    assert all(int(line["data-arrives"]) < 10_000 for line in page.select(".line"))


def test_a_pause_shows_no_situation_until_it_is_gone_on_with(signed_in, enrollment):
    run = begin(enrollment, timing=TimeSetting.WRITTEN)
    decide(signed_in, run, 0, pauses="1")
    page = text_of(signed_in.get(page_of(run)))
    assert "The clock is paused." in page and "Where are you?" not in page
    assert decide(signed_in, run, 0, position=2)["Location"] == page_of(run)
    assert Decision.objects.count() == 1
    signed_in.post(reverse("simulations:continue", args=[run.pk]))
    assert "Where are you?" in text_of(signed_in.get(page_of(run)))


def test_giving_up_leads_back_to_the_start(signed_in, enrollment):
    run = begin(enrollment)
    assert "Continue simulation" in text_of(signed_in.get(INTRO))
    assert signed_in.post(reverse("simulations:quit", args=[run.pk]))["Location"] == INTRO
    assert signed_in.get(page_of(run))["Location"] == INTRO
    assert "Start the simulation" in text_of(signed_in.get(INTRO))


def test_an_old_tab_of_a_run_that_was_left_is_led_out(signed_in, enrollment):
    run = begin(enrollment)
    decide(signed_in, run, 0)
    signed_in.post(reverse("simulations:quit", args=[run.pk]))
    for position in (1, 2):
        response = decide(signed_in, run, 0, position=position, headers={"HX-Request": "true"})
        assert response["HX-Redirect"] == page_of(run)
    assert Decision.objects.count() == 1


def test_a_tab_that_was_slower_than_the_one_that_ended_the_run_comes_to_the_debrief(signed_in, enrollment, monkeypatch):
    run = begin(enrollment, flags=[])

    def trail_after_the_end(run):
        for choice in BEST:
            take(run, choice)
        return replay_of(run)

    monkeypatch.setattr("courseware.simulations.views.replay_of", trail_after_the_end)
    assert signed_in.get(page_of(run))["Location"].endswith("/debrief/")


def test_a_run_goes_on_and_can_be_left_when_the_simulation_has_left_the_course(signed_in, enrollment):
    run = begin(enrollment)
    import_course(make_files())
    page = signed_in.get(page_of(run)).content.decode()
    assert "The bell rings" in page and INTRO not in page
    assert signed_in.post(reverse("simulations:quit", args=[run.pk]))["Location"] == "/"
    assert signed_in.get(page_of(run))["Location"] == "/"


@pytest.mark.parametrize(
    ("given", "offered"),
    [
        ("", ["written*", "double", "paused", "off"]),
        ("1.5", ["written", "1.5*", "double", "paused", "off"]),
        ("2", ["written", "double*", "paused", "off"]),
        ("off", ["written", "double", "paused", "off*"]),
    ],
)
def test_who_is_given_more_time_finds_it_set_and_may_begin_with_it(signed_in, enrollment, given, offered):
    enrollment.learner.extra_time = given
    enrollment.learner.save()
    times = BeautifulSoup(signed_in.get(INTRO).content, "html.parser").select("[name=timing]")
    assert [each["value"] + "*" * each.has_attr("checked") for each in times] == offered
    (chosen,) = (each.strip("*") for each in offered if "*" in each)
    signed_in.post(f"{INTRO}start/", {"timing": chosen, "has_script": "on"})
    assert SimulationAttempt.objects.get().timing == chosen


def test_what_was_chosen_the_last_time_is_set_the_next_time(signed_in, enrollment):
    play(enrollment, timing=TimeSetting.OFF)
    page = BeautifulSoup(signed_in.get(INTRO).content, "html.parser")
    assert page.find("input", checked=True)["value"] == "off"


# Queries --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 3])
def test_pages_cost_the_same_for_any_number_of_runs(signed_in, enrollment, django_assert_num_queries, number):
    runs = [play(enrollment, RED) for _ in range(number)]
    signed_in.get(INTRO)
    with django_assert_num_queries(5):  # session, person, enrollment, progress, runs
        signed_in.get(INTRO)
    # Session, person, run, enrollment, finished runs, decisions, progress, what colleagues chose.
    with django_assert_num_queries(8):
        signed_in.get(reverse("simulations:debrief", args=[runs[-1].pk]))


@pytest.mark.parametrize("choices", [[], BEST[:2]])
def test_a_situation_costs_the_same_wherever_it_stands(signed_in, enrollment, django_assert_num_queries, choices):
    run = begin(enrollment)
    for choice in choices:
        take(run, choice)
    signed_in.get(page_of(run))
    with django_assert_num_queries(5):  # session, person, run, enrollment, decisions
        signed_in.get(page_of(run))


# How often a decision asks the database: as often at the end of a run as at its beginning.


@pytest.mark.parametrize("made", [0, len(BEST) - 2])
def test_a_decision_and_the_next_situation_ask_the_same_wherever_the_run_stands(client, made):
    run = begin(make_player(), flags=())
    client.force_login(run.enrollment.learner)
    client.get(reverse("simulations:attempt", args=[run.pk]))  # outline and page are kept in memory from now on
    for choice in BEST[:made]:
        take(run, choice)
    form = {"position": made + 1, "choice": BEST[made]}
    address = reverse("simulations:decide", args=[run.pk])

    asked = statements(lambda: client.post(address, form, headers={"HX-Request": "true"})) - FRAME

    # Run and enrollment, both once more under the lock, the decisions, how many of late; decision, run.
    assert asked == Counter(SELECT=6, INSERT=1, UPDATE=1)
