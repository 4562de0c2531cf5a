"""One request as it is seen and as it is felt: the answer, the letters it sends, the events it records.

Each request is taken back, so that none sees what another did.
"""

import json
import re
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup
from django.apps import apps
from django.conf import settings
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from django.urls import Resolver404, resolve
from frozen import chance
from markup import CONTROLS, fold, mask, outline

LANGUAGES = ("zh-hans", "en")
VOLATILE = {"date", "content-length", "etag", "set-cookie", "server"}
HOPS = 2
PLACEHOLDER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass
class Answer:
    """`text`: as it is compared. `page`: where one ends, after redirects, at `address`; None where it is no page."""

    text: str
    status: int
    address: str
    page: BeautifulSoup | None


class Visitor:
    """Somebody with a session of their own; nobody where `person` is None."""

    def __init__(self, name: str, person=None):
        self.name = name
        client = Client()
        chance.begin(f"sign in {name}")
        if person:
            client.force_login(person)
        self.cookies = client.cookies.output(header="", sep=";")

    def client(self, language: str) -> Client:
        client = Client(raise_request_exception=False)
        client.cookies = SimpleCookie(self.cookies)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        return client

    def ask(self, address: str, language: str, data: dict | None = None, *, is_partial=False) -> Answer:
        """GET, or POST where there is `data`; `is_partial` as htmx asks."""
        chance.begin(mask(f"{self.name} {address} {data}"))
        mail.outbox.clear()
        headers = {"hx-request": "true"} if is_partial else {}
        with transaction.atomic():
            before = newest()
            client = self.client(language)
            if data is None:
                response = client.get(address, headers=headers)
            else:
                response = client.post(address, data, headers=headers)
            after_commit()
            texts = [told(response)]
            for _ in range(HOPS):
                if not goes_on(response):
                    break
                address = urljoin(address, response["Location"])
                response = client.get(address)
                texts.append(f"→ GET {mask(address)}\n{told(response)}")
            texts += [*letters(), *events(before)]
            has_released = newest()["release"] != before["release"]
            transaction.set_rollback(True)
        if has_released:
            forget()
        return Answer("\n".join(texts), response.status_code, address, page_of(response))


def goes_on(response) -> bool:
    to = urlsplit(response.get("Location", ""))
    return 300 <= response.status_code < 400 and not to.netloc and "/login/" not in to.path


def after_commit() -> None:
    """Do what waits for a commit that will not come."""
    while connection.run_on_commit:
        _savepoints, function, _is_robust = connection.run_on_commit.pop(0)
        function()


def newest() -> dict:
    found = {}
    for name, label in (("event", "evidence.Event"), ("release", "content.Release")):
        found[name] = apps.get_model(label).objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return found


def forget() -> None:
    """Releases are kept in memory by primary keys that are used again."""
    import sys

    for name, module in list(sys.modules.items()):
        if name.startswith("courseware.") and callable(getattr(module, "forget", None)):
            module.forget()


# Told -----------------------------------------------------------------------------------------------------------------


def is_html(response) -> bool:
    return response.get("Content-Type", "").startswith("text/html")


def body_of(response) -> str:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return body.decode(response.charset or "utf-8", "backslashreplace")


def told(response) -> str:
    lines = [f"status: {response.status_code}"]
    lines += [header(name, value) for name, value in sorted(response.items()) if name.lower() not in VOLATILE]
    lines += [cookie(name, morsel) for name, morsel in sorted(response.cookies.items())]
    body = outline_of(response) if is_html(response) else mask(body_of(response)).splitlines()
    return "\n".join(lines + body)


def header(name: str, value: str) -> str:
    """Where the order of its parts says nothing, they are sorted."""
    sign = {"Vary": ", ", "Content-Security-Policy": "; "}.get(name)
    return f"header {name}: {mask(sign.join(sorted(value.split(sign))) if sign else value)}"


def cookie(name: str, morsel) -> str:
    shown = morsel.value if name == settings.LANGUAGE_COOKIE_NAME or not morsel.value else "…"
    kept = {key: value for key, value in morsel.items() if value != "" and key != "expires"}
    return f"cookie {name}={shown} {kept}"


SEEN: dict[str, list[str]] = {}
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')


def outline_of(response) -> list[str]:
    """The same page is read once, for most addresses answer most people alike."""
    key = mask(TOKEN.sub("", body_of(response)))
    if key not in SEEN:
        SEEN[key] = outline(page_of(response))
    return SEEN[key]


def page_of(response) -> BeautifulSoup | None:
    if is_html(response) and not hasattr(response, "page"):
        response.page = BeautifulSoup(body_of(response), "html.parser")
    return getattr(response, "page", None)


def letters() -> list[str]:
    return [
        mask(f"letter to {', '.join(each.to)} from {each.from_email}\nsubject: {each.subject}\n{each.body}")
        + "".join(f"\nalternative {part.mimetype}: {mask(part.content)}" for part in getattr(each, "alternatives", []))
        for each in mail.outbox
    ]


def events(before: dict) -> list[str]:
    rows = apps.get_model("evidence.Event").objects.filter(pk__gt=before["event"]).order_by("pk").values()
    return [mask(f"event: {json.dumps(shown(row), ensure_ascii=False, sort_keys=True, default=str)}") for row in rows]


def shown(row: dict) -> dict:
    return {name: value for name, value in row.items() if "digest" not in name and name not in ("previous", "hash")}


# Found in a page ------------------------------------------------------------------------------------------------------


def links_in(soup: BeautifulSoup, address: str) -> list[str]:
    """Addresses of this site that the page leads to, without their fragments."""
    found = (urljoin(address, link["href"]) for link in soup.find_all("a", href=True))
    parts = (urlsplit(each) for each in found)
    own = (each._replace(fragment="").geturl() for each in parts if not each.scheme and not each.netloc)
    return list(dict.fromkeys(each for each in own if not each.startswith(("/static/", "/media/"))))


@dataclass(frozen=True)
class Sent:
    """A form filled in: `how` tells in what way."""

    how: str
    method: str
    address: str
    data: dict


def forms_in(soup: BeautifulSoup, address: str):
    """Every form of the page as it stands, once with each of its buttons, and once full of nonsense."""
    for form in soup.find_all("form"):
        action = urljoin(address, form.get("action") or "")
        method = form.get("method", "get").lower()
        controls = form.find_all(CONTROLS) + (soup.find_all(CONTROLS, form=form["id"]) if form.get("id") else [])
        values, nonsense = {}, {}
        for each in controls:
            fill(each, values, nonsense)
        buttons = [each for each in form.find_all("button") if each.get("type", "submit") == "submit"][:6]
        for button in buttons or [{}]:
            pressed = {button["name"]: button.get("value", "")} if button.get("name") else {}
            where = urljoin(address, button["formaction"]) if button.get("formaction") else action
            yield Sent(f"as it stands {pressed or ''}", method, where, values | pressed)
        if nonsense:
            yield Sent("nonsense", method, action, values | nonsense)


def fill(control, values: dict, nonsense: dict) -> None:
    name, kind = control.get("name"), control.get("type", "text") if control.name == "input" else control.name
    if (
        not name
        or name == "csrfmiddlewaretoken"
        or control.has_attr("disabled")
        or kind in ("submit", "button", "file", "image", "reset")
    ):
        return
    if kind in ("radio", "checkbox"):
        if control.has_attr("checked") or (kind == "radio" and name not in values):
            values[name] = control.get("value", "on")
        nonsense[name] = "nonsense"
    elif kind == "select":
        chosen = [each.get("value", fold(each.get_text())) for each in control.find_all("option", selected=True)]
        offered = [each.get("value", fold(each.get_text())) for each in control.find_all("option")]
        values[name] = chosen if control.has_attr("multiple") else (chosen or offered or [""])[0]
        # Where keys are offered, one that is nobody's: on a word that is no number Django's own admin fails.
        nonsense[name] = "nonsense" if any(not (value or "0").isdecimal() for value in offered) else "999999"
    elif kind == "textarea":
        values[name] = control.get_text().removeprefix("\n")
        nonsense[name] = "\N{CHECK MARK} <b>nonsense</b> {"
    else:
        values[name] = control.get("value", "")
        if kind != "hidden":
            nonsense[name] = "nonsense"


def route_of(address: str) -> str:
    """The route an address belongs to, its placeholders without converters."""
    try:
        route = resolve(urlsplit(address).path).route
    except Resolver404:
        return "nowhere"
    return PLACEHOLDER.sub(r"<\1>", route)
