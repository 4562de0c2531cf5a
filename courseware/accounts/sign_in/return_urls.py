"""URLs given by a browser: the current page, and where to go next."""

from urllib.parse import urlsplit

from django.utils.http import url_has_allowed_host_and_scheme


def stays_here(url, request):
    """Whether `url` is on this host. A bare word is refused: a browser would take it for a host name."""
    if not url or not url.startswith(("/", "http://", "https://")):
        return False
    return url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure())


def page_before(request):
    address = request.POST.get("next") or request.GET.get("next") or ""
    return address if stays_here(address, request) else ""


def page_address(request):
    if request.method in {"GET", "HEAD"}:
        return {"page_address": request.get_full_path()}
    # A form shown again with its errors has an address that takes no GET; the page it was on can be asked for again.
    referer = urlsplit(request.META.get("HTTP_REFERER", ""))
    return {"page_address": referer._replace(scheme="", netloc="", fragment="").geturl() or "/"}
