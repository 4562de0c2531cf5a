"""What programs look for: whom to tell of a weakness, and where passwords are changed."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.urls import reverse

pytestmark = pytest.mark.django_db  # what guards the site against a crowd looks after its connections
SECURITY = "/.well-known/security.txt"


@time_machine.travel(datetime(2026, 11, 25, 20, 0, tzinfo=UTC), tick=False)
def test_whom_to_tell_of_a_weakness_and_until_when_that_holds(client, settings):
    settings.SECURITY_CONTACT, settings.SITE_URL = "mailto:security@example.com", "https://training.example.com/"
    response = client.get(SECURITY)
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.text == (
        "Contact: mailto:security@example.com\n"
        "Expires: 2027-02-23T20:00:00Z\n"
        "Preferred-Languages: zh, en\n"
        "Canonical: https://training.example.com/.well-known/security.txt\n"
    )


def test_without_a_contact_there_is_no_such_page(client, settings):
    settings.SECURITY_CONTACT = ""
    assert client.get(SECURITY).status_code == 404


def test_password_managers_are_led_to_where_a_password_is_changed(client):
    response = client.get("/.well-known/change-password")
    assert (response.status_code, response["Location"]) == (302, reverse("account_change_password"))
