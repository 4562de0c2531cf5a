"""Programs that read, as those who make reports run them."""

from datetime import timedelta

from django.test import Client

from courseware.accounts.api_keys import ApiKey, make_key
from courseware.lib.dates import site_day


class Program:
    """Reads with a key of this person."""

    def __init__(self, person):
        ends_on = site_day() + timedelta(days=7)
        self.secret = make_key(person, name=f"Key {ApiKey.objects.count()}", ends_on=ends_on)

    def asks(self, address, **headers):
        address = address if address.startswith("/") else f"/api/v1/{address}"
        headers = {"authorization": f"Bearer {self.secret}", "accept-language": "en", **headers}
        return Client().get(address, headers=headers)

    def rows(self, address, **headers):
        response = self.asks(address, **headers)
        assert response.status_code == 200, response.text
        return response.json()["results"]

    def named(self, address):
        return [row["name"] for row in self.rows(address)]
