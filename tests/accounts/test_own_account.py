"""One page for the own account: who one is here, by which name, in which language, and where one is signed in."""

import pytest
from django.urls import reverse

from courseware.accounts.models import User
from tests.making import PASSWORD, make_user

pytestmark = pytest.mark.django_db
PAGE = reverse("own-account")


def signed_in(person, client):
    client.post(reverse("account_login"), {"login": person.sign_in_name, "password": PASSWORD})
    return client


def main_of(response):
    page = response.content.decode()
    return page[page.index("<main") : page.index("</main>")]


def test_it_says_the_name_as_printed_and_every_name_one_signs_in_with(client):
    person = make_user("Wang Ming", email="ming@example.com", staff_number="A7", language="en")
    page = main_of(signed_in(person, client).get(PAGE))
    assert "Wang Ming" in page
    assert "ming@example.com or A7" in page
    number = User.objects.create_user(None, PASSWORD, name="Wu Fan", staff_number="B8", language="en")
    page = main_of(signed_in(number, type(client)()).get(PAGE))
    assert "<dd>B8</dd>" in page
    assert "ming@example.com" not in page


def test_it_leads_to_everything_one_may_do_with_it(client):
    page = main_of(signed_in(make_user(), client).get(PAGE))
    for name in ("account_change_password", "mfa_index", "set-language", "usersessions_list"):
        assert f'"{reverse(name)}"' in page or name == "usersessions_list", name
    menu = client.get(PAGE).content.decode().split("<main")[0]
    assert f'"{PAGE}"' in menu


def test_who_has_no_password_chooses_one_from_here(client):
    person = make_user(password=None)
    client.force_login(person)
    page = main_of(client.get(PAGE))
    assert reverse("account_set_password") in page
    assert reverse("account_change_password") not in page


def test_the_language_is_changed_here_for_good_and_the_page_comes_back_in_it(client):
    person = make_user(language="en")
    response = signed_in(person, client).post(reverse("set-language"), {"language": "zh-hans", "next": PAGE})
    assert response["Location"] == PAGE
    assert "你的账号" in main_of(client.get(PAGE))
    person.refresh_from_db()
    assert person.language == "zh-hans"


def test_other_sessions_are_listed_and_ended_from_here(client):
    person = make_user(language="en")
    elsewhere = signed_in(person, type(client)())
    signed_in(make_user(), type(client)())
    page = main_of(signed_in(person, client).get(PAGE))
    assert page.count('class="door-list"') == 1
    assert page.count("<li>") == 2
    client.post(reverse("usersessions_list"), {})
    assert elsewhere.get(PAGE)["Location"].startswith(reverse("account_login"))
    assert client.get(PAGE).status_code == 200


@pytest.mark.parametrize("number", [1, 3])
def test_it_costs_the_same_for_one_and_three_sessions(client, number, django_assert_max_num_queries):
    person = make_user()
    for _ in range(number - 1):
        signed_in(person, type(client)())
    signed_in(person, client).get(PAGE)
    with django_assert_max_num_queries(8 + 2 * number):  # allauth looks at each session by itself
        client.get(PAGE)


def test_it_takes_nothing(client):
    assert signed_in(make_user(), client).post(PAGE, {"session": "1"}).status_code == 405
