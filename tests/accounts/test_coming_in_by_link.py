"""The first link opens a page with one button. Looking uses nothing up; pressing signs in and asks for a password."""

import re

import pytest
from django.conf import settings
from django.urls import reverse

from courseware.accounts.inviting import password_link
from courseware.accounts.models import Device
from courseware.evidence.models import Event
from tests.making import PASSWORD, letters, make_user

pytestmark = pytest.mark.django_db
NEW = "four words nobody joined"
CHOOSE = reverse("account_set_password")


@pytest.fixture
def newcomer():
    return make_user("Wang Ming", email="ming@example.com", password=None, language="en")


def opened(client, person):
    """The page that the link leads to, and its address."""
    response = client.get(password_link(person).removeprefix(settings.SITE_URL))
    return client.get(response["Location"]), response["Location"]


def is_in(client):
    return "_auth_user_id" in client.session


def test_the_page_has_one_button_and_looking_at_it_uses_nothing_up(newcomer, client):
    for _ in range(3):
        response, address = opened(client, newcomer)
    page = response.content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    assert "Welcome, Wang Ming" in main
    assert (main.count("<button"), main.count('type="password"')) == (1, 0)
    assert address.endswith("-set-password/")  # so that no link out of the page tells the key
    assert (is_in(client), Event.objects.count()) == (False, 0)
    assert client.post(address)["Location"] == CHOOSE


def test_pressing_signs_in_by_a_new_session_and_asks_for_a_password(newcomer, client):
    _, address = opened(client, newcomer)
    before = client.session.session_key
    response = client.post(address)
    assert (response.status_code, response["Location"]) == (302, CHOOSE)
    assert int(client.session["_auth_user_id"]) == newcomer.pk
    assert client.session.session_key != before
    page = client.get(CHOOSE).content.decode()
    assert "sign in as ming@example.com" in page
    assert page.count('autocomplete="new-password"') == 2


def test_a_pressed_link_is_used_up_also_where_no_password_was_chosen(newcomer, client):
    _, address = opened(client, newcomer)
    client.post(address)
    other = type(client)()
    link = password_link(newcomer)  # made of the person as read before
    assert "This link has ended" in other.get(link.removeprefix(settings.SITE_URL)).content.decode()
    assert "This link has ended" in client.post(address).content.decode()


def test_the_first_password_leads_to_the_work_is_logged_and_no_news(newcomer, client):
    _, address = opened(client, newcomer)
    client.post(address)
    response = client.post(CHOOSE, {"password1": NEW, "password2": NEW})
    assert (response.status_code, response["Location"]) == (302, "/start/")
    assert list(Event.objects.values_list("verb", flat=True)) == ["signed-in", "password-set"]
    assert Device.objects.filter(person=newcomer).count() == 1
    client.post(reverse("account_logout"))
    client.post(reverse("account_login"), {"login": newcomer.email, "password": NEW})
    assert is_in(client)
    assert letters() == []


def test_a_bad_password_is_refused_and_the_person_stays_in(newcomer, client):
    _, address = opened(client, newcomer)
    client.post(address)
    assert client.post(CHOOSE, {"password1": "12345678", "password2": "12345678"}).status_code == 422
    assert is_in(client)


def test_who_has_a_password_chooses_a_new_one_before_coming_in(client):
    person = make_user()
    response, address = opened(client, person)
    assert response.content.decode().count('autocomplete="new-password"') == 2
    assert client.post(address).status_code == 422
    assert not is_in(client)
    assert client.post(address, {"password1": NEW, "password2": NEW})["Location"] == "/start/"


def test_the_button_without_the_link_opens_nothing(newcomer, client):
    _, address = opened(type(client)(), newcomer)
    assert "This link has ended" in client.post(address).content.decode()
    assert not is_in(client)


def test_who_may_not_sign_in_any_more_finds_an_ended_link(newcomer, client):
    _, address = opened(client, newcomer)
    newcomer.is_active = False
    newcomer.save()
    client.post(address)
    assert not is_in(client)


def test_somebody_elses_session_ends(newcomer, client):
    client.force_login(make_user())
    _, address = opened(client, newcomer)
    client.post(address)
    assert int(client.session["_auth_user_id"]) == newcomer.pk


def test_an_ended_link_offers_a_new_one_on_the_spot_at_the_same_pace(newcomer, client):
    link = password_link(newcomer).removeprefix(settings.SITE_URL)
    newcomer.set_password(PASSWORD)
    newcomer.save()
    page = client.get(link).content.decode()
    address = re.search(r'<form method="post" action="([^"]+)"', page[page.index("<main") :]).group(1)
    assert 'name="email"' in page
    answers = [client.post(address, {"email": "ming@example.com"}) for _ in range(6)]
    assert [each.status_code for each in answers] == [302] * 5 + [422]
    assert [letter.subject for letter in letters()] == ["Your link to set a password"] * 5
