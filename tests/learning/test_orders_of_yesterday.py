"""An order to enroll a team that is opened again after its due day enrolls nobody as overdue."""

from datetime import UTC, date, datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from courseware.learning import enrolling
from courseware.learning.enrolling import begin_enrolling, choose_another_day, enroll_next, is_day_over
from courseware.learning.models import Enrollment
from tests.making import make_admin, make_course, make_team

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 27)
LAST_MOMENT = datetime(2026, 11, 27, 15, 59, tzinfo=UTC)  # a minute before midnight in Shanghai
OVER = "The due day is over: whoever is enrolled now would be overdue at once."


@pytest.fixture
def order(client, monkeypatch, time_machine):
    """Two of three people were enrolled, and then nobody looked after it until the day was over."""
    monkeypatch.setattr(enrolling, "BATCH", 2)
    time_machine.move_to(LAST_MOMENT, tick=False)
    order = begin_enrolling([make_team(learners=3)], make_course(), due_on=DAY)
    enroll_next(order, by=None)
    time_machine.move_to(LAST_MOMENT + timedelta(minutes=2), tick=False)
    client.force_login(make_admin(language="en"))
    return order


def address(order):
    return reverse("admin:enroll-team", args=[order.pk])


def shown(response):
    return BeautifulSoup(response.content, "html.parser").select_one("#enrolling")


def due_days():
    return sorted(enrollment.due_on for enrollment in Enrollment.objects.with_zone())


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["by hand", "by itself"])
def test_it_enrolls_nobody_more_and_asks_for_another_day(client, order, headers):
    for response in (client.get(address(order), headers=headers), client.post(address(order), headers=headers)):
        form = shown(response)
        assert OVER in form.text
        assert form.select_one("input[name=due_on]")
        assert not form.has_attr("hx-post"), "it would go on by itself"
    assert due_days() == [DAY, DAY]


def test_with_another_day_those_who_are_left_are_enrolled_and_the_others_keep_theirs(client, order):
    assert client.post(address(order), {"due_on": "2026-12-04"}).status_code == 302
    page = shown(client.get(address(order)))
    assert OVER not in page.text and page.has_attr("hx-post")
    client.post(address(order))
    assert due_days() == [DAY, DAY, date(2026, 12, 4)]


@pytest.mark.parametrize("day", ["2026-11-27", "", "tomorrow", "2100-01-01"])
def test_a_day_that_is_over_or_none_is_refused(client, order, day):
    response = client.post(address(order), {"due_on": day})
    assert (response.status_code, due_days()) == (422, [DAY, DAY])
    assert shown(response).select(".errorlist a[href='#id_due_on']")


def test_a_day_that_is_sent_along_while_the_first_still_holds_changes_nothing(client, order, time_machine):
    time_machine.move_to(LAST_MOMENT, tick=False)
    client.post(address(order), {"due_on": "2026-12-04"})
    assert due_days() == [DAY] * 3


@pytest.mark.parametrize(
    "due_on, at, expected",
    [
        (DAY, LAST_MOMENT, False),
        (DAY, LAST_MOMENT + timedelta(minutes=1), True),
        (None, LAST_MOMENT + timedelta(days=1), False),
    ],
)
def test_a_day_is_over_at_midnight_on_the_clock_of_the_site(due_on, at, expected):
    order = begin_enrolling([make_team(learners=1)], make_course(), due_on=due_on)
    assert is_day_over(order, at) == expected


def test_a_finished_order_stays_as_it_is(order):
    enroll_next(order, by=None)
    choose_another_day(order, DAY + timedelta(days=7))
    order.refresh_from_db()
    assert (order.due_on, is_day_over(order)) == (DAY, False)
