import pytest
from django.urls import reverse

from courseware.accounts.practice_time import set_practice_time
from courseware.evidence.models import Event
from tests.making import join, make_admin, make_enrollment, make_team, make_user

pytestmark = pytest.mark.django_db


def events(person):
    return list(Event.objects.filter(subject=f"person:{person.pk}").values_list("verb", "actor", "data"))


def test_the_time_is_set_once_and_the_log_does_not_say_to_what():
    person, manager = make_user(), make_user()
    set_practice_time(person, "off", by=manager)
    set_practice_time(person, "off", by=manager)
    person.refresh_from_db()
    assert person.practice_time == "off"
    assert events(person) == [("practice-time-changed", manager.pk, {})]


def test_a_manager_sets_it_on_the_page_of_the_person(client):
    team = make_team()
    enrollment = make_enrollment()
    join(team, enrollment.learner)
    client.force_login(team.manager)
    address = reverse("reporting:set-time", args=[enrollment.pk])
    assert client.post(address, {"time": "1.5"}).status_code == 302
    enrollment.learner.refresh_from_db()
    assert enrollment.learner.practice_time == "1.5"
    assert client.post(address, {"time": "double"}).status_code == 422
    page = client.get(reverse("reporting:person", args=[enrollment.pk])).content.decode()
    assert '<option value="1.5" selected>' in page


def test_an_admin_sets_it_in_the_admin(client):
    person, admin = make_user(), make_admin()
    client.force_login(admin)
    fields = {"name": person.name, "email": person.email, "language": "", "practice_time": "2", "is_active": "on"}
    formset = {f"memberships-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    address = reverse("admin:accounts_user_change", args=[person.pk])
    assert client.post(address, fields | formset).status_code == 302
    assert events(person) == [("practice-time-changed", admin.pk, {})]
