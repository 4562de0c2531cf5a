"""A wall-clock limit for one conversation with a server. The timeout of a socket starts again with each byte, so a
server that sends one byte at a time would hold a worker for ever."""

import os
import socket
import threading
from contextlib import suppress
from typing import Self


class TimeLimit:
    """Used as a context: the watched sockets are shut down `seconds` after it was entered, `is_over` says whether.

    Entered again, the time starts again. Resolving a host name is not covered: there is no socket yet.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self.is_over = seconds, False
        self.sockets: list[socket.socket] = []
        self.timer: threading.Timer | None = None

    def watch(self, sock: socket.socket) -> None:
        # A duplicate: starting TLS takes the original object apart, and shutting down either ends the connection.
        self.sockets.append(socket.socket(fileno=os.dup(sock.fileno())))
        if self.is_over:
            self.shut_down()

    def shut_down(self) -> None:
        self.is_over = True
        for sock in self.sockets:
            with suppress(OSError):  # the connection has ended already
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Forget the sockets. A duplicate that stays open would keep its connection open."""
        while self.sockets:
            self.sockets.pop().close()

    def __enter__(self) -> Self:
        self.stop()
        self.is_over = False
        self.timer = threading.Timer(self.seconds, self.shut_down)
        self.timer.daemon = True
        self.timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        if self.timer:
            self.timer.cancel()
