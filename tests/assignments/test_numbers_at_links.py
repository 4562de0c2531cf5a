"""Anybody can type any number at the link of a team: a lead learns by it of nobody but the own people."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from courseware.accounts.models import User
from courseware.accounts.team_links import make_link
from courseware.accounts.ways_in import JoinRequest
from tests.making import join, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db
PAGE = reverse("assignments:team-links")


@pytest.fixture
def team():
    """With a person who has not signed in yet, beside one of another team and one who has gone in already."""
    team, other = make_team("Night", manager=make_user("Lead", language="en")), make_team("Day")
    join(team, User.objects.create_user(None, None, name="Own Ann", staff_number="A1"))
    join(other, User.objects.create_user(None, None, name="Other Bob", staff_number="B1"))
    join(team, make_user("Known Cid", staff_number="C1"))
    link = make_link(team, ends_at=timezone.now() + timedelta(days=7), uses=9, by=team.manager)
    for number in ("A1", "B1", "C1", "D1"):
        JoinRequest.objects.create(link=link, staff_number=number, name=f"typed {number}", asked_at=timezone.now())
    return team


def named_to(client, user):
    client.force_login(user)
    page = client.get(PAGE).content.decode()
    assert all(f"typed {number}" in page for number in ("A1", "B1", "C1", "D1"))
    return [name for name in ("Own Ann", "Other Bob", "Known Cid") if name in page], page


def test_a_lead_reads_the_names_of_the_own_people_alone(client, team):
    named, page = named_to(client, team.manager)
    assert named == ["Own Ann", "Known Cid"]
    assert page.count("This number is somebody’s who is not in your teams.") == 1
    assert page.count("Nobody has this number yet") == 1
    assert page.count("Yes, let in") == 2  # Own Ann, and who is new


def test_human_resources_read_all(client, team):
    named, page = named_to(client, make_hr(language="en"))
    assert named == ["Own Ann", "Other Bob", "Known Cid"]
    assert "not in your teams" not in page


def test_the_answer_to_a_no_names_what_was_typed(client, team):
    client.force_login(team.manager)
    asked = JoinRequest.objects.get(staff_number="B1")
    page = client.post(reverse("assignments:answer-request", args=[asked.pk]), {"answer": "no"}, follow=True)
    assert "typed B1 does not come in by the link." in page.content.decode()
    assert "Other Bob" not in page.content.decode()
