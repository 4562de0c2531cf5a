"""Seeds of two-step verification are encrypted in the database under a key derived from SECRET_KEY."""

import json

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.urls import reverse

from courseware.accounts import seeds
from tests.accounts.test_changed_key import NEW_KEY, change_key
from tests.accounts.test_second_factor import GIVE, SECRET, sign_in, with_app
from tests.making import code_of_an_app, make_admin

pytestmark = pytest.mark.django_db
HEX_SEED = "0f" * 40


@pytest.fixture(autouse=True)
def asked(settings):
    settings.TWO_FACTOR = True


def stored():
    return {each.type: each.data for each in Authenticator.objects.all()}


def plain_app(person):
    """As versions before stored it."""
    Authenticator.objects.create(user=person, type="totp", data={"secret": SECRET})
    Authenticator.objects.create(user=person, type="recovery_codes", data={"seed": HEX_SEED, "used_mask": 5})
    Authenticator.objects.create(user=person, type="webauthn", data={"name": "blue key", "credential": {}})
    return person


def test_the_database_holds_no_readable_seed():
    person = with_app(make_admin())
    codes = RecoveryCodes.activate(person).generate_codes()
    written = json.dumps(stored())
    assert SECRET not in written
    assert all(code not in written for code in codes)
    seed = stored()["recovery_codes"]["seed"]
    assert seed.startswith(seeds.TOKENS_BEGIN) and seeds.decrypt(seed) != seed


def test_the_nightly_job_encrypts_seeds_stored_in_plain_text_once(monkeypatch):
    monkeypatch.setattr(seeds, "CHUNK", 2)
    people = [plain_app(make_admin()) for _ in range(3)]
    seeds.renew_encryption()
    first = list(Authenticator.objects.order_by("pk").values_list("pk", "data"))
    assert SECRET not in str(first) and HEX_SEED not in str(first) and str(first).count("blue key") == 3
    seeds.renew_encryption()
    assert list(Authenticator.objects.order_by("pk").values_list("pk", "data")) == first
    for person in people:
        client, _ = sign_in(person)
        assert client.post(reverse(GIVE), {"code": code_of_an_app(SECRET)}).status_code == 302
        codes = Authenticator.objects.get(user=person, type="recovery_codes")
        assert seeds.decrypt(codes.data["seed"]) == HEX_SEED and codes.data["used_mask"] == 5


def test_codes_work_after_a_new_key_while_the_old_one_is_kept(settings):
    admin = with_app(make_admin())
    change_key(settings, keep_old=True)
    client, _ = sign_in(admin)
    assert client.post(reverse(GIVE), {"code": code_of_an_app(SECRET)}).status_code == 302


def test_after_the_nightly_job_the_old_key_is_not_needed(settings):
    admin = with_app(make_admin())
    change_key(settings, keep_old=True)
    assert seeds.renew_encryption() == "2"
    assert seeds.renew_encryption() == "0"
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
    seeds.encrypt_all()
    assert used not in Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
