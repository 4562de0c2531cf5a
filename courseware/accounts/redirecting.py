from django.utils.http import url_has_allowed_host_and_scheme


def stays_here(url, request):
    """Whether `url`, given by a browser, leads to this very host; what `next` may be."""
    return url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure())
