"""What was learned elsewhere and certifies no more is called no certificate, on the board and on the person's page."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.formats import date_format

from courseware.assessment.models import Certificate
from courseware.assessment.standing import keep_standing
from courseware.assessment.withdrawing import withdraw
from courseware.learning import recounting
from courseware.learning.models import Enrollment
from courseware.learning.postponing import mark_away
from courseware.reporting.consistency import differences
from tests.making import days, make_hr
from tests.reporting.test_trained_elsewhere import learner, page, taken_back, team  # noqa: F401 - fixtures
from tests.world import complete_course, rows_shown_to

pytestmark = pytest.mark.django_db


def test_what_ended_elsewhere_was_no_certificate(team, course):  # noqa: F811
    yesterday = timezone.localdate() - timedelta(days=1)
    ended = learner(team, course, "Ended", yesterday)
    words, board = f"training elsewhere ended {date_format(yesterday)}", page(team.manager, "/team/")
    assert words in board
    assert "certificate ended" not in board and "certificate withdrawn" not in board
    assert words in page(team.manager, f"/team/people/{ended.pk}/")


def test_what_was_recorded_by_mistake_and_taken_back_was_never_there(team, course):  # noqa: F811
    run, beside = taken_back(learner(team, course, "Lea", None)), learner(team, course, "Lea")
    rows = {str(row.enrollment.pk): row.cells._replace(enrollment=0) for row in rows_shown_to(team.manager)}
    assert rows[str(run.pk)] == rows[str(beside.pk)]
    assert Enrollment.objects.get(pk=run.pk).certified_until is None
    assert "elsewhere" not in page(team.manager, "/team/")
    assert "elsewhere" not in page(team.manager, f"/team/people/{run.pk}/")
    recounting.add_up()
    assert list(differences()) == []


def test_also_where_a_certificate_of_before_was_withdrawn_only_that_is_said(team, course):  # noqa: F811
    run = learner(team, course, "Lea", None)
    complete_course(run)
    withdraw(Certificate.objects.get(), reason="Answers were passed on", by=make_hr())
    taken_back(run)
    board = page(team.manager, "/team/")
    assert "certificate withdrawn" in board and "elsewhere" not in board
    assert list(differences()) == []


def test_a_certificate_that_ended_is_still_called_one(team, course):  # noqa: F811
    run = learner(team, course, "Lea")
    complete_course(run)
    keep_standing(ended(Certificate.objects.get()))
    board = page(team.manager, "/team/")
    assert "certificate ended" in board and "elsewhere" not in board


def ended(certificate):
    certificate.valid_until = timezone.localdate() - timedelta(days=1)
    certificate.save()
    return certificate


# Who is certified, renews and is away: the absence stands in place of the state, and the certificate beside it.


def test_the_row_of_who_renews_and_is_away_still_says_until_when_certified(team, course):  # noqa: F811
    today = timezone.localdate()
    run = learner(team, course, "Lea", today + timedelta(days=40), due_at=days(20))
    assert "certified until" in page(team.manager, "/team/")
    mark_away(run.learner, today, today + timedelta(days=3), by=team.manager)
    text = page(team.manager, "/team/")
    assert "away until" in text and "certified until" in text
