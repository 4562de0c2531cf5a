"""Resubmission of forms sent after the session ended: the cache keeps them for their author, by a key in a cookie."""

import secrets
from dataclasses import asdict, dataclass

from allauth.core import ratelimit
from django.core.cache import cache

from courseware.accounts.security import cookies

HELD_FOR = 30 * 60  # seconds
REMEMBERED_FOR = 24 * 60 * 60  # seconds; longer than any session, because its last form may come late
MOST_CHARACTERS = 200_000  # of all fields together
FORM_COOKIE, PERSON_COOKIE = cookies.named("unsent-form"), cookies.named("last-person")
SENT = "unsent-form"  # field of a form that was stored


@dataclass(frozen=True)
class PendingSubmission:
    """A stored form. `person`: id of its author. `address`: URL of the form; `page`: URL that shows it."""

    person: int
    address: str
    page: str
    fields: list[tuple[str, str]]

    @property
    def texts(self) -> list[str]:
        """Values worth showing: longer than 60 characters, or of several lines."""
        return [value for name, value in self.fields if len(value) > 60 or "\n" in value]


def fields_of(request) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in ("csrfmiddlewaretoken", SENT)
    ]


def hold(request, response, page: str) -> bool:
    """Store the posted form, set a cookie on `response`, and return True. `page`: URL that shows the form. Return False
    for files, passwords, over MOST_CHARACTERS, too many forms in an hour, and a browser without a known person.
    """
    fields = fields_of(request)
    person = request.user.pk or last_person(request)
    length = sum(len(name) + len(value) for name, value in fields)
    has_secret = any("password" in name.lower() for name, _value in fields)
    if not person or request.FILES or length > MOST_CHARACTERS or has_secret:
        return False
    if not ratelimit.consume(request, action="pending_submissions", key=str(person)):  # limits use of disk
        return False
    key = secrets.token_urlsafe()
    cache.set(f"held-form:{key}", asdict(PendingSubmission(person, request.get_full_path(), page, fields)), HELD_FOR)
    # The cookie outlives the form, so that a late writer gets a message.
    response.set_cookie(FORM_COOKIE, key, **cookies.attributes(REMEMBERED_FOR))
    return True


def pending_submission(request) -> PendingSubmission | None:
    """Return the form stored for this browser, or None. Show it only to its author: compare `person` with the user."""
    stored = cache.get(f"held-form:{request.COOKIES.get(FORM_COOKIE, '')}")
    return PendingSubmission(**stored) if stored else None


def drop(request, response) -> None:
    cache.delete(f"held-form:{request.COOKIES.get(FORM_COOKIE, '')}")
    response.delete_cookie(FORM_COOKIE, samesite="Lax")


def last_person(request) -> int | None:
    """Return the id of the person last signed in with this browser, or None."""
    value = request.get_signed_cookie(PERSON_COOKIE, default="", salt=PERSON_COOKIE, max_age=REMEMBERED_FOR)
    return int(value) if value else None


def remember_person(request, response) -> None:
    if last_person(request) != request.user.pk:
        value = str(request.user.pk)
        response.set_signed_cookie(PERSON_COOKIE, value, salt=PERSON_COOKIE, **cookies.attributes(REMEMBERED_FOR))
