"""The log names who let a list be done, and who brought it where that was somebody else."""

import pytest

from courseware.accounts.models import User
from courseware.accounts.rosters.applying import apply_next
from courseware.accounts.rosters.roster import Roster
from courseware.evidence.models import Event
from tests.accounts.rosters.firms import compared
from tests.making import make_admin, make_hr, make_user

pytestmark = pytest.mark.django_db


def say_yes(client, user, roster):
    client.force_login(user)
    assert client.post(f"/people/import/{roster.pk}/").status_code == 302
    while apply_next(roster.pk):
        pass


def logged():
    return [(event.actor, event.data.get("brought_by", "–")) for event in Event.objects.filter(verb="person-added")]


@pytest.mark.parametrize("brought_by", ["oneself", "a colleague", "the site"])
def test_who_says_yes_is_the_one_who_did_it(client, brought_by):
    hr = make_hr()
    by = {"oneself": hr, "a colleague": make_hr(), "the site": None}[brought_by]
    roster = compared(["A1", "Li", "", ""], by=by)
    say_yes(client, hr, roster)
    assert logged() == [(hr, "–" if by == hr else by and by.pk)]
    assert Roster.objects.get().said_yes == hr


def test_what_human_resources_brought_touches_no_staff_whoever_says_yes(client):
    person = make_user("Old", staff_number="A1")
    roster = compared(["A1", "New", "", ""], by=make_hr())
    User.objects.filter(pk=person.pk).update(is_staff=True)
    say_yes(client, make_admin(), roster)
    person.refresh_from_db()
    assert person.name == "Old"
