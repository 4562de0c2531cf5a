"""Recent authentication before sensitive actions, and idle sessions."""

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
REAUTHENTICATE = "/accounts/reauthenticate/?next="


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


def protected_pages():
    """(person, URL) of pages that need recent authentication."""
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


@pytest.mark.slow
def test_sign_in_counts_as_recent_for_15_minutes(later):
    clients = [(signed_in(person), address) for person, address in protected_pages()]
    later(minutes=14, seconds=59)
    assert {address: client.get(address).status_code for client, address in clients} == {
        address: 200 for _client, address in clients
    }
    later(minutes=15)
    for client, address in clients:
        assert client.get(address)["Location"].startswith(REAUTHENTICATE), address
        if not address.endswith(".csv"):  # which takes no POST
            assert client.post(address)["Location"].startswith(REAUTHENTICATE), address


@pytest.mark.slow
def test_setting_disables_reauthentication(later, settings):
    settings.REQUIRE_REAUTHENTICATION = False
    clients = [(signed_in(person), address) for person, address in protected_pages()]
    later(minutes=20)
    assert {client.get(address).status_code for client, address in clients} == {200}


def test_other_pages_need_no_reauthentication(later):
    admin, team = signed_in(make_admin()), make_team()
    manager = signed_in(team.manager)
    later(minutes=20)
    assert [admin.get(page).status_code for page in ("/admin/", "/admin/accounts/user/")] == [200, 200]
    assert manager.get("/team/").status_code == 200


def test_page_opens_only_after_correct_password(later):
    admin, page = signed_in(make_admin()), "/admin/accounts/user/add/"
    later(minutes=20)
    prompt_url = admin.get(page)["Location"]
    assert admin.post(prompt_url, {"password": "wrong"}).status_code == 422
    assert admin.get(page)["Location"] == prompt_url
    assert admin.post(prompt_url, {"password": PASSWORD, "next": page})["Location"] == page
    assert admin.get(page).status_code == 200


def fields_of(person, **changed):
    return {
        "name": person.name, "email": person.email, "language": "", "extra_time": "", "is_active": "on",
        "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0, **changed,
    }  # fmt: skip


@pytest.mark.parametrize("query", ["", "?_changelist_filters=is_active__exact%3D1"])
def test_submitted_form_continues_after_password(later, query):
    person, admin = make_user(), signed_in(make_admin())
    page = f"/admin/accounts/user/{person.pk}/change/{query}"
    later(minutes=20)
    prompt_url = admin.post(page, fields_of(person, email="new@example.com"))["Location"]
    person.refresh_from_db()
    assert person.email != "new@example.com"
    assert admin.post(prompt_url, {"password": PASSWORD, "next": next_page(prompt_url)}).status_code == 302
    person.refresh_from_db()
    assert person.email == "new@example.com"


def test_action_on_filtered_list_continues_after_password(later):
    person, other, admin = make_user(), make_user(), signed_in(make_admin())
    later(minutes=20)
    fields = {"action": "deactivate", "_selected_action": [person.pk]}
    prompt_url = admin.post(f"/admin/accounts/user/?q={person.email}", fields)["Location"]
    assert admin.post(prompt_url, {"password": PASSWORD, "next": next_page(prompt_url)}).status_code == 302
    assert [User.objects.get(pk=one.pk).is_active for one in (person, other)] == [False, True]


def test_hr_appoints_manager_after_password(later):
    team, person, hr = make_team(), make_user(), signed_in(make_hr())
    later(minutes=16)
    prompt_url = hr.post(f"/people/teams/{team.pk}/managers/", {"person": person.email})["Location"]
    assert prompt_url.startswith(REAUTHENTICATE)
    assert not team.memberships.filter(person=person).exists()
    assert (
        hr.post(prompt_url, {"password": PASSWORD, "next": next_page(prompt_url)})["Location"]
        == f"/people/teams/{team.pk}/"
    )
    assert team.memberships.filter(person=person, role="manager").exists()


def test_abandoned_form_is_not_submitted_later(later):
    person, admin = make_user(), signed_in(make_admin())
    page = f"/admin/accounts/user/{person.pk}/change/"
    later(minutes=20)
    admin.post(page, fields_of(person, email="new@example.com"))
    later(minutes=30)
    prompt_url = admin.get(page)["Location"]
    assert admin.post(prompt_url, {"password": PASSWORD, "next": next_page(prompt_url)})["Location"] == page
    assert User.objects.get(pk=person.pk).email == person.email


def next_page(prompt_url):
    """The `next` value that the password page posts."""
    return parse_qs(urlsplit(prompt_url).query)["next"][0]


@pytest.mark.parametrize("minutes, make, is_in", [
    (29, make_admin, True), (30, make_admin, False), (30, make_editor, False), (119, make_user, True),
    (29, make_hr, True), (30, make_hr, False), (30, make_auditor, False),
])  # fmt: skip
def test_admin_sessions_end_after_30_idle_minutes(minutes, make, is_in, later):
    client = signed_in(make())
    later(minutes=minutes)
    assert (client.get(reverse("account_change_password")).status_code == 200) is is_in


def test_setting_applies_idle_timeout_to_managers(later, settings):
    settings.TWO_FACTOR_FOR_MANAGERS = True
    client = signed_in(make_team().manager)
    later(minutes=30)
    assert client.get(reverse("account_change_password")).status_code == 302


def test_preview_requests_keep_no_session_alive(later):
    course, client = make_course(), signed_in(make_editor())
    document = course.documents.filter(kind="lesson").first()
    seen = client.session[SEEN]
    later(minutes=20)
    client.post(f"/admin/content/document/{document.pk}/preview/", {})
    assert client.session[SEEN] == seen
    client.get("/admin/")
    assert client.session[SEEN] == seen + 20 * 60


def test_bulk_enrollment_requests_keep_no_session_alive(later):
    team, client = make_team(learners=1), signed_in(make_admin())
    order = begin_enrolling([team], make_course(), due_on=None)
    seen = client.session[SEEN]
    later(minutes=20)
    assert client.post(f"/admin/accounts/team/enrolling/{order.pk}/").status_code == 302
    assert Enrollment.objects.count() == 1
    assert client.session[SEEN] == seen
