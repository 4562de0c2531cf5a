"""Keys for programs: what opens, what does not, and what becomes of them."""

from datetime import timedelta

import pytest
from django.urls import reverse

from courseware.accounts.api_keys import MOST_KEYS, ApiKey, end_key, make_key, working_key
from courseware.accounts.models import User
from courseware.accounts.people.offboarding import come_back, leave
from courseware.accounts.permissions.role_changes import deactivate, end_sessions
from courseware.audit_log.models import Event
from courseware.lib.dates import site_day
from tests.accounts.test_invitations import NEW
from tests.making import PASSWORD, letters, make_admin, make_user

pytestmark = pytest.mark.django_db
TODAY, DAY = site_day, timedelta(days=1)


def made(person, name="Charts", *, ends_on=None):
    return make_key(person, name=name, ends_on=ends_on or TODAY() + DAY)


def verbs():
    return list(Event.objects.filter(verb__startswith="api-key").order_by("pk").values_list("verb", flat=True))


def test_a_key_opens_for_its_owner_to_the_end_of_its_last_day_and_no_longer():
    person = make_user()
    last, over = made(person, ends_on=TODAY()), made(person, "Old", ends_on=TODAY() - DAY)
    assert working_key(last).person == person
    assert [working_key(each) for each in (over, "", "guessed", ApiKey.objects.first().digest)] == [None] * 4


def test_the_secret_is_nowhere_in_the_database_and_not_in_the_log():
    secret = made(make_user())
    assert secret not in str(ApiKey.objects.values()) + str(Event.objects.values())


def test_the_same_form_sent_twice_makes_one_key():
    person = make_user()
    first = made(person)
    assert made(person) == ""
    assert working_key(first) and ApiKey.objects.count() == 1 and verbs() == ["api-key-created"]
    assert made(make_user())  # another person's may be called so, too


def test_its_owner_ends_it_once_and_nobody_else_does():
    person, other = make_user(), make_user()
    secret = made(person)
    key = working_key(secret)
    assert not end_key(other, key.pk) and working_key(secret)
    assert [end_key(person, key.pk), end_key(person, key.pk)] == [True, False]
    assert working_key(secret) is None and verbs() == ["api-key-created", "api-key-ended"]


@pytest.mark.parametrize("page", ["account_change_password", "usersessions_list"])
def test_a_new_password_and_a_sign_out_everywhere_end_all_keys_of_the_person(page, client):
    person, other = make_user(), make_user()
    secrets, kept = [made(person, "A"), made(person, "B")], made(other)
    client.force_login(person)
    client.post(reverse(page), {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert [working_key(secret) for secret in secrets] == [None, None] and working_key(kept)
    assert verbs().count("api-key-ended") == 2
    assert Event.objects.filter(verb="api-key-ended", actor=person).count() == 2


def test_keys_end_with_all_sessions_but_not_with_one_session(client):
    person = make_user()
    secret = made(person)
    client.force_login(person)
    client.post(reverse("usersessions_list"), {"session": 1})
    assert working_key(secret)
    end_sessions(person, by=make_admin())
    assert working_key(secret) is None


def test_a_form_that_waited_for_a_new_password_makes_no_key():
    person = make_user()
    as_the_request_knows_it = User.objects.get(pk=person.pk)
    person.set_password(NEW)
    person.save(update_fields=["password"])
    assert made(as_the_request_knows_it) == "" and not ApiKey.objects.exists()


def test_the_owner_gets_one_email_about_a_new_key():
    person = make_user(language="en")
    made(person, "Charts")
    made(person, "Charts")
    [letter] = letters()
    assert (
        letter.to == [person.email]
        and "An API key was created for your account." in letter.body
        and "Charts" in letter.body
    )


def test_it_ends_with_the_account_and_is_not_there_again_when_its_owner_comes_back():
    person, other = make_user(), make_user()
    secret, kept = made(person), made(other)
    leave(person, by=None)
    assert working_key(secret) is None
    come_back(person, by=None)
    assert working_key(secret) is None and working_key(kept)


def test_it_ends_when_an_administrator_deactivates_the_account():
    person, other = make_user(), make_user()
    secret, kept = made(person), made(other)
    deactivate(person, by=make_admin())
    User.objects.filter(pk=person.pk).update(is_active=True)
    assert working_key(secret) is None and working_key(kept)


def test_who_is_let_go_while_the_form_is_on_its_way_gets_none():
    person = make_user()
    leave(type(person).objects.get(pk=person.pk), by=None)
    assert made(person) == ""
    come_back(person, by=None)
    assert not ApiKey.objects.exists()


def test_of_two_forms_that_were_looked_through_before_either_was_kept_the_last_place_is_for_one():
    person = make_user()
    secrets = [made(person, f"Key {number}") for number in range(MOST_KEYS + 1)]
    assert all(secrets[:-1]) and secrets[-1] == ""
    assert ApiKey.objects.count() == MOST_KEYS == len(verbs())


def test_an_account_that_was_shut_otherwise_opens_nothing():
    person = make_user()
    secret = made(person)
    type(person).objects.filter(pk=person.pk).update(is_active=False)
    assert working_key(secret) is None
