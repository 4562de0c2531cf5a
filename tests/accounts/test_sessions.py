from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from courseware.accounts.models import Membership
from courseware.accounts.permissions.role_changes import deactivate
from courseware.accounts.security.sessions import BEGAN, MANAGES, SEEN, TIME_ZONE
from courseware.audit_log.models import Event
from tests.making import PASSWORD, join, make_admin, make_team, make_user

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 11, 27, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
PAGE = "account_change_password"  # any page for people who are signed in


def is_in(client):
    return client.get(reverse(PAGE)).status_code == 200


@pytest.fixture
def signed_in(client, time_machine):
    time_machine.move_to(MORNING, tick=False)
    person = make_user()
    client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    client.person = person
    return client


def test_idle_session_ends_after_2_hours(signed_in, time_machine):
    time_machine.move_to(MORNING + timedelta(hours=2, seconds=-1), tick=False)
    assert is_in(signed_in)
    time_machine.move_to(MORNING + timedelta(hours=4, seconds=-1), tick=False)
    assert not is_in(signed_in)
    assert not is_in(signed_in)


def test_active_session_ends_after_12_hours(signed_in, time_machine):
    for hour in range(1, 12):
        time_machine.move_to(MORNING + timedelta(hours=hour), tick=False)
        assert is_in(signed_in)
    time_machine.move_to(MORNING + timedelta(hours=12, seconds=-1), tick=False)
    assert is_in(signed_in)
    time_machine.move_to(MORNING + timedelta(hours=12), tick=False)
    assert not is_in(signed_in)


def test_expired_session_is_explained_and_returns_to_page(signed_in, time_machine):
    time_machine.move_to(MORNING + timedelta(hours=3), tick=False)
    response = signed_in.get(reverse(PAGE), follow=True)
    assert response.redirect_chain == [(f"{reverse('account_login')}?next={reverse(PAGE)}", 302)]
    assert "signed out because you were inactive" in response.content.decode()


def times_of(client):
    return client.get(reverse("session")).json()


def test_page_knows_remaining_session_time(signed_in, time_machine):
    hour = 60 * 60
    assert times_of(signed_in) == {"left": 2 * hour, "whole": 12 * hour, "idle": 2 * hour - 300}
    time_machine.move_to(MORNING + timedelta(minutes=4), tick=False)  # too early to be stored
    assert times_of(signed_in) == {"left": 2 * hour - 240, "whole": 12 * hour - 240, "idle": 2 * hour - 300}
    time_machine.move_to(MORNING + timedelta(minutes=119), tick=False)
    assert times_of(signed_in)["left"] == 2 * hour
    for number in range(2, 12):
        time_machine.move_to(MORNING + timedelta(hours=number), tick=False)
        times_of(signed_in)
    time_machine.move_to(MORNING + timedelta(hours=11, minutes=59), tick=False)
    assert times_of(signed_in) == {"left": 60, "whole": 60, "idle": 2 * hour - 300}


def test_clock_set_back_ends_no_session(signed_in, time_machine):
    time_machine.move_to(MORNING - timedelta(hours=2), tick=False)
    assert is_in(signed_in)


def test_session_is_written_every_5_minutes_at_most(signed_in, time_machine):
    seen = signed_in.session[SEEN]
    time_machine.move_to(MORNING + timedelta(minutes=5, seconds=-1), tick=False)
    assert is_in(signed_in)
    assert signed_in.session[SEEN] == seen
    time_machine.move_to(MORNING + timedelta(minutes=5), tick=False)
    assert is_in(signed_in)
    assert signed_in.session[SEEN] == seen + 300


def test_new_manager_is_noticed_at_once_time_zone_later(signed_in, time_machine):
    assert (signed_in.session[MANAGES], signed_in.session[TIME_ZONE]) == (False, None)
    join(make_team(time_zone="Europe/Berlin"), signed_in.person)
    time_machine.move_to(MORNING + timedelta(minutes=5, seconds=-1), tick=False)
    assert "/team/" not in signed_in.get(reverse(PAGE)).text
    assert signed_in.session[TIME_ZONE] is None
    time_machine.move_to(MORNING + timedelta(minutes=5), tick=False)
    signed_in.get(reverse(PAGE))
    assert (signed_in.session[MANAGES], signed_in.session[TIME_ZONE]) == (False, "Europe/Berlin")
    make_team(manager=signed_in.person)
    assert "/team/" in signed_in.get(reverse(PAGE)).text
    assert signed_in.session[MANAGES] is True


def test_former_manager_loses_dashboard_at_once(client):
    team = make_team()
    client.force_login(team.manager)
    assert client.get("/team/").status_code == 200
    Membership.objects.filter(person=team.manager).delete()
    assert client.session[MANAGES]
    assert client.get("/team/").status_code == 404


def test_session_without_start_is_ended(signed_in):
    session = signed_in.session
    del session[BEGAN]
    session.save()
    assert not is_in(signed_in)


def test_session_cookie_ends_with_browser_and_is_httponly(signed_in):
    cookie = signed_in.cookies["sessionid"]
    assert (cookie["max-age"], cookie["expires"], cookie["httponly"], cookie["samesite"]) == ("", "", True, "Lax")


def test_deactivation_ends_sessions_for_good(signed_in):
    admin = make_admin()
    deactivate(signed_in.person, by=admin)
    assert not is_in(signed_in)
    signed_in.person.is_active = True
    signed_in.person.save()
    assert not is_in(signed_in)
    event = Event.objects.get(verb="rights-changed")
    assert (event.actor, event.subject) == (admin, f"person:{signed_in.person.pk}")
    assert event.data == {"is_active": [True, False]}


def test_password_change_ends_other_sessions_only(signed_in, django_user_model):
    other = type(signed_in)()
    other.force_login(signed_in.person)
    here = signed_in.cookies["sessionid"].value
    new = "four words nobody joined"
    response = signed_in.post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new}
    )
    assert (response.status_code, response["Location"]) == (302, "/")
    assert is_in(signed_in)
    assert not is_in(other)
    assert signed_in.cookies["sessionid"].value != here
    assert not Session.objects.filter(session_key=here).exists()
    assert Event.objects.last().verb == "password-set"
