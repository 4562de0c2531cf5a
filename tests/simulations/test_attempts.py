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

LATE = 5  # seconds in which what was on its way still counts


def place(run):
    return replay_of(fresh(run)).state.place


def clock_end(run):
    """Seconds from the start to the end of the first situation's time."""
    trail = replay_of(fresh(run))
    return (attempts.clock_of(trail.node, run.timing, run.shown_at).ends_at - START).total_seconds()


# Starting -------------------------------------------------------------------------------------------------------------


def test_a_run_that_is_under_way_is_never_replaced_unless_it_is_given_up(enrollment):
    first = begin(enrollment)
    take(first, 0)
    assert begin(enrollment) == first
    attempts.quit_attempt(first)
    second = begin(enrollment)
    assert (second.number, place(second)) == (2, "rings")
    assert Decision.objects.filter(run=first).count() == 1


def test_giving_up_twice_changes_nothing_and_a_finished_run_cannot_be_given_up(enrollment):
    run = begin(enrollment)
    attempts.quit_attempt(run, at=at(1))
    attempts.quit_attempt(run, at=at(2))
    assert fresh(run).abandoned_at == at(1)
    finished = play(enrollment)
    assert attempts.quit_attempt(finished).abandoned_at is None


def test_two_open_runs_are_refused_by_the_database(enrollment):
    run = begin(enrollment)
    with pytest.raises(IntegrityError), transaction.atomic():
        SimulationAttempt.objects.create(
            enrollment=enrollment, simulation=run.simulation, revision=run.revision, release=run.release,
            number=2, timing=TimeSetting.OFF, flags=[], started_at=START, shown_at=START,
        )  # fmt: skip


def test_chance_deals_the_variant_that_was_played_least(enrollment):
    flags = []
    for _ in range(4):
        run = begin(enrollment)
        flags.append(tuple(run.flags))
        attempts.quit_attempt(run)
    assert sorted(flags) == [(), (), ("friend",), ("friend",)]


# Deciding -------------------------------------------------------------------------------------------------------------


def test_a_run_goes_where_its_decisions_lead(enrollment):
    run = begin(enrollment, flags=[])
    assert [take(run, choice).state.place for choice in HOME_BEST] == ["where", "kitchen", "note", "calm-end"]
    decisions = Decision.objects.filter(run=run).values_list("position", "node", "place", "picked", "points", "meters")
    assert list(decisions) == [
        (1, "rings", 0, [], 2, {"calm": 70}),
        (2, "where", 1, [], 0, {"calm": 70}),
        (3, "kitchen", 0, [], 2, {"calm": 75}),
        (4, "note", 0, [0, 1], 2, {"calm": 80}),
    ]
    run = fresh(run)
    assert (run.ending, run.colour, run.points) == ("calm-end", "green", 6)


def test_a_decision_sent_again_changes_nothing_and_says_where_the_run_stands(enrollment):
    run = begin(enrollment)
    attempts.decide(run, 1, 0, at=at(1))
    trail = attempts.decide(run, 1, 1, at=at(2))
    assert (trail.state.place, trail.position) == ("where", 2)
    assert list(Decision.objects.values_list("place", "decided_at")) == [(0, at(1))]


@pytest.mark.parametrize(
    ("position", "choice", "picked"), [(1, 3, []), (1, 7, []), (2, 0, []), (1, 0, [0]), (1, None, [])]
)
def test_what_is_not_offered_is_refused(enrollment, position, choice, picked):
    run = begin(enrollment)
    with pytest.raises((NotOffered, TooEarly)):
        attempts.decide(run, position, choice, picked, at=at(1))
    assert not Decision.objects.exists()


def test_a_run_that_was_given_up_takes_nothing_more(enrollment):
    run = attempts.quit_attempt(begin(enrollment))
    with pytest.raises(AttemptOver):
        take(run, 0)


# Time -----------------------------------------------------------------------------------------------------------------


def test_time_that_is_up_takes_the_branch_for_doing_nothing(enrollment):
    run = begin(enrollment, timing=TimeSetting.WRITTEN)
    take(run, None, seconds=clock_end(run), has_clock=True)
    decision = Decision.objects.get()
    assert (decision.place, decision.is_timeout, decision.seconds, decision.meters) == (3, True, 20, {"calm": 50})


def test_time_cannot_be_up_before_it_is(enrollment):
    run = begin(enrollment, timing=TimeSetting.WRITTEN)
    with pytest.raises(TooEarly):
        take(run, None, seconds=clock_end(run) - 1, has_clock=True)
    assert place(run) == "rings"


@pytest.mark.parametrize(("after", "taken"), [(-1, 0), (LATE, 0), (LATE + 1, 3), (86_400, 3)])
def test_a_decision_counts_until_the_allowance_is_over(enrollment, after, taken):
    run = begin(enrollment, timing=TimeSetting.WRITTEN)
    take(run, 0, seconds=clock_end(run) + after, has_clock=True)
    assert Decision.objects.get().place == taken


def test_what_was_ticked_and_not_sent_in_time_was_not_sent(enrollment):
    run = begin(enrollment, timing=TimeSetting.WRITTEN, flags=[])
    take(run, 0, seconds=1, has_clock=True)
    take(run, 0, seconds=2, has_clock=True)
    take(run, (0, [0, 1]), seconds=300, has_clock=True)
    assert list(Decision.objects.filter(node="note").values_list("place", "picked", "points")) == [(1, [], 0)]


def test_without_a_clock_nothing_is_ever_late_and_no_time_is_up(enrollment):
    run = begin(enrollment, timing=TimeSetting.OFF)
    with pytest.raises(TooEarly):
        take(run, None, seconds=3600)
    take(run, 0, seconds=7200, has_clock=True)
    assert Decision.objects.values_list("place", "seconds", "milliseconds").get() == (0, 0, 7_200_000)


def test_a_clock_that_jumps_back_gives_no_negative_time(enrollment):
    run = begin(enrollment, seconds=100)
    take(run, 0, seconds=0)
    decision = Decision.objects.get()
    assert (decision.milliseconds, decision.decided_at) == (0, decision.shown_at)
    assert fresh(run).shown_at == at(0)  # the next situation begins by the clock as it is now


def test_a_decision_in_time_by_the_clock_of_the_page_counts_though_the_servers_jumped_ahead(enrollment):
    run = begin(enrollment, timing=TimeSetting.WRITTEN)
    take(run, 0, seconds=7200, has_clock=False)
    assert Decision.objects.values_list("place", "is_timeout", "milliseconds").get() == (0, False, 7_200_000)


def test_a_situation_may_wait_for_months(enrollment):
    run = begin(enrollment)
    take(run, 0, seconds=100 * 86_400)
    assert Decision.objects.get().milliseconds == 2**31 - 1


def test_where_the_clock_of_the_server_jumped_back_the_page_tells_that_the_time_is_up(enrollment):
    run = begin(enrollment, timing=TimeSetting.WRITTEN, seconds=7200)
    take(run, None, seconds=0, has_clock=True)
    assert Decision.objects.values_list("is_timeout", "milliseconds").get() == (True, 0)


def test_a_pause_stops_the_clock_before_the_next_situation(enrollment):
    run = begin(enrollment, timing=TimeSetting.WRITTEN)
    take(run, 0, seconds=1, pauses=True)
    assert fresh(run).paused_at == at(1)
    with pytest.raises(AttemptPaused):
        take(run, 0, seconds=2)
    attempts.go_on(run, at=at(900))
    attempts.go_on(run, at=at(901))
    assert (fresh(run).paused_at, fresh(run).shown_at) == (None, at(900))
    take(run, 0, seconds=905, has_clock=True)
    assert Decision.objects.get(position=2).milliseconds == 5000


def test_a_run_chosen_with_pauses_pauses_before_each_situation(enrollment):
    run = begin(enrollment, timing=TimeSetting.PAUSED, flags=[])
    for choice in BEST:
        attempts.go_on(run)
        take(run, choice)
    assert list(Decision.objects.values_list("seconds", flat=True)) == [20, 0, 30]
    assert fresh(run).finished_at and not fresh(run).paused_at


def test_who_comes_back_after_the_time_finds_the_situation_waiting_and_begins_it_anew(enrollment):
    run = begin(enrollment, timing=TimeSetting.WRITTEN)
    over = clock_end(run) + LATE + 1
    trail = replay_of(run)
    assert [attempts.waits(run, trail, at(seconds)) for seconds in (over - 1, over)] == ["", "interrupted"]
    attempts.go_on(run, at=at(over))
    assert fresh(run).shown_at == at(over)


def test_going_on_with_what_does_not_wait_gives_no_more_time(enrollment):
    run = begin(enrollment, timing=TimeSetting.WRITTEN)
    attempts.go_on(run, at=at(10))
    assert fresh(run).shown_at == START


# Endings and what they complete ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "colour", "is_done"), [(BEST, "green", True), (YELLOW, "yellow", True), (RED, "red", False)]
)
def test_a_required_simulation_is_done_once_it_ends_without_harm(enrollment, choices, colour, is_done):
    run = play(enrollment, choices)
    assert run.colour == colour
    found = Completion.objects.filter(enrollment=enrollment, document__identifier=KETTLE)
    assert [(each.revision_id, each.outcome) for each in found] == [(run.revision_id, "completed")] * is_done


def test_fewer_than_half_of_the_points_of_the_best_way_complete_nothing(enrollment):
    assert play(enrollment, [2, 0, (0, [0])]).colour == "green"  # 1 of 4 points
    assert not Completion.objects.exists()
    play(enrollment, [2, 0, (0, [0, 1])])  # 2 of 4
    assert Completion.objects.exists()


@pytest.mark.parametrize(("ways", "is_done"), [([None, 1, 0, (0, [0, 1])], True), ([None, 1, 0, None], False)])
def test_who_did_nothing_in_two_situations_has_completed_nothing(enrollment, ways, is_done):
    run = begin(enrollment, timing=TimeSetting.WRITTEN, flags=[])
    for number, way in enumerate(ways, start=1):
        take(run, way, seconds=100 * number)
    assert (fresh(run).colour, fresh(run).points >= 2) == ("green", True)
    assert Completion.objects.exists() is is_done


def test_a_later_red_ending_takes_nothing_away(enrollment):
    play(enrollment, BEST)
    first = Completion.objects.get()
    play(enrollment, RED)
    play(enrollment, YELLOW)
    assert Completion.objects.get() == first


def test_a_red_ending_does_not_complete_what_has_left_the_course_meanwhile(enrollment):
    run = begin(enrollment, flags=[])
    import_course(make_files())
    enrollment.course.refresh_from_db()
    for choice in RED:
        take(run, choice)
    assert fresh(run).colour == "red"
    assert not Completion.objects.exists()


def test_a_run_is_on_record_with_its_ending_and_without_its_decisions(enrollment):
    run = play(enrollment)
    events = Event.objects.filter(subject=subject_of(run)).values_list("verb", "data")
    assert list(events) == [
        ("simulation-started", {"simulation": KETTLE, "number": 1}),
        ("simulation-finished", {"ending": "calm-end", "colour": "green", "points": 4}),
    ]


# The revision ---------------------------------------------------------------------------------------------------------


def test_a_run_stays_on_the_release_it_began_with(enrollment):
    run = begin(enrollment, flags=[])
    take(run, 0)
    change(zh_hans=("- [在店里](#note)\n", ""), en=("- [In the shop](#note)\n", ""))
    assert [choice.target for choice in replay_of(fresh(run)).node.choices] == ["note", "kitchen"]
    take(run, 0)
    take(run, (0, [0, 1]))
    later = begin(make_player())
    assert later.revision_id != run.revision_id
    assert fresh(run).ending == "calm-end"


# Trying another way ---------------------------------------------------------------------------------------------------


def test_a_branch_begins_in_the_state_before_its_situation(enrollment):
    run = play(enrollment, RED)
    branch = attempts.start_what_if(run, 2)
    trail = replay_of(branch)
    assert (trail.position, trail.state.place, dict(trail.state.meters)) == (2, "where", {"calm": 30})
    assert branch.is_practice and branch.timing == TimeSetting.OFF and branch.number is None


def test_a_branch_completes_nothing_and_is_not_on_record(enrollment):
    run = play(enrollment, RED)
    events = Event.objects.count()
    branch = attempts.start_what_if(run, 1)
    for choice in BEST:
        take(branch, choice)
    branch = fresh(branch)
    assert (branch.ending, branch.points) == ("calm-end", 4)
    assert not Completion.objects.exists()
    assert Event.objects.count() == events
    assert [each.pk for each in enrollment.runs.on_record()] == [run.pk]
    assert begin(enrollment).number == 2


def test_a_branch_is_begun_once_and_left_for_another(enrollment):
    run = play(enrollment, RED)
    first = attempts.start_what_if(run, 1)
    assert attempts.start_what_if(run, 1) == first
    second = attempts.start_what_if(run, 2)
    assert second != first
    assert fresh(first).abandoned_at


@pytest.mark.parametrize("position", [0, 4])
def test_there_is_no_branch_where_nothing_was_decided(enrollment, position):
    run = play(enrollment, RED)
    with pytest.raises(NotOffered):
        attempts.start_what_if(run, position)


def test_there_is_no_branch_off_a_run_under_way_nor_off_a_branch(enrollment):
    run = begin(enrollment)
    take(run, 0)
    with pytest.raises(NotOffered):
        attempts.start_what_if(run, 1)
    branch = attempts.start_what_if(play(make_player(), RED), 1)
    with pytest.raises(NotOffered):
        attempts.start_what_if(branch, 1)


@pytest.mark.django_db(transaction=True)
def test_twenty_starts_at_once_begin_one_run():
    enrollment = make_player()
    begun = at_once(lambda _: attempts.start(enrollment, KETTLE, timing=TimeSetting.OFF))
    assert {run.pk for run in begun} == {SimulationAttempt.objects.get().pk}
    assert Event.objects.filter(verb="simulation-started").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_twenty_different_decisions_at_once_one_counts_and_all_are_told_it():
    run = begin(make_player())
    trails = at_once(lambda number: attempts.decide(run, 1, number % 3))
    decision = Decision.objects.get()
    assert {trail.steps[0].place for trail in trails} == {decision.place}


@pytest.mark.django_db(transaction=True)
def test_twenty_last_decisions_at_once_end_the_run_once():
    run = begin(make_player(), flags=[])
    take(run, 0), take(run, 0)
    trails = at_once(lambda _: attempts.decide(run, 3, 0, [0, 1]))
    assert {trail.ending.id for trail in trails} == {"calm-end"}
    assert (Completion.objects.count(), Event.objects.filter(verb="simulation-finished").count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_twenty_branches_at_once_are_one():
    run = play(make_player())
    begun = at_once(lambda _: attempts.start_what_if(fresh(run), 1))
    assert len({branch.pk for branch in begun}) == 1
