"""A changed SECRET_KEY, and the seeds of two-step verification, which are encrypted under it."""

import json

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.urls import reverse

from courseware.accounts import seeds
from courseware.accounts.inviting import password_link
from tests.accounts.test_second_factor import GIVE, SECRET, sign_in, with_app
from tests.making import code_of_an_app, make_admin, make_user

pytestmark = pytest.mark.django_db
NEW_KEY = "another-key-of-the-same-length-and-as-hard-to-guess-0123456789"


def change_key(settings, *, keep_old):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if keep_old else []
    settings.SECRET_KEY = NEW_KEY


@pytest.fixture(autouse=True)
def asked(settings):
    settings.TWO_FACTOR = True


def stored():
    return {each.type: each.data for each in Authenticator.objects.all()}


def test_the_database_holds_no_readable_seed():
    person = with_app(make_admin())
    codes = RecoveryCodes.activate(person).generate_codes()
    written = json.dumps(stored())
    assert SECRET not in written
    assert all(code not in written for code in codes)
    seed = stored()["recovery_codes"]["seed"]
    assert seeds.decrypt(seed) != seed


def test_after_the_nightly_job_the_old_key_is_not_needed(settings):
    admin = with_app(make_admin())
    change_key(settings, keep_old=True)
    client, _ = sign_in(admin)
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    assert client.post(reverse(GIVE), {"code": code}).status_code == 302
    assert [seeds.renew_encryption() for _ in range(2)] == ["2", "0"]
    settings.SECRET_KEY_FALLBACKS = []
    client, _ = sign_in(admin)
    assert client.post(reverse(GIVE), {"code": code_of_an_app(SECRET)}).status_code == 302


def test_without_the_old_key_no_code_is_right_and_no_page_fails(settings, caplog):
    admin = with_app(make_admin())
    code = RecoveryCodes.activate(admin).get_unused_codes()[0]
    before = stored()
    change_key(settings, keep_old=False)
    client, _ = sign_in(admin)
    for each in (code_of_an_app(SECRET), code):
        assert client.post(reverse(GIVE), {"code": each}).status_code == 422
    assert "SECRET_KEY" in caplog.text
    assert seeds.renew_encryption() == "0"
    assert stored() == before
    settings.SECRET_KEY_FALLBACKS = ["for-tests-only-" * 4]
    settings.SECRET_KEY = NEW_KEY
    assert client.post(reverse(GIVE), {"code": code_of_an_app(SECRET)}).status_code == 302


def test_the_job_keeps_a_recovery_code_used_that_was_used_meanwhile(settings, monkeypatch):
    admin = with_app(make_admin())
    codes = RecoveryCodes.activate(admin)
    used = codes.get_unused_codes()[0]
    change_key(settings, keep_old=True)
    asked_for, is_read = seeds.encrypted_data, []

    def use_a_code_meanwhile(data):
        if "seed" in data and not is_read:
            is_read.append(True)
            assert codes.validate_code(used)
        return asked_for(data)

    monkeypatch.setattr(seeds, "encrypted_data", use_a_code_meanwhile)
    seeds.renew_encryption()
    assert used not in Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()


@pytest.mark.parametrize("keep_old", [True, False])
def test_who_is_signed_in_stays_so_as_long_as_the_old_key_is_kept(keep_old, client, settings):
    client.force_login(make_user())
    change_key(settings, keep_old=keep_old)
    assert (client.get(reverse("home")).status_code == 200) is keep_old
    if keep_old:  # and is then signed in by the new key alone
        settings.SECRET_KEY_FALLBACKS = []
        assert client.get(reverse("home")).status_code == 200


@pytest.mark.parametrize("keep_old", [True, False])
def test_a_link_that_was_mailed_works_as_long_as_the_old_key_is_kept(keep_old, client, settings):
    link = password_link(make_user()).removeprefix(settings.SITE_URL)
    change_key(settings, keep_old=keep_old)
    assert (client.get(link).status_code == 302) is keep_old
