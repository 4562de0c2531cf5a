"""Time limit (wall clock) for one conversation with a server. A socket timeout would restart with each byte."""

import os
import socket
import threading
from contextlib import suppress
from typing import Self


class TimeLimit:
    """Shuts down the watched sockets after `seconds` in its block; then `is_over` is true. Can be entered again."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.is_over = seconds, False
        self.sockets: list[socket.socket] = []
        self.timer: threading.Timer | None = None

    def watch(self, sock: socket.socket) -> None:
        # A duplicate, because TLS detaches the original. Shutting down either of them ends the connection.
        self.sockets.append(socket.socket(fileno=os.dup(sock.fileno())))
        if self.is_over:
            self.shut_down()

    def shut_down(self) -> None:
        self.is_over = True
        for sock in self.sockets:
            with suppress(OSError):  # the connection has ended already
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the duplicates, which would keep the connection open."""
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
