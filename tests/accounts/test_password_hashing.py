import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import extract_parameters, low_level
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, get_hasher, make_password
from django.urls import reverse

from courseware import settings as site
from tests.making import make_user

pytestmark = pytest.mark.usefixtures("production_hashers")


@pytest.fixture
def production_hashers(settings):
    settings.PASSWORD_HASHERS = site.PASSWORD_HASHERS


def parameters(encoded):
    found = extract_parameters(encoded.removeprefix("argon2"))
    return found.type, found.memory_cost, found.time_cost, found.parallelism


def test_password_is_hashed_with_owasp_parameters():
    encoded = make_password("sun on the tram 7")
    assert parameters(encoded) == (low_level.Type.ID, 19456, 2, 1)
    assert check_password("sun on the tram 7", encoded)
    assert not check_password("sun on the tram 8", encoded)


def test_old_hash_is_replaced_only_at_sign_in(db, client):
    person = make_user()
    before = Argon2PasswordHasher().encode("sun on the tram 7", "s" * 22)
    assert parameters(before) == (low_level.Type.ID, 102400, 2, 8)
    type(person).objects.filter(pk=person.pk).update(password=before)

    client.post(reverse("account_login"), {"login": person.email, "password": "sun on the tram 8"})
    person.refresh_from_db()
    assert person.password == before
    response = client.post(reverse("account_login"), {"login": person.email, "password": "sun on the tram 7"})
    assert response.status_code == 302
    person.refresh_from_db()
    assert parameters(person.password) == (low_level.Type.ID, 19456, 2, 1)
    assert person.check_password("sun on the tram 7")


@pytest.mark.parametrize("act", ["encode", "verify"])
def test_at_most_two_hashes_run_at_once(monkeypatch, act):
    running, most, counting = 0, 0, threading.Lock()
    third_began = threading.Event()

    def hashes(self, *arguments):
        nonlocal running, most
        with counting:
            running += 1
            most = max(most, running)
            if running > 2:
                third_began.set()
        third_began.wait(0.05)  # time for threads that do not wait
        with counting:
            running -= 1
        return "done"

    monkeypatch.setattr(Argon2PasswordHasher, act, hashes)
    with ThreadPoolExecutor(8) as people:
        done = list(people.map(lambda _number: getattr(get_hasher(), act)("password", "salt"), range(8)))
    assert (most, done) == (2, ["done"] * 8)


def test_failed_hash_does_not_block_others():
    for _try in range(3):
        with pytest.raises(ValueError):
            get_hasher().verify("password", "no hash at all")
    assert check_password("right", make_password("right"))


PEAK = """
import resource, threading
from concurrent.futures import ThreadPoolExecutor
import django
django.setup()
from django.conf import settings
from courseware import settings as site
settings.PASSWORD_HASHERS = site.PASSWORD_HASHERS
from django.contrib.auth.hashers import make_password
make_password("one before")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
together = threading.Barrier(16)
def hashed(number):
    together.wait()
    make_password(f"password {number}")
with ThreadPoolExecutor(16) as people:
    list(people.map(hashed, range(16)))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_concurrent_sign_ins_need_memory_of_two_hashes():
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    ran = subprocess.run([sys.executable, "-c", PEAK], env=environment, capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 2 * 19456, "KiB beyond what one hash had taken"
