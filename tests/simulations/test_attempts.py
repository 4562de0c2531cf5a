import pytest
from django.db import IntegrityError, transaction

from courseware.audit_log.models import Event
from courseware.audit_log.record import subject_of
from courseware.content.releases.course_import import import_course
from courseware.course_format.simulations.simulation import NotOffered
from courseware.learning.models import Completion
from courseware.simulations import attempts
from courseware.simulations.attempts import AttemptOver, AttemptPaused, TooEarly
from courseware.simulations.models import Decision, SimulationAttempt, TimeSetting
from courseware.simulations.replay import replay_of
from tests.assessment.exams import at_once
from tests.course_format.samples import make_files
from tests.simulations.playing import BEST, HOME_BEST, RED, START, YELLOW, at, begin, fresh, play, take
from tests.simulations.samples import KETTLE, change, make_player

pytestmark = pytest.mark.django_db

LATE = 5  # seconds of allowance for decisions under way


def place_of(attempt):
    return replay_of(fresh(attempt)).state.place


def clock_end(attempt):
    """Seconds from the start to the end of the first situation's time."""
    trail = replay_of(fresh(attempt))
    return (attempts.clock_of(trail.node, attempt.timing, attempt.shown_at).ends_at - START).total_seconds()


# Starting -------------------------------------------------------------------------------------------------------------


def test_open_attempt_is_returned_until_quit(enrollment):
    first = begin(enrollment)
    take(first, 0)
    assert begin(enrollment) == first
    attempts.quit_attempt(first)
    second = begin(enrollment)
    assert (second.number, place_of(second)) == (2, "rings")
    assert Decision.objects.filter(run=first).count() == 1


def test_second_quit_is_ignored_and_finished_attempt_stays(enrollment):
    attempt = begin(enrollment)
    attempts.quit_attempt(attempt, at=at(1))
    attempts.quit_attempt(attempt, at=at(2))
    assert fresh(attempt).abandoned_at == at(1)
    finished = play(enrollment)
    assert attempts.quit_attempt(finished).abandoned_at is None


def test_database_refuses_two_open_attempts(enrollment):
    attempt = begin(enrollment)
    with pytest.raises(IntegrityError), transaction.atomic():
        SimulationAttempt.objects.create(
            enrollment=enrollment, simulation=attempt.simulation, revision=attempt.revision, release=attempt.release,
            number=2, timing=TimeSetting.OFF, flags=[], started_at=START, shown_at=START,
        )  # fmt: skip


def test_chance_picks_least_played_variant(enrollment):
    flags = []
    for _ in range(4):
        attempt = begin(enrollment)
        flags.append(tuple(attempt.flags))
        attempts.quit_attempt(attempt)
    assert sorted(flags) == [(), (), ("friend",), ("friend",)]


# Deciding -------------------------------------------------------------------------------------------------------------


def test_attempt_follows_its_decisions(enrollment):
    attempt = begin(enrollment, flags=[])
    assert [take(attempt, choice).state.place for choice in HOME_BEST] == ["where", "kitchen", "note", "calm-end"]
    decisions = Decision.objects.filter(run=attempt).values_list(
        "position", "node", "place", "picked", "points", "meters"
    )
    assert list(decisions) == [
        (1, "rings", 0, [], 2, {"calm": 70}),
        (2, "where", 1, [], 0, {"calm": 70}),
        (3, "kitchen", 0, [], 2, {"calm": 75}),
        (4, "note", 0, [0, 1], 2, {"calm": 80}),
    ]
    attempt = fresh(attempt)
    assert (attempt.ending, attempt.colour, attempt.points) == ("calm-end", "green", 6)


def test_repeated_decision_is_ignored(enrollment):
    attempt = begin(enrollment)
    attempts.decide(attempt, 1, 0, at=at(1))
    trail = attempts.decide(attempt, 1, 1, at=at(2))
    assert (trail.state.place, trail.position) == ("where", 2)
    assert list(Decision.objects.values_list("place", "decided_at")) == [(0, at(1))]


@pytest.mark.parametrize(
    ("position", "choice", "picked"), [(1, 3, []), (1, 7, []), (2, 0, []), (1, 0, [0]), (1, None, [])]
)
def test_unavailable_choice_is_refused(enrollment, position, choice, picked):
    attempt = begin(enrollment)
    with pytest.raises((NotOffered, TooEarly)):
        attempts.decide(attempt, position, choice, picked, at=at(1))
    assert not Decision.objects.exists()


def test_quit_attempt_takes_no_decisions(enrollment):
    attempt = attempts.quit_attempt(begin(enrollment))
    with pytest.raises(AttemptOver):
        take(attempt, 0)


# Time -----------------------------------------------------------------------------------------------------------------


def test_timeout_takes_timeout_choice(enrollment):
    attempt = begin(enrollment, timing=TimeSetting.WRITTEN)
    take(attempt, None, seconds=clock_end(attempt), has_clock=True)
    decision = Decision.objects.get()
    assert (decision.place, decision.is_timeout, decision.seconds, decision.meters) == (3, True, 20, {"calm": 50})


def test_early_timeout_is_refused(enrollment):
    attempt = begin(enrollment, timing=TimeSetting.WRITTEN)
    with pytest.raises(TooEarly):
        take(attempt, None, seconds=clock_end(attempt) - 1, has_clock=True)
    assert place_of(attempt) == "rings"


@pytest.mark.parametrize(("after", "taken"), [(-1, 0), (LATE, 0), (LATE + 1, 3), (86_400, 3)])
def test_decision_counts_until_allowance_ends(enrollment, after, taken):
    attempt = begin(enrollment, timing=TimeSetting.WRITTEN)
    take(attempt, 0, seconds=clock_end(attempt) + after, has_clock=True)
    assert Decision.objects.get().place == taken


def test_ticks_not_sent_in_time_do_not_count(enrollment):
    attempt = begin(enrollment, timing=TimeSetting.WRITTEN, flags=[])
    take(attempt, 0, seconds=1, has_clock=True)
    take(attempt, 0, seconds=2, has_clock=True)
    take(attempt, (0, [0, 1]), seconds=300, has_clock=True)
    assert list(Decision.objects.filter(node="note").values_list("place", "picked", "points")) == [(1, [], 0)]


def test_untimed_attempt_has_no_timeout(enrollment):
    attempt = begin(enrollment, timing=TimeSetting.OFF)
    with pytest.raises(TooEarly):
        take(attempt, None, seconds=3600)
    take(attempt, 0, seconds=7200, has_clock=True)
    assert Decision.objects.values_list("place", "seconds", "milliseconds").get() == (0, 0, 7_200_000)


def test_clock_jumping_back_gives_no_negative_time(enrollment):
    attempt = begin(enrollment, seconds=100)
    take(attempt, 0, seconds=0)
    decision = Decision.objects.get()
    assert (decision.milliseconds, decision.decided_at) == (0, decision.shown_at)
    assert fresh(attempt).shown_at == at(0)  # the next situation starts at the current time


def test_page_clock_wins_when_server_clock_jumped_ahead(enrollment):
    attempt = begin(enrollment, timing=TimeSetting.WRITTEN)
    take(attempt, 0, seconds=7200, has_clock=False)
    assert Decision.objects.values_list("place", "is_timeout", "milliseconds").get() == (0, False, 7_200_000)


def test_situation_may_stay_open_for_months(enrollment):
    attempt = begin(enrollment)
    take(attempt, 0, seconds=100 * 86_400)
    assert Decision.objects.get().milliseconds == 2**31 - 1


def test_timeout_counts_when_server_clock_jumped_back(enrollment):
    attempt = begin(enrollment, timing=TimeSetting.WRITTEN, seconds=7200)
    take(attempt, None, seconds=0, has_clock=True)
    assert Decision.objects.values_list("is_timeout", "milliseconds").get() == (True, 0)


def test_pause_stops_clock_before_next_situation(enrollment):
    attempt = begin(enrollment, timing=TimeSetting.WRITTEN)
    take(attempt, 0, seconds=1, pauses=True)
    assert fresh(attempt).paused_at == at(1)
    with pytest.raises(AttemptPaused):
        take(attempt, 0, seconds=2)
    attempts.resume(attempt, at=at(900))
    attempts.resume(attempt, at=at(901))
    assert (fresh(attempt).paused_at, fresh(attempt).shown_at) == (None, at(900))
    take(attempt, 0, seconds=905, has_clock=True)
    assert Decision.objects.get(position=2).milliseconds == 5000


def test_paused_setting_pauses_before_each_situation(enrollment):
    attempt = begin(enrollment, timing=TimeSetting.PAUSED, flags=[])
    for choice in BEST:
        attempts.resume(attempt)
        take(attempt, choice)
    assert list(Decision.objects.values_list("seconds", flat=True)) == [20, 0, 30]
    assert fresh(attempt).finished_at and not fresh(attempt).paused_at


def test_situation_restarts_after_timeout_while_away(enrollment):
    attempt = begin(enrollment, timing=TimeSetting.WRITTEN)
    over = clock_end(attempt) + LATE + 1
    trail = replay_of(attempt)
    assert [attempts.waits(attempt, trail, at(seconds)) for seconds in (over - 1, over)] == ["", "interrupted"]
    attempts.resume(attempt, at=at(over))
    assert fresh(attempt).shown_at == at(over)


def test_continuing_without_pause_gives_no_extra_time(enrollment):
    attempt = begin(enrollment, timing=TimeSetting.WRITTEN)
    attempts.resume(attempt, at=at(10))
    assert fresh(attempt).shown_at == START


# Endings and what they complete ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "colour", "is_done"), [(BEST, "green", True), (YELLOW, "yellow", True), (RED, "red", False)]
)
def test_required_simulation_is_completed_by_ending_without_harm(enrollment, choices, colour, is_done):
    attempt = play(enrollment, choices)
    assert attempt.colour == colour
    found = Completion.objects.filter(enrollment=enrollment, document__identifier=KETTLE)
    assert [(each.revision_id, each.outcome) for each in found] == [(attempt.revision_id, "completed")] * is_done


def test_less_than_half_of_points_completes_nothing(enrollment):
    assert play(enrollment, [2, 0, (0, [0])]).colour == "green"  # 1 of 4 points
    assert not Completion.objects.exists()
    play(enrollment, [2, 0, (0, [0, 1])])  # 2 of 4
    assert Completion.objects.exists()


@pytest.mark.parametrize(("ways", "is_done"), [([None, 1, 0, (0, [0, 1])], True), ([None, 1, 0, None], False)])
def test_two_timeouts_complete_nothing(enrollment, ways, is_done):
    attempt = begin(enrollment, timing=TimeSetting.WRITTEN, flags=[])
    for number, way in enumerate(ways, start=1):
        take(attempt, way, seconds=100 * number)
    assert (fresh(attempt).colour, fresh(attempt).points >= 2) == ("green", True)
    assert Completion.objects.exists() is is_done


def test_later_red_ending_keeps_completion(enrollment):
    play(enrollment, BEST)
    first = Completion.objects.get()
    play(enrollment, RED)
    play(enrollment, YELLOW)
    assert Completion.objects.get() == first


def test_red_ending_after_removal_completes_nothing(enrollment):
    attempt = begin(enrollment, flags=[])
    import_course(make_files())
    enrollment.course.refresh_from_db()
    for choice in RED:
        take(attempt, choice)
    assert fresh(attempt).colour == "red"
    assert not Completion.objects.exists()


def test_log_has_ending_without_decisions(enrollment):
    attempt = play(enrollment)
    events = Event.objects.filter(subject=subject_of(attempt)).values_list("verb", "data")
    assert list(events) == [
        ("simulation-started", {"simulation": KETTLE, "number": 1}),
        ("simulation-finished", {"ending": "calm-end", "colour": "green", "points": 4}),
    ]


# The revision ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_attempt_keeps_its_release(enrollment):
    attempt = begin(enrollment, flags=[])
    take(attempt, 0)
    change(zh_hans=("- [在店里](#note)\n", ""), en=("- [In the shop](#note)\n", ""))
    assert [choice.target for choice in replay_of(fresh(attempt)).node.choices] == ["note", "kitchen"]
    take(attempt, 0)
    take(attempt, (0, [0, 1]))
    later = begin(make_player())
    assert later.revision_id != attempt.revision_id
    assert fresh(attempt).ending == "calm-end"


# What-if attempts -----------------------------------------------------------------------------------------------------


def test_what_if_starts_before_its_situation(enrollment):
    attempt = play(enrollment, RED)
    what_if = attempts.start_what_if(attempt, 2)
    trail = replay_of(what_if)
    assert (trail.position, trail.state.place, dict(trail.state.meters)) == (2, "where", {"calm": 30})
    assert what_if.is_practice and what_if.timing == TimeSetting.OFF and what_if.number is None


def test_what_if_completes_nothing_and_is_not_logged(enrollment):
    attempt = play(enrollment, RED)
    events = Event.objects.count()
    what_if = attempts.start_what_if(attempt, 1)
    for choice in BEST:
        take(what_if, choice)
    what_if = fresh(what_if)
    assert (what_if.ending, what_if.points) == ("calm-end", 4)
    assert not Completion.objects.exists()
    assert Event.objects.count() == events
    assert [each.pk for each in enrollment.runs.on_record()] == [attempt.pk]
    assert begin(enrollment).number == 2


def test_new_what_if_replaces_open_one(enrollment):
    attempt = play(enrollment, RED)
    first = attempts.start_what_if(attempt, 1)
    assert attempts.start_what_if(attempt, 1) == first
    second = attempts.start_what_if(attempt, 2)
    assert second != first
    assert fresh(first).abandoned_at


@pytest.mark.parametrize("position", [0, 4])
def test_undecided_situation_has_no_what_if(enrollment, position):
    attempt = play(enrollment, RED)
    with pytest.raises(NotOffered):
        attempts.start_what_if(attempt, position)


def test_open_or_what_if_attempt_has_no_what_if(enrollment):
    attempt = begin(enrollment)
    take(attempt, 0)
    with pytest.raises(NotOffered):
        attempts.start_what_if(attempt, 1)
    what_if = attempts.start_what_if(play(make_player(), RED), 1)
    with pytest.raises(NotOffered):
        attempts.start_what_if(what_if, 1)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_concurrent_starts_create_one_attempt():
    enrollment = make_player()
    started = at_once(lambda _: attempts.start(enrollment, KETTLE, timing=TimeSetting.OFF))
    assert {attempt.pk for attempt in started} == {SimulationAttempt.objects.get().pk}
    assert Event.objects.filter(verb="simulation-started").count() == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_decisions_keep_one():
    attempt = begin(make_player())
    trails = at_once(lambda number: attempts.decide(attempt, 1, number % 3))
    decision = Decision.objects.get()
    assert {trail.steps[0].place for trail in trails} == {decision.place}


@pytest.mark.django_db(transaction=True)
def test_concurrent_last_decisions_finish_once():
    attempt = begin(make_player(), flags=[])
    take(attempt, 0), take(attempt, 0)
    trails = at_once(lambda _: attempts.decide(attempt, 3, 0, [0, 1]))
    assert {trail.ending.id for trail in trails} == {"calm-end"}
    assert (Completion.objects.count(), Event.objects.filter(verb="simulation-finished").count()) == (1, 1)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_concurrent_what_ifs_create_one():
    attempt = play(make_player())
    started = at_once(lambda _: attempts.start_what_if(fresh(attempt), 1))
    assert len({what_if.pk for what_if in started}) == 1
