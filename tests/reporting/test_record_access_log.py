"""Views of a record are logged once a day for each viewer and record."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from courseware.audit_log.models import Event
from tests.making import make_admin, make_enrollment, make_team, make_user
from tests.reporting.dashboards import learner_of

pytestmark = pytest.mark.django_db
MIDNIGHT = datetime(2026, 11, 25, 16, tzinfo=UTC)  # in Shanghai, the zone of the site


@pytest.fixture
def team(client, time_machine):
    time_machine.move_to(MIDNIGHT, tick=False)
    team = make_team("Night shift")
    client.force_login(team.manager)
    return team


def views():
    return list(Event.objects.filter(verb="record-viewed").values_list("actor", "subject"))


def view(actor, enrollment):
    return actor.pk, f"enrollment:{enrollment.pk}"


@pytest.mark.slow
def test_view_is_logged_once_a_day(client, team, time_machine):
    enrollment = learner_of(team)
    page = f"/team/people/{enrollment.pk}/"
    client.get(page)
    client.get(page)
    client.post(f"{page}extend/", {"due_on": "nonsense"})  # the page is shown again
    for later, expected in ((timedelta(hours=23, minutes=59), 1), (timedelta(days=1), 2)):
        time_machine.move_to(MIDNIGHT + later, tick=False)
        client.force_login(team.manager)  # a session does not last that long
        client.get(page)
        assert views() == [view(team.manager, enrollment)] * expected


def test_rejected_form_is_logged_as_view(client, team):
    enrollment = learner_of(team)
    client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": "nonsense"})
    assert views() == [view(team.manager, enrollment)]


@pytest.mark.slow
def test_views_count_per_viewer_and_record(client, team):
    first, second, admin = learner_of(team), learner_of(team), make_admin()
    for actor in (team.manager, admin):
        client.force_login(actor)
        for enrollment in (first, second, first):
            client.get(f"/team/people/{enrollment.pk}/")
    assert views() == [view(actor, each) for actor in (team.manager, admin) for each in (first, second)]


def test_view_in_admin_counts_as_same_view(client, team):
    enrollment, admin = learner_of(team), make_admin()
    client.force_login(admin)
    client.get(reverse("admin:learning_enrollment_change", args=[enrollment.pk]))
    client.get(f"/team/people/{enrollment.pk}/")
    assert views() == [view(admin, enrollment)]


def test_forbidden_view_is_not_logged(client, team):
    assert client.get(f"/team/people/{make_enrollment(make_user()).pk}/").status_code == 404
    assert views() == []
