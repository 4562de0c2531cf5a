"""All routes of the site, read from the resolver."""

import re
from collections.abc import Iterator

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, get_resolver

PLACEHOLDER = re.compile(r"<(?:\w+:)?(\w+)>")


def routes(resolver=None, before="") -> Iterator[tuple[str, URLPattern]]:
    """(route as written, such as "learn/<id:course>/emergency-card/"; its pattern), in the order of the resolver."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + readable(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route, pattern
        else:
            yield from routes(pattern, route)


def readable(pattern) -> str:
    text = str(pattern)
    is_regex = text.startswith("^") or text.endswith("$") or "(?P<" in text
    return simplify_regex(text).lstrip("/") if is_regex else text


class UnknownPlaceholder(AssertionError):
    pass


def beginnings(route: str) -> list[str]:
    """The route as far as each of its placeholders, without their converters."""
    return [PLACEHOLDER.sub(r"<\1>", route[: found.end()]) for found in PLACEHOLDER.finditer(route)]


def fill_in(route: str, places: dict[str, object]) -> str:
    """The URL of a route: `places` maps the route up to each placeholder to its value."""
    filled, end = "", 0
    for begin, found in zip(beginnings(route), PLACEHOLDER.finditer(route), strict=True):
        if begin not in places:
            raise UnknownPlaceholder(f"/{route}: add {begin!r} to places_of in tests/world.py")
        filled += route[end : found.start()] + str(places[begin])
        end = found.end()
    return "/" + filled + route[end:]
