from importlib import resources

import polib
import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import translation

from courseware.accounts.models import User
from courseware.accounts.sign_in.invitations import password_link
from tests.branding.branding_helpers import put_on
from tests.making import make_user

PERSON = User(name="Wang Xiaoming", email="ming@harbour.example")
SHORT, LONG = "Too short: a password has at least 8 characters.", "Too long: a password has at most 128 characters."
pytestmark = pytest.mark.django_db  # validators read the company names
GUESSED = "This password is easy to guess. Use 3 or 4 words that only you would combine."


def findings(password, person=PERSON):
    try:
        validate_password(password, person)
    except ValidationError as error:
        return error.messages
    return []


@pytest.mark.parametrize(
    "password",
    [
        "courseware", "try-courseware", "Welcome2026", "Company123", "P@ssw0rd1", "qwer1234", "1qaz2wsx3edc",
        "courseware-training-2026",
        "woaini1314", "20260131", "Training2026", "xiaoming1990", "harbour2026", "aaaaaaaaaaaaaaaa", "x" * 128,
    ],
)  # fmt: skip
def test_guessable_password_is_refused(password):
    assert findings(password) == [GUESSED]


@pytest.mark.parametrize(
    "password",
    [
        "four words nobody joined",
        "kfu7qp2x",
        "tr4nsistor-hOrse",
        "红灯亮起来先停三秒钟",
        "lamp  gravel  tuesday" + "x" * 107,
    ],
)
def test_strong_password_is_accepted_up_to_128_characters(password):
    assert findings(password) == []


def test_length_errors_give_numbers():
    assert findings("kfu7qp2")[:1] == [SHORT]
    assert findings("lamp  gravel  tuesday" + "x" * 108) == [LONG]


def test_password_from_company_name_is_refused(settings):
    assert findings("Blauwal-2026-Blauwal") == []
    settings.COMPANY_NAME = "Blauwal Logistik"
    assert findings("Blauwal-2026-Blauwal") == [GUESSED]


def test_password_from_branding_name_is_refused():
    assert findings("Blauwal-2026-Logistik") == []
    put_on(name_en="Blauwal Logistik", name_zh="蓝鲸物流")
    assert findings("Blauwal-2026-Logistik") == [GUESSED]


def test_very_long_password_is_refused(client):
    person = make_user()
    page = client.get(password_link(person).removeprefix(settings.SITE_URL))
    response = client.post(page["Location"], {"password1": "%" * 100_000, "password2": "%" * 100_000})
    assert response.status_code == 422
    assert LONG in response.text


def catalogue(language):
    return polib.pofile(str(resources.files("django.contrib.auth") / f"locale/{language}/LC_MESSAGES/django.po"))


NOT_SHOWN = {
    "This password is too short. It must contain at least %d character.": "`PasswordLength` says it",
    "This password is too short. It must contain at least %d characters.": "the same",
}


def test_password_messages_of_django_are_translated():
    translated = {entry.msgid for entry in catalogue("zh_Hans") if entry.translated()}
    lacking = {entry.msgid for entry in catalogue("en")} - translated
    ours = set()
    with translation.override("zh-hans"):
        ours = {text for text in lacking if translation.gettext(text) != text}
    assert lacking - ours - set(NOT_SHOWN) == set()
    validators = [each["NAME"] for each in settings.AUTH_PASSWORD_VALIDATORS]
    assert [name for name in validators if name.startswith("django.")] == []
