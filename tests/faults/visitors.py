"""A minimal browser: cookies, forms with hidden fields, no automatic redirects."""

import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from functools import cached_property
from http.cookiejar import CookieJar

from tests.patience import PATIENCE


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: object

    @property
    def location(self):
        return self.headers.get("Location", "")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


class Visitor:
    """A visitor at 127.0.0.1:`port`. `through` gives the same one with all cookies, behind a proxy."""

    def __init__(self, port, cookies=None):
        self.port = port
        self.cookies = CookieJar() if cookies is None else cookies
        self.opener = urllib.request.build_opener(
            NoRedirect, urllib.request.HTTPCookieProcessor(self.cookies), *self.handlers()
        )

    def handlers(self):
        return []

    @cached_property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    def through(self, port):
        return Visitor(port, self.cookies)

    def get(self, path):
        return self.ask(path)

    def post(self, path, fields):
        return self.ask(path, urllib.parse.urlencode(fields, doseq=True).encode())

    def ask(self, path, body=None):
        request = urllib.request.Request(self.origin + path, data=body, headers={"Origin": self.origin} if body else {})
        try:
            answer = self.opener.open(request, timeout=PATIENCE)
        except urllib.error.HTTPError as refusal:
            answer = refusal
        with answer:
            return Answer(answer.status, answer.read().decode(), answer.headers)

    def form(self, path, action):
        """The hidden fields of the form on the page `path` that is sent to `action`."""
        page = self.get(path)
        assert page.status == 200, f"{path}: {page.status}"
        found = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page.text, re.DOTALL)
        assert found, f"{path}: no form is sent to {action}"
        hidden = re.findall(r'<input[^>]*type="hidden"[^>]*>', found[0])
        return {attribute(field, "name"): attribute(field, "value") for field in hidden}

    @property
    def csrf(self):
        """The CSRF token that any form would send."""
        return next(cookie.value for cookie in self.cookies if cookie.name.endswith("csrftoken"))

    def sign_in(self, account):
        fields = self.form("/accounts/login/", "/accounts/login/")
        answer = self.post("/accounts/login/", fields | {"login": account["email"], "password": account["password"]})
        assert answer.status == 302, answer.text
        return self


def attribute(tag, name):
    found = re.search(rf'{name}="([^"]*)"', tag)
    return found[1] if found else ""
