"""Daily summary in the chat group of a team: sent once, retried, then emailed to the managers."""

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
from tests.assignments.chat_bots import chat_messages, make_chat_bot, make_late_team
from tests.making import join, make_hr, make_team, make_user, sent_emails
from tests.notifications.chat_services import DROPS

pytestmark = pytest.mark.django_db
BUSY, REJECTS = (503, "away", {}), (404, "no_service", {})
SENT = ("sent", "200 ok", 1)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to("2026-11-26T04:00:00Z", tick=False)  # noon of a Thursday in Shanghai


def emails():
    """(recipient, state, reason) of emails to managers."""
    found = OutgoingEmail.objects.filter(kind="group-summary").order_by("pk")
    return list(found.values_list("person__name", "state", "why"))


def test_summary_is_sent_once_a_day(course, services, time_machine):
    bot = make_chat_bot(make_late_team(course))
    assert is_anything_due()
    assert [send_summaries() for _ in range(3)] == ["sent 1", "", ""]
    assert not is_anything_due()
    time_machine.move_to("2026-11-27T00:00:00Z", tick=False)  # eight in the morning
    assert [send_summaries() for _ in range(2)] == ["sent 1", ""]
    assert chat_messages() == [SENT, SENT]
    days = ChatMessage.objects.filter(bot=bot).order_by("pk").values_list("day", flat=True)
    assert list(days) == [date(2026, 11, 26), date(2026, 11, 27)]
    assert len(services.taken) == 2


def test_concurrent_workers_create_one_message(course, services, monkeypatch):
    bot = make_chat_bot(make_late_team(course))
    monkeypatch.setattr(delivery, "bots_due", lambda now: [(bot, date(2026, 11, 26))])
    assert [send_summaries() for _ in range(2)] == ["sent 1", ""]
    assert chat_messages() == [SENT]


@pytest.mark.parametrize(
    ("instant", "zone", "is_sent"),
    [
        ("2026-11-25T23:59:59Z", "", False),
        ("2026-11-26T00:00:00Z", "", True),
        ("2026-11-26T12:00:00Z", "", False),
        ("2026-10-01T04:00:00Z", "", False),  # the national holiday
        ("2026-11-26T04:00:00Z", "Europe/London", False),
        ("2026-11-26T08:00:00Z", "Europe/London", True),
    ],
)
def test_summary_is_sent_8_to_20_on_working_days(course, services, time_machine, instant, zone, is_sent):
    make_chat_bot(make_late_team(course, time_zone=zone))
    time_machine.move_to(instant, tick=False)
    send_summaries()
    assert len(services.taken) == is_sent


def test_disabled_bot_creates_no_message(course, services):
    team = make_late_team(course)
    make_chat_bot(team, is_on=False)
    make_chat_bot(team, refused_at=timezone.now())
    assert (send_summaries(), chat_messages(), services.taken) == ("", [], [])


def test_summary_of_small_team_is_skipped_with_reason(course, services):
    make_chat_bot(make_late_team(course, learners=2))
    assert send_summaries() == "skipped 1"
    assert chat_messages() == [("skipped", "fewer than 5 people learn here: a number would name them", 1)]
    assert (services.taken, emails()) == ([], [])


@pytest.mark.slow
def test_busy_bot_is_retried_4_hours_then_managers_emailed(course, services, time_machine):
    make_chat_bot(make_late_team(course, manager=make_user("Li Lin", language="en")))
    began, tried_at = timezone.now(), []
    services.manner = BUSY
    for minute in range(6 * 60):
        time_machine.move_to(began + timedelta(minutes=minute), tick=False)
        before = len(services.taken)
        send_summaries()
        tried_at += [minute] * (len(services.taken) - before)
        if minute == 3:
            assert chat_messages() == [("later", "503 away", 2)]
    assert tried_at == [0, 1, 6, 21, 51, 111, 171, 231, 240]
    assert chat_messages() == [("given-up", "503 away", 9)]
    assert emails() == [("Li Lin", "queued", "")]
    [email] = [
        each
        for each in sent_emails()
        if each.subject == "Night shift: today’s message to the chat group was not delivered"
    ]
    assert "- overdue: 3\n- due soon: 2\n- Next due date: Saturday 28 November\n" in email.body
    assert "Slack could not be reached" in email.body and "The chat service answered: 503 away" in email.body


@pytest.mark.slow
def test_unreachable_chat_server_is_tried_once_a_minute(course, services, time_machine):
    began = timezone.now()
    time_machine.move_to(began, tick=False)
    for name in ("Day shift", "Night shift"):
        make_chat_bot(make_late_team(course, name=name))
    services.manner = DROPS
    assert send_summaries() == "later 1"
    assert sorted(chat_messages()) == [("later", "ConnectionError", 1), ("queued", "", 0)]
    assert (send_summaries(), len(services.taken)) == ("", 1)
    services.manner = "as published"
    time_machine.move_to(began + timedelta(minutes=1), tick=False)
    assert send_summaries() == "sent 2"


def test_undelivered_message_fails_at_20(course, services, time_machine):
    make_chat_bot(make_late_team(course, manager=make_user("Li Lin")))
    time_machine.move_to("2026-11-26T11:58:00Z", tick=False)
    services.manner = BUSY
    send_summaries()
    time_machine.move_to("2026-11-26T12:00:00Z", tick=False)
    assert send_summaries() == "given-up 1"
    assert (chat_messages(), len(services.taken)) == ([("given-up", "503 away", 2)], 1)
    assert emails() == [("Li Lin", "queued", "")]


def test_rejecting_bot_is_disabled_and_managers_emailed_once(course, services, time_machine):
    team = make_late_team(course, manager=make_user("Li Lin"))
    bot = make_chat_bot(team)
    team.memberships.create(person=make_user("Gone", is_active=False), role="manager")
    services.manner = REJECTS
    assert send_summaries() == "refused 1"
    bot.refresh_from_db()
    assert (bot.refused_at, bot.refused_why) == (timezone.now(), "404 no_service")
    time_machine.move_to("2026-11-27T04:00:00Z", tick=False)
    assert send_summaries() == ""
    assert chat_messages() == [("refused", "404 no_service", 1)]
    assert emails() == [("Li Lin", "queued", "")]


def remove_managers(*teams):
    Membership.objects.filter(team__in=teams, role=Membership.Role.MANAGER).delete()


@pytest.mark.slow
def test_failure_email_goes_to_senior_manager_or_hr(course, services):
    services.manner = REJECTS
    top = make_team("Top", manager=make_user("Above"))
    between = make_team("Between", parent=top)
    team, alone = make_late_team(course, parent=between), make_late_team(course, "Alone")
    remove_managers(between, team, alone)
    make_hr(name="Gone", is_active=False)
    make_chat_bot(team)
    send_summaries()
    assert emails() == [("Above", "queued", "")]
    make_hr(name="Hu Rong")
    make_chat_bot(alone)
    send_summaries()
    assert emails() == [("Above", "queued", ""), ("Hu Rong", "queued", "")]
    sent_emails()
    assert emails() == [("Above", "sent", ""), ("Hu Rong", "sent", "")]


def test_failure_email_is_skipped_if_nobody_is_late(course, services):
    make_chat_bot(make_late_team(course, manager=make_user("Li Lin")))
    services.manner = REJECTS
    send_summaries()
    for enrollment in Enrollment.objects.all():
        exempt(enrollment, "On leave", by=None)
    sent_emails()
    assert emails() == [("Li Lin", "skipped", "nobody is late any more, and nothing is due within 3 days")]


@pytest.mark.slow
def test_failure_email_is_skipped_for_former_manager(course, services):
    team = make_late_team(course, manager=make_user("Li Lin"))
    make_chat_bot(team)
    services.manner = REJECTS
    send_summaries()
    team.memberships.filter(person__name="Li Lin").delete()
    sent_emails()
    assert emails() == [("Li Lin", "skipped", "the recipient no longer manages the team")]


@pytest.mark.slow
def test_failure_email_is_skipped_after_later_summary(course, services, time_machine, real_sending_hours):
    make_chat_bot(make_late_team(course, manager=make_user("Li Lin")))
    services.manner = BUSY
    send_summaries()
    time_machine.move_to("2026-11-26T12:00:00Z", tick=False)  # 20:00, so no email leaves before morning
    send_summaries()
    time_machine.move_to("2026-11-27T00:01:00Z", tick=False)
    services.manner = "as published"
    assert send_summaries() == "sent 1"
    sent_emails()
    assert emails() == [("Li Lin", "skipped", "a newer summary has replaced this message")]


def test_bot_saved_during_rejection_stays_enabled(course, services, monkeypatch):
    bot = make_chat_bot(make_late_team(course))

    def saved_meanwhile(*asked):
        ChatBot.objects.update(address=f"{bot.address}new")
        return delivery.ChatResponse(delivery.ChatResult.REFUSED, "404")

    monkeypatch.setattr(delivery, "post_message", saved_meanwhile)
    send_summaries()
    assert ChatBot.objects.get().refused_at is None


class Killed(BaseException):
    pass


@pytest.mark.slow
def test_killed_worker_sends_summary_at_most_twice(course, services, time_machine, monkeypatch):
    make_chat_bot(make_late_team(course))
    original = delivery.post_message

    def dies_before(*asked):
        raise Killed

    def dies_after(*asked):
        original(*asked)
        raise Killed

    instants = ["2026-11-26T04:05:00Z", "2026-11-27T04:00:00Z", "2026-11-27T04:05:00Z"]
    for dies, number in ((dies_before, 1), (dies_after, 2)):
        monkeypatch.setattr(delivery, "post_message", dies)
        with pytest.raises(Killed):
            send_summaries()
        monkeypatch.setattr(delivery, "post_message", original)
        assert send_summaries() == ""  # its claim is still held
        time_machine.move_to(instants.pop(0), tick=False)
        assert send_summaries() == "sent 1"
        assert len(services.taken) == number
        services.taken.clear()
        time_machine.move_to(instants.pop(0), tick=False) if instants else None
    assert chat_messages() == [("sent", "200 ok", 2), ("sent", "200 ok", 2)]


def test_failing_message_does_not_stop_others(course, services, monkeypatch):
    make_chat_bot(make_late_team(course, "Broken"))
    make_chat_bot(make_late_team(course, "Whole"))
    original = delivery.summary_message

    def made(bot, statistics):
        if bot.team.name == "Broken":
            raise LookupError("words that hold who knows what")
        return original(bot, statistics)

    monkeypatch.setattr(delivery, "summary_message", made)
    assert send_summaries() == "given-up 1, sent 1"
    assert chat_messages() == [("given-up", "LookupError", 1), SENT]


def test_remaining_bots_follow_in_next_run_after_time_limit(course, services, monkeypatch):
    team = make_late_team(course)
    for service in ("slack", "dingtalk", "feishu"):
        make_chat_bot(team, service)
    monkeypatch.setattr(delivery, "AT_MOST", -1.0)
    for number in (1, 2, 3):
        assert send_summaries() == "sent 1"
        assert len(services.taken) == number


@pytest.mark.slow
def test_bot_is_limited_to_15_messages_per_minute(course, services, time_machine, monkeypatch):
    monkeypatch.setattr(delivery, "AT_MOST", 3600)  # seconds: a busy machine is slower than the pace
    for number in range(17):
        make_chat_bot(make_late_team(course, f"Team {number}"))
    make_chat_bot(make_late_team(course, "Other"), "dingtalk")
    assert send_summaries() == "sent 16"
    time_machine.move_to("2026-11-26T04:00:59Z", tick=False)
    assert send_summaries() == ""
    time_machine.move_to("2026-11-26T04:01:01Z", tick=False)
    assert send_summaries() == "sent 2"
    assert {message["why"] for message in ChatMessage.objects.filter(bot__service="slack").values("why")} == {"200 ok"}


def test_due_bots_take_same_queries_for_1_and_3(course, django_assert_num_queries):
    for _ in range(3):
        make_chat_bot(make_late_team(course))
        with django_assert_num_queries(3):  # bots, listed calendar days, messages of today
            delivery.bots_due(timezone.now())


def test_messages_are_deleted_after_90_days(course):
    bot = make_chat_bot(make_late_team(course))
    for days in (89, 91):
        ChatMessage.objects.create(
            bot=bot, day=date(2026, 1, days - 80), written_at=timezone.now() - timedelta(days=days)
        )
    assert delete_old_messages() == "1"
    assert [message.day for message in ChatMessage.objects.all()] == [date(2026, 1, 9)]


# Content of the summary


def message_of(bot):
    return summary_message(bot, group_statistics_of(bot.team, timezone.now()))


def reason_for(bot):
    return reason_not_to_send(bot, group_statistics_of(bot.team, timezone.now()))


def test_team_summary_shows_numbers_and_next_due_date(course):
    head = make_team("Head office")
    make_late_team(course, parent=head, learners=6, late=3)
    person = make_user("Wang Min")
    join(head, person)
    enroll(person, course, due_at=timezone.now() + timedelta(days=20), by=None)
    assert message_of(make_chat_bot(head)) == ChatContent(
        "Head office: training progress",
        ["Late: 3", "Due within 3 days: 3 (earliest due date: Saturday 28 November)", "Not completed yet: 7"],
        "Open my training",
        "http://127.0.0.1:8000/",
    )


def test_manager_summary_shows_dashboard_numbers_and_link(course):
    team = make_late_team(course, learners=4, late=1)
    assert message_of(make_chat_bot(team, is_for_managers=True, language="zh-hans")) == ChatContent(
        "Night shift：学习进度",
        ["逾期：1", "即将到期：3", "下一个截止日期：11月28日（星期六）"],
        "打开看板",
        f"http://127.0.0.1:8000/team/?team={team.pk}",
    )


def test_no_summary_without_overdue_or_due_soon(course):
    team = make_late_team(course, learners=5, late=0)
    bot, quiet = make_chat_bot(team), "nobody is late, and nothing is due within three days"
    assert reason_for(bot) == ""
    for enrollment in Enrollment.objects.all():
        exempt(enrollment, "On leave", by=None)
    assert reason_for(bot) == quiet
    person = make_user()
    join(team, person)
    enrollment = enroll(person, course, due_at=timezone.now() + timedelta(days=3, seconds=1), by=None)
    assert reason_for(bot) == quiet
    assert enrollment.is_open


def test_summary_needs_5_learners_except_for_managers(course):
    team = make_late_team(course, learners=4, late=4)
    gone = make_user(is_active=False)
    join(team, gone)
    reason = "fewer than 5 people learn here: a number would name them"
    assert reason_for(make_chat_bot(team)) == reason
    assert reason_for(make_chat_bot(team, is_for_managers=True)) == ""
    join(make_team(parent=team), make_user())
    assert reason_for(make_chat_bot(team)) == ""


def test_next_due_date_follows_extensions(course):
    team = make_late_team(course, learners=1, late=0)
    assert group_statistics_of(team, timezone.now()).next_day == date(2026, 11, 28)
    extend(Enrollment.objects.get(), date(2026, 12, 10), "On leave", by=team.manager)
    assert group_statistics_of(team, timezone.now()).next_day == date(2026, 12, 10)


def test_messages_contain_no_personal_data(course):
    team = make_late_team(course, learners=5)
    texts = " ".join(
        str(each) for flag in (True, False) for each in (message_of(make_chat_bot(team, is_for_managers=flag)),)
    )
    texts += str(build_test_message(make_chat_bot(team)))
    for membership in team.memberships.select_related("person"):
        assert membership.person.name not in texts.replace("Night shift:", "") and membership.person.email not in texts
