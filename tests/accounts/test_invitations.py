import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from courseware.accounts.models import TrustedDevice
from courseware.accounts.permissions.role_changes import deactivate, end_sessions
from courseware.accounts.sign_in.invitations import NotInvited, invite, password_link
from courseware.audit_log.models import Event
from tests.making import PASSWORD, make_admin, make_user, sent_emails

pytestmark = pytest.mark.django_db
NEW = "four words nobody joined"
CHOOSE = reverse("account_set_password")


def path_of_link(person):
    return urlsplit(password_link(person)).path


def link_in(message):
    return urlsplit(re.search(r"http\S+/accounts/password/reset/key/\S+", message.body).group()).path


def choose(client, link, password=NEW):
    """Follow the link as a browser does, through the redirect that moves the key into the session."""
    response = client.get(link)
    if response.status_code == 200:
        return response
    assert "set-password" in response["Location"]
    fields = {"password1": password, "password2": password}
    if client.get(response["Location"]).context["newcomer"]:
        response = client.post(response["Location"])  # the button leads to the password page
    return client.post(response["Location"], fields)


def is_dead(client, link):
    response = client.get(link)
    return response.status_code == 200 and "This link no longer works" in response.content.decode()


@pytest.fixture
def newcomer():
    return make_user("Wang Ming", email="ming@example.com", password=None, language="en")


def test_invitation_is_emailed_and_logged(newcomer):
    admin = make_admin()
    invite(newcomer, by=admin)
    [message] = sent_emails()
    assert message.to == ["ming@example.com"]
    assert message.subject == "Your training account is ready"
    assert "Hello Wang Ming," in message.body
    assert "within 3 days" in message.body
    event = Event.objects.get()
    assert (event.verb, event.actor, event.subject, event.data) == ("invited", admin, f"person:{newcomer.pk}", {})


@pytest.mark.parametrize(("chosen", "tag"), [("en", "en"), ("zh-hans", "zh-Hans"), ("", "zh-Hans")])
def test_email_declares_its_language(chosen, tag, settings):
    settings.LANGUAGE_CODE = "zh-hans"
    invite(make_user(language=chosen), by=make_admin(language="en"))
    [message] = sent_emails()
    assert message.message()["Content-Language"] == tag


def test_link_ends_after_3_days(newcomer, client, time_machine):
    now = timezone.now()
    time_machine.move_to(now)
    link = path_of_link(newcomer)
    time_machine.move_to(now + timedelta(days=3, minutes=-1))
    assert not is_dead(client, link)
    time_machine.move_to(now + timedelta(days=3, minutes=1))
    assert is_dead(client, link)


def change_password(person):
    person.set_password("another four words here")
    person.save()


def change_address(person):
    person.email = "new@example.com"
    person.save()


def sign_out_everywhere(person):
    end_sessions(person, by=None)


def close_account(person):
    deactivate(person, by=None)


@pytest.mark.parametrize("change", [change_password, change_address, sign_out_everywhere, close_account])
def test_link_ends_when_credentials_or_rights_change(newcomer, client, change):
    link = path_of_link(newcomer)
    client.get(link)  # the key is in this session now
    change(newcomer)
    assert is_dead(client, link)
    other = client.post(re.sub(r"[^-/]+-[^-/]+/$", "set-password/", link), {"password1": NEW, "password2": NEW})
    assert "This link no longer works" in other.content.decode()
    newcomer.refresh_from_db()
    assert not newcomer.check_password(NEW)


def test_link_does_not_open_another_account(newcomer, client):
    victim = make_user()
    link = path_of_link(newcomer)
    own, key = re.search(r"/([0-9a-z]+)-([^/]+)/$", link).groups()
    stranger = path_of_link(victim)
    uid = re.search(r"/([0-9a-z]+)-", stranger).group(1)
    assert own != uid
    assert is_dead(client, link.replace(f"/{own}-{key}/", f"/{uid}-{key}/"))


@pytest.mark.parametrize(
    "tail", ["0-x/", "zzzzzzzzzzzzz-abc-def/", "zzzzzzzzzzzzzzzzzzzz-abc-def/", "1-set-password/", "1-%00/"]
)
def test_invalid_links_are_reported_as_ended(tail, client):
    assert is_dead(client, f"/accounts/password/reset/key/{tail}")


def test_inactive_person_is_not_invited():
    with pytest.raises(NotInvited):
        invite(make_user(is_active=False), by=make_admin())
    assert (sent_emails(), Event.objects.count()) == ([], 0)


def test_name_cannot_inject_headers_or_lines():
    person = make_user("Ming\r\nBcc: all@example.com\r\n\r\nhttp://evil.example", email="m@example.com", language="en")
    assert person.name == "Ming Bcc: all@example.com http://evil.example"
    invite(person, by=None)
    [message] = sent_emails()
    assert message.recipients() == ["m@example.com"]
    assert "Bcc" not in message.message()
    assert "\nhttp://evil.example" not in message.body


def test_names_are_not_escaped_in_plain_text():
    person = make_user("O'Neil & <Wang>", language="en")
    invite(person, by=None)
    assert "Hello O'Neil & <Wang>," in sent_emails()[0].body


def test_link_uses_site_host_not_request_host(client, settings):
    settings.ALLOWED_HOSTS = ["*"]
    make_user(email="a@example.com")
    client.post(reverse("account_reset_password"), {"email": "a@example.com"}, headers={"host": "evil.example"})
    assert "evil.example" not in sent_emails()[0].body


def test_known_and_unknown_addresses_get_same_response(client, settings):
    settings.COMPANY_EMAIL_DOMAINS = ["example.com"]
    person = make_user(email="known@example.com")
    make_user(email="closed@example.com", is_active=False)
    answers = []
    for email in ("known@example.com", "KNOWN@example.com", "other@example.com", "closed@example.com"):
        response = client.post(reverse("account_reset_password"), {"email": email}, headers={"accept-language": "en"})
        answers.append((response.status_code, response["Location"]))
    assert set(answers) == {(302, reverse("account_reset_password_done"))}
    none = "No training account with this address"
    assert sorted((message.to, message.subject) for message in sent_emails()) == [
        (["closed@example.com"], none),
        (["known@example.com"], "Your link to set a password"),
        (["known@example.com"], "Your link to set a password"),
        (["other@example.com"], none),
    ]
    assert not any("reset/key" in message.body for message in sent_emails() if message.subject == none)
    known, unknown = f"person:{person.pk}", "person:unknown"
    assert list(Event.objects.values_list("subject", flat=True)) == [known, known, unknown, unknown]


def test_lookalike_address_gets_no_link(client):
    make_user(email="mike@example.org")
    client.post(reverse("account_reset_password"), {"email": "mıke@example.org"})
    client.post(reverse("account_reset_password"), {"email": "mike@examplе.org"})
    assert not any("reset/key" in message.body for message in sent_emails())


@pytest.mark.slow
def test_link_works_despite_throttled_sign_in(client):
    person = make_user()
    for _ in range(6):
        client.post(reverse("account_login"), {"login": person.email, "password": "wrong"})
    client.post(reverse("account_reset_password"), {"email": person.email})
    assert choose(client, link_in(sent_emails()[0])).status_code == 302
    assert client.get(reverse("account_change_password")).status_code == 200


def test_using_link_ends_other_sessions(client):
    person = make_user()
    other = type(client)()
    other.force_login(person)
    choose(client, path_of_link(person))
    assert other.get(reverse("account_change_password")).status_code == 302


def test_changing_password_requires_old_one(client):
    person = make_user()
    client.force_login(person)
    fields = {"oldpassword": "wrong", "password1": NEW, "password2": NEW}
    response = client.post(reverse("account_change_password"), fields, headers={"accept-language": "en"})
    assert response.status_code == 422
    assert "This is not your current password." in response.content.decode()
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def opened(client, person):
    """The page that the link leads to, and its URL."""
    response = client.get(password_link(person).removeprefix(settings.SITE_URL))
    return client.get(response["Location"]), response["Location"]


def is_in(client):
    return "_auth_user_id" in client.session


def test_opening_link_does_not_use_it_up(newcomer, client):
    for _ in range(3):
        response, address = opened(client, newcomer)
    page = response.content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    assert "Welcome, Wang Ming" in main
    assert (main.count("<button"), main.count('type="password"')) == (1, 0)
    assert address.endswith("-set-password/")  # so that no Referer header holds the key
    assert (is_in(client), Event.objects.count()) == (False, 0)
    assert client.post(address)["Location"] == CHOOSE


def test_pressing_button_signs_in_and_asks_for_password(newcomer, client):
    _, address = opened(client, newcomer)
    before = client.session.session_key
    response = client.post(address)
    assert (response.status_code, response["Location"]) == (302, CHOOSE)
    assert int(client.session["_auth_user_id"]) == newcomer.pk
    assert client.session.session_key != before
    page = client.get(CHOOSE).content.decode()
    assert "sign in as ming@example.com" in page
    assert page.count('autocomplete="new-password"') == 2


def test_pressed_link_is_used_up_without_password(newcomer, client):
    _, address = opened(client, newcomer)
    client.post(address)
    other = type(client)()
    link = password_link(newcomer)  # of the person before the change
    assert "This link no longer works" in other.get(link.removeprefix(settings.SITE_URL)).content.decode()
    assert "This link no longer works" in client.post(address).content.decode()


def test_first_password_is_logged_without_email(newcomer, client):
    _, address = opened(client, newcomer)
    client.post(address)
    response = client.post(CHOOSE, {"password1": NEW, "password2": NEW})
    assert (response.status_code, response["Location"]) == (302, "/start/")
    assert list(Event.objects.values_list("verb", flat=True)) == ["signed-in", "password-set"]
    assert TrustedDevice.objects.filter(person=newcomer).count() == 1
    client.post(reverse("account_logout"))
    client.post(reverse("account_login"), {"login": newcomer.email, "password": NEW})
    assert is_in(client)
    assert sent_emails() == []


def test_bad_password_is_refused_and_session_kept(newcomer, client):
    _, address = opened(client, newcomer)
    client.post(address)
    assert client.post(CHOOSE, {"password1": "12345678", "password2": "12345678"}).status_code == 422
    assert is_in(client)


def test_person_with_password_sets_new_one_before_sign_in(client):
    person = make_user()
    response, address = opened(client, person)
    assert response.content.decode().count('autocomplete="new-password"') == 2
    assert client.post(address).status_code == 422
    assert not is_in(client)
    assert client.post(address, {"password1": NEW, "password2": NEW})["Location"] == "/start/"


def test_button_without_link_is_refused(newcomer, client):
    _, address = opened(type(client)(), newcomer)
    assert "This link no longer works" in client.post(address).content.decode()
    assert not is_in(client)


def test_link_ends_session_of_another_person(newcomer, client):
    client.force_login(make_user())
    _, address = opened(client, newcomer)
    client.post(address)
    assert int(client.session["_auth_user_id"]) == newcomer.pk


def test_ended_link_offers_new_one_with_throttling(newcomer, client):
    link = password_link(newcomer).removeprefix(settings.SITE_URL)
    newcomer.set_password(PASSWORD)
    newcomer.save()
    page = client.get(link).content.decode()
    address = re.search(r'<form method="post" action="([^"]+)"', page[page.index("<main") :]).group(1)
    assert 'name="email"' in page
    answers = [client.post(address, {"email": "ming@example.com"}) for _ in range(6)]
    assert [each.status_code for each in answers] == [302] * 5 + [422]
    assert [message.subject for message in sent_emails()] == ["Your link to set a password"] * 5
