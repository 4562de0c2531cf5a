"""Where people land after signing in."""

from datetime import date

import pytest
from django.utils import timezone

from courseware.accounts.models import Membership
from tests.making import (
    join,
    make_admin,
    make_auditor,
    make_course,
    make_editor,
    make_enrollment,
    make_hr,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db
HOME, BOARD, DOCUMENTS, ADMIN, PEOPLE = "/", "/team/", "/admin/content/document/", "/admin/", "/people/"


def leading(person):
    join(make_team(), person, Membership.Role.MANAGER)
    return person


def learning(person, **fields):
    make_enrollment(person, make_course(), **fields)
    return person


LANDINGS = {
    "somebody with a course": (lambda: learning(make_user()), HOME),
    "somebody without one": (make_user, HOME),
    "a manager": (lambda: leading(make_user()), BOARD),
    "a manager who has to learn": (lambda: learning(leading(make_user())), HOME),
    "a manager who is done": (lambda: learning(leading(make_user()), completed_at=timezone.now()), BOARD),
    "a manager who is excused": (lambda: learning(leading(make_user()), waived_at=timezone.now()), BOARD),
    "human resources": (make_hr, PEOPLE),
    "human resources who lead a team": (lambda: leading(make_hr()), PEOPLE),
    "human resources who have to learn": (lambda: learning(make_hr()), HOME),
    "an auditor": (make_auditor, BOARD),
    "an auditor whose last day is over": (lambda: make_auditor(audits_until=date(2020, 1, 1)), HOME),
    "an editor": (make_editor, DOCUMENTS),
    "an editor who leads a team": (lambda: leading(make_editor()), BOARD),
    "an editor who has to learn": (lambda: learning(make_editor()), HOME),
    "an admin": (make_admin, DOCUMENTS),
    "staff without rights on texts": (lambda: make_user(is_staff=True), ADMIN),
}


@pytest.mark.parametrize(("make", "place"), LANDINGS.values(), ids=LANDINGS)
def test_people_land_where_their_work_is(make, place, client):
    client.force_login(make())
    assert client.get("/start/").url == place
    assert client.get(place).status_code == 200
