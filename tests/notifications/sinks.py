"""A mail server on this machine, with the manners of good and of bad ones."""

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


def words_of(message):
    return {"name": message.person.name, "what": "A note.", "detail": ""}


def note_kind(sort=EmailCategory.IMMEDIATE, *, why_unwanted=lambda message: "", context=words_of):
    """A type of email that says “A note.”."""
    template = "accounts/mail/account_notice.txt"
    return EmailType("A note", template, one_by_one(why_unwanted), one_by_one(context), sort)


def send_all(ids):
    """State → how many of these messages have come to it. As many rounds as a reader of all of them needs."""
    keys, states = list(ids), Counter()
    with closing(SmtpConnection()) as door:
        for _ in keys:
            states.update(sent(keys, door))
    return dict(states)


class Manners:
    """`taken` holds the letters it said yes to, or took without a word: (to whom, Message-ID).

    With `knows_nobody` it refuses whoever is called so, in any manner. A bad manner with a `spell` ends after so many
    letters. `taken_in_silence` counts those after which it hung up.
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
        settings.EMAIL_BACKEND = "courseware.notifications.email.smtp_backend.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 1
        yield manners
