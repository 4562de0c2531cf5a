"""Before rights, addresses, exports and publishing somebody shows who they are, unless they just did."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courseware.accounts.models import User
from courseware.accounts.permissions.roles import HR
from courseware.accounts.security.sessions import SEEN
from courseware.learning.enrollments.enrollment import begin_enrolling
from courseware.learning.models import Enrollment
from tests.making import PASSWORD, make_admin, make_auditor, make_course, make_editor, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db
AGAIN = "/accounts/reauthenticate/?next="


@pytest.fixture
def later(time_machine, settings):
    settings.REQUIRE_REAUTHENTICATION = True
    settings.ADMIN_IDLE_TIMEOUT = 30 * 60
    at = timezone.now()
    time_machine.move_to(at, tick=False)
    return lambda **passed: time_machine.move_to(at + timedelta(**passed), tick=False)


def signed_in(person):
    client = Client()
    client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    return client


def where_it_hurts():
    """Role → addresses."""
    person, team, course = make_user(), make_team(), make_course()
    return [
        (make_admin(), f"/admin/accounts/user/{person.pk}/change/"),
        (make_admin(), "/admin/accounts/user/add/"),
        (make_admin(), f"/admin/accounts/team/{team.pk}/change/"),
        (make_admin(), f"/admin/accounts/team/{team.pk}/delete/"),
        (make_admin(), f"/admin/auth/group/{Group.objects.get(name=HR).pk}/change/"),
        (make_editor(), f"/admin/content/course/{course.pk}/publish/"),
        (team.manager, "/team/dashboard.csv"),
    ]


def test_a_sign_in_is_enough_for_a_quarter_of_an_hour(later):
    clients = [(signed_in(person), address) for person, address in where_it_hurts()]
    later(minutes=14, seconds=59)
    assert {address: client.get(address).status_code for client, address in clients} == {
        address: 200 for _client, address in clients
    }
    later(minutes=15)
    for client, address in clients:
        assert client.get(address)["Location"].startswith(AGAIN), address
        if not address.endswith(".csv"):  # which takes no POST
            assert client.post(address)["Location"].startswith(AGAIN), address


def test_nobody_is_asked_where_the_setting_is_off(later, settings):
    settings.REQUIRE_REAUTHENTICATION = False
    clients = [(signed_in(person), address) for person, address in where_it_hurts()]
    later(minutes=20)
    assert {client.get(address).status_code for client, address in clients} == {200}


def test_other_pages_do_not_ask(later):
    admin, team = signed_in(make_admin()), make_team()
    manager = signed_in(team.manager)
    later(minutes=20)
    assert [admin.get(page).status_code for page in ("/admin/", "/admin/accounts/user/")] == [200, 200]
    assert manager.get("/team/").status_code == 200


def test_after_the_password_the_page_opens_and_a_wrong_one_opens_nothing(later):
    admin, page = signed_in(make_admin()), "/admin/accounts/user/add/"
    later(minutes=20)
    again = admin.get(page)["Location"]
    assert admin.post(again, {"password": "wrong"}).status_code == 422
    assert admin.get(page)["Location"] == again
    assert admin.post(again, {"password": PASSWORD, "next": page})["Location"] == page
    assert admin.get(page).status_code == 200


def fields_of(person, **changed):
    return {
        "name": person.name, "email": person.email, "language": "", "extra_time": "", "is_active": "on",
        "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0, **changed,
    }  # fmt: skip


@pytest.mark.parametrize("query", ["", "?_changelist_filters=is_active__exact%3D1"])
def test_what_was_sent_goes_on_after_the_password(later, query):
    person, admin = make_user(), signed_in(make_admin())
    page = f"/admin/accounts/user/{person.pk}/change/{query}"
    later(minutes=20)
    again = admin.post(page, fields_of(person, email="new@example.com"))["Location"]
    person.refresh_from_db()
    assert person.email != "new@example.com"
    assert admin.post(again, {"password": PASSWORD, "next": page_after(again)}).status_code == 302
    person.refresh_from_db()
    assert person.email == "new@example.com"


def test_an_action_on_a_filtered_list_goes_on_after_the_password(later):
    person, other, admin = make_user(), make_user(), signed_in(make_admin())
    later(minutes=20)
    fields = {"action": "deactivate", "_selected_action": [person.pk]}
    again = admin.post(f"/admin/accounts/user/?q={person.email}", fields)["Location"]
    assert admin.post(again, {"password": PASSWORD, "next": page_after(again)}).status_code == 302
    assert [User.objects.get(pk=one.pk).is_active for one in (person, other)] == [False, True]


def test_hr_appoints_a_manager_after_the_password(later):
    team, person, hr = make_team(), make_user(), signed_in(make_hr())
    later(minutes=16)
    again = hr.post(f"/people/teams/{team.pk}/managers/", {"person": person.email})["Location"]
    assert again.startswith(AGAIN)
    assert not team.memberships.filter(person=person).exists()
    assert hr.post(again, {"password": PASSWORD, "next": page_after(again)})["Location"] == f"/people/teams/{team.pk}/"
    assert team.memberships.filter(person=person, role="manager").exists()


def test_what_was_left_at_the_question_is_not_sent_when_its_page_is_asked_for(later):
    person, admin = make_user(), signed_in(make_admin())
    page = f"/admin/accounts/user/{person.pk}/change/"
    later(minutes=20)
    admin.post(page, fields_of(person, email="new@example.com"))
    later(minutes=30)
    again = admin.get(page)["Location"]
    assert admin.post(again, {"password": PASSWORD, "next": page_after(again)})["Location"] == page
    assert User.objects.get(pk=person.pk).email == person.email


def page_after(again):
    """What the page that asks for the password sends along with it."""
    return parse_qs(urlsplit(again).query)["next"][0]


@pytest.mark.parametrize("minutes, make, is_in", [
    (29, make_admin, True), (30, make_admin, False), (30, make_editor, False), (119, make_user, True),
    (29, make_hr, True), (30, make_hr, False), (30, make_auditor, False),
])  # fmt: skip
def test_sessions_of_staff_end_after_half_an_hour_idle(minutes, make, is_in, later):
    client = signed_in(make())
    later(minutes=minutes)
    assert (client.get(reverse("account_change_password")).status_code == 200) is is_in


def test_sessions_of_managers_end_as_those_of_staff_by_a_setting(later, settings):
    settings.TWO_FACTOR_FOR_MANAGERS = True
    client = signed_in(make_team().manager)
    later(minutes=30)
    assert client.get(reverse("account_change_password")).status_code == 302


def test_what_a_script_sends_by_itself_keeps_no_session_alive(later):
    course, client = make_course(), signed_in(make_editor())
    document = course.documents.filter(kind="lesson").first()
    seen = client.session[SEEN]
    later(minutes=20)
    client.post(f"/admin/content/document/{document.pk}/preview/", {})
    assert client.session[SEEN] == seen
    client.get("/admin/")
    assert client.session[SEEN] == seen + 20 * 60


def test_enrolling_that_goes_on_by_itself_keeps_no_session_alive(later):
    team, client = make_team(learners=1), signed_in(make_admin())
    order = begin_enrolling([team], make_course(), due_on=None)
    seen = client.session[SEEN]
    later(minutes=20)
    assert client.post(f"/admin/accounts/team/enrolling/{order.pk}/").status_code == 302
    assert Enrollment.objects.count() == 1
    assert client.session[SEEN] == seen
