"""Who is certified, renews and is away: the absence stands in place of the state, and the certificate beside it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseware.learning.postponing import mark_away
from tests.making import days
from tests.reporting.test_trained_elsewhere import learner, page, team  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db


def test_the_row_of_who_renews_and_is_away_still_says_until_when_certified(team, course):  # noqa: F811
    today = timezone.localdate()
    run = learner(team, course, "Lea", today + timedelta(days=40), due_at=days(20))
    assert "certified until" in page(team.manager, "/team/")
    mark_away(run.learner, today, today + timedelta(days=3), by=team.manager)
    text = page(team.manager, "/team/")
    assert "away until" in text and "certified until" in text
