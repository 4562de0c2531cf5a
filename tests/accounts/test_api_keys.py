"""API keys: creation, validity, revocation."""

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
from tests.making import PASSWORD, make_admin, make_user, sent_emails

pytestmark = pytest.mark.django_db
TODAY, DAY = site_day, timedelta(days=1)


def create(person, name="Charts", *, ends_on=None):
    return make_key(person, name=name, ends_on=ends_on or TODAY() + DAY)


def verbs():
    return list(Event.objects.filter(verb__startswith="api-key").order_by("pk").values_list("verb", flat=True))


def test_key_works_until_end_of_last_day():
    person = make_user()
    last, over = create(person, ends_on=TODAY()), create(person, "Old", ends_on=TODAY() - DAY)
    assert working_key(last).person == person
    assert [working_key(each) for each in (over, "", "guessed", ApiKey.objects.first().digest)] == [None] * 4


def test_secret_is_not_stored_or_logged():
    secret = create(make_user())
    assert secret not in str(ApiKey.objects.values()) + str(Event.objects.values())


def test_second_submit_creates_no_second_key():
    person = make_user()
    first = create(person)
    assert create(person) == ""
    assert working_key(first) and ApiKey.objects.count() == 1 and verbs() == ["api-key-created"]
    assert create(make_user())  # names are unique per person


def test_only_owner_can_end_key():
    person, other = make_user(), make_user()
    secret = create(person)
    key = working_key(secret)
    assert not end_key(other, key.pk) and working_key(secret)
    assert [end_key(person, key.pk), end_key(person, key.pk)] == [True, False]
    assert working_key(secret) is None and verbs() == ["api-key-created", "api-key-ended"]


@pytest.mark.parametrize("page", ["account_change_password", "usersessions_list"])
def test_password_change_and_full_sign_out_end_all_keys(page, client):
    person, other = make_user(), make_user()
    secrets, kept = [create(person, "A"), create(person, "B")], create(other)
    client.force_login(person)
    client.post(reverse(page), {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert [working_key(secret) for secret in secrets] == [None, None] and working_key(kept)
    assert verbs().count("api-key-ended") == 2
    assert Event.objects.filter(verb="api-key-ended", actor=person).count() == 2


def test_keys_end_with_all_sessions_not_with_one(client):
    person = make_user()
    secret = create(person)
    client.force_login(person)
    client.post(reverse("usersessions_list"), {"session": 1})
    assert working_key(secret)
    end_sessions(person, by=make_admin())
    assert working_key(secret) is None


def test_form_sent_before_password_change_creates_no_key():
    person = make_user()
    stale_person = User.objects.get(pk=person.pk)
    person.set_password(NEW)
    person.save(update_fields=["password"])
    assert create(stale_person) == "" and not ApiKey.objects.exists()


def test_the_owner_gets_one_email_about_a_new_key():
    person = make_user(language="en")
    create(person, "Charts")
    create(person, "Charts")
    [email] = sent_emails()
    assert (
        email.to == [person.email]
        and "An API key was created for your account." in email.body
        and "Charts" in email.body
    )


def test_key_stays_ended_after_owner_returns():
    person, other = make_user(), make_user()
    secret, kept = create(person), create(other)
    leave(person, by=None)
    assert working_key(secret) is None
    come_back(person, by=None)
    assert working_key(secret) is None and working_key(kept)


def test_key_ends_when_admin_deactivates_account():
    person, other = make_user(), make_user()
    secret, kept = create(person), create(other)
    deactivate(person, by=make_admin())
    User.objects.filter(pk=person.pk).update(is_active=True)
    assert working_key(secret) is None and working_key(kept)


def test_former_person_gets_no_key():
    person = make_user()
    leave(type(person).objects.get(pk=person.pk), by=None)
    assert create(person) == ""
    come_back(person, by=None)
    assert not ApiKey.objects.exists()


def test_number_of_keys_is_limited():
    person = make_user()
    secrets = [create(person, f"Key {number}") for number in range(MOST_KEYS + 1)]
    assert all(secrets[:-1]) and secrets[-1] == ""
    assert ApiKey.objects.count() == MOST_KEYS == len(verbs())


def test_key_of_inactive_account_is_refused():
    person = make_user()
    secret = create(person)
    type(person).objects.filter(pk=person.pk).update(is_active=False)
    assert working_key(secret) is None
