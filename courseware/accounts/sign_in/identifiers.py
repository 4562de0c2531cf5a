"""Sign-in names: an email address or a staff number."""

import unicodedata

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import OuterRef, Q, Subquery

from courseware.accounts.models import AccountMerge, User, plain_staff_number
from courseware.branding.branding import newest_key
from courseware.lib.db.compiled_query import CompiledQuery
from courseware.notifications.inbox import unread_of


def plain_name(typed):
    """Normalized. Only addresses have an @."""
    text = unicodedata.normalize("NFKC", typed).strip()
    return text.lower() if "@" in text else plain_staff_number(text)


def called(name):
    """The person with this normalized name: a queryset of one or none."""
    return User.objects.filter(email=name) if "@" in name else User.objects.filter(staff_number=name)


def reached_by(name):
    """The active person with this name, also of a merged account: a queryset of one or none."""
    field = "email" if "@" in name else "staff_number"
    merged = AccountMerge.objects.standing().filter(**{f"other__{field}": name}).values("kept")
    return User.objects.filter(Q(**{field: name}) | Q(pk__in=merged), is_active=True)


# What every page shows beside the person comes with the person, so that it costs no statement of its own.
BESIDE = {"face_key": Subquery(newest_key()), "unread": Subquery(unread_of(OuterRef("pk")))}
SIGNED_IN = CompiledQuery(lambda person: User.objects.annotate(**BESIDE).filter(pk=person))


class IdentifierBackend(AuthenticationBackend):
    """allauth's, which looks for both kinds of names in turn: a known name would take twice the time."""

    def _authenticate_by_email(self, email, password):
        return self._check_password(called(email).first(), password)

    def get_user(self, user_id):
        found = SIGNED_IN(person=user_id)
        return found[0] if found and self.user_can_authenticate(found[0]) else None
