"""Return URLs sent by a browser: the page to return to. Also the URL of the current page."""

from urllib.parse import urlsplit

from django.utils.http import url_has_allowed_host_and_scheme


def is_own_url(url, request):
    """Return whether `url` is on this host. A bare word is refused, because browsers may take it for a host."""
    if not url or not url.startswith(("/", "http://", "https://")):
        return False
    return url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure())


def page_before(request):
    """Return the URL in `next` if it is on this host, else an empty text."""
    address = request.POST.get("next") or request.GET.get("next") or ""
    return address if is_own_url(address, request) else ""


def page_address(request):
    """Context processor: the URL of the current page."""
    if request.method in {"GET", "HEAD"}:
        return {"page_address": request.get_full_path()}
    # The URL of a form shown again takes no GET, so use the page that the form was on.
    referer = urlsplit(request.META.get("HTTP_REFERER", ""))
    return {"page_address": referer._replace(scheme="", netloc="", fragment="").geturl() or "/"}
