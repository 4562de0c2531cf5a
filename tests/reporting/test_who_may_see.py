import pytest

from courseware.accounts.models import Membership, Team
from courseware.evidence.models import Event
from courseware.learning.manager_actions import ON_PERSON_PAGE
from courseware.learning.models import Enrollment
from courseware.reporting.board_rows import board
from tests.making import (
    days,
    filled,
    join,
    make_admin,
    make_auditor,
    make_editor,
    make_enrollment,
    make_hr,
    make_team,
    make_user,
)
from tests.reporting.boards import learner_of

pytestmark = pytest.mark.django_db


def everybody_else(enrollment):
    other = make_team("Other")
    learner_of(other)
    below = make_team("Below")
    learner_of(below)
    return [enrollment.learner, make_user(), other.manager, below.manager, make_editor()]


def test_the_page_of_a_person_is_only_for_those_who_lead_them(client, team):
    enrollment = learner_of(team, due_at=days(3))
    before = Enrollment.objects.values().get()
    for person in everybody_else(enrollment):
        client.force_login(person)
        assert client.get(f"/team/people/{enrollment.pk}/").status_code == 404
        for verb in ON_PERSON_PAGE:
            address = f"/team/people/{enrollment.pk}/{verb.address}/"
            assert client.post(address, filled(verb.form)).status_code == 404
    assert Enrollment.objects.filter(pk=enrollment.pk).values().get() == before
    assert not Event.objects.filter(verb="record-viewed").exists()


def test_a_manager_finds_no_page_of_the_own_record_nor_of_people_above(client, team):
    join(team, team.manager)
    own = make_enrollment(team.manager)
    below = make_team("Below", parent=team)
    above = learner_of(team)
    client.force_login(below.manager)
    assert client.get(f"/team/people/{above.pk}/").status_code == 404
    client.force_login(team.manager)
    assert client.get(f"/team/people/{own.pk}/").status_code == 404
    assert client.get(f"/team/people/{above.pk}/").status_code == 200


def test_a_manager_who_is_one_no_more_sees_nothing(client, team):
    enrollment = learner_of(team)
    team.memberships.filter(person=team.manager).delete()
    for address in ("/team/", "/team/board.csv", f"/team/people/{enrollment.pk}/"):
        assert client.get(address).status_code == 404


def test_a_stranger_signs_in_first(client, team):
    enrollment = learner_of(team)
    client.logout()
    for address in ("/team/", "/team/board.csv", f"/team/people/{enrollment.pk}/", "/surveys/tea-room/voice/"):
        assert client.get(address)["Location"].endswith(f"?next={address}")


def test_the_board_of_one_team_shows_what_the_whole_board_shows_of_its_people(team):
    below, beside = make_team("Below", parent=team), make_team("Beside")
    for each in (team, below, beside):
        learner_of(each)
    leading_hr = make_hr(name="Hana")
    for leader, place in ((team.manager, team), (leading_hr, below)):  # who learns where others lead, too
        join(place, leader)
        make_enrollment(leader)
    join(below, leading_hr, "manager")
    readers = [
        team.manager,
        below.manager,
        beside.manager,
        leading_hr,
        make_hr(name="Hugo"),
        make_admin(),
        make_auditor(),
    ]
    for reader in readers:
        for chosen in (team, below, beside):
            people = Membership.objects.filter(
                team__in=Team.objects.filter(pk=chosen.pk).with_those_below(), role="learner"
            )
            whole = {run for run in board(reader) if run.learner_id in people.values_list("person", flat=True)}
            assert {*board(reader, team=chosen)} == whole
    assert len(board(team.manager, team=team)) == 3  # two learners and who leads below, without oneself
    assert not board(below.manager, team=team).filter(learner__teams=team)
