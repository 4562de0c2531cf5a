"""A mail server on this machine, with the manners of good and of bad ones."""

import asyncio
import socket
import threading
from contextlib import contextmanager
from email import message_from_bytes

from aiosmtpd.controller import Controller

GOOD, REFUSES, FULL, BUSY, DROPS, HANGS = "good", "refuses", "full", "busy", "drops", "hangs"


class Manners:
    """`taken` holds the letters it said yes to, or took without a word: (to whom, Message-ID, the whole letter)."""

    def __init__(self):
        self.manner, self.taken, self.connections = GOOD, [], 0
        self.released = threading.Event()

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.manner == REFUSES and address.startswith("nobody"):
            return "550 5.1.1 no such mailbox"
        if self.manner == BUSY:
            return "450 4.2.0 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.manner == FULL:
            return "552 5.3.4 too large"
        if self.manner == HANGS:
            while not self.released.is_set():
                await asyncio.sleep(0.01)
            return "421 gone"
        self.taken.append((*envelope.rcpt_tos, message_from_bytes(envelope.content)["Message-ID"]))
        if self.manner == DROPS:
            server.transport.abort()
            await asyncio.sleep(0)
        return "250 taken"


@contextmanager
def mail_server():
    """(its manners, its port)."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    manners = Manners()
    controller = Controller(manners, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield manners, port
    finally:
        manners.released.set()
        controller.stop()


@contextmanager
def mail_sink(settings):
    """The settings send to it meanwhile."""
    with mail_server() as (manners, port):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 1
        yield manners
