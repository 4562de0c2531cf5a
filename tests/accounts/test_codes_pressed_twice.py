"""The button of a code is pressed twice, or in two tabs: whoever has it is in by either answer."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from courseware.accounts.models import User
from courseware.accounts.sign_in_codes import give_code, use_code
from courseware.accounts.ways_in import SignInCode
from courseware.evidence.models import Event
from tests.making import make_hr

pytestmark = pytest.mark.django_db
PAGE, CHOOSE = reverse("account_sign_in_code"), reverse("account_set_password")
NEW = "four words nobody joined"


@pytest.fixture
def person():
    return User.objects.create_user(None, None, name="Wu Fan", staff_number="A7")


def press(client, code):
    return client.post(PAGE, {"name": "A7", "code": code}).status_code


def test_either_answer_leads_to_a_password_and_both_are_one_use(client, person):
    code = give_code(person, by=make_hr())
    second = type(client)()
    assert [press(client, code), press(second, code)] == [302, 302]
    for browser in (client, second):
        assert browser.get(CHOOSE).status_code == 200
    assert second.post(CHOOSE, {"password1": NEW, "password2": NEW}).status_code == 302
    person.refresh_from_db()
    assert person.check_password(NEW)
    assert Event.objects.filter(verb="code-used").count() == 1


@pytest.mark.parametrize(("seconds", "works"), [(0, True), (119, True), (120, False), (86400, False)])
def test_for_two_minutes(person, seconds, works):
    now = timezone.now()
    code = give_code(person, by=make_hr(), at=now)
    use_code("A7", code, at=now)
    assert bool(use_code("A7", code, at=now + timedelta(seconds=seconds))) is works


def test_not_once_a_password_was_chosen(client, person):
    code = give_code(person, by=make_hr())
    press(client, code)
    client.post(CHOOSE, {"password1": NEW, "password2": NEW})
    assert press(type(client)(), code) == 422


def test_a_new_code_is_not_a_used_one(person):
    hr = make_hr()
    first = give_code(person, by=hr)
    use_code("A7", first)
    second = give_code(person, by=hr)
    assert SignInCode.objects.get().used_at is None
    assert use_code("A7", first) is None
    assert use_code("A7", second).person == person


def test_not_once_its_owner_has_signed_out(client, person):
    code = give_code(person, by=make_hr())
    press(client, code)
    client.post(reverse("account_logout"))
    assert press(client, code) == 422
