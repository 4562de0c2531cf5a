"""Client for webhooks of chat groups. A webhook URL is a secret: no log line and no error contains it."""

import json
import re
import time
from contextlib import closing
from enum import StrEnum
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from requests.adapters import HTTPAdapter

from courseware.notifications.chat.messages import SERVICES, UNSIGNED, ChatContent, ChatService
from courseware.notifications.email.time_limit import TimeLimit

TIMEOUT = (3, 7)  # seconds: to connect, and for each read; CHAT_SECONDS limits the total
MOST_READ = 4096  # bytes of a response
LONGEST_WORDS = 200  # characters of a response
SHORTEST_SECRET = 8  # characters; shorter parts of a URL are not masked
# Stricter than the URL standard, so that all programs read the same host from it.
ADDRESS = re.compile(r"https://(?P<host>[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+)(:443)?/[A-Za-z0-9/._~%?&=+,;:!$-]+")


class ChatResult(StrEnum):
    DELIVERED = "delivered"
    LATER = "later"
    UNREACHABLE = "unreachable"  # retried later; other messages to this server would fail, too
    REFUSED = "refused"


class ChatResponse(NamedTuple):
    verdict: ChatResult
    words: str  # the server's response or the error


def check_address(address: str, service: str) -> None:
    """Raise ValidationError unless `address` is an https URL with path at a host of SERVICES[service] or CHAT_HOSTS."""
    parsed = ADDRESS.fullmatch(address)
    if parsed is None:
        raise ValidationError(
            _("Enter the full address that the group-chat bot shows: https://, a host name and a long path.")
        )
    allowed = (*SERVICES[service].hosts, *settings.CHAT_HOSTS)
    if not any(is_at(parsed["host"], each) for each in allowed):
        raise ValidationError(
            _("Enter a webhook address at %(hosts)s. An operator can allow other hosts (CHAT_HOSTS)."),
            params={"hosts": ", ".join(SERVICES[service].hosts)},
        )


def is_at(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def masked(address: str) -> str:
    """Return host and last 4 characters of the URL `address`, for display."""
    host = address.split("/")[2].partition(":")[0] if address.startswith("https://") else ""
    return f"{host}/…{address[-4:]}"


def post_message(service: str, address: str, secret: str, content: ChatContent) -> ChatResponse:
    """Post a message to the webhook `address` within CHAT_SECONDS. Return the result, also of a failure or if
    `check_address` refuses `address`. `service`: key of SERVICES. `secret`: to sign with, "" for none.
    """
    try:
        check_address(address, service)
    except ValidationError:
        return ChatResponse(ChatResult.REFUSED, "the address is none that is allowed here")
    chat_service = SERVICES[service]
    signed = chat_service.sign(secret, time.time()) if chat_service.sign and secret else UNSIGNED
    limit, why = TimeLimit(settings.CHAT_SECONDS), ""
    try:
        with (
            closing(limit),
            limit,
            new_session(limit) as session,
            session.post(
                address,
                params=signed.query,
                json={**signed.body, **chat_service.form(content)},
                headers={"Accept-Encoding": "identity"},
                allow_redirects=False,
                stream=True,
                timeout=TIMEOUT,
            ) as response,
        ):
            status, body = response.status_code, beginning_of(response)
    except requests.RequestException as error:  # its message contains the URL
        why = type(error).__name__
    if limit.is_over:
        why = f"no whole answer within {limit.seconds} s"
    if why:
        return ChatResponse(ChatResult.UNREACHABLE, why)
    return ChatResponse(
        judged(chat_service, status, body), response_text(status, body, [secret, *re.split(r"[/?&=]", address)])
    )


def server_of(address: str) -> str:
    """Return the host of the URL `address`; the rest is secret."""
    return urlsplit(address).hostname or ""


class WatchedTransport(HTTPAdapter):
    """Limits each connection from the TCP handshake on, so that the limit covers a proxy and the TLS handshake."""

    def __init__(self, limit: TimeLimit) -> None:
        self.limit = limit
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool, watch = super().get_connection_with_tls_context(*args, **kwargs), self.limit.watch

        class WatchedConnection(pool.ConnectionCls):  # type: ignore[name-defined]  # class of the pool
            def _new_conn(self) -> Any:
                sock = super()._new_conn()
                watch(sock)
                return sock

        pool.ConnectionCls = WatchedConnection
        return pool


def new_session(limit: TimeLimit) -> requests.Session:
    session = requests.Session()
    session.mount("https://", WatchedTransport(limit))
    session.trust_env = False  # else proxies and credentials come from the environment and .netrc
    if settings.CHAT_PROXY:
        session.proxies = {"https": settings.CHAT_PROXY}
    return session


def beginning_of(response: requests.Response) -> str:
    """Return the text of at most MOST_READ bytes of the response, because a response may be endless."""
    found = bytearray()
    for byte in response.iter_content(1):
        found += byte
        if len(found) >= MOST_READ:
            break
    return found.decode(errors="replace").strip()


def judged(chat_service: ChatService, status: int, body: str) -> ChatResult:
    """Return the result of a response. LATER for 408, 429, 5xx, and a 2xx response without a readable error code.
    A redirect is REFUSED, because its host may not be allowed.
    """
    if status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS) or status >= 500:
        return ChatResult.LATER
    if not 200 <= status < 300:
        return ChatResult.REFUSED
    error_code = chat_service.read(status, as_json(body))
    if error_code == "":
        return ChatResult.DELIVERED
    return ChatResult.LATER if error_code is None or error_code in chat_service.busy else ChatResult.REFUSED


def as_json(text: str) -> Any:
    """Return the parsed JSON, or the text itself if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def response_text(status: int, body: str, secrets: list[str]) -> str:
    """Return status and beginning of `body` as one line. Masks `secrets` of at least SHORTEST_SECRET characters."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            body = body.replace(secret, "…")
    line = " ".join(body.replace("\0", "").split())
    return f"{status} {line[:LONGEST_WORDS]}".strip()
