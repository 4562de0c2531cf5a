"""One summary a door and day, in the hours of the team; tried again, and told the leads by letter where it fails."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from courseware.accounts.models import Membership
from courseware.assignments.chat import delivery
from courseware.assignments.chat.delivery import (
    build_test_message,
    delete_old_messages,
    group_statistics_of,
    is_anything_due,
    reason_not_to_send,
    send_summaries,
    summary_message,
)
from courseware.assignments.models import ChatBot, ChatMessage
from courseware.learning.enrollments.enrollment import enroll, exempt, extend
from courseware.learning.models import Enrollment
from courseware.notifications.chat.messages import ChatContent
from courseware.notifications.models import OutgoingEmail
from tests.assignments.chat_bots import cards, make_door, make_late_team
from tests.making import join, letters, make_hr, make_team, make_user
from tests.notifications.chat_services import DROPS

pytestmark = pytest.mark.django_db
BUSY, SHUT = (503, "away", {}), (404, "no_service", {})
SENT = ("sent", "200 ok", 1)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to("2026-11-26T04:00:00Z", tick=False)  # noon of a Thursday in Shanghai


def told():
    """The letters to leads: (state, why)."""
    found = OutgoingEmail.objects.filter(kind="group-summary").order_by("pk")
    return list(found.values_list("person__name", "state", "why"))


def test_a_group_is_told_once_a_day_however_often_the_job_runs(course, services, time_machine):
    door = make_door(make_late_team(course))
    assert is_anything_due()
    assert [send_summaries() for _ in range(3)] == ["sent 1", "", ""]
    assert not is_anything_due()
    time_machine.move_to("2026-11-27T00:00:00Z", tick=False)  # eight in the morning
    assert [send_summaries() for _ in range(2)] == ["sent 1", ""]
    assert cards() == [SENT, SENT]
    days = ChatMessage.objects.filter(door=door).order_by("pk").values_list("day", flat=True)
    assert list(days) == [date(2026, 11, 26), date(2026, 11, 27)]
    assert len(services.taken) == 2


def test_two_workers_who_see_the_same_door_at_once_write_one_card(course, services, monkeypatch):
    door = make_door(make_late_team(course))
    monkeypatch.setattr(delivery, "bots_due", lambda now: [(door, date(2026, 11, 26))])
    assert [send_summaries() for _ in range(2)] == ["sent 1", ""]
    assert cards() == [SENT]


@pytest.mark.parametrize(
    ("instant", "zone", "is_told"),
    [
        ("2026-11-25T23:59:59Z", "", False),
        ("2026-11-26T00:00:00Z", "", True),
        ("2026-11-26T12:00:00Z", "", False),
        ("2026-10-01T04:00:00Z", "", False),  # the national holiday
        ("2026-11-26T04:00:00Z", "Europe/London", False),
        ("2026-11-26T08:00:00Z", "Europe/London", True),
    ],
)
def test_it_is_told_from_8_to_20_on_working_days_where_the_team_is(
    course, services, time_machine, instant, zone, is_told
):
    make_door(make_late_team(course, time_zone=zone))
    time_machine.move_to(instant, tick=False)
    send_summaries()
    assert len(services.taken) == is_told


def test_a_door_that_is_off_or_shut_is_not_used_and_writes_no_card(course, services):
    team = make_late_team(course)
    make_door(team, is_on=False)
    make_door(team, refused_at=timezone.now())
    assert (send_summaries(), cards(), services.taken) == ("", [], [])


def test_what_has_nothing_to_say_is_not_sent_and_says_why(course, services):
    make_door(make_late_team(course, learners=2))
    assert send_summaries() == "skipped 1"
    assert cards() == [("skipped", "fewer than 5 people learn here: a number would name them", 1)]
    assert (services.taken, told()) == ([], [])


def test_a_door_that_is_busy_is_tried_again_with_growing_pauses_and_after_four_hours_the_leads_get_a_letter(
    course, services, time_machine
):
    make_door(make_late_team(course, manager=make_user("Li Lin", language="en")))
    began, knocks = timezone.now(), []
    services.manner = BUSY
    for minute in range(6 * 60):
        time_machine.move_to(began + timedelta(minutes=minute), tick=False)
        before = len(services.taken)
        send_summaries()
        knocks += [minute] * (len(services.taken) - before)
        if minute == 3:
            assert cards() == [("later", "503 away", 2)]
    assert knocks == [0, 1, 6, 21, 51, 111, 171, 231, 240]
    assert cards() == [("given-up", "503 away", 9)]
    assert told() == [("Li Lin", "queued", "")]
    [letter] = [
        each for each in letters() if each.subject == "Night shift: today’s group-chat message was not delivered"
    ]
    assert "- overdue: 3\n- due soon: 2\n- Next due date: Saturday 28 November\n" in letter.body
    assert "Slack could not be reached" in letter.body and "The service said: 503 away" in letter.body


def test_an_unreachable_chat_server_is_tried_once_a_minute_for_all_its_groups(course, services, time_machine):
    began = timezone.now()
    time_machine.move_to(began, tick=False)
    for name in ("Day shift", "Night shift"):
        make_door(make_late_team(course, name=name))
    services.manner = DROPS
    assert send_summaries() == "later 1"
    assert sorted(cards()) == [("later", "ConnectionError", 1), ("queued", "", 0)]
    assert (send_summaries(), len(services.taken)) == ("", 1)
    services.manner = "as published"
    time_machine.move_to(began + timedelta(minutes=1), tick=False)
    assert send_summaries() == "sent 2"


def test_what_was_not_taken_by_20_is_given_up_then(course, services, time_machine):
    make_door(make_late_team(course, manager=make_user("Li Lin")))
    time_machine.move_to("2026-11-26T11:58:00Z", tick=False)
    services.manner = BUSY
    send_summaries()
    time_machine.move_to("2026-11-26T12:00:00Z", tick=False)
    assert send_summaries() == "given-up 1"
    assert (cards(), len(services.taken)) == ([("given-up", "503 away", 2)], 1)
    assert told() == [("Li Lin", "queued", "")]


def test_a_door_that_refuses_is_shut_and_each_lead_who_is_there_gets_one_letter(course, services, time_machine):
    team = make_late_team(course, manager=make_user("Li Lin"))
    door = make_door(team)
    team.memberships.create(person=make_user("Gone", is_active=False), role="manager")
    services.manner = SHUT
    assert send_summaries() == "refused 1"
    door.refresh_from_db()
    assert (door.refused_at, door.refused_why) == (timezone.now(), "404 no_service")
    time_machine.move_to("2026-11-27T04:00:00Z", tick=False)
    assert send_summaries() == ""
    assert cards() == [("refused", "404 no_service", 1)]
    assert told() == [("Li Lin", "queued", "")]


def nobody_leads(*teams):
    Membership.objects.filter(team__in=teams, role=Membership.Role.MANAGER).delete()


def test_of_a_team_that_nobody_leads_the_next_above_is_told_and_where_there_is_none_human_resources(course, services):
    services.manner = SHUT
    top = make_team("Top", manager=make_user("Above"))
    between = make_team("Between", parent=top)
    team, alone = make_late_team(course, parent=between), make_late_team(course, "Alone")
    nobody_leads(between, team, alone)
    make_hr(name="Gone", is_active=False)
    make_door(team)
    send_summaries()
    assert told() == [("Above", "queued", "")]
    make_hr(name="Hu Rong")
    make_door(alone)
    send_summaries()
    assert told() == [("Above", "queued", ""), ("Hu Rong", "queued", "")]
    letters()
    assert told() == [("Above", "sent", ""), ("Hu Rong", "sent", "")]


def test_a_letter_is_not_sent_where_nobody_is_late_any_more(course, services):
    make_door(make_late_team(course, manager=make_user("Li Lin")))
    services.manner = SHUT
    send_summaries()
    for run in Enrollment.objects.all():
        exempt(run, "On leave", by=None)
    letters()
    assert told() == [("Li Lin", "skipped", "nobody is late any more, and nothing is due within 3 days")]


def test_a_letter_is_not_sent_to_who_leads_the_team_no_more(course, services):
    team = make_late_team(course, manager=make_user("Li Lin"))
    make_door(team)
    services.manner = SHUT
    send_summaries()
    team.memberships.filter(person__name="Li Lin").delete()
    letters()
    assert told() == [("Li Lin", "skipped", "the recipient no longer manages the team")]


def test_a_letter_that_waited_gives_way_to_the_summary_of_a_later_day(course, services, time_machine, letter_hours):
    make_door(make_late_team(course, manager=make_user("Li Lin")))
    services.manner = BUSY
    send_summaries()
    time_machine.move_to("2026-11-26T12:00:00Z", tick=False)  # eight in the evening: no letter leaves before morning
    send_summaries()
    time_machine.move_to("2026-11-27T00:01:00Z", tick=False)
    services.manner = "as published"
    assert send_summaries() == "sent 1"
    letters()
    assert told() == [("Li Lin", "skipped", "a later day has its own summary")]


def test_a_door_saved_anew_while_it_refused_stays_open(course, services, monkeypatch):
    door = make_door(make_late_team(course))

    def saved_meanwhile(*asked):
        ChatBot.objects.update(address=f"{door.address}new")
        return delivery.ChatResponse(delivery.ChatResult.REFUSED, "404")

    monkeypatch.setattr(delivery, "post_message", saved_meanwhile)
    send_summaries()
    assert ChatBot.objects.get().refused_at is None


class Killed(BaseException):
    pass


def test_a_worker_killed_before_the_door_answered_sends_one_and_after_it_at_most_two(
    course, services, time_machine, monkeypatch
):
    make_door(make_late_team(course))
    real = delivery.post_message

    def dies_before(*asked):
        raise Killed

    def dies_after(*asked):
        real(*asked)
        raise Killed

    instants = ["2026-11-26T04:05:00Z", "2026-11-27T04:00:00Z", "2026-11-27T04:05:00Z"]
    for dies, number in ((dies_before, 1), (dies_after, 2)):
        monkeypatch.setattr(delivery, "post_message", dies)
        with pytest.raises(Killed):
            send_summaries()
        monkeypatch.setattr(delivery, "post_message", real)
        assert send_summaries() == ""  # its claim is still held
        time_machine.move_to(instants.pop(0), tick=False)
        assert send_summaries() == "sent 1"
        assert len(services.taken) == number
        services.taken.clear()
        time_machine.move_to(instants.pop(0), tick=False) if instants else None
    assert cards() == [("sent", "200 ok", 2), ("sent", "200 ok", 2)]


def test_a_card_that_cannot_be_made_keeps_no_other_from_leaving(course, services, monkeypatch):
    make_door(make_late_team(course, "Broken"))
    make_door(make_late_team(course, "Whole"))
    real = delivery.summary_message

    def made(door, figures):
        if door.team.name == "Broken":
            raise LookupError("words that hold who knows what")
        return real(door, figures)

    monkeypatch.setattr(delivery, "summary_message", made)
    assert send_summaries() == "given-up 1, sent 1"
    assert cards() == [("given-up", "LookupError", 1), SENT]


def test_doors_that_hang_hold_up_no_other_work_and_those_behind_them_have_their_turn(course, services, monkeypatch):
    team = make_late_team(course)
    for service in ("slack", "dingtalk", "feishu"):
        make_door(team, service)
    monkeypatch.setattr(delivery, "AT_MOST", -1.0)
    for number in (1, 2, 3):
        assert send_summaries() == "sent 1"
        assert len(services.taken) == number


def test_a_robot_of_many_teams_gets_fifteen_cards_a_minute_and_another_its_own(
    course, services, time_machine, monkeypatch
):
    monkeypatch.setattr(delivery, "AT_MOST", 3600)  # seconds: a busy machine is slower than the pace
    for number in range(17):
        make_door(make_late_team(course, f"Team {number}"))
    make_door(make_late_team(course, "Other"), "dingtalk")
    assert send_summaries() == "sent 16"
    time_machine.move_to("2026-11-26T04:00:59Z", tick=False)
    assert send_summaries() == ""
    time_machine.move_to("2026-11-26T04:01:01Z", tick=False)
    assert send_summaries() == "sent 2"
    assert {card["why"] for card in ChatMessage.objects.filter(door__service="slack").values("why")} == {"200 ok"}


def test_looking_for_what_is_due_costs_the_same_for_one_door_and_for_three(course, django_assert_num_queries):
    for _ in range(3):
        make_door(make_late_team(course))
        with django_assert_num_queries(3):  # doors, days that are listed, cards of today
            delivery.bots_due(timezone.now())


def test_cards_are_forgotten_after_90_days(course):
    door = make_door(make_late_team(course))
    for days in (89, 91):
        ChatMessage.objects.create(
            door=door, day=date(2026, 1, days - 80), written_at=timezone.now() - timedelta(days=days)
        )
    assert delete_old_messages() == "1"
    assert [card.day for card in ChatMessage.objects.all()] == [date(2026, 1, 9)]


# What a group is told: how many and by when, of a team with all below it, and nothing that names anybody.


def message_of(door):
    return summary_message(door, group_statistics_of(door.team, timezone.now()))


def reason_for(door):
    return reason_not_to_send(door, group_statistics_of(door.team, timezone.now()))


def test_a_group_hears_how_many_are_late_or_due_soon_by_when_and_where_to_go_on(course):
    head = make_team("Head office")
    make_late_team(course, parent=head, learners=6, late=3)
    person = make_user("Wang Min")
    join(head, person)
    enroll(person, course, due_at=timezone.now() + timedelta(days=20), by=None)
    assert message_of(make_door(head)) == ChatContent(
        "Head office: training",
        ["Late: 3", "Due within 3 days: 3, the first by Saturday 28 November", "Still open: 7"],
        "Open my training",
        "http://127.0.0.1:8000/",
    )


def test_a_group_of_leads_hears_each_number_of_the_board_and_finds_it_there(course):
    team = make_late_team(course, learners=4, late=1)
    assert message_of(make_door(team, is_for_managers=True, language="zh-hans")) == ChatContent(
        "Night shift：学习进度",
        ["逾期：1", "即将到期：3", "下一个截止日期：11月28日（星期六）"],
        "打开看板",
        f"http://127.0.0.1:8000/team/?team={team.pk}",
    )


def test_where_nobody_is_late_and_nothing_is_due_within_three_days_nothing_is_said(course):
    team = make_late_team(course, learners=5, late=0)
    door, quiet = make_door(team), "nobody is late, and nothing is due within three days"
    assert reason_for(door) == ""
    for run in Enrollment.objects.all():
        exempt(run, "On leave", by=None)
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
    assert reason_for(make_door(team, is_for_managers=True)) == ""
    join(make_team(parent=team), make_user())
    assert reason_for(make_door(team)) == ""


def test_a_day_from_which_everybody_was_moved_is_not_the_next_one_any_more(course):
    team = make_late_team(course, learners=1, late=0)
    assert group_statistics_of(team, timezone.now()).next_day == date(2026, 11, 28)
    extend(Enrollment.objects.get(), date(2026, 12, 10), "On leave", by=team.manager)
    assert group_statistics_of(team, timezone.now()).next_day == date(2026, 12, 10)


def test_no_card_holds_the_name_of_a_person(course):
    team = make_late_team(course, learners=5)
    said = " ".join(
        str(each) for flag in (True, False) for each in (message_of(make_door(team, is_for_managers=flag)),)
    )
    said += str(build_test_message(make_door(team)))
    for membership in team.memberships.select_related("person"):
        assert membership.person.name not in said.replace("Night shift:", "") and membership.person.email not in said
