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


# Access ---------------------------------------------------------------------------------------------------------------


def test_step_redirects_to_intro(signed_in):
    assert signed_in.get(f"/learn/tea-room/{KETTLE}/")["Location"] == INTRO
    assert signed_in.get(INTRO).status_code == 200


@pytest.mark.parametrize("is_required", [True, False])
def test_intro_shows_completion_rule_and_state(client, is_required):
    make_simulation_course(is_required=is_required)
    enrollment = make_player()
    client.force_login(enrollment.learner)

    def shown():
        page = BeautifulSoup(client.get(INTRO).content, "html.parser")
        tags = [tag.get_text() for tag in page.select(".intro .tag")]
        goal = "To complete the simulation, reach an ending without harm"
        return "optional" in tags, "✓ done" in tags, goal in page.get_text()

    assert shown() == (not is_required, False, True)
    play(enrollment, RED)
    assert not shown()[1]
    play(enrollment, BEST)
    assert shown() == (not is_required, True, False)


def test_other_step_is_no_simulation(signed_in):
    assert signed_in.get("/simulations/tea-room/boiling/").status_code == 404
    assert signed_in.post("/simulations/tea-room/boiling/start/").status_code == 404


# Playing --------------------------------------------------------------------------------------------------------------


def test_starting_twice_returns_same_attempt(signed_in):
    first = signed_in.post(f"{INTRO}start/", TIMED)
    assert signed_in.post(f"{INTRO}start/", TIMED)["Location"] == first["Location"]
    assert SimulationAttempt.objects.get().timing == TimeSetting.WRITTEN


def test_attempt_without_javascript_is_untimed(signed_in):
    signed_in.post(f"{INTRO}start/", {"timing": "written"})
    attempt = SimulationAttempt.objects.get()
    assert attempt.timing == TimeSetting.OFF
    assert b"data-clock" not in signed_in.get(page_of(attempt)).content


@pytest.mark.slow
def test_answered_call_keeps_number_above_lines(signed_in):
    shown = "> [!screen phone]\n> - number: 156 0000 7318\n> - on-file: no\n\n> [!screen sms]\n> - from: A\n>\n> 1\n\n"
    change(
        zh_hans=("{#rings .alarm}\n\n", f"{{#rings .call}}\n\n{shown}"),
        en=("{#rings}\n\n", f"{{#rings}}\n\n{shown}"),
    )
    page = BeautifulSoup(signed_in.get(INTRO).content, "html.parser")
    number = "156 0000 7318 not a known phone number"
    assert number in " ".join(page.select_one(".caller").get_text(" ").split())
    signed_in.post(INTRO + "start/", TIMED)
    arrival = BeautifulSoup(signed_in.get(page_of(SimulationAttempt.objects.get())).content, "html.parser").select_one(
        ".arrival"
    )
    assert number in " ".join(arrival.get_text(" ").split())
    assert "incoming-call" not in arrival["class"]  # answered before the attempt began
    assert not arrival.select(".lines .phone")
    assert len(arrival.select(".lines .sms")) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shown", "said"),
    [("", "On the phone"), ("> [!screen phone]\n> - number: 8300\n> - on-file: yes\n\n", "Incoming call")],
)
def test_later_call_rings_if_phone_display_is_shown(signed_in, enrollment, shown, said):
    change(
        zh_hans=("{#where .scene seconds=0}\n\n", f"{{#where .call seconds=0}}\n\n{shown}"),
        en=("{#where}\n\n", f"{{#where}}\n\n{shown}"),
    )
    attempt = begin(enrollment)
    take(attempt, 0)
    arrival = BeautifulSoup(signed_in.get(page_of(attempt)).content, "html.parser").select_one(".arrival")
    assert arrival.select_one(".who").get_text(strip=True) == said
    assert ("incoming-call" in arrival["class"]) is bool(shown)


def test_situation_hides_what_follows(signed_in, enrollment):
    attempt = begin(enrollment, timing=TimeSetting.WRITTEN)
    with time_machine.travel(at(1), tick=False):
        page = signed_in.get(page_of(attempt)).content.decode()
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


@pytest.mark.slow
@pytest.mark.parametrize(("choice", "heard"), [(0, []), (1, ["Your tea has cost us the curtain."])])
def test_conditional_line_adds_reading_time(signed_in, enrollment, choice, heard):
    change(
        zh_hans=("> **值班**：告诉", "> **值班**：你那杯茶，烧掉了窗帘。 {if=burnt}\n>\n> **值班**：告诉"),
        en=("> **Duty**: What", "> **Duty**: Your tea has cost us the curtain.\n>\n> **Duty**: What"),
    )
    enrollment.course.refresh_from_db()
    attempt = begin(enrollment, timing=TimeSetting.WRITTEN, flags=[])
    take(attempt, choice)
    take(attempt, 0)
    with time_machine.travel(at(0), tick=False):
        page = BeautifulSoup(signed_in.get(page_of(attempt)).content, "html.parser")
    assert [line.get_text(strip=True) for line in page.select(".said")] == [*heard, "What do we tell the others?"]
    characters = 6 + 9 * len(heard)  # of the course's own language
    assert int(page.find(attrs={"data-wait": True})["data-wait"]) == characters * 240


def offers_of(client, attempt, **headers):
    """(key, value) of the parts and choices on the page, from top to bottom."""
    page = BeautifulSoup(client.get(page_of(attempt), headers=headers).content, "html.parser")
    return [(int(each["data-key"]), int(each["value"])) for each in page.select(".decision [data-key]")]


def attempts(enrollment, number=12):
    """Attempts one after the other, each open while in use."""
    for minute in range(number):
        attempt = begin(enrollment, seconds=60 * minute, flags=[])
        yield attempt
        running.quit_attempt(attempt, at=at(60 * minute))


@pytest.mark.slow
def test_choice_order_differs_between_attempts(signed_in, enrollment):
    offers = [offers_of(signed_in, attempt) for attempt in attempts(enrollment)]
    assert all([key for key, _ in each] == [1, 2, 3] for each in offers)
    assert all(sorted(value for _, value in each) == [0, 1, 2] for each in offers)
    assert len({tuple(each) for each in offers}) > 1


@pytest.mark.slow
def test_choice_order_is_stable_within_attempt(signed_in, enrollment):
    for attempt in attempts(enrollment, 4):
        first = offers_of(signed_in, attempt)
        assert offers_of(signed_in, attempt) == first
        assert offers_of(signed_in, attempt, **{"Accept-Language": "zh-hans"}) == first


def test_shuffled_choice_is_stored_by_text_position(signed_in, enrollment):
    texts = ["Put the cup down and look", "Finish the tea", "Send Li"]
    for attempt in attempts(enrollment, 6):
        page = BeautifulSoup(signed_in.get(page_of(attempt)).content, "html.parser")
        button = page.select(".decision button.choice")[0]
        decide(signed_in, attempt, button["value"])
        decision = Decision.objects.get(run=attempt)
        assert texts[decision.place] == button.span.get_text(strip=True)


def test_decision_shows_next_situation_and_change(signed_in, enrollment):
    attempt = begin(enrollment, flags=[])
    response = decide(signed_in, attempt, 1)
    assert response["Location"] == page_of(attempt)
    text = text_of(signed_in.get(page_of(attempt)))
    assert "Situation 2 of about 3" in text
    assert re.search(r"You chose: → Finish the tea Calm −30", text)


def test_script_gets_fragment_only(signed_in, enrollment):
    attempt = begin(enrollment)
    response = decide(signed_in, attempt, 0, headers={"HX-Request": "true"})
    assert response.content.lstrip().startswith(b"<title>")
    assert b"<html" not in response.content and b"Where are you?" in response.content


def test_last_decision_leads_to_debrief(signed_in, enrollment):
    attempt = begin(enrollment, flags=[])
    take(attempt, 0), take(attempt, 0)
    assert decide(signed_in, attempt, 0, position=3, part=[0, 1])["Location"].endswith("/debrief/")
    assert Decision.objects.get(position=3).picked == [0, 1]
    assert decide(signed_in, attempt, 0, position=3, headers={"HX-Request": "true"})["HX-Redirect"].endswith(
        "/debrief/"
    )


def test_unavailable_choice_is_refused(signed_in, enrollment):
    response = decide(signed_in, begin(enrollment), 9)
    assert response.status_code == 409
    assert "You cannot choose this option in the present situation." in text_of(response)
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
def test_malformed_decision_is_bad_request(signed_in, enrollment, fields):
    attempt = begin(enrollment)
    sent = {"position": 1, "choice": 0} | fields
    assert signed_in.post(reverse("simulations:decide", args=[attempt.pk]), sent).status_code == 400


def test_early_timeout_is_refused_and_late_decision_times_out(signed_in):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        signed_in.post(f"{INTRO}start/", TIMED)
        attempt = SimulationAttempt.objects.get()
        early = decide(signed_in, attempt, "timeout", has_clock=1)
        assert early.status_code == 409 and "The time for this decision is not over yet." in text_of(early)
        clock.shift(60)
        decide(signed_in, attempt, 0, has_clock=1)
        assert Decision.objects.get().is_timeout
        assert "Time is up You do not move" in text_of(signed_in.get(page_of(attempt)))


def test_reopened_page_has_less_time_left(signed_in):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        signed_in.post(f"{INTRO}start/", TIMED)
        attempt = SimulationAttempt.objects.get()

        def left():
            form = BeautifulSoup(signed_in.get(page_of(attempt)).content, "html.parser").find("form", class_="decision")
            return int(form["data-wait"]), int(form["data-left"])

        wait, full = left()
        assert 0 < wait < 10_000 and full == 20_000
        clock.shift(wait / 1000 + 5)
        assert left() == (0, 15_000)
        clock.shift(30)
        assert "ran out while you were away" in text_of(signed_in.get(page_of(attempt)))
        signed_in.post(reverse("simulations:continue", args=[attempt.pk]))
        assert left() == (wait, full)
        assert not Decision.objects.exists()


def test_server_clock_set_back_does_not_delay_lines(signed_in, enrollment):
    attempt = begin(enrollment, timing=TimeSetting.WRITTEN, seconds=7200)
    with time_machine.travel(at(0), tick=False):
        page = BeautifulSoup(signed_in.get(page_of(attempt)).content, "html.parser")
    form = page.find("form", class_="decision")
    assert int(form["data-wait"]) < 10_000 and form["data-left"] == "20000"
    assert all(int(line["data-arrives"]) < 10_000 for line in page.select(".line"))


def test_pause_hides_situation_until_continued(signed_in, enrollment):
    attempt = begin(enrollment, timing=TimeSetting.WRITTEN)
    decide(signed_in, attempt, 0, pauses="1")
    page = text_of(signed_in.get(page_of(attempt)))
    assert "The clock is paused." in page and "Where are you?" not in page
    assert decide(signed_in, attempt, 0, position=2)["Location"] == page_of(attempt)
    assert Decision.objects.count() == 1
    signed_in.post(reverse("simulations:continue", args=[attempt.pk]))
    assert "Where are you?" in text_of(signed_in.get(page_of(attempt)))


def test_quitting_returns_to_intro(signed_in, enrollment):
    attempt = begin(enrollment)
    assert "Continue simulation" in text_of(signed_in.get(INTRO))
    assert signed_in.post(reverse("simulations:quit", args=[attempt.pk]))["Location"] == INTRO
    assert signed_in.get(page_of(attempt))["Location"] == INTRO
    assert "Start the simulation" in text_of(signed_in.get(INTRO))


def test_old_tab_of_quit_attempt_is_redirected(signed_in, enrollment):
    attempt = begin(enrollment)
    decide(signed_in, attempt, 0)
    signed_in.post(reverse("simulations:quit", args=[attempt.pk]))
    for position in (1, 2):
        response = decide(signed_in, attempt, 0, position=position, headers={"HX-Request": "true"})
        assert response["HX-Redirect"] == page_of(attempt)
    assert Decision.objects.count() == 1


def test_slow_tab_is_redirected_to_debrief(signed_in, enrollment, monkeypatch):
    attempt = begin(enrollment, flags=[])

    def replay_after_end(attempt):
        for choice in BEST:
            take(attempt, choice)
        return replay_of(attempt)

    monkeypatch.setattr("courseware.simulations.views.replay_of", replay_after_end)
    assert signed_in.get(page_of(attempt))["Location"].endswith("/debrief/")


@pytest.mark.slow
def test_attempt_continues_after_simulation_left_course(signed_in, enrollment):
    attempt = begin(enrollment)
    import_course(make_files())
    page = signed_in.get(page_of(attempt)).content.decode()
    assert "The bell rings" in page and INTRO not in page
    assert signed_in.post(reverse("simulations:quit", args=[attempt.pk]))["Location"] == "/"
    assert signed_in.get(page_of(attempt))["Location"] == "/"


@pytest.mark.parametrize(
    ("given", "offered"),
    [
        ("", ["written*", "double", "paused", "off"]),
        ("1.5", ["written", "1.5*", "double", "paused", "off"]),
        ("2", ["written", "double*", "paused", "off"]),
        ("off", ["written", "double", "paused", "off*"]),
    ],
)
def test_extra_time_is_preselected_and_usable(signed_in, enrollment, given, offered):
    enrollment.learner.extra_time = given
    enrollment.learner.save()
    times = BeautifulSoup(signed_in.get(INTRO).content, "html.parser").select("[name=timing]")
    assert [each["value"] + "*" * each.has_attr("checked") for each in times] == offered
    (chosen,) = (each.strip("*") for each in offered if "*" in each)
    signed_in.post(f"{INTRO}start/", {"timing": chosen, "has_script": "on"})
    assert SimulationAttempt.objects.get().timing == chosen


def test_last_chosen_time_is_preselected(signed_in, enrollment):
    play(enrollment, timing=TimeSetting.OFF)
    page = BeautifulSoup(signed_in.get(INTRO).content, "html.parser")
    assert page.find("input", checked=True)["value"] == "off"


# Queries --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 3])
def test_query_count_is_independent_of_attempts(signed_in, enrollment, django_assert_num_queries, number):
    played = [play(enrollment, RED) for _ in range(number)]
    signed_in.get(INTRO)
    with django_assert_num_queries(5):  # session, person, enrollment, progress, attempts
        signed_in.get(INTRO)
    # Session, person, attempt, enrollment, finished attempts, decisions, progress, choices of colleagues.
    with django_assert_num_queries(8):
        signed_in.get(reverse("simulations:debrief", args=[played[-1].pk]))


@pytest.mark.parametrize("choices", [[], BEST[:2]])
def test_situation_query_count_is_independent_of_position(signed_in, enrollment, django_assert_num_queries, choices):
    attempt = begin(enrollment)
    for choice in choices:
        take(attempt, choice)
    signed_in.get(page_of(attempt))
    with django_assert_num_queries(5):  # session, person, attempt, enrollment, decisions
        signed_in.get(page_of(attempt))


@pytest.mark.parametrize("made", [0, len(BEST) - 2])
def test_decision_query_count_is_independent_of_position(client, made):
    attempt = begin(make_player(), flags=())
    client.force_login(attempt.enrollment.learner)
    client.get(reverse("simulations:attempt", args=[attempt.pk]))  # fills the caches
    for choice in BEST[:made]:
        take(attempt, choice)
    form = {"position": made + 1, "choice": BEST[made]}
    address = reverse("simulations:decide", args=[attempt.pk])

    queries = statements(lambda: client.post(address, form, headers={"HX-Request": "true"})) - FRAME

    # Attempt and enrollment, both again under the lock, decisions, recent decisions; decision, attempt.
    assert queries == Counter(SELECT=6, INSERT=1, UPDATE=1)
