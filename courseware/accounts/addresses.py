"""Addresses a browser names: where it is, and where it may be sent."""

from urllib.parse import urlsplit

from django.utils.http import url_has_allowed_host_and_scheme


def stays_here(url, request):
    """Whether `url`, given by a browser, leads to this very host; what `next` may be."""
    return url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure())


def page_address(request):
    """Where the page can be asked for again: a form shown with its mistakes stands at an address that takes no GET."""
    if request.method in {"GET", "HEAD"}:
        return {"page_address": request.get_full_path()}
    came_from = urlsplit(request.META.get("HTTP_REFERER", ""))
    return {"page_address": came_from._replace(scheme="", netloc="", fragment="").geturl() or "/"}
