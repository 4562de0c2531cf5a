"""Wrong codes of two-step verification slow down only the guesser, and the owner gets an email."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courseware.evidence.models import Event
from tests.accounts.test_inviting import NEW
from tests.accounts.test_second_factor import AGAIN, GIVE, SECRET, with_app
from tests.making import BY_THE_CLOCK_OF_THE_TEST, PASSWORD, code_of_an_app, letters, make_hr

pytestmark = [pytest.mark.django_db, BY_THE_CLOCK_OF_THE_TEST]
STRANGER, HOME = "203.0.113.9", "192.0.2.7"


@pytest.fixture(autouse=True)
def clock(settings, time_machine):
    """Moves the clock on; it stands still otherwise."""
    settings.TWO_FACTOR, at = True, [timezone.now()]

    def move(**passed):
        at[0] += timedelta(**passed)
        time_machine.move_to(at[0], tick=False)

    move()
    return move


@pytest.fixture
def owner():
    return with_app(make_hr(language="en"))


def with_password(person, network, client=None, password=PASSWORD):
    client = client or Client()
    fields = {"login": person.email, "password": password}
    assert client.post(reverse("account_login"), fields, REMOTE_ADDR=network).status_code == 302
    return client


def give(client, code, network, page=GIVE):
    """302 for in, 422 for a wrong code, or what the page says to wait."""
    response = client.post(reverse(page), {"code": code}, REMOTE_ADDR=network)
    wait = re.search(r"too many wrong codes. Please try again in (\d+ \w+)", response.content.decode())
    return wait.group(1) if wait else response.status_code


def recovery_code(person):
    return Authenticator.objects.get(user=person, type="recovery_codes").wrap().get_unused_codes()[0]


def test_a_stranger_with_the_password_does_not_keep_the_owner_out(owner):
    stranger, here = with_password(owner, STRANGER), with_password(owner, HOME)
    answers = [give(stranger, f"{number:06}", STRANGER) for number in range(10)]
    assert answers == [422] * 5 + ["10 seconds"] * 5
    assert give(here, recovery_code(owner), HOME) == 302


def test_the_wait_grows_to_five_minutes_and_ends_with_a_right_code(owner, clock):
    stranger, waits = with_password(owner, STRANGER), []
    for _ in range(5):
        give(stranger, "000000", STRANGER)
    for seconds in (10, 20, 40, 80, 160, 300):
        assert give(stranger, code_of_an_app(SECRET), STRANGER) != 302
        clock(seconds=seconds)
        assert give(stranger, "000000", STRANGER) == 422
        waits.append(give(stranger, "000000", STRANGER))
    assert waits == ["20 seconds", "40 seconds", "80 seconds", "3 minutes", "5 minutes", "5 minutes"]
    clock(seconds=300)
    assert give(stranger, code_of_an_app(SECRET), STRANGER) == 302
    client = with_password(owner, STRANGER)
    assert give(client, "000000", STRANGER) == 422


def test_a_code_given_again_in_a_session_waits_too(owner):
    client = Client()
    client.force_login(owner)
    answers = [give(client, f"{number:06}", HOME, AGAIN) for number in range(6)]
    assert answers == [422] * 5 + ["10 seconds"]


def test_all_networks_share_a_limit_that_known_browsers_do_not_have(owner, settings):
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
    return Event.objects.filter(verb="second-factor-failed").count()


def test_the_owner_is_told_at_the_third_wrong_code_and_once_a_day(owner, clock):
    stranger = with_password(owner, STRANGER)
    for told in (0, 0, 1, 1, 1):
        give(stranger, "000000", STRANGER)
        assert events() == told
    [letter] = letters()
    assert letter.to == [owner.email] and "three wrong codes" in letter.body
    clock(hours=23)
    give(with_password(owner, HOME), "000000", HOME)
    assert (events(), len(letters())) == (1, 1)
    clock(hours=2)
    give(with_password(owner, HOME), "000000", HOME)
    assert (events(), len(letters())) == (2, 2)
    assert Event.objects.filter(verb="second-factor-failed", subject=f"person:{owner.pk}", actor=None).count() == 2


def test_a_wrong_code_before_the_right_one_sends_no_email(owner, clock):
    client = Client()  # one browser: a new one would be told by email
    for _ in range(3):
        with_password(owner, HOME, client)
        assert [give(client, "000000", HOME), give(client, recovery_code(owner), HOME)] == [422, 302]
        client.post(reverse("account_logout"))
    assert (events(), letters()) == (0, [])
