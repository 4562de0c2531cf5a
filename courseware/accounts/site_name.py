"""What the site calls itself, above every page that is not of a course."""

from django.conf import settings
from django.utils.translation import gettext


def site_name() -> str:
    words = gettext("Staff training")
    return f"{settings.FIRM_NAME} · {words}" if settings.FIRM_NAME else words


def site_name_for_pages(request):
    return {"site_name": site_name}
