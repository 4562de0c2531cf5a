"""People of a site as it is deployed: by TLS through its proxy, no faster than one may, and stubborn."""

import ssl
import time
import urllib.request

from tests.faults.killing import Stubborn, StubbornWriters
from tests.faults.visitors import Visitor
from tests.patience import PATIENCE


class TlsVisitor(Stubborn):
    """`place` is host and port of the proxy, `certificate` the file of the certificate it must have."""

    gives_up_after = PATIENCE  # longer than any upgrade closes the site

    def __init__(self, place, certificate, scheme="https"):
        self.certificate, self.origin = certificate, f"{scheme}://{place}"
        super().__init__(place)

    def handlers(self):
        trusting = ssl.create_default_context(cafile=self.certificate)
        return [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting)]

    longest = 0  # seconds until something was taken, however often it was sent

    def ask(self, path, body=None):
        began = time.monotonic()
        try:
            return super().ask(path, body)
        finally:
            self.longest = max(self.longest, time.monotonic() - began)

    def ask_once(self, path):
        return Visitor.ask(self, path)


class PacedWriters(StubbornWriters):
    """Each person stays below `ANSWERS_PER_MINUTE`: those in the lessons take turns, the other two wait."""

    pause = 0.15
    number = 5  # of those who write at a time

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

    def sit(self):
        return slowly(super().sit())


def slowly(acts):
    for _ in acts:
        yield
        time.sleep(1)
