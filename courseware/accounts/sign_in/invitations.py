"""Invitations: links to set a password, by invitation or on request."""

from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.http import urlencode
from django.utils.translation import gettext

from courseware.accounts.models import User
from courseware.audit_log.record import record, subject_of
from courseware.notifications.email.queue import queue_email


class NotInvited(Exception):
    """The person may not sign in."""


class LinkTokens(PasswordResetTokenGenerator):
    """Tokens, valid for PASSWORD_RESET_TIMEOUT until a sign-in, a new password or address, or a full sign-out."""

    def _make_hash_value(self, user, timestamp):
        return f"{super()._make_hash_value(user, timestamp)}|{user.session_number}"


def password_link(person):
    """Return the absolute URL on which `person` sets a password."""
    # Not the host of the request, which an attacker may choose.
    kwargs = {"uidb36": user_pk_to_url_str(person), "key": LinkTokens().make_token(person)}
    return settings.SITE_URL.rstrip("/") + reverse("account_reset_password_from_key", kwargs=kwargs)


def link_text(message):
    """Return the context of an email with a link, made at sending time: name, link, days of validity."""
    days = settings.PASSWORD_RESET_TIMEOUT // (24 * 60 * 60)
    return {"name": message.person.name, "link": password_link(message.person), "days": days}


def in_other_languages(link, language):
    """Yield (label in that language, URL) of the page `link` for each language of the site but `language` (code)."""
    for code in dict(settings.LANGUAGES):
        if code != language:
            with translation.override(code):
                yield gettext("Open this page in English:"), f"{link}?{urlencode({'language': code})}"


@transaction.atomic
def invite(person, *, by):
    """Email `person` a link to set a password; earlier links stay valid. Raise NotInvited if inactive."""
    if not person.is_active:
        raise NotInvited
    queue_email("invitation", person)
    record("invited", actor=by, subject=person)


@transaction.atomic
def mail_new_link(name, people, *, language):
    """Queue the email that answers a request for a link. `name`: normalized sign-in name. `people`: list of at most one
    person whom it reaches. `language`: code, for people without a chosen language.
    """
    for person in people:
        address = person.email or (name if "@" in name else "")
        queue_email("new-link", person, address=address, language=person.language or language)
    # An email is queued in both cases, so only its recipient learns whether there is an account.
    if not people:
        queue_email("no-account", None, address=name if "@" in name else "", language=language)
    record("link-requested", subject=people[0] if people else subject_of(User, "unknown"))
