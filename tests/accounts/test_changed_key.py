"""A changed SECRET_KEY, with the old one among the fallbacks and without it."""

import pytest
from django.urls import reverse

from courseware.accounts.inviting import password_link
from tests.making import make_user

pytestmark = pytest.mark.django_db
NEW_KEY = "another-key-of-the-same-length-and-as-hard-to-guess-0123456789"


def change_key(settings, *, keep_old):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if keep_old else []
    settings.SECRET_KEY = NEW_KEY


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
