"""What a row of board and file is made of is read anew for the keys that a page has chosen."""

from datetime import UTC, datetime, timedelta

import pytest
from bs4 import BeautifulSoup

from courseware.learning.models import Enrollment
from courseware.learning.states import DUE_SOON
from courseware.reporting import board_rows
from tests.making import join, make_admin, make_enrollment, make_team, make_user
from tests.world import rows_shown_to

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 27, 4, tzinfo=UTC)  # of Shanghai, where the site is
SECOND = timedelta(seconds=1)


def test_facts_come_in_the_order_of_the_keys_and_without_what_is_gone():
    first, second, gone = (make_enrollment(make_user(name)).pk for name in ("B", "A", "C"))
    Enrollment.objects.filter(pk=gone).delete()
    assert [each.learner_name for each in board_rows.facts_of([second, gone, first], NOON)] == ["A", "B"]
    assert board_rows.facts_of([], NOON) == []


def test_the_state_is_that_of_the_instant_that_is_asked_for_each_time():
    key = make_enrollment(due_at=NOON).pk
    asked = (NOON, NOON - SECOND, NOON - DUE_SOON, NOON - DUE_SOON - SECOND, NOON)
    found = [each.state for at in asked for each in board_rows.facts_of([key], at)]
    assert found == ["overdue", "due-soon", "due-soon", "not-started", "overdue"]


def test_due_days_are_those_of_the_team_joined_first_also_where_another_one_is_led():
    berlin, shanghai = make_team(time_zone="Europe/Berlin"), make_team(time_zone="Asia/Shanghai")
    learner = make_user()
    for team in (berlin, shanghai):
        join(team, learner)
    make_enrollment(learner, due_at=datetime(2026, 11, 27, 23, tzinfo=UTC))  # midnight in Berlin, the 28th in Shanghai
    nowhere = make_enrollment(make_user("Without a team"), due_at=datetime(2026, 11, 27, 23, tzinfo=UTC))
    assert [row.enrollment.due_on.day for row in rows_shown_to(shanghai.manager)] == [27]
    days = {row.enrollment.pk == nowhere.pk: row.enrollment.due_on.day for row in rows_shown_to(make_admin())}
    assert days == {False: 27, True: 28}


def test_a_persons_page_names_the_first_team_of_those_the_reader_may_see(client):
    first, second = make_team("Day shift"), make_team("Night shift")
    learner = make_user("Lea")
    for team in (first, second):
        join(team, learner)
    enrollment = make_enrollment(learner)
    loner = make_enrollment(make_user("Leo"), enrollment.course)

    def line(reader, of=enrollment):
        client.force_login(reader)
        page = BeautifulSoup(client.get(f"/team/people/{of.pk}/").content, "html.parser")
        return page.select_one("h1 + p").get_text().split(" · ")[0]

    admin = make_admin()
    assert [line(first.manager), line(second.manager), line(admin)] == ["Day shift", "Night shift", "Day shift"]
    assert line(admin, loner) == loner.learner.email
