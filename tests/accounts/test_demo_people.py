import pytest
from django.core.checks import Tags, run_checks
from django.urls import reverse

from courseware.accounts.inviting import password_link
from courseware.evidence.models import Event
from tests.making import PASSWORD, make_user

pytestmark = pytest.mark.django_db
NEW = "four words nobody joined"


def sign_in(client, person):
    return client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})


def is_signed_in(client):
    return "_auth_user_id" in client.session


@pytest.mark.parametrize(
    ("is_demo", "plain_http", "comes_in"),
    [(True, False, False), (True, True, True), (False, False, True), (False, True, True)],
)
def test_demo_people_sign_in_on_ones_own_machine_and_nowhere_else(is_demo, plain_http, comes_in, client, settings):
    settings.PLAIN_HTTP = plain_http
    person = make_user(is_demo=is_demo)
    response = sign_in(client, person)
    assert is_signed_in(client) is comes_in
    if not comes_in:
        assert response["Location"] == reverse("account_inactive")
        assert list(Event.objects.values_list("verb", flat=True)) == ["sign-in-refused"]


def test_no_link_lets_them_in_either(client, settings):
    settings.PLAIN_HTTP = False
    person = make_user(is_demo=True)
    page = client.get(password_link(person).removeprefix(settings.SITE_URL))
    client.post(page["Location"], {"password1": NEW, "password2": NEW})
    assert not is_signed_in(client)


@pytest.mark.parametrize(("is_demo", "plain_http", "found"), [(1, 0, 1), (1, 1, 0), (0, 0, 0), (0, 1, 0)])
def test_a_real_site_with_demo_people_in_its_database_is_an_error(is_demo, plain_http, found, settings):
    settings.PLAIN_HTTP = bool(plain_http)
    make_user(is_demo=bool(is_demo))
    errors = run_checks(tags=[Tags.database], databases=["default"])
    assert [error.id for error in errors if error.is_serious()] == ["accounts.E001"] * found
