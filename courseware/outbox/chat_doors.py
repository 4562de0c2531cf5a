"""The door into a chat group: where a card may be sent, how it is handed over, and what the door said to it.

Its address is a secret: whoever knows it writes into the group. So nothing here logs it, and no error that holds it
leaves this module.
"""

import json
import re
import socket
import threading
import time
from contextlib import suppress
from enum import StrEnum
from http import HTTPStatus
from typing import Any, NamedTuple

import requests
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from requests.adapters import HTTPAdapter

from courseware.outbox.chat_cards import SERVICES, UNSIGNED, ChatCard, ChatService

TIMEOUT = (3, 7)  # seconds: to be let in, and for each word
HEAD_WITHIN, BODY_WITHIN = 10, 10  # seconds for all of them
MOST_READ = 4096  # bytes of an answer
LONGEST_WORDS = 200  # characters
SHORTEST_SECRET = 8
# Read by this alone, and narrower than what addresses may be: no two programs can take it for two hosts.
ADDRESS = re.compile(r"https://(?P<host>[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+)(:443)?/[A-Za-z0-9/._~%?&=+,;:!$-]+")


class DoorVerdict(StrEnum):
    DELIVERED = "delivered"
    LATER = "later"
    REFUSED = "refused"


class DoorAnswer(NamedTuple):
    verdict: DoorVerdict
    words: str  # the door's own


def check_address(address: str, service: str) -> None:
    """Raises ValidationError where it is none that this service gives: the server asks no other host for anybody."""
    found = ADDRESS.fullmatch(address)
    if found is None:
        raise ValidationError(_("Expected an address as the robot shows it: https://, a host, and a long path."))
    allowed = (*SERVICES[service].hosts, *settings.CHAT_HOSTS)
    if not any(is_at(found["host"], each) for each in allowed):
        raise ValidationError(
            _("Expected an address at %(hosts)s. An operator can allow others (CHAT_HOSTS)."),
            params={"hosts": ", ".join(SERVICES[service].hosts)},
        )


def is_at(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def masked(address: str) -> str:
    """Enough to tell two doors apart."""
    host = address.split("/")[2].partition(":")[0] if address.startswith("https://") else ""
    return f"{host}/…{address[-4:]}"


def knock(service: str, address: str, secret: str, card: ChatCard) -> DoorAnswer:
    """Hand a card over. It takes half a minute at most; raises nothing that a door can cause."""
    try:
        check_address(address, service)
    except ValidationError:
        return DoorAnswer(DoorVerdict.REFUSED, "the address is none that is allowed here")
    kind = SERVICES[service]
    signed = kind.sign(secret, time.time()) if kind.sign and secret else UNSIGNED
    try:
        with (
            new_session() as session,
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
        return DoorAnswer(DoorVerdict.LATER, type(error).__name__)
    return DoorAnswer(judged(kind, status, said), told(status, said, [secret, *re.split(r"[/?&=]", address)]))


class HangsUp:
    """Of a connection: the timeout of a socket begins anew with each byte, so an answer that drips would hold a worker.

    Of a body it is more than the bytes that are read of it: the length of a chunk, which never comes to an end.
    """

    sock: socket.socket
    end_of_body: threading.Timer | None = None

    def getresponse(self) -> Any:
        sock = self.sock  # the connection forgets it where it ends with this answer
        end_of_head = hang_up(sock, HEAD_WITHIN)
        try:
            response = super().getresponse()  # type: ignore[misc]  # of the connection that it is mixed into
        finally:
            end_of_head.cancel()
        self.end_of_body = hang_up(sock, BODY_WITHIN + TIMEOUT[1])  # a byte later than what is left by itself
        return response

    def close(self) -> None:
        if self.end_of_body:
            self.end_of_body.cancel()
        super().close()  # type: ignore[misc]  # the same


def hang_up(sock: socket.socket, seconds: float) -> threading.Timer:
    """So many seconds from now, unless it is cancelled."""

    def shut() -> None:
        with suppress(OSError):  # it is gone already
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, shut)
    timer.daemon = True
    timer.start()
    return timer


class ImpatientTransport(HTTPAdapter):
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = type("ImpatientConnection", (HangsUp, pool.ConnectionCls), {})
        return pool


def new_session() -> requests.Session:
    session = requests.Session()
    session.mount("https://", ImpatientTransport())
    session.trust_env = False  # else a variable or a .netrc of the machine decides where it goes and as whom
    if settings.CHAT_PROXY:
        session.proxies = {"https": settings.CHAT_PROXY}
    return session


def beginning_of(response: requests.Response) -> str:
    """Byte by byte: who gives them slowly, or without end, is left."""
    found, ends_at = bytearray(), time.monotonic() + BODY_WITHIN
    for byte in response.iter_content(1):
        found += byte
        if len(found) >= MOST_READ or time.monotonic() > ends_at:
            break
    return found.decode(errors="replace").strip()


def judged(kind: ChatService, status: int, said: str) -> DoorVerdict:
    """A redirect is refused: it leads to a host that nobody has allowed."""
    if status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS) or status >= 500:
        return DoorVerdict.LATER
    if not 200 <= status < 300:
        return DoorVerdict.REFUSED
    fault = kind.read(status, as_json(said))
    if fault == "":
        return DoorVerdict.DELIVERED
    return DoorVerdict.LATER if fault is None or fault in kind.busy else DoorVerdict.REFUSED


def as_json(said: str) -> Any:
    """The words themselves where they are none."""
    try:
        return json.loads(said)
    except (ValueError, RecursionError):
        return said


def told(status: int, said: str, secrets: list[str]) -> str:
    """The door's words in one line, as every database keeps them, in which no part of the address stands, should it
    repeat that."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            said = said.replace(secret, "…")
    line = " ".join(said.replace("\0", "").split())
    return f"{status} {line[:LONGEST_WORDS]}".strip()
