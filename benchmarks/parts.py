"""CPU time of a page by part: database connection, queries, rendering, compression, and the rest.

    python -m benchmarks.parts [--people 1000] [--requests 200] [home lesson …]

Pages are requested within this process, and the calls of each part are timed. A nested part counts for the outer one.
Exceptions: opening the database is never part of another, and queries of a template are not part of rendering. Printed
are medians over the requests.
"""

import argparse
import io
import statistics
import time
import urllib.parse
from collections import Counter

from benchmarks import scenario

OPENING, RENDERING = "opening and closing the database", "rendering"
REST = "the rest: address, policies, language, view"


class Clock:
    def __init__(self):
        self.now, self.spent = [REST], Counter()
        self.since = time.thread_time()

    def turn(self):
        at = time.thread_time()
        self.spent[self.now[-1]] += at - self.since
        self.since = at

    def part(self, name, call):
        def timed(*args, **options):
            if name != OPENING and self.now[-1] not in (REST, RENDERING):
                return call(*args, **options)
            self.turn()
            self.now.append(name)
            try:
                return call(*args, **options)
            finally:
                self.turn()
                self.now.pop()

        return timed

    def read(self):
        self.turn()
        spent, self.spent = self.spent, Counter()
        return spent


def timed_parts(clock):
    from django.contrib.auth.backends import ModelBackend
    from django.contrib.sessions.backends.db import SessionStore
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model, QuerySet
    from django.middleware.gzip import GZipMiddleware
    from django.template.backends.django import Template

    from courseware.lib.db.compiled_query import CompiledQuery

    for name, owner, method in (
        (OPENING, BaseDatabaseWrapper, "connect"),
        (OPENING, BaseDatabaseWrapper, "close"),
        ("session", SessionStore, "load"),
        ("person", ModelBackend, "get_user"),
        ("statements that are kept", CompiledQuery, "__call__"),
        ("other statements", QuerySet, "_fetch_all"),
        ("other statements", Model, "save"),
        ("other statements", QuerySet, "update"),
        (RENDERING, Template, "render"),
        ("compressing", GZipMiddleware, "process_response"),
    ):
        setattr(owner, method, clock.part(name, getattr(owner, method)))


class Site:
    """Takes the requests of `scenario` for the application in this process."""

    port = 8000

    def __init__(self, application, clock):
        self.application, self.clock, self.connection = application, clock, self
        self.spent = Counter()

    def request(self, method, path, body, headers):
        body = (body or "").encode()
        names = {name.upper().replace("-", "_"): value for name, value in headers.items()}
        path, _, query = path.partition("?")
        self.environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": urllib.parse.unquote(path),
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.port),
            "HTTP_HOST": f"127.0.0.1:{self.port}",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": names.pop("CONTENT_TYPE", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
            **{f"HTTP_{name}": value for name, value in names.items()},
        }

    def getresponse(self):
        self.clock.read()
        response = self.application(self.environ, lambda status, headers: None)
        self.body = b"".join(response)
        response.close()
        self.spent.update(self.clock.read())
        self.status, self.headers = response.status_code, response.headers
        return self

    def read(self):
        return self.body

    def getheader(self, name, default):
        return self.headers.get(name, default)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--people", type=int, default=1000)
    options.add_argument("--requests", type=int, default=200)
    options.add_argument("pages", nargs="*", default=["home", "lesson", "answer", "save"])
    options = options.parse_args()
    with scenario.own_folder():
        pages = scenario.prepare(options.people).pages()
        from courseware.wsgi import application

        site = Site(application, Clock())
        timed_parts(site.clock)
        found = {name: spent_on(pages[name], site, options.requests) for name in options.pages}
    report(found)


def spent_on(page, site, requests):
    """Part → the median of its milliseconds."""
    for _ in range(50):
        page.send(site)
    rounds = []
    for _ in range(requests):
        site.spent = Counter()
        page.send(site)
        rounds.append(site.spent)
    names = {name for spent in rounds for name in spent}
    return {name: 1000 * statistics.median(spent[name] for spent in rounds) for name in names}


def report(found):
    print(f"\n{scenario.database_name()}, milliseconds of CPU\n")
    print(f"| part | {' | '.join(found)} |\n|---|{'---|' * len(found)}")
    parts = {name: max(spent.get(name, 0) for spent in found.values()) for spent in found.values() for name in spent}
    for part in sorted(parts, key=parts.get, reverse=True):
        print(f"| {part} | {' | '.join(f'{spent.get(part, 0):.2f}' for spent in found.values())} |")
    print(f"| together | {' | '.join(f'{sum(spent.values()):.2f}' for spent in found.values())} |")


if __name__ == "__main__":
    main()
