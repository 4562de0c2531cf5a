"""Identifiers for sign-in, by which people are found: email addresses and staff numbers."""

import unicodedata

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import OuterRef, Q, Subquery

from courseware.accounts.models import AccountMerge, User, plain_staff_number
from courseware.branding.branding import newest_key
from courseware.lib.db.compiled_query import CompiledQuery
from courseware.notifications.inbox import unread_of


def plain_name(typed):
    """Return the typed sign-in name (str) normalized; a name with @ is an email address."""
    text = unicodedata.normalize("NFKC", typed).strip()
    return text.lower() if "@" in text else plain_staff_number(text)


def person_by_name(name):
    """Return a queryset of at most one person, active or not, with this normalized sign-in name."""
    return User.objects.filter(email=name) if "@" in name else User.objects.filter(staff_number=name)


def reached_by(name):
    """Return a queryset of at most one active person with this normalized sign-in name, or whose alias has it."""
    field = "email" if "@" in name else "staff_number"
    merged = AccountMerge.objects.in_force().filter(**{f"other__{field}": name}).values("kept")
    return User.objects.filter(Q(**{field: name}) | Q(pk__in=merged), is_active=True)


# Every page shows these facts, so they are loaded together with the person.
BESIDE = {"face_key": Subquery(newest_key()), "unread": Subquery(unread_of(OuterRef("pk")))}
SIGNED_IN = CompiledQuery(lambda person: User.objects.annotate(**BESIDE).filter(pk=person))


class IdentifierBackend(AuthenticationBackend):
    """Authenticate by a sign-in name with one query, so that the time does not reveal known names."""

    def _authenticate_by_email(self, email, password):
        return self._check_password(person_by_name(email).first(), password)

    def get_user(self, user_id):
        found = SIGNED_IN(person=user_id)
        return found[0] if found and self.user_can_authenticate(found[0]) else None
