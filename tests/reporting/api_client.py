"""A client of the API."""

from datetime import timedelta

from django.test import Client

from courseware.accounts.api_keys import ApiKey, make_key
from courseware.lib.dates import site_day


class ApiClient:
    def __init__(self, person):
        ends_on = site_day() + timedelta(days=7)
        self.secret = make_key(person, name=f"Key {ApiKey.objects.count()}", ends_on=ends_on)

    def get(self, address, **headers):
        address = address if address.startswith("/") else f"/api/v1/{address}"
        headers = {"authorization": f"Bearer {self.secret}", "accept-language": "en", **headers}
        return Client().get(address, headers=headers)

    def rows(self, address, **headers):
        response = self.get(address, **headers)
        assert response.status_code == 200, response.text
        return response.json()["results"]

    def names(self, address):
        return [row["name"] for row in self.rows(address)]
