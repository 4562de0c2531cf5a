"""Throttling of sign-in, links and codes; attempts of others lock nobody out."""

import re
from datetime import timedelta
from threading import Thread

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courseware.audit_log.models import Event
from courseware.notifications.models import OutgoingEmail
from tests.accounts.test_invitations import NEW
from tests.accounts.test_two_factor import AGAIN, GIVE, SECRET, with_app
from tests.making import BY_THE_CLOCK_OF_THE_TEST, PASSWORD, code_of_an_app, make_hr, make_user, sent_emails

pytestmark = pytest.mark.django_db
WRONG = "not-the-password"
STRANGER, OFFICE, HOME = "203.0.113.9", "198.51.100.1", "192.0.2.7"


@pytest.fixture
def later(time_machine):
    """Move the frozen clock on by some seconds."""
    at = [timezone.now()]

    def move(seconds):
        at[0] += timedelta(seconds=seconds)
        time_machine.move_to(at[0], tick=False)

    move(0)
    return move


def sign_in(address, email, password=PASSWORD, client=None, **headers):
    """302 (signed in), 422 (wrong password), or the wait that the page shows."""
    response = (client or Client()).post(
        reverse("account_login"), {"login": email, "password": password}, REMOTE_ADDR=address, headers=headers
    )
    wait = re.search(r"Too many attempts. Try again in (\d+ \w+)", response.content.decode())
    return wait.group(1) if wait else response.status_code


def ask_for_link(address, email, client=None):
    response = (client or Client()).post(reverse("account_reset_password"), {"email": email}, REMOTE_ADDR=address)
    wait = re.search(r"You can ask for another link in (\d+ \w+)", response.content.decode())
    return wait.group(1) if wait else response.status_code


@pytest.mark.slow
def test_wait_doubles_after_5_attempts_up_to_5_minutes(later):
    person = make_user()
    assert [sign_in(STRANGER, person.email, WRONG) for _ in range(6)] == [422] * 5 + ["10 seconds"]
    waits = []
    for seconds in (10, 20, 40, 80, 160, 300, 300):
        later(seconds)
        assert sign_in(STRANGER, person.email, WRONG) == 422
        waits.append(sign_in(STRANGER, person.email, WRONG))
    assert waits == ["20 seconds", "40 seconds", "80 seconds", "3 minutes", "5 minutes", "5 minutes", "5 minutes"]


def test_correct_password_works_after_wait(later):
    person = make_user()
    for _ in range(5):
        sign_in(STRANGER, person.email, WRONG)
    later(9)
    assert sign_in(STRANGER, person.email) == "1 second"
    later(1)
    assert sign_in(STRANGER, person.email) == 302


@pytest.mark.slow
def test_attempts_from_elsewhere_do_not_delay_owner(later):
    person = make_user()
    for _ in range(20):
        sign_in(STRANGER, person.email, WRONG)
        later(60)
    assert sign_in(HOME, person.email) == 302


@pytest.mark.slow
def test_trusted_browser_has_its_own_count(later):
    person, browser = make_user(), Client()
    assert sign_in(OFFICE, person.email, client=browser) == 302
    browser.post(reverse("account_logout"))
    for _ in range(20):
        sign_in(OFFICE, person.email, WRONG)
    assert sign_in(OFFICE, person.email) == "10 seconds"
    assert sign_in(OFFICE, person.email, client=browser) == 302
    browser.post(reverse("account_logout"))
    assert [sign_in(OFFICE, person.email, WRONG, client=browser) for _ in range(6)] == [422] * 5 + ["10 seconds"]


def test_browser_is_trusted_for_its_users_only(later):
    person, victim, browser = make_user(), make_user(), Client()
    sign_in(OFFICE, person.email, client=browser)
    browser.post(reverse("account_logout"))
    for _ in range(5):
        sign_in(OFFICE, victim.email, WRONG)
    assert sign_in(OFFICE, victim.email, WRONG, client=browser) == "10 seconds"


@pytest.mark.parametrize("value", ["", "0" * 32, "0" * 32 + ":1abcde:AAAA", "a:b:c", "%00"])
def test_forged_device_cookie_is_not_trusted(value, later):
    person, browser = make_user(), Client()
    sign_in(OFFICE, person.email, client=browser)
    for _ in range(5):
        sign_in(OFFICE, person.email, WRONG)
    forger = Client()
    forger.cookies["device"] = value
    assert sign_in(OFFICE, person.email, WRONG, client=forger) == "10 seconds"


@pytest.mark.slow
def test_unknown_addresses_from_office_do_not_delay_known_browsers(later):
    known, newcomer, browser = make_user(), make_user(), Client()
    sign_in(OFFICE, known.email, client=browser)
    browser.post(reverse("account_logout"))
    assert [sign_in(OFFICE, f"invented{number}@example.com", WRONG) for number in range(31)] == [422] * 30 + [
        "10 seconds"
    ]
    assert sign_in(OFFICE, known.email, client=browser) == 302
    assert sign_in(HOME, newcomer.email, WRONG) == 422
    assert sign_in(OFFICE, newcomer.email) == "10 seconds"
    later(10)
    for number in range(100, 131):
        sign_in(OFFICE, f"invented{number}@example.com", WRONG)
    assert sign_in(OFFICE, newcomer.email) == 302


@pytest.mark.slow
def test_attempts_from_many_networks_delay_new_one_once(later):
    person = make_user()
    for number in range(100):
        sign_in(f"203.0.113.{number}", person.email, WRONG)
    assert sign_in(HOME, person.email) == "10 seconds"
    later(10)
    assert sign_in(HOME, person.email) == 302


@pytest.mark.slow
def test_correct_passwords_do_not_throttle_network(later):
    people = [make_user() for _ in range(32)]
    assert {sign_in(OFFICE, person.email) for person in people} == {302}


def test_other_host_name_gives_no_more_attempts(later, settings):
    settings.ALLOWED_HOSTS = ["*"]
    person = make_user()
    answers = [sign_in(STRANGER, person.email, WRONG, host=f"site:{number}") for number in range(6)]
    assert answers == [422] * 5 + ["10 seconds"]


def test_other_spelling_gives_no_more_attempts(later):
    make_user(email="ming@example.com")
    spellings = ["ming@example.com", "Ming@example.com", "MING@EXAMPLE.COM", " ming@example.com ", "ming@Example.com"]
    assert [sign_in(STRANGER, email, WRONG) for email in spellings] == [422] * 5
    assert sign_in(STRANGER, "mING@example.com", WRONG) == "10 seconds"


def test_forged_client_address_gives_no_more_attempts(later):
    person = make_user()
    for number in range(5):
        sign_in(STRANGER, person.email, WRONG, **{"x-forwarded-for": f"192.0.2.{number}"})
    assert sign_in(STRANGER, person.email, WRONG, **{"x-forwarded-for": HOME}) == "10 seconds"


def test_unknown_addresses_wait_as_known_ones(later):
    assert [sign_in(STRANGER, "nobody@example.com", WRONG) for _ in range(6)] == [422] * 5 + ["10 seconds"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_concurrent_attempts_are_limited_to_5():
    person, answers = make_user(), []

    def attempt():
        answers.append(sign_in(STRANGER, person.email, WRONG))
        connection.close()

    threads = [Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(422) == 5


def test_sixth_link_waits_for_any_address(later):
    make_user(email="known@example.com")
    for email in ("known@example.com", "other@example.com"):
        assert [ask_for_link(STRANGER, email) for _ in range(6)] == [302] * 5 + ["60 seconds"]
    assert OutgoingEmail.objects.count() == 10
    later(60)
    assert ask_for_link(STRANGER, "known@example.com") == 302
    assert ask_for_link(STRANGER, "known@example.com") == "2 minutes"


def test_link_requests_are_counted_across_networks(later):
    person = make_user()
    answers = [ask_for_link(f"203.0.113.{number}", person.email) for number in range(6)]
    assert answers == [302] * 5 + ["60 seconds"]


def test_strangers_do_not_delay_link_for_owner(later):
    person, browser = make_user(), Client()
    sign_in(HOME, person.email, client=browser)
    for _ in range(6):
        ask_for_link(STRANGER, person.email)
    assert ask_for_link(STRANGER, person.email) == "60 seconds"
    assert ask_for_link(STRANGER, person.email, client=browser) == 302
    assert ask_for_link(HOME, person.email) == 302  # the owner has signed in from this network


def test_sign_in_resets_count_of_links(later):
    person = make_user()
    for _ in range(6):
        ask_for_link(STRANGER, person.email)
    sign_in(HOME, person.email)
    assert ask_for_link(OFFICE, person.email) == 302


@pytest.mark.slow
def test_link_requests_from_one_network_are_delayed_once(later):
    for number in range(20):
        assert ask_for_link(OFFICE, f"invented{number}@example.com") == 302
    person = make_user()
    assert ask_for_link(OFFICE, person.email) == "60 seconds"
    later(60)
    for number in range(100, 121):
        ask_for_link(OFFICE, f"invented{number}@example.com")
    assert ask_for_link(OFFICE, person.email) == 302


@pytest.fixture
def owner(settings, later):
    settings.TWO_FACTOR = True
    return with_app(make_hr(language="en"))


def with_password(person, network, client=None, password=PASSWORD):
    client = client or Client()
    fields = {"login": person.email, "password": password}
    assert client.post(reverse("account_login"), fields, REMOTE_ADDR=network).status_code == 302
    return client


def give(client, code, network, page=GIVE):
    """302 (accepted), 422 (wrong code), or the wait that the page shows."""
    response = client.post(reverse(page), {"code": code}, REMOTE_ADDR=network)
    wait = re.search(r"Too many wrong codes. Try again in (\d+ \w+)", response.content.decode())
    return wait.group(1) if wait else response.status_code


def recovery_code(person):
    return Authenticator.objects.get(user=person, type="recovery_codes").wrap().get_unused_codes()[0]


@pytest.mark.slow
def test_wrong_codes_from_elsewhere_do_not_delay_owner(owner):
    stranger, here = with_password(owner, STRANGER), with_password(owner, HOME)
    answers = [give(stranger, f"{number:06}", STRANGER) for number in range(10)]
    assert answers == [422] * 5 + ["10 seconds"] * 5
    assert give(here, recovery_code(owner), HOME) == 302


@pytest.mark.slow
def test_wait_for_codes_grows_to_5_minutes_and_resets(owner, later):
    stranger, waits = with_password(owner, STRANGER), []
    for _ in range(5):
        give(stranger, "000000", STRANGER)
    for seconds in (10, 20, 40, 80, 160, 300):
        assert give(stranger, code_of_an_app(SECRET), STRANGER) != 302
        later(seconds)
        assert give(stranger, "000000", STRANGER) == 422
        waits.append(give(stranger, "000000", STRANGER))
    assert waits == ["20 seconds", "40 seconds", "80 seconds", "3 minutes", "5 minutes", "5 minutes"]
    later(300)
    assert give(stranger, code_of_an_app(SECRET), STRANGER) == 302
    client = with_password(owner, STRANGER)
    assert give(client, "000000", STRANGER) == 422


def test_codes_of_reauthentication_are_throttled(owner):
    client = Client()
    client.force_login(owner)
    answers = [give(client, f"{number:06}", HOME, AGAIN) for number in range(6)]
    assert answers == [422] * 5 + ["10 seconds"]


@pytest.mark.slow
def test_limit_across_networks_spares_trusted_browsers(owner, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"wrong_second_steps": "7/h/key"}
    known = with_password(owner, HOME)
    assert give(known, recovery_code(owner), HOME) == 302
    known.post(reverse("account_logout"))
    for number in range(7):
        network = f"203.0.113.{number}"
        assert give(with_password(owner, network), "000000", network) == 422
    assert give(with_password(owner, STRANGER), code_of_an_app(SECRET), STRANGER) == "5 minutes"
    with_password(owner, HOME, known)
    assert give(known, recovery_code(owner), HOME) == 302
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert known.post(reverse("account_change_password"), fields).status_code == 302
    assert give(with_password(owner, STRANGER, password=NEW), code_of_an_app(SECRET), STRANGER) == 302


def events():
    return Event.objects.filter(verb="two-factor-failed").count()


@pytest.mark.slow
@BY_THE_CLOCK_OF_THE_TEST
def test_owner_is_emailed_at_third_wrong_code_once_daily(owner, later):
    stranger = with_password(owner, STRANGER)
    for expected in (0, 0, 1, 1, 1):
        give(stranger, "000000", STRANGER)
        assert events() == expected
    [message] = sent_emails()
    assert message.to == [owner.email] and "3 wrong codes" in message.body
    later(23 * 60 * 60)
    give(with_password(owner, HOME), "000000", HOME)
    assert (events(), len(sent_emails())) == (1, 1)
    later(2 * 60 * 60)
    give(with_password(owner, HOME), "000000", HOME)
    assert (events(), len(sent_emails())) == (2, 2)
    assert Event.objects.filter(verb="two-factor-failed", subject=f"person:{owner.pk}", actor=None).count() == 2


@pytest.mark.slow
def test_wrong_code_before_correct_one_sends_no_email(owner):
    client = Client()  # one browser: a new one would cause an email
    for _ in range(3):
        with_password(owner, HOME, client)
        assert [give(client, "000000", HOME), give(client, recovery_code(owner), HOME)] == [422, 302]
        client.post(reverse("account_logout"))
    assert (events(), sent_emails()) == (0, [])
