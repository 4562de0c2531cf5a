"""HR gets an email on Mondays with totals by team, without names, if one of the numbers is not 0."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from courseware.lib.dates import due_instant
from courseware.outbox.models import Message
from courseware.reporting import digest, hr_summary
from courseware.reporting.digest import write_digests
from tests.making import join, letters, make_editor, make_enrollment, make_hr, make_team, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("letter_hours")]
ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 12, 14)


@pytest.fixture(autouse=True)
def sunday(settings, time_machine):
    settings.WORKING_DAYS, settings.TIME_ZONE = "", "Asia/Shanghai"
    settings.SITE_URL = "https://training.example.com"
    time_machine.move_to(datetime(2026, 12, 13, 23, tzinfo=ZONE), tick=False)
    return time_machine


@pytest.fixture
def hr():
    return make_hr(name="Zhou", language="en")


def learner(team, course, name="", person=None, **fields):
    person = person or make_user(name)
    if team:
        join(team, person)
    return make_enrollment(person, course, enrolled_at=timezone.now() - timedelta(days=60), **fields)


def late(team, course, name="", **fields):
    return learner(team, course, name, due_at=due_instant(MONDAY - timedelta(days=3), ZONE), **fields)


def done(team, course, days=2):
    return learner(team, course, completed_at=timezone.now() - timedelta(days=days))


def told():
    return list(Message.objects.filter(kind="hr-summary").order_by("pk").values_list("person__name", "state", "why"))


def on_monday(clock):
    clock.move_to(datetime(2026, 12, 14, 8, tzinfo=ZONE), tick=False)
    letters()


def test_it_says_totals_and_states_by_team_without_names(sunday, hr, course, mailoutbox):
    now = timezone.now()
    centre, night = make_team("Centre"), make_team("Night shift")
    for name in ("Wang Ming", "Zhao Lei"):
        late(night, course, name)
    late(centre, course, "Chen Jie")
    learner(centre, course, "Idle", started_at=now - timedelta(days=20), last_active_at=now - timedelta(days=20))
    done(centre, course)
    done(make_team("Long ago"), course, days=8)
    learner(make_team("Excused"), course, waived_at=now, due_at=now - timedelta(days=9))
    late(None, course, "In no team")
    late(night, course, person=make_editor())  # HR does not see staff
    assert write_digests() == "letters: 5"  # four of them to managers
    on_monday(sunday)
    [email] = [each for each in mailoutbox if each.to == [hr.email]]
    assert email.subject == "All teams this week: 4 overdue, 1 finished"
    assert email.body.partition("\n\nYou get this email")[0] == (
        "Hello Zhou,\n\nOverdue today: 4\nStuck: 1\nFinished in the last seven days: 1\n\nBy team:\n"
        "– Night shift: 2 overdue, 0 stuck, 0 finished\n– Centre: 1 overdue, 1 stuck, 1 finished\n\n"
        "The numbers are the same as on the board: each person counts once in each course.\nhttps://training.example.com/team/"
    )
    assert "/letters/stop/" in email.body and "List-Unsubscribe" in email.extra_headers
    assert not any(name in email.body for name in ("Wang Ming", "Zhao Lei", "Chen Jie", "Idle", "In no team"))


def test_a_person_in_two_teams_counts_in_both_and_once_in_the_total(sunday, hr, course, mailoutbox):
    one, two = make_team("One"), make_team("Two")
    join(two, late(one, course).learner)
    write_digests()
    on_monday(sunday)
    [body] = [each.body for each in mailoutbox if each.to == [hr.email]]
    assert "Overdue today: 1\n" in body and "– One: 1 overdue" in body and "– Two: 1 overdue" in body


def test_the_email_is_in_the_language_of_its_reader(sunday, course, mailoutbox):
    hr = make_hr(language="zh-hans")
    late(make_team("夜班"), course)
    write_digests()
    on_monday(sunday)
    [email] = [each for each in mailoutbox if each.to == [hr.email]]
    assert email.subject == "各团队本周情况：逾期1，完成0" and "– 夜班：逾期1，遇到困难0，完成0" in email.body


def test_nothing_is_sent_where_there_is_nothing_to_say(sunday, hr, course):
    learner(make_team(), course, due_at=due_instant(MONDAY + timedelta(days=30), ZONE))
    write_digests()
    on_monday(sunday)
    assert told() == [("Zhou", "skipped", digest.NOTHING)]


def test_a_person_who_left_hr_meanwhile_gets_nothing(sunday, hr, course):
    late(make_team(), course)
    write_digests()
    hr.groups.clear()
    on_monday(sunday)
    assert told() == [("Zhou", "skipped", hr_summary.NOT_IN_HR)]


def test_it_is_written_once_for_a_monday_and_for_nobody_outside_hr(sunday, hr, course):
    late(make_team(), course)
    assert (write_digests(), write_digests()) == ("letters: 2", "")
    assert told() == [("Zhou", "queued", "")]
    sunday.move_to(datetime(2026, 12, 16, 23, tzinfo=ZONE), tick=False)
    assert write_digests() == ""


def test_stuck_people_are_left_out_above_the_limit_of_rows(monkeypatch, sunday, hr, course, mailoutbox):
    monkeypatch.setattr(hr_summary, "SORTED_BY_NAME", 1)
    team = make_team("Many")
    for _number in range(2):
        late(team, course)
    write_digests()
    on_monday(sunday)
    [body] = [each.body for each in mailoutbox if each.to == [hr.email]]
    assert "– Many: 2 overdue, 0 finished\n" in body and "tuck" not in body


@pytest.mark.parametrize("teams", [1, 3])
def test_the_number_of_queries_does_not_grow_with_the_teams(teams, hr, course, django_assert_num_queries):
    for _number in range(teams):
        late(make_team(), course)
    message = Message(kind="hr-summary", person=hr, language="en")
    hr_summary.in_words(message)
    with django_assert_num_queries(12 if connection.vendor == "postgresql" else 10):
        hr_summary.in_words(message)
