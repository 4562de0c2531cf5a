"""Links to set a password: the first one by invitation, a new one on request."""

from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.urls import reverse

from courseware.accounts import mailing
from courseware.accounts.models import User
from courseware.evidence.recording import record, subject_of


class NotInvited(Exception):
    """The person may not sign in, so a link would be useless."""


class LinkTokens(PasswordResetTokenGenerator):
    """Tokens that expire after PASSWORD_RESET_TIMEOUT, and at once when the password or the address changes, when the
    person signs in, or is signed out everywhere (so the links of a deactivated person never work again).
    """

    def _make_hash_value(self, user, timestamp):
        return f"{super()._make_hash_value(user, timestamp)}|{user.session_number}"


def password_link(person):
    """The address where `person` sets a password."""
    # With SITE_URL, never the request's host, which an attacker may choose.
    kwargs = {"uidb36": user_pk_to_url_str(person), "key": LinkTokens().make_token(person)}
    return settings.SITE_URL.rstrip("/") + reverse("account_reset_password_from_key", kwargs=kwargs)


def days_of_a_link():
    return settings.PASSWORD_RESET_TIMEOUT // (24 * 60 * 60)


def invite(person, *, by):
    """Mail `person` a link to set the first password; links sent earlier stay valid.

    Raises NotInvited, or mailing.NotSent; then nothing is logged.
    """
    if not person.is_active:
        raise NotInvited
    link, days = password_link(person), days_of_a_link()
    mailing.send("invitation", person.email, language=person.language, name=person.name, link=link, days=days)
    record("invited", actor=by, subject=person)


def mail_new_link(address, people, *, language):
    """Answer a request for a link. `people` are those with this address: one or none. Raises mailing.NotSent."""
    for person in people:
        link, days = password_link(person), days_of_a_link()
        mailing.send(
            "new_link", person.email, language=person.language or language, name=person.name, link=link, days=days
        )
    # A letter is sent either way, and takes the same time: only its reader learns whether there is an account.
    if not people:
        mailing.send("no_account", address, language=language, address=address)
    record("link-requested", subject=people[0] if people else subject_of(User, "unknown"))
