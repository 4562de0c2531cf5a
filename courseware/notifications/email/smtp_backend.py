"""Django's SMTP backend with a TimeLimit for each connection."""

import smtplib
import socket
from typing import Any

from django.core.mail.backends import smtp

from courseware.notifications.email.time_limit import TimeLimit


class WatchedSMTP(smtplib.SMTP):
    limit: TimeLimit

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]  # unknown to its stubs
        self.limit.watch(sock)
        return sock


class WatchedSMTPS(smtplib.SMTP_SSL, WatchedSMTP):
    """Limited from the TCP connection on, so that the limit covers the TLS handshake."""


class EmailBackend(smtp.EmailBackend):
    def __init__(self, *arguments: Any, limit: TimeLimit | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.limit = limit

    @property
    def connection_class(self) -> Any:
        if self.limit is None:
            return super().connection_class  # type: ignore[misc]  # unknown to its stubs
        kind = WatchedSMTPS if self.use_ssl else WatchedSMTP
        return type(kind.__name__, (kind,), {"limit": self.limit})
