"""The measured site: its server process, and requests to its pages."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Page:
    """`send(site)` makes one request; `bar` is the limit of the ratio."""

    name: str
    send: object
    bar: float
    ratios: list = field(default_factory=list)
    milliseconds: list = field(default_factory=list)


class Site:
    """A gunicorn server with one worker, and a connection to it that stays open."""

    def __init__(self, settings, app):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": settings}
        command = ["gunicorn", app, "-k", "gthread", "-w", "1", "--threads", "4", "-b", f"127.0.0.1:{self.port}"]
        command += ["--keep-alive", "60"]  # seconds: one site is idle while the other is measured
        command += ["--max-requests", "0"]  # a replaced worker's CPU time would be lost
        self.process = subprocess.Popen([sys.executable, "-m", *command, "--log-level", "error"], env=environment)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        self.wait()

    def wait(self):
        for _ in range(200):
            try:
                return socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the server did not start")

    def worker(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def cpu(self):
        """Return the milliseconds of CPU time that all threads of the worker have used."""
        threads = Path(f"/proc/{self.worker()}/task").iterdir()
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1_000_000

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def ask(site, path, cookies, form=None, *, is_piece=False, shows=""):
    """Send a request; exit on an unexpected status. `is_piece`: as by htmx. `shows`: text that must be in the page."""
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), "Accept-Encoding": "gzip"}
    body = None
    if form is not None:
        body = urllib.parse.urlencode(form | {"csrfmiddlewaretoken": cookies["csrftoken"]}, doseq=True)
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"http://127.0.0.1:{site.port}/"}
    if is_piece:
        headers["HX-Request"] = "true"
    site.connection.request("POST" if form is not None else "GET", path, body, headers)
    response = site.connection.getresponse()
    body = response.read().decode(errors="replace")
    expected = 302 if form is not None and not is_piece else 200
    if response.status != expected or "login" in response.getheader("Location", ""):
        raise SystemExit(f"{path}: {response.status} {response.getheader('Location', '')}")
    if shows not in body:
        raise SystemExit(f"{path}: expected {shows!r} in the page")
    return response


@contextmanager
def running(settings, app):
    site = Site(settings, app)
    try:
        yield site
    finally:
        site.stop()
