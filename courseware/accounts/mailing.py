"""Letters: plain text, in the reader's language, one template each. The template's first line is the subject."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from courseware.language.documents import display_tag


class NotSent(Exception):
    """The mail server did not take the letter."""


def send(letter, address, /, *, language="", **context):
    """Send `accounts/mail/<letter>.txt` to `address` and wait until the mail server has accepted it.

    Call it outside of transactions: a slow mail server must not hold the database's locks. Raises NotSent.
    """
    with translation.override(language or settings.LANGUAGE_CODE):
        text = render_to_string(f"accounts/mail/{letter}.txt", {"site_url": settings.SITE_URL, **context})
        headers = {"Content-Language": display_tag(translation.get_language())}
    subject, _, body = text.strip().partition("\n")
    try:
        EmailMessage(subject.strip(), body.strip() + "\n", to=[address], headers=headers).send()
    except OSError as error:  # what smtplib raises, too
        raise NotSent from error
