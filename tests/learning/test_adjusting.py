"""What somebody decides about the training of others: by whom and why is kept, both see it, a repeat does nothing."""

from datetime import timedelta

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from courseware.learning.adjustments import Adjustment, AdjustmentLine
from courseware.learning.enrolling import EnrollmentClosed, extend, give_time, waive
from courseware.lib.dates import due_instant
from tests.making import days, join, make_enrollment, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def enrollment(team):
    enrollment = make_enrollment(make_user("Zhou Kai", language="en"), due_at=days(2))
    join(team, enrollment.learner)
    return enrollment


def kept():
    columns = ("adjustment__kind", "adjustment__made_by", "adjustment__reason", "learner", "enrollment")
    return list(AdjustmentLine.objects.values_list(*columns))


def lines(response, where):
    found = BeautifulSoup(response.content, "html.parser").select(where)
    return [" ".join(line.text.split()) for line in found]


def test_what_is_refused_keeps_nothing(team):
    done, own = make_enrollment(completed_at=days(-1)), make_enrollment(team.manager)
    for verb in (lambda: extend(done, days(3).date(), by=None), lambda: waive(done, "late", by=None)):
        with pytest.raises(EnrollmentClosed):
            verb()
    assert extend(own, days(3).date(), by=team.manager) is None
    assert waive(own, "knows it all", by=team.manager) is None
    assert give_time(own, "off", by=team.manager) is None
    assert kept() == []
    assert not Adjustment.objects.exists()


def test_manager_and_learner_read_what_was_changed_by_whom_and_why(client, team, enrollment):
    with time_machine.travel("2026-11-30 09:00+08:00", tick=False):
        enrollment.due_at = due_instant(timezone.localdate(), enrollment.zone)
        enrollment.save()
        extend(enrollment, timezone.localdate() + timedelta(days=7), "a sick child", by=team.manager)
        give_time(enrollment, "1.5", by=team.manager)
        waive(enrollment, "moved", by=team.manager)
        client.force_login(team.manager)
        page = client.get(reverse("reporting:person", args=[enrollment.pk]))
        assert [line.partition(", ")[2] for line in lines(page, ".timeline .extended, .timeline .timed")] == [
            "09:00 Li Lin set the time in exams and simulations: 1½ times the time",
            "09:00 Li Lin moved the due day from 30 November 2026 to 7 December 2026: a sick child",
        ]
        assert [line.partition(", ")[2] for line in lines(page, ".timeline .waived")] == [
            "09:00 Excused by Li Lin: moved Undo"
        ]
        client.force_login(enrollment.learner)
        record = client.get(reverse("journey:record", args=[enrollment.course.identifier]))
        assert lines(record, "[aria-labelledby=adjusted] li") == [
            "Li Lin gave you until 7 December 2026: a sick child 30 November 2026",
            "Li Lin set your time in exams and simulations: 1½ times the time 30 November 2026",
            "Li Lin excused you from this course: moved 30 November 2026",
        ]


def test_nothing_is_said_where_nobody_changed_anything(client, enrollment):
    client.force_login(enrollment.learner)
    record = client.get(reverse("journey:record", args=[enrollment.course.identifier]))
    assert lines(record, "#adjusted") == []


def test_an_excuse_from_before_adjustments_were_kept_is_shown_still(client, team, enrollment):
    type(enrollment).objects.update(waived_at=days(-3), waived_reason="moved")
    client.force_login(team.manager)
    page = client.get(reverse("reporting:person", args=[enrollment.pk]))
    assert [line[-13:] for line in lines(page, ".timeline .waived")] == ["Excused moved"]


@pytest.mark.parametrize(("due_in", "since"), [(2, 2), (-5, 0), (None, 0)])
def test_a_button_moves_the_due_day_from_where_it_is_or_from_today(client, team, due_in, since):
    today = timezone.localdate()
    due_at = None if due_in is None else due_instant(today + timedelta(days=due_in), team.zone)
    enrollment = make_enrollment(due_at=due_at)
    join(team, enrollment.learner)
    client.force_login(team.manager)
    page = client.get(reverse("reporting:person", args=[enrollment.pk]))
    assert [button["value"] for button in BeautifulSoup(page.content, "html.parser").select("[name=days]")] == [
        "3",
        "7",
    ]
    client.post(
        reverse("reporting:extend", args=[enrollment.pk]), {"due_on": "", "reason": "a sick child", "days": "7"}
    )
    enrollment.refresh_from_db()
    assert enrollment.due_on == today + timedelta(days=since + 7)
    assert kept() == [("extended", team.manager.pk, "a sick child", enrollment.learner_id, enrollment.pk)]


@pytest.mark.parametrize("days_sent", ["4", "-3", "x", "700", "³"])
def test_a_number_of_days_that_is_on_no_button_moves_nothing(client, team, enrollment, days_sent):
    client.force_login(team.manager)
    address = reverse("reporting:extend", args=[enrollment.pk])
    assert client.post(address, {"due_on": "", "days": days_sent}).status_code == 422
    assert kept() == []
