"""Site context of every page, for templates: name and branding of the site."""

from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, gettext

from courseware.branding.branding import SITE, ActiveBranding, branding_at, newest_key


def site_name(branding: ActiveBranding) -> str:
    """Return the site's name in the active language, after the company's name if there is one."""
    title, company = gettext("Staff training"), branding.name(get_language())
    return f"{company} · {title}" if company else title


def branding_for(request, course: str = SITE) -> ActiveBranding:
    """Return the branding of a course (id) or SITE. No query if the user is signed in and `styles_at` has cached it."""
    person = getattr(request, "user", None)
    key = person.face_key if person is not None and hasattr(person, "face_key") else newest_key().first()
    return branding_at(key, course)


def branding_for_pages(request):
    """Context processor: `branding` and `site_name`, computed when they are used."""
    branding = SimpleLazyObject(lambda: branding_for(request))
    return {"branding": branding, "site_name": lambda: site_name(branding)}
