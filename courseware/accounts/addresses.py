"""Addresses that a browser gives: of the page it shows, and where to go next."""

from urllib.parse import urlsplit

from django.utils.http import url_has_allowed_host_and_scheme


def stays_here(url, request):
    """Whether `url`, given by a browser, is on this host, and so may be redirected to. A bare word is no address: it
    would be taken for the name of one."""
    if not url or not url.startswith(("/", "http://", "https://")):
        return False
    return url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure())


def page_before(request):
    """Where the browser says that it came from; "" where that is not here."""
    address = request.POST.get("next") or request.GET.get("next") or ""
    return address if stays_here(address, request) else ""


def page_address(request):
    if request.method in {"GET", "HEAD"}:
        return {"page_address": request.get_full_path()}
    # A form shown again with its errors has an address that takes no GET; the page it was on can be asked for again.
    referer = urlsplit(request.META.get("HTTP_REFERER", ""))
    return {"page_address": referer._replace(scheme="", netloc="", fragment="").geturl() or "/"}
