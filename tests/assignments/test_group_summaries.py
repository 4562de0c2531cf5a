"""What a group is told: how many and by when, of a team with all below it, and nothing that names anybody."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from courseware.assignments.group_summaries import figures_of, summary_card, trial_card, why_nothing
from courseware.learning.enrolling import enroll, extend, waive
from courseware.learning.models import Enrollment
from courseware.outbox.chat_cards import ChatCard
from tests.assignments.doors import make_door, make_late_team
from tests.making import join, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to("2026-11-26T04:00:00Z", tick=False)  # noon of a Thursday in Shanghai


def card_of(door):
    return summary_card(door, figures_of(door.team, timezone.now()))


def reason_for(door):
    return why_nothing(door, figures_of(door.team, timezone.now()))


def test_a_group_hears_how_many_are_late_or_due_soon_by_when_and_where_to_go_on(course):
    head = make_team("Head office")
    make_late_team(course, parent=head, learners=6, late=3)
    person = make_user("Wang Min")
    join(head, person)
    enroll(person, course, due_at=timezone.now() + timedelta(days=20), by=None)
    assert card_of(make_door(head)) == ChatCard(
        "Head office: training",
        ["Late: 3", "Due within three days: 3, the first by Saturday 28 November", "Open altogether: 7"],
        "Open my training",
        "http://127.0.0.1:8000/",
    )


def test_a_group_of_leads_hears_each_number_of_the_board_and_finds_it_there(course):
    team = make_late_team(course, learners=4, late=1)
    assert card_of(make_door(team, is_for_leads=True, language="zh-hans")) == ChatCard(
        "Night shift：学习进度",
        ["逾期：1", "快到期：3", "下一个截止日：11月28日（星期六）"],
        "打开看板",
        f"http://127.0.0.1:8000/team/?team={team.pk}",
    )


def test_where_nobody_is_late_and_nothing_is_due_within_three_days_nothing_is_said(course):
    team = make_late_team(course, learners=5, late=0)
    door, quiet = make_door(team), "nobody is late, and nothing is due within three days"
    assert reason_for(door) == ""
    for run in Enrollment.objects.all():
        waive(run, "On leave", by=None)
    assert reason_for(door) == quiet
    person = make_user()
    join(team, person)
    run = enroll(person, course, due_at=timezone.now() + timedelta(days=3, seconds=1), by=None)
    assert reason_for(door) == quiet
    assert run.is_open


def test_among_fewer_than_five_who_learn_a_number_would_name_them_but_not_to_those_who_lead(course):
    team = make_late_team(course, learners=4, late=4)
    gone = make_user(is_active=False)
    join(team, gone)
    reason = "fewer than 5 people learn here: a number would name them"
    assert reason_for(make_door(team)) == reason
    assert reason_for(make_door(team, is_for_leads=True)) == ""
    join(make_team(parent=team), make_user())
    assert reason_for(make_door(team)) == ""


def test_a_day_from_which_everybody_was_moved_is_not_the_next_one_any_more(course):
    team = make_late_team(course, learners=1, late=0)
    assert figures_of(team, timezone.now()).next_day == date(2026, 11, 28)
    extend(Enrollment.objects.get(), date(2026, 12, 10), "On leave", by=team.manager)
    assert figures_of(team, timezone.now()).next_day == date(2026, 12, 10)


def test_no_card_holds_the_name_of_a_person(course):
    team = make_late_team(course, learners=5)
    said = " ".join(str(each) for flag in (True, False) for each in (card_of(make_door(team, is_for_leads=flag)),))
    said += str(trial_card(make_door(team)))
    for membership in team.memberships.select_related("person"):
        assert membership.person.name not in said.replace("Night shift:", "") and membership.person.email not in said
