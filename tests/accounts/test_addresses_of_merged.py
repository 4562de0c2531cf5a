"""The account that stays may have a staff number alone, and the one that went the only address of the person."""

import pytest
from django.urls import reverse

from courseware.accounts.models import User
from courseware.assignments.merging import merge
from tests.making import letters, make_hr, make_user

pytestmark = pytest.mark.django_db


def ask(client, name):
    client.post(reverse("account_reset_password"), {"email": name})
    return [letter.to for letter in letters()]


@pytest.fixture
def kept():
    person = User.objects.create_user(None, None, name="王小明", staff_number="A12")
    merge(person, make_user("王晓明", email="wang@example.com", staff_number="B7"), by=make_hr())
    return person


def test_a_link_asked_for_by_the_address_of_the_other_account_goes_there(client, kept):
    assert ask(client, "Wang@example.com") == [["wang@example.com"]]
    assert letters()[0].body.count("/accounts/password/")


@pytest.mark.parametrize("name", ["A12", "B7"])
def test_by_a_number_of_somebody_without_an_address_no_letter_leaves(client, kept, name):
    assert ask(client, name) == []
