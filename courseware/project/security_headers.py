"""Security headers of all responses, including error pages and static files."""

PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class SecurityHeadersMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            response.setdefault("Permissions-Policy", PERMISSIONS)  # browsers read it in documents only
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault("X-Robots-Tag", "noindex")  # also for public pages: a certificate shows a name
        # Pages are personal and must not stay in the cache of a shared computer. WhiteNoise sets its own header.
        response.setdefault("Cache-Control", "private, no-store")
        return response


def add_to_static_file(headers, path, url):
    headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
