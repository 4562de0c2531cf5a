"""CPU of a request of each page, as a ratio to the reference measured in the same rounds of the same run.

    python -m benchmarks.measure [--people 1000] [--rounds 7] [--requests 60] [--only board]

Both sites run under gunicorn with one worker on the same database. In each round every page is asked for the same
number of times, the reference first and last; CPU is the worker's own, user and system, from the kernel's accounting.
What is printed is the median over the rounds, with the lowest and highest beside it.
"""

import argparse
import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.parse
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import scenario

WARM_UP = 50  # requests of each page that nobody counts: a process lives for days, its first minute is no measure


@dataclass
class Page:
    """`send(connection)` makes one request; `bar` is the ratio it must stay under."""

    name: str
    send: object
    bar: float
    ratios: list = field(default_factory=list)
    milliseconds: list = field(default_factory=list)


class Site:
    """A gunicorn with one worker, and a connection to it that is kept open."""

    def __init__(self, settings, app):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": settings}
        command = ["gunicorn", app, "-k", "gthread", "-w", "1", "--threads", "4", "-b", f"127.0.0.1:{self.port}"]
        command += ["--keep-alive", "60"]  # seconds: one site waits while the other is measured
        command += ["--max-requests", "0"]  # a worker that is replaced takes its CPU time with it
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
        """Milliseconds of CPU all threads of the worker have used so far, to the nanosecond."""
        threads = Path(f"/proc/{self.worker()}/task").iterdir()
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1_000_000

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def ask(site, path, cookies, form=None, *, is_piece=False):
    """`is_piece`: a script asks, and puts what comes back into the page."""
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), "Accept-Encoding": "gzip"}
    body = None
    if form is not None:
        body = urllib.parse.urlencode(form | {"csrfmiddlewaretoken": cookies["csrftoken"]}, doseq=True)
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"http://127.0.0.1:{site.port}/"}
    if is_piece:
        headers["HX-Request"] = "true"
    site.connection.request("POST" if form is not None else "GET", path, body, headers)
    response = site.connection.getresponse()
    response.read()
    expected = 302 if form is not None and not is_piece else 200
    if response.status != expected or "login" in response.getheader("Location", ""):
        raise SystemExit(f"{path}: {response.status} {response.getheader('Location', '')}")
    return response


def cpu_of(site, send, requests):
    """Milliseconds of CPU a request."""
    before = site.cpu()
    for _ in range(requests):
        send(site)
    return (site.cpu() - before) / requests


@contextmanager
def running(settings, app):
    site = Site(settings, app)
    try:
        yield site
    finally:
        site.stop()


def measure(pages, rounds, requests):
    with (
        running("courseware.settings", "courseware.wsgi") as product,
        running("benchmarks.reference_settings", "benchmarks.reference_wsgi") as reference,
    ):
        look = pages.pop("reference")
        for page in pages.values():
            for _ in range(WARM_UP):
                page.send(product)
        cpu_of(reference, look.send, 50)
        for _ in range(rounds):
            for page in pages.values():
                before = cpu_of(reference, look.send, requests * 3)
                mine = cpu_of(product, page.send, requests)
                after = cpu_of(reference, look.send, requests * 3)
                page.ratios.append(mine / ((before + after) / 2))
                page.milliseconds.append(mine)
                look.milliseconds.append((before + after) / 2)
    return look


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--people", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--requests", type=int, default=60)
    options.add_argument("--only", default="", help="measure this page alone: home, lesson, board …")
    options = options.parse_args()
    with scenario.own_folder():
        pages = scenario.prepare(options.people).pages()
        if options.only:
            pages = {name: pages[name] for name in ("reference", options.only)}
        look = measure(pages, options.rounds, options.requests)
        report(pages, look, options)


def report(pages, look, options):
    print(f"\n{scenario.database_name()}, {options.people} people, {options.rounds} rounds")
    print(f"reference: {statistics.median(look.milliseconds):.2f} ms of CPU a request\n")
    print("| page | CPU, ms | ratio: median (lowest–highest) | bar |\n|---|---|---|---|")
    for page in pages.values():
        ratios = sorted(page.ratios)
        spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"
        print(f"| {page.name} | {statistics.median(page.milliseconds):.2f} | {spread} | {page.bar} |")


if __name__ == "__main__":
    main()
