"""Retention by team: the first 5 answers to daily questions after completion."""

import uuid
from datetime import date, timedelta

import pytest
import time_machine

from courseware.assessment.models import DailyQuestionAnswer
from courseware.content.rendering import store
from courseware.learning.models import Enrollment
from courseware.lib.text.fractions_text import AnonymousShare as Share
from courseware.reporting.statistics.nightly_update import update_statistics
from courseware.reporting.statistics.retention import retention
from tests.making import days, join, make_enrollment, make_team, make_user

pytestmark = pytest.mark.django_db
FIRST = date(2026, 10, 5)


def add_learner(team, course, outcomes, *, completed=True, number=0):
    """A new learner of the team with these right and wrong answers."""
    person = make_user()
    join(team, person)
    enrollment = make_enrollment(person, course, completed_at=days(-60) if completed else None)
    page = store.page(course.current, "boiling", "en")
    for place, is_right in enumerate(outcomes, start=1):
        DailyQuestionAnswer.objects.create(
            enrollment=enrollment, day=FIRST + timedelta(days=place), number=place, objective="O1.1",
            release=course.current, document_id=page.document_id, revision_id=page.revision_id, question="what-first",
            response=[0], is_right=is_right, answered_at=days(-30), token=uuid.uuid4(), memory={}, due_at=days(1),
        )  # fmt: skip
    return person


def test_retention_is_shown_from_5_people(client, course):
    team = make_team("Night")
    add_learner(team, course, [True] * 5)
    add_learner(team, course, [True, False, True, True, True, False, False])
    add_learner(team, course, [True, False, False, True, True, True, True])
    add_learner(team, course, [False] * 5)
    add_learner(team, course, [True] * 4)  # only 4 answers
    add_learner(team, course, [True] * 5, completed=False)  # during the course
    team_names, today = {team.pk: "Night"}, FIRST + timedelta(days=9)
    update_statistics(today)
    assert retention(course.pk, team_names, today).lines == []
    add_learner(team, course, [True] * 5)
    update_statistics(today)
    assert retention(course.pk, team_names, today).lines == [("Night", [Share(3, 5), None])]
    with time_machine.travel("2026-10-20T02:00Z", tick=False):
        client.force_login(team.manager)
        assert "3 of 5" in client.get("/team/trends/", headers={"Accept-Language": "en"}).text
    Enrollment.objects.filter(learner__in=team.memberships.values("person")).update(completed_at=None)
    update_statistics(today + timedelta(days=1))
    assert retention(course.pk, team_names, date(2027, 1, 2)).lines == [("Night", [None, Share(3, 5)])]
