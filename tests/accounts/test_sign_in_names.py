"""People sign in by address or staff number, whichever they have, and learn nothing of others by it."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courseware.accounts.freshness import is_fresh
from courseware.accounts.hashing import SmallArgon2Hasher
from courseware.accounts.inviting import invite
from courseware.accounts.models import Device, User
from courseware.accounts.sign_in_names import plain_name
from courseware.evidence.models import Event
from courseware.outbox.models import Message
from tests.making import PASSWORD, letters, make_admin, make_user

pytestmark = pytest.mark.django_db
WRONG = "not-the-password"


def make_numbered(number="A0012", **fields):
    return User.objects.create_user(None, PASSWORD, name="Wang Fang", staff_number=number, **fields)


def sign_in(client, name, password=PASSWORD):
    return client.post(reverse("account_login"), {"login": name, "password": password})


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        (" Ming.Wang@Example.com ", "ming.wang@example.com"),
        ("ming＠example．com", "ming@example.com"),
        ("ａ００１２", "A0012"),
        ("a 00 12", "A0012"),
        ("0012", "0012"),
    ],
)
def test_a_name_has_one_form_however_it_is_typed(typed, plain):
    assert plain_name(typed) == plain


@pytest.mark.parametrize("typed", ["A0012", "a0012", "Ａ００１２", " a 0012 "])
def test_a_staff_number_opens_the_door_with_and_without_an_address_beside_it(typed, client):
    for person in (make_numbered(), make_user(staff_number="B7")):
        response = sign_in(client, typed if person.email is None else "b7")
        assert (response.status_code, response["Location"]) == (302, "/start/")
        assert Event.objects.latest("pk").subject == f"person:{person.pk}"
        client.post(reverse("account_logout"))


def test_an_address_still_opens_it_for_who_has_both(client):
    person = make_user(email="b@example.com", staff_number="B7")
    assert sign_in(client, "B@example.com")["Location"] == "/start/"
    assert client.session["_auth_user_id"] == str(person.pk)


def test_neither_a_wrong_password_nor_another_number_opens_it(client):
    make_numbered()
    for name, password in (
        ("A0012", WRONG),
        ("A0013", PASSWORD),
        ("A0012@example.com", PASSWORD),
        ("Wang Fang", PASSWORD),
    ):
        assert sign_in(client, name, password).status_code == 422, name


def test_nobodys_number_looks_like_an_address():
    with pytest.raises(ValidationError, match="A staff number has no @"):
        make_numbered("a@example.com")


@pytest.mark.django_db(transaction=True)
def test_known_and_unknown_names_cost_the_same_queries_and_one_hash(client, monkeypatch, settings):
    settings.PASSWORD_HASHERS = ["courseware.accounts.hashing.SmallArgon2Hasher"]
    make_numbered()
    make_user(email="known@example.com", staff_number="B7")
    hashes = []
    for verb in ("encode", "verify"):
        real = getattr(SmallArgon2Hasher, verb)
        monkeypatch.setattr(SmallArgon2Hasher, verb, lambda *args, real=real: hashes.append(1) or real(*args))
    sign_in(client, "warm", WRONG)
    costs = {}
    for name in ("A0012", "A9999", "B7", "known@example.com", "other@example.com"):
        hashes.clear()
        with CaptureQueriesContext(connection) as queries:
            sign_in(client, name, WRONG)
        costs[name] = len(queries), len(hashes)
    assert len(set(costs.values())) == 1, costs
    assert costs["A0012"][1] == 1


def test_tries_at_a_number_are_counted_however_it_is_typed(client):
    make_numbered()
    answers = [sign_in(client, typed, WRONG) for typed in ("A0012", "a0012", "a 0012", "Ａ0012", "A0012", "a0012")]
    assert [b"wrong tries" in each.content for each in answers] == [False] * 5 + [True]
    assert b"wrong tries" not in sign_in(client, "A0013", WRONG).content


def test_the_right_password_ends_the_count_of_both_names(client):
    make_user(email="b@example.com", staff_number="B7")
    for name in ("B7", "b@example.com"):
        for _ in range(4):
            sign_in(client, name, WRONG)
    sign_in(client, "B7")
    client.post(reverse("account_logout"))
    answers = [sign_in(client, name, WRONG) for name in ("B7", "b@example.com") for _ in range(5)]
    assert not any(b"wrong tries" in each.content for each in answers)


def test_a_browser_is_known_by_either_name(client):
    person = make_user(email="b@example.com", staff_number="B7")
    for name in ("B7", "b@example.com"):
        sign_in(client, name)
        client.post(reverse("account_logout"))
    assert Device.objects.filter(person=person).count() == 1
    assert letters() == []


def test_who_has_a_number_alone_shows_again_who_it_is(client):
    make_numbered()
    sign_in(client, "A0012")
    assert client.post(reverse("account_reauthenticate"), {"password": WRONG}).status_code == 422
    response = client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert response.status_code == 302
    request = response.wsgi_request
    assert is_fresh(request)


def test_a_link_asked_for_by_number_goes_to_the_address_kept_with_it_and_to_nobody_else(client):
    make_numbered("A1")
    make_user(email="b@example.com", staff_number="B7")
    make_user(email="gone@example.com", staff_number="C1", is_active=False)
    for name in ("b7", "a1", "c1", "no-such-number"):
        response = client.post(reverse("account_reset_password"), {"email": name})
        assert response["Location"] == reverse("account_reset_password_done")
    assert [letter.to for letter in letters()] == [["b@example.com"]]
    assert [(each.kind, each.why) for each in Message.objects.order_by("pk")] == [
        ("new-link", ""),
        ("new-link", "the person has no address"),
        ("no-account", "the person has no address"),
        ("no-account", "the person has no address"),
    ]


@pytest.mark.parametrize(
    "typed",
    [
        "x@example.org(@example.com",  # which a mail server would read as x@example.org
        "x@example.org <x@example.com",
        "x@example.org,x@example.com",
        "x\ny@example.com",
        "@example.com",
        "ﷺ" * 99 + "@example.com",  # 18 letters each in its plain form
    ],
)
def test_no_letter_is_written_to_what_is_no_address(typed, client):
    response = client.post(reverse("account_reset_password"), {"email": typed})
    assert (response.status_code, Message.objects.count()) == (422, 0)


def test_two_people_without_an_address_are_two_people():
    one, other = (User.objects.create_user(name="Wang", staff_number=number) for number in ("A1", "A2"))
    assert (one.email, one.sign_in_name, other.sign_in_name) == (None, "A1", "A2")


def test_without_address_and_number_nobody_comes_in():
    with pytest.raises(ValidationError, match="An e-mail address or a staff number is needed"):
        User.objects.create_user(name="Wang")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(name="Wang", email=None)


def test_a_letter_to_nobodys_address_is_not_sent_and_says_so():
    invite(User.objects.create_user(name="Wang", staff_number="A1"), by=make_admin())
    assert letters() == []
    assert [(each.state, each.why) for each in Message.objects.all()] == [("skipped", "the person has no address")]
