"""The site's name and branding."""

from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, gettext

from courseware.branding.branding import SITE, ActiveBranding, branding_at, newest_key


def site_name(face: ActiveBranding) -> str:
    words, firm = gettext("Staff training"), face.name(get_language())
    return f"{firm} · {words}" if firm else words


def branding_for(request, course: str = SITE) -> ActiveBranding:
    """The branding of a course, or of the site. Runs no query for a person read for this request."""
    person = getattr(request, "user", None)
    key = person.face_key if person is not None and hasattr(person, "face_key") else newest_key().first()
    return branding_at(key, course)


def branding_for_pages(request):
    face = SimpleLazyObject(lambda: branding_for(request))
    return {"branding": face, "site_name": lambda: site_name(face)}
