"""The connection to the mail server, used for several emails."""

import smtplib
from collections.abc import Mapping
from contextlib import suppress
from email.utils import formataddr, parseaddr, quote
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils import translation

from courseware.branding.branding import ActiveBranding, branding_at
from courseware.course_format.parsing.documents import display_tag
from courseware.notifications.email.circuit_breaker import CircuitBreaker
from courseware.notifications.email.email_types import EmailType
from courseware.notifications.email.rendering import email_page, render_email
from courseware.notifications.email.time_limit import TimeLimit
from courseware.notifications.models import OutgoingEmail
from courseware.notifications.unsubscribe import unsubscribe_url
from courseware.notifications.wording.email_wording import own_wording

PERMANENT = 500  # replies from here on say that trying again is of no use


class PermanentFailure(Exception):
    """The mail server has rejected this email for good."""


class TemporaryFailure(Exception):
    """The mail server is away, busy, or does not answer."""


class NotOpened(OSError):
    """The mail server cannot be reached; `__cause__` says why."""


class SmtpConnection:
    """Opened by the first email, and again after the server has hung up. Each email has `SMTP_SECONDS`."""

    def __init__(self) -> None:
        self.connection: Any = None
        self.limit = TimeLimit(settings.SMTP_SECONDS)
        self.breaker = CircuitBreaker(f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}")

    @property
    def is_unreachable(self) -> bool:
        """Whether this connection has found the server unreachable: `send` would fail."""
        return self.breaker.has_failed

    def send(self, message: OutgoingEmail, kind: EmailType, context: Mapping[str, Any]) -> None:
        """Raises Refused and TemporaryFailure, with the server's own words."""
        letter = composed(message, kind, context)
        with self.limit:
            try:
                self.open()
                letter.connection = self.connection
                letter.send()
            except OSError as error:  # what smtplib raises, too
                raise self.failure(error) from error
        self.breaker.note_answer()

    def open(self) -> None:
        if self.connection is not None:
            return
        connection = get_connection(limit=self.limit)
        try:
            connection.open()
        except OSError as error:
            raise NotOpened from error
        self.connection = connection

    def failure(self, error: OSError) -> PermanentFailure | TemporaryFailure:
        """The outcome for this email. Notes in the breaker an error that concerns all emails."""
        cause = error.__cause__ if isinstance(error, NotOpened) else error
        # After a read timeout smtplib reports a closed connection.
        timed_out = any(isinstance(each, TimeoutError) for each in (error, error.__context__))
        why = f"{type(cause).__name__}: {cause}"
        if self.limit.is_over:
            why = f"no whole answer within {self.limit.seconds} s"
        is_unreachable = self.limit.is_over or timed_out or isinstance(error, NotOpened)
        self.close()
        if is_unreachable:
            self.breaker.note_failure(why)
            return TemporaryFailure(why)
        self.breaker.note_answer()
        said: bytes | str
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            [(code, said)] = error.recipients.values()
        elif isinstance(error, smtplib.SMTPDataError):  # about this letter; SMTPSenderRefused is about all of them
            code, said = error.smtp_code, error.smtp_error
        else:
            return TemporaryFailure(why)
        return (PermanentFailure if code >= PERMANENT else TemporaryFailure)(in_words(code, said))

    def close(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            with self.limit, suppress(OSError):  # closed already
                connection.close()
        self.limit.close()


class NullMailer(SmtpConnection):
    def send(self, message: OutgoingEmail, kind: EmailType, context: Mapping[str, Any]) -> None:
        pass


def in_words(code: int, said: bytes | str) -> str:
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    return f"{code} {words}".replace("\0", "")  # PostgreSQL keeps no such sign


def composed(message: OutgoingEmail, kind: EmailType, context: Mapping[str, Any]) -> EmailMultiAlternatives:
    """The email in the reader's language. `context` may have `house_style_of` (a course) and `attachments`."""
    tag = message.language or settings.LANGUAGE_CODE
    face = branding_at(message.face_key, context.get("house_style_of", ""))  # type: ignore[attr-defined]
    own = own_wording(message.kind, message.words_key)  # type: ignore[attr-defined]
    address = unsubscribe_url(message)
    letter = render_email(kind, context, language=tag, face=face, own=own, unsubscribe_url=address)
    with translation.override(tag):
        language = display_tag(translation.get_language())
    headers = {
        "Content-Language": language,
        # The same at each try: where the server took the letter and we never heard of it, readers see one letter.
        "Message-ID": f"<{message.number}@{urlsplit(settings.SITE_URL).hostname}>",
        "Auto-Submitted": "auto-generated",
        "From": sender_of(face, tag),
    }
    envelope = settings.BOUNCE_ADDRESS or settings.DEFAULT_FROM_EMAIL
    if address:
        headers |= {"List-Unsubscribe": f"<{address}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    files = context.get("attachments")
    to, page = [message.address], email_page(letter, language)
    mail = EmailMultiAlternatives(letter.subject, letter.body, envelope, to, attachments=files, headers=headers)
    mail.attach_alternative(page, "text/html")
    return mail


def sender_of(face: ActiveBranding, language: str) -> str:
    """The From header of the branding, else of the settings. An address that Django cannot encode would stop all."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    said = face.said("sender", language) or face.said("name", language) or name
    address = face.of("sender_address") or address
    return formataddr((said, address)) if f"{said}{address}".isascii() else f'"{quote(said)}" <{address}>'
