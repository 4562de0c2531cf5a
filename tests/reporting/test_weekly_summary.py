"""Weekly summary emails to managers and to HR."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from courseware.accounts.calendar.working_days import CalendarDay
from courseware.learning.due_dates.extensions import (
    ExtensionAnswer,
    answer_extension_request,
    request_extension,
    withdraw_request,
)
from courseware.lib.dates import due_instant
from courseware.notifications.models import OutgoingEmail
from courseware.reporting.emails import hr_summary, weekly_summary
from courseware.reporting.emails.weekly_summary import queue_weekly_summaries
from tests.making import join, make_enrollment, make_hr, make_team, make_user, sent_emails

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_sending_hours")]
ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 12, 14)


@pytest.fixture(autouse=True)
def sunday(settings, time_machine):
    settings.HOLIDAY_CALENDAR, settings.TIME_ZONE = "", "Asia/Shanghai"
    settings.SITE_URL = "https://training.example.com"
    time_machine.move_to(datetime(2026, 12, 13, 23, tzinfo=ZONE), tick=False)
    return time_machine


def make_managed_team(name="Night shift", manager_name="Li Lin", **fields):
    return make_team(name, manager=make_user(manager_name, language="en"), **fields)


def make_learner(team, name, course, **fields):
    person = make_user(name)
    if team:
        join(team, person)
    return make_enrollment(person, course, enrolled_at=timezone.now() - timedelta(days=60), **fields)


def make_late(team, name, course, days=3):
    return make_learner(team, name, course, due_at=due_instant(MONDAY - timedelta(days=days), ZONE))


def summaries(kind="digest"):
    return list(OutgoingEmail.objects.filter(kind=kind).order_by("pk").values_list("person__name", "state", "why"))


def send_on_monday(clock):
    clock.move_to(datetime(2026, 12, 14, 8, tzinfo=ZONE), tick=False)
    sent_emails()


@pytest.mark.slow
def test_summary_lists_late_stuck_and_finished_people(sunday, course, mailoutbox):
    now = timezone.now()
    team = make_managed_team()
    make_late(team, "Wang Ming", course)
    make_learner(team, "Idle", course, started_at=now - timedelta(days=20), last_active_at=now - timedelta(days=20))
    make_learner(team, "Done", course, completed_at=now - timedelta(days=2))
    make_learner(team, "Done long ago", course, completed_at=now - timedelta(days=8))
    make_learner(team, "Exempt", course, exempted_at=now, due_at=now - timedelta(days=9))
    make_late(make_managed_team("Others", manager_name="Other manager"), "Somebody else’s", course)
    assert queue_weekly_summaries() == "emails: 2"
    send_on_monday(sunday)
    [email] = [each for each in mailoutbox if each.to == [team.manager.email]]
    assert email.subject == "Your people this week: 1 late, 1 stuck, 1 finished"
    assert email.body.partition("\n\nYou get this email")[0] == (
        "Hello Li Lin,\n\n"
        "1 person is late:\n– Wang Ming: “Rules of the tea room”, due on Friday 11 December\n\n"
        "1 person is stuck and may need your help:\n– Idle: “Rules of the tea room”\n\n"
        "1 person has finished in the last 7 days:\n– Done: “Rules of the tea room”\n\n"
        "On the dashboard, you can send reminders, extend due dates or make people exempt:\nhttps://training.example.com/team/"
    )


@pytest.mark.slow
def test_extension_requests_come_first(sunday, course, mailoutbox):
    team, other = make_managed_team(), make_managed_team("Others", manager_name="Other manager")
    soon = due_instant(date(2026, 12, 18), ZONE)
    enrollments = [make_learner(team, name, course, due_at=soon) for name in ("Zoe", "Ada", "Answered", "Taken back")]
    for number, enrollment in enumerate([*enrollments, make_learner(other, "Somebody else’s", course, due_at=soon)]):
        asked_at = datetime(2026, 12, 10 + number, 17, tzinfo=ZONE)
        request = request_extension(enrollment, date(2026, 12, 21), at=asked_at)
        if enrollment.learner.name == "Answered":
            answer_extension_request(request.pk, ExtensionAnswer("refused"), by=team.manager)
    withdraw_request(enrollments[-1])
    OutgoingEmail.objects.all().delete()
    queue_weekly_summaries()
    send_on_monday(sunday)
    [email] = [each for each in mailoutbox if each.to == [team.manager.email]]
    assert (
        email.subject == "Your people this week: 2 extension requests wait for your answer, 0 late, 0 stuck, 0 finished"
    )
    assert email.body.partition("\n\nYou get this email")[0] == (
        "Hello Li Lin,\n\n"
        "2 people ask for an extension. The oldest request was made on Thursday 10 December. "
        "Answer the requests on the dashboard, under “Today”:\n"
        "– Zoe: “Rules of the tea room”, extension until Monday 21 December\n"
        "– Ada: “Rules of the tea room”, extension until Monday 21 December\n\n"
        "On the dashboard, you can send reminders, extend due dates or make people exempt:\nhttps://training.example.com/team/"
    )
    assert [(name, state) for name, state, _why in summaries()] == [("Li Lin", "sent"), ("Other manager", "sent")]


@pytest.mark.slow
def test_long_list_shows_latest_people_and_team_counts(sunday, course, mailoutbox):
    above = make_managed_team("Centre")
    day, night = (make_team(name, parent=above) for name in ("Day shift", "Night shift"))
    for number in range(4):
        make_late(night, f"Night {number}", course, days=9 - number)
    for number in range(2):
        make_late(day, f"Day {number}", course)
    queue_weekly_summaries()
    send_on_monday(sunday)
    [body] = [each.body for each in mailoutbox if each.to == [above.manager.email]]
    names = [line.partition(":")[0] for line in body.split("\n") if line.startswith("–")]
    assert names == ["– Night 0", "– Night 1", "– Night 2", "– Night 3", "– Day 0", "– and 1 more entry"]
    assert "By team: Night shift 4 · Day shift 2\n" in body


@pytest.mark.slow
def test_teams_with_same_name_are_counted_separately(sunday, course, mailoutbox):
    above = make_managed_team("Centre")
    for number, place in enumerate(("North", "South"), start=1):
        shift = make_team("Night shift", parent=make_team(place, parent=above))
        for person in range(number):
            make_late(shift, f"{place} {person}", course)
    queue_weekly_summaries()
    send_on_monday(sunday)
    [body] = [each.body for each in mailoutbox if each.to == [above.manager.email]]
    assert "By team: Night shift 2 · Night shift 1\n" in body


def test_empty_summary_is_skipped_with_reason(sunday, course):
    make_learner(make_managed_team(), "On the way", course, due_at=timezone.now() + timedelta(days=9))
    queue_weekly_summaries()
    send_on_monday(sunday)
    assert summaries() == [("Li Lin", "skipped", weekly_summary.NOTHING)]


def test_summary_after_holiday_has_current_state(sunday, course):
    team = make_managed_team()
    for day in range(3):
        CalendarDay.objects.create(day=MONDAY + timedelta(days=day), is_free=True, name="Festival")
    for day in range(5):
        sunday.move_to(datetime(2026, 12, 14 + day, 5, 30, tzinfo=ZONE), tick=False)
        queue_weekly_summaries()
        sent_emails()
        if day == 1:
            make_learner(team, "Done", course, completed_at=timezone.now())
        sunday.move_to(datetime(2026, 12, 14 + day, 8, tzinfo=ZONE), tick=False)
        sent_emails()
    assert summaries() == [("Li Lin", "sent", "")]
    assert OutgoingEmail.objects.get(kind="digest").ended_at == datetime(2026, 12, 17, 8, tzinfo=ZONE)


def test_week_of_holidays_gives_one_summary(sunday):
    make_managed_team("Auckland", time_zone="Pacific/Auckland")
    for day in range(5):
        CalendarDay.objects.create(day=MONDAY + timedelta(days=day), is_free=True, name="Festival")
    at, written = datetime(2026, 12, 14, 5, 30, tzinfo=ZONE), []
    for _ in range(10):
        written.append(queue_weekly_summaries(at))
        at += timedelta(days=1)
    assert [each for each in written if each] == ["emails: 1"]


def test_summary_is_sent_monday_in_local_time(sunday):
    berlin = make_managed_team("Berlin", manager_name="Berlin", time_zone="Europe/Berlin")
    make_managed_team("Shanghai", manager_name="Shanghai")
    gone = make_managed_team("Gone", manager_name="Gone")
    gone.manager.is_active = False
    gone.manager.save()
    join(berlin, make_user("Learner"))
    at, written = datetime(2026, 12, 7, 5, 30, tzinfo=ZONE), []
    for _ in range(15):
        written.append(queue_weekly_summaries(at))
        queue_weekly_summaries(at)
        at += timedelta(days=1)
    found = OutgoingEmail.objects.filter(kind="digest").order_by("next_at").values_list("person__name", "next_at")
    assert [(name, f"{at.astimezone(ZONE):%m-%d %H}") for name, at in found] == [
        ("Shanghai", "12-07 08"),
        ("Berlin", "12-07 15"),
        ("Shanghai", "12-14 08"),
        ("Berlin", "12-14 15"),
        ("Shanghai", "12-21 08"),
        ("Berlin", "12-21 15"),
    ]
    assert [result for result in written if result] == ["emails: 2"] * 3


def test_missed_monday_is_caught_up_on_tuesday_only(sunday):
    make_managed_team()
    assert queue_weekly_summaries(datetime(2026, 12, 16, 9, tzinfo=ZONE)) == ""
    assert queue_weekly_summaries(datetime(2026, 12, 15, 9, tzinfo=ZONE)) == "emails: 1"
    assert OutgoingEmail.objects.get().next_at == datetime(2026, 12, 15, 9, tzinfo=ZONE)


@pytest.mark.parametrize("people", [1, 3])
def test_query_count_is_independent_of_people(sunday, course, people, django_assert_num_queries):
    team = make_managed_team()
    for number in range(people):
        request_extension(make_late(team, f"Late {number}", course), MONDAY)
    queue_weekly_summaries()
    [message] = OutgoingEmail.objects.filter(kind="digest").select_related("person")
    # Stuck people are read with a cursor; on PostgreSQL in a transaction.
    with django_assert_num_queries(19 if connection.vendor == "postgresql" else 17):
        assert weekly_summary.in_words(message)["late"]["number"] == people


# The weekly summary to HR


@pytest.fixture
def hr():
    return make_hr(name="Zhou", language="en")


@pytest.mark.slow
def test_hr_summary_has_totals_by_team_without_names(sunday, hr, course, mailoutbox):
    now = timezone.now()
    centre, night = make_team("Centre"), make_team("Night shift")
    for name in ("Wang Ming", "Zhao Lei"):
        make_late(night, name, course)
    make_late(centre, "Chen Jie", course)
    make_learner(centre, "Idle", course, started_at=now - timedelta(days=20), last_active_at=now - timedelta(days=20))
    make_learner(centre, "Done", course, completed_at=now - timedelta(days=2))
    make_learner(make_team("Long ago"), "Done long ago", course, completed_at=now - timedelta(days=8))
    make_learner(make_team("Exempt"), "Exempt", course, exempted_at=now, due_at=now - timedelta(days=9))
    make_late(None, "In no team", course)
    staff = make_late(night, "Staff", course).learner  # HR does not see staff
    staff.is_staff = True
    staff.save()
    assert queue_weekly_summaries() == "emails: 5"  # 4 of them to managers
    send_on_monday(sunday)
    [email] = [each for each in mailoutbox if each.to == [hr.email]]
    assert email.subject == "All teams this week: 4 overdue, 1 finished"
    assert email.body.partition("\n\nYou get this email")[0] == (
        "Hello Zhou,\n\nOverdue today: 4\nStuck: 1\nFinished in the last 7 days: 1\n\nBy team:\n"
        "– Night shift: 2 overdue, 0 stuck, 0 finished\n– Centre: 1 overdue, 1 stuck, 1 finished\n\n"
        "The numbers are the same as on the dashboard: each person counts once in each course.\nhttps://training.example.com/team/"
    )
    assert "/unsubscribe/" in email.body and "List-Unsubscribe" in email.extra_headers
    assert not any(name in email.body for name in ("Wang Ming", "Zhao Lei", "Chen Jie", "Idle", "In no team"))


@pytest.mark.slow
def test_hr_summary_counts_two_teams_once_in_total(sunday, hr, course, mailoutbox):
    one, two = make_team("One"), make_team("Two")
    join(two, make_late(one, "Both", course).learner)
    queue_weekly_summaries()
    send_on_monday(sunday)
    [body] = [each.body for each in mailoutbox if each.to == [hr.email]]
    assert "Overdue today: 1\n" in body and "– One: 1 overdue" in body and "– Two: 1 overdue" in body


def test_hr_summary_uses_language_of_reader(sunday, course, mailoutbox):
    hr = make_hr(language="zh-hans")
    make_late(make_team("夜班"), "王", course)
    queue_weekly_summaries()
    send_on_monday(sunday)
    [email] = [each for each in mailoutbox if each.to == [hr.email]]
    assert (
        email.subject == "各团队本周情况：逾期1人次，完成0人次"
        and "– 夜班：逾期1人次，遇到困难0人次，完成0人次" in email.body
    )


def test_hr_summary_is_sent_once_and_only_to_hr(sunday, hr, course):
    make_late(make_team(), "Late", course)
    assert (queue_weekly_summaries(), queue_weekly_summaries()) == ("emails: 2", "")
    assert summaries("hr-summary") == [("Zhou", "queued", "")]
    hr.groups.clear()
    send_on_monday(sunday)
    assert summaries("hr-summary") == [("Zhou", "skipped", hr_summary.NOT_IN_HR)]


def test_empty_hr_summary_is_skipped(sunday, hr, course):
    make_learner(make_team(), "On the way", course, due_at=timezone.now() + timedelta(days=9))
    queue_weekly_summaries()
    send_on_monday(sunday)
    assert summaries("hr-summary") == [("Zhou", "skipped", weekly_summary.NOTHING)]


def test_hr_summary_omits_stuck_people_above_row_limit(monkeypatch, sunday, hr, course, mailoutbox):
    monkeypatch.setattr(hr_summary, "SORTED_BY_NAME", 1)
    team = make_team("Many")
    for _number in range(2):
        make_late(team, "Late", course)
    queue_weekly_summaries()
    send_on_monday(sunday)
    [body] = [each.body for each in mailoutbox if each.to == [hr.email]]
    assert "– Many: 2 overdue, 0 finished\n" in body and "tuck" not in body


@pytest.mark.parametrize("teams", [1, 3])
def test_hr_summary_query_count_is_independent_of_teams(teams, hr, course, django_assert_num_queries):
    for _number in range(teams):
        make_late(make_team(), "Late", course)
    message = OutgoingEmail(kind="hr-summary", person=hr, language="en")
    hr_summary.in_words(message)
    with django_assert_num_queries(12 if connection.vendor == "postgresql" else 10):
        hr_summary.in_words(message)
