"""Headers that belong on every answer, error pages and static files included."""

PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class HeadersMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            response.setdefault("Permissions-Policy", PERMISSIONS)  # only a document heeds it
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault("X-Robots-Tag", "noindex")  # public pages, too: a certificate shows a name
        # WhiteNoise sets its own; every page is somebody's own and must not stay in a shared computer's cache.
        response.setdefault("Cache-Control", "private, no-store")
        return response


def add_to_static_file(headers, path, url):
    """A file is no page: opened by itself it loads nothing, and the pages' longer policy need not come with each."""
    headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
