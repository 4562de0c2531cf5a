"""What the site calls itself, above every page that is not of a course, and the face that pages wear."""

from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, gettext

from courseware.face.faces import SITE, Face, face_at, newest_key


def site_name(face: Face) -> str:
    words, firm = gettext("Staff training"), face.name(get_language())
    return f"{firm} · {words}" if firm else words


def face_for(request, course: str = SITE) -> Face:
    """That of a course, or of the site. Of a person who was read for this request it runs no query."""
    person = getattr(request, "user", None)
    key = person.face_key if person is not None and hasattr(person, "face_key") else newest_key().first()
    return face_at(key, course)


def face_for_pages(request):
    face = SimpleLazyObject(lambda: face_for(request))
    return {"face": face, "site_name": lambda: site_name(face)}
