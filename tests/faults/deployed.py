"""Visitors and writers of a deployed site: TLS through its proxy, below the rate limits, with retries."""

import ssl
import time
import urllib.request

from tests.faults.killing import RetryingVisitor, RetryingWriters
from tests.faults.visitors import Visitor
from tests.patience import PATIENCE


class TlsVisitor(RetryingVisitor):
    """`place`: host and port of the proxy; `certificate`: file of its expected certificate."""

    gives_up_after = PATIENCE  # longer than any upgrade closes the site

    def __init__(self, place, certificate, scheme="https"):
        self.certificate, self.origin = certificate, f"{scheme}://{place}"
        super().__init__(place)

    def handlers(self):
        trusting = ssl.create_default_context(cafile=self.certificate)
        return [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting)]

    longest = 0  # seconds until a request was accepted, with all retries

    def ask(self, path, body=None):
        began = time.monotonic()
        try:
            return super().ask(path, body)
        finally:
            self.longest = max(self.longest, time.monotonic() - began)

    def ask_once(self, path):
        return Visitor.ask(self, path)


class PacedWriters(RetryingWriters):
    """Each person stays below `ANSWERS_PER_MINUTE`: those in lessons write in rotation, the other two pause."""

    pause = 0.15
    number = 5  # people who write at a time

    def __init__(self, site, place, certificate):
        super().__init__(site, place)
        self.certificate = certificate

    def visitor(self):
        return TlsVisitor(self.port, self.certificate)

    @property
    def longest(self):
        return max(visitor.longest for visitor in self.people.values())

    def play(self):
        return slowly(super().play())

    def take_exam(self):
        return slowly(super().take_exam())


def slowly(acts):
    for _ in acts:
        yield
        time.sleep(1)
