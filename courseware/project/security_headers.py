"""Headers of every response, including error pages and static files."""

PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class SecurityHeadersMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            response.setdefault("Permissions-Policy", PERMISSIONS)  # only a document heeds it
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault("X-Robots-Tag", "noindex")  # public pages, too: a certificate shows a name
        # WhiteNoise sets its own. Pages are personal and must not stay in the cache of a shared computer.
        response.setdefault("Cache-Control", "private, no-store")
        return response


def add_to_static_file(headers, path, url):
    headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
