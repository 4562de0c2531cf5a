"""SMTP server on this machine, with failure modes."""

import asyncio
import socket
import threading
from collections import Counter
from contextlib import closing, contextmanager
from email import message_from_bytes

from aiosmtpd.controller import Controller

from courseware.notifications.email.delivery import sent
from courseware.notifications.email.email_types import EmailCategory, EmailType, one_by_one
from courseware.notifications.email.smtp_connection import SmtpConnection

GOOD, REFUSES, FULL, BUSY, DROPS, HANGS = "good", "refuses", "full", "busy", "drops", "hangs"


def note_data(message):
    return {"name": message.person.name, "what": "A note.", "detail": ""}


def note_type(category=EmailCategory.IMMEDIATE, *, why_unwanted=lambda message: "", context=note_data):
    """A type of email that says “A note.”."""
    template = "accounts/mail/account_notice.txt"
    return EmailType("A note", template, one_by_one(why_unwanted), one_by_one(context), category)


def send_all(ids):
    """Send these emails, in at most one round each; return the count per state."""
    keys, states = list(ids), Counter()
    with closing(SmtpConnection()) as connection:
        for _ in keys:
            states.update(sent(keys, connection))
    return dict(states)


class Manners:
    """`taken`: accepted emails as (recipient, Message-ID); `taken_in_silence`: how many of them ended with a hang-up.

    `knows_nobody`: reject addresses that begin with “nobody”. `spell`: emails until a bad manner ends.
    """

    def __init__(self):
        self.manner, self.spell, self.taken, self.connections = GOOD, 0, [], 0
        self.taken_in_silence, self.knows_nobody = 0, False
        self.released = threading.Event()

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.connections += 1
        session.host_name = hostname
        return responses

    def manner_of_this_moment(self):
        manner = self.manner
        if self.spell:
            self.spell -= 1
            self.manner = manner if self.spell else GOOD
        return manner

    async def handle_RCPT(self, server, session, envelope, address, options):
        envelope.manner = self.manner_of_this_moment()
        if (envelope.manner == REFUSES or self.knows_nobody) and address.startswith("nobody"):
            return "550 5.1.1 no such mailbox"
        if envelope.manner == BUSY:
            return "450 4.2.0 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if envelope.manner == FULL:
            return "552 5.3.4 too large"
        if envelope.manner == HANGS:
            while not self.released.is_set():
                await asyncio.sleep(0.01)
            return "421 gone"
        self.taken.append((*envelope.rcpt_tos, message_from_bytes(envelope.content)["Message-ID"]))
        if envelope.manner == DROPS:
            self.taken_in_silence += 1
            server.transport.abort()
            await asyncio.sleep(0)
        return "250 taken"


@contextmanager
def mail_server():
    """Yield (manners, port)."""
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
    """Point the email settings to the server."""
    with mail_server() as (manners, port):
        settings.EMAIL_BACKEND = "courseware.notifications.email.smtp_backend.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 1
        yield manners
