import pytest
from django.urls import reverse

from courseware.accounts.addresses import page_address
from tests.making import make_user

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def language_of(response):
    return response["Content-Language"]


def test_the_browser_asks_when_nobody_has_chosen(client, settings):
    settings.LANGUAGE_CODE = "zh-hans"
    assert language_of(client.get(LOGIN, headers={"accept-language": "en-GB"})) == "en"
    assert language_of(client.get(LOGIN, headers={"accept-language": "zh-CN"})) == "zh-hans"
    assert language_of(client.get(LOGIN, headers={"accept-language": "fr"})) == "zh-hans"


def test_the_choice_is_kept_in_a_cookie_and_leads_back_to_the_page(client):
    response = client.post(reverse("set-language"), {"language": "en", "next": "/accounts/login/?next=/team/"})
    assert response["Location"] == "/accounts/login/?next=/team/"
    assert response.cookies["language"]["httponly"]
    assert language_of(client.get(LOGIN, headers={"accept-language": "zh-CN"})) == "en"


def test_the_choice_of_a_person_is_kept_with_the_person_and_wins(client):
    person = make_user(language="zh-hans")
    client.force_login(person)
    client.cookies["language"] = "en"
    page = reverse("account_change_password")
    assert language_of(client.get(page)) == "zh-hans"
    client.post(reverse("set-language"), {"language": "en"})
    person.refresh_from_db()
    assert person.language == "en"
    client.cookies["language"] = "zh-hans"
    assert language_of(client.get(page)) == "en"


def test_nobody_elses_language_changes(client):
    other = make_user(language="zh-hans")
    client.force_login(make_user())
    client.post(reverse("set-language"), {"language": "en"})
    other.refresh_from_db()
    assert other.language == "zh-hans"


@pytest.mark.parametrize("language", ["", "fr", "zh", "EN", "en\x00", "x" * 1000])
def test_other_languages_are_refused(client, language):
    person = make_user(language="en")
    client.force_login(person)
    response = client.post(reverse("set-language"), {"language": language})
    assert response.status_code == 400
    assert "language" not in response.cookies
    person.refresh_from_db()
    assert person.language == "en"


def test_a_language_that_is_no_longer_offered_does_not_break_the_page(client):
    client.force_login(make_user())
    type(make_user()).objects.update(language="fr")
    assert client.get(reverse("account_change_password")).status_code == 200


def test_a_form_shown_with_its_mistakes_switches_back_to_the_page_it_stood_on(rf):
    post = rf.post(
        "/learn/tea-room/boiling/answer/is-it-off/", HTTP_REFERER="http://testserver/learn/tea-room/boiling/?a=1#q"
    )
    assert page_address(post) == {"page_address": "/learn/tea-room/boiling/?a=1"}
    assert page_address(rf.post("/team/people/1/extend/")) == {"page_address": "/"}
    assert page_address(rf.get("/team/?state=overdue")) == {"page_address": "/team/?state=overdue"}
