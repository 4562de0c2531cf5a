from urllib.parse import urlsplit


def page_address(request):
    """Where the page can be asked for again: a form shown with its mistakes stands at an address that takes no GET."""
    if request.method in {"GET", "HEAD"}:
        return {"page_address": request.get_full_path()}
    came_from = urlsplit(request.META.get("HTTP_REFERER", ""))
    return {"page_address": came_from._replace(scheme="", netloc="", fragment="").geturl() or "/"}
