"""Webhooks of chat groups. A webhook URL is a secret: nothing here logs it, and no error leaves with it."""

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

TIMEOUT = (3, 7)  # seconds: to connect, and for each read; CHAT_SECONDS limits the whole
MOST_READ = 4096  # bytes of an answer
LONGEST_WORDS = 200  # characters
SHORTEST_SECRET = 8
# Read by this alone, and narrower than what addresses may be: no two programs can take it for two hosts.
ADDRESS = re.compile(r"https://(?P<host>[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+)(:443)?/[A-Za-z0-9/._~%?&=+,;:!$-]+")


class ChatResult(StrEnum):
    DELIVERED = "delivered"
    LATER = "later"
    UNREACHABLE = "unreachable"  # tried later: no other message reaches this server either
    REFUSED = "refused"


class ChatResponse(NamedTuple):
    verdict: ChatResult
    words: str  # the door's own


def check_address(address: str, service: str) -> None:
    """Raises ValidationError unless the URL is at a host of this service or of CHAT_HOSTS."""
    found = ADDRESS.fullmatch(address)
    if found is None:
        raise ValidationError(
            _("Enter the full address that the group-chat bot shows: https://, a host name and a long path.")
        )
    allowed = (*SERVICES[service].hosts, *settings.CHAT_HOSTS)
    if not any(is_at(found["host"], each) for each in allowed):
        raise ValidationError(
            _("Enter an address at %(hosts)s. An operator can allow other hosts (CHAT_HOSTS)."),
            params={"hosts": ", ".join(SERVICES[service].hosts)},
        )


def is_at(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def masked(address: str) -> str:
    host = address.split("/")[2].partition(":")[0] if address.startswith("https://") else ""
    return f"{host}/…{address[-4:]}"


def knock(service: str, address: str, secret: str, card: ChatContent) -> ChatResponse:
    """Post a message within `CHAT_SECONDS`. Raises nothing, whatever the server answers."""
    try:
        check_address(address, service)
    except ValidationError:
        return ChatResponse(ChatResult.REFUSED, "the address is none that is allowed here")
    kind = SERVICES[service]
    signed = kind.sign(secret, time.time()) if kind.sign and secret else UNSIGNED
    limit, why = TimeLimit(settings.CHAT_SECONDS), ""
    try:
        with (
            closing(limit),
            limit,
            new_session(limit) as session,
            session.post(
                address,
                params=signed.query,
                json={**signed.body, **kind.form(card)},
                headers={"Accept-Encoding": "identity"},
                allow_redirects=False,
                stream=True,
                timeout=TIMEOUT,
            ) as response,
        ):
            status, said = response.status_code, beginning_of(response)
    except requests.RequestException as error:  # its words hold the address
        why = type(error).__name__
    if limit.is_over:
        why = f"no whole answer within {limit.seconds} s"
    if why:
        return ChatResponse(ChatResult.UNREACHABLE, why)
    return ChatResponse(judged(kind, status, said), told(status, said, [secret, *re.split(r"[/?&=]", address)]))


def server_of(address: str) -> str:
    """The host alone: the rest of the URL is secret."""
    return urlsplit(address).hostname or ""


class WatchedTransport(HTTPAdapter):
    """Watches each connection from the TCP handshake on, so the limit covers a proxy and the TLS handshake."""

    def __init__(self, limit: TimeLimit) -> None:
        self.limit = limit
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool, watch = super().get_connection_with_tls_context(*args, **kwargs), self.limit.watch

        class WatchedConnection(pool.ConnectionCls):  # type: ignore[name-defined]  # that of the pool
            def _new_conn(self) -> Any:
                sock = super()._new_conn()
                watch(sock)
                return sock

        pool.ConnectionCls = WatchedConnection
        return pool


def new_session(limit: TimeLimit) -> requests.Session:
    session = requests.Session()
    session.mount("https://", WatchedTransport(limit))
    session.trust_env = False  # else a variable or a .netrc of the machine decides where it goes and as whom
    if settings.CHAT_PROXY:
        session.proxies = {"https": settings.CHAT_PROXY}
    return session


def beginning_of(response: requests.Response) -> str:
    """Read at most `MOST_READ` bytes: an answer may be endless."""
    found = bytearray()
    for byte in response.iter_content(1):
        found += byte
        if len(found) >= MOST_READ:
            break
    return found.decode(errors="replace").strip()


def judged(kind: ChatService, status: int, said: str) -> ChatResult:
    """A redirect is refused: it leads to a host that nobody has allowed."""
    if status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS) or status >= 500:
        return ChatResult.LATER
    if not 200 <= status < 300:
        return ChatResult.REFUSED
    fault = kind.read(status, as_json(said))
    if fault == "":
        return ChatResult.DELIVERED
    return ChatResult.LATER if fault is None or fault in kind.busy else ChatResult.REFUSED


def as_json(said: str) -> Any:
    try:
        return json.loads(said)
    except (ValueError, RecursionError):
        return said


def told(status: int, said: str, secrets: list[str]) -> str:
    """The answer in one line, without parts of the URL that it may repeat."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            said = said.replace(secret, "…")
    line = " ".join(said.replace("\0", "").split())
    return f"{status} {line[:LONGEST_WORDS]}".strip()
