"""Whoever has a staff number needs no address."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from courseware.accounts.inviting import invite
from courseware.accounts.models import User
from courseware.outbox.models import Message
from tests.making import letters, make_admin

pytestmark = pytest.mark.django_db


def test_two_people_without_an_address_are_two_people():
    one, other = (User.objects.create_user(name="Wang", staff_number=number) for number in ("A1", "A2"))
    assert (one.email, one.sign_in_name, other.sign_in_name) == (None, "A1", "A2")


@pytest.mark.parametrize("typed", ["Ａ００１２", "a0012", " A0012 ", "A 0012"])
def test_a_staff_number_is_one_however_it_is_typed(typed):
    User.objects.create_user(name="Wang", staff_number="A0012")
    with pytest.raises(ValidationError, match="Somebody with this staff number is here already"):
        User.objects.create_user(name="Li", staff_number=typed)


def test_without_address_and_number_nobody_comes_in():
    with pytest.raises(ValidationError, match="An e-mail address or a staff number is needed"):
        User.objects.create_user(name="Wang")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(name="Wang", email=None)


def test_a_letter_to_nobodys_address_is_not_sent_and_says_so():
    invite(User.objects.create_user(name="Wang", staff_number="A1"), by=make_admin())
    assert letters() == []
    assert [(each.state, each.why) for each in Message.objects.all()] == [("skipped", "the person has no address")]
