"""What the site calls itself, above every page that is not of a course."""

from django.conf import settings
from django.utils.translation import gettext


def site_name() -> str:
    return settings.SITE_NAME or gettext("Staff training")


def site_name_for_pages(request):
    return {"site_name": site_name}
