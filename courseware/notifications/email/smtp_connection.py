"""Send emails by one SMTP connection, which is used for several emails."""

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

PERMANENT = 500  # SMTP reply codes from here on are permanent failures


class PermanentFailure(Exception):
    """The mail server has rejected this email; do not retry."""


class TemporaryFailure(Exception):
    """The mail server is unreachable, busy, or does not answer."""


class NotOpened(OSError):
    """The mail server cannot be reached; `__cause__` is the reason."""


class SmtpConnection:
    """A connection opened at the first email, and again after a failure. SMTP_SECONDS limits each email."""

    def __init__(self) -> None:
        self.connection: Any = None
        self.limit = TimeLimit(settings.SMTP_SECONDS)
        self.breaker = CircuitBreaker(f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}")

    @property
    def is_unreachable(self) -> bool:
        """Whether this connection has found the server unreachable, so that `send` would fail."""
        return self.breaker.has_failed

    def send(self, email: OutgoingEmail, email_type: EmailType, context: Mapping[str, Any]) -> None:
        """Send an email. Raise PermanentFailure or TemporaryFailure with the reply. Arguments: see `composed`."""
        mail = composed(email, email_type, context)
        with self.limit:
            try:
                self.open()
                mail.connection = self.connection
                mail.send()
            except OSError as error:  # includes errors of smtplib
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
        """Close the connection, tell the breaker whether the server answered, and return the exception to raise."""
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
        reply: bytes | str
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            [(code, reply)] = error.recipients.values()
        elif isinstance(error, smtplib.SMTPDataError):  # about this email; SMTPSenderRefused concerns all
            code, reply = error.smtp_code, error.smtp_error
        else:
            return TemporaryFailure(why)
        return (PermanentFailure if code >= PERMANENT else TemporaryFailure)(in_words(code, reply))

    def close(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            with self.limit, suppress(OSError):  # closed already
                connection.close()
        self.limit.close()


class NullMailer(SmtpConnection):
    def send(self, email: OutgoingEmail, email_type: EmailType, context: Mapping[str, Any]) -> None:
        pass


def in_words(code: int, reply: bytes | str) -> str:
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    return f"{code} {text}".replace("\0", "")  # PostgreSQL cannot store NUL


def composed(email: OutgoingEmail, email_type: EmailType, context: Mapping[str, Any]) -> EmailMultiAlternatives:
    """Return the message of an email from `delivery.claimed`. `context`: of its template; may have `house_style_of`
    (id of the course whose branding is used) and `attachments` (as for Django's EmailMessage).
    """
    tag = email.language or settings.LANGUAGE_CODE
    branding = branding_at(email.face_key, context.get("house_style_of", ""))  # type: ignore[attr-defined]
    own = own_wording(email.kind, email.words_key)  # type: ignore[attr-defined]
    unsubscribe_link = unsubscribe_url(email)
    rendered = render_email(email_type, context, language=tag, face=branding, own=own, unsubscribe_url=unsubscribe_link)
    with translation.override(tag):
        language = display_tag(translation.get_language())
    headers = {
        "Content-Language": language,
        # The same at each attempt: if a server's confirmation was lost, mailboxes show one email.
        "Message-ID": f"<{email.number}@{urlsplit(settings.SITE_URL).hostname}>",
        "Auto-Submitted": "auto-generated",
        "From": sender_of(branding, tag),
    }
    envelope = settings.BOUNCE_ADDRESS or settings.DEFAULT_FROM_EMAIL
    if unsubscribe_link:
        headers |= {"List-Unsubscribe": f"<{unsubscribe_link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    files = context.get("attachments")
    to, html = [email.address], email_page(rendered, language)
    mail = EmailMultiAlternatives(rendered.subject, rendered.body, envelope, to, attachments=files, headers=headers)
    mail.attach_alternative(html, "text/html")
    return mail


def sender_of(branding: ActiveBranding, language: str) -> str:
    """Return the From header: name and address of the branding, else of the settings; non-ASCII is not encoded."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    display_name = branding.said("sender", language) or branding.said("name", language) or name
    address = branding.of("sender_address") or address
    return (
        formataddr((display_name, address))
        if f"{display_name}{address}".isascii()
        else f'"{quote(display_name)}" <{address}>'
    )
