"""Bytes that a browser loads for the first lesson of a day, and for the next lesson.

    python -m benchmarks.weight

A signed-in learner opens a lesson in a Chromium with an empty cache, then follows the link to the next. Bytes are those
of the network, compressed, with headers. A value above its limit or a request to another host is an error.
"""

import shutil
import sys
import urllib.parse
from dataclasses import dataclass

from playwright.sync_api import sync_playwright

from benchmarks import scenario
from benchmarks.measured_site import running


@dataclass
class Load:
    """One view of a page; `foreign`: requested hosts other than the site's; `bar`: limit in KB."""

    name: str
    bar: int
    requests: int = 0
    bytes: int = 0
    foreign: frozenset = frozenset()

    @property
    def is_light(self):
        return self.bytes <= self.bar * 1000 and not self.foreign


def views(site, cookies, path):
    home = f"http://127.0.0.1:{site.port}"
    with sync_playwright() as playwright:
        chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(locale="en-GB")
        context.add_cookies([{"name": name, "value": value, "url": home} for name, value in cookies.items()])
        page = context.new_page()
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        yield counted(network, page, Load("first view of a lesson", 60), lambda: page.goto(home + path))
        yield counted(network, page, Load("the next lesson", 15), page.locator(".next a.btn").first.click)
        browser.close()


def counted(network, page, load, go):
    hosts = set()

    def asked(event):
        address = urllib.parse.urlsplit(event["request"]["url"])
        if address.scheme != "data":
            hosts.add(address.hostname)

    def loaded(event):
        if event["encodedDataLength"]:  # 0 for the browser's cache
            load.requests += 1
            load.bytes += event["encodedDataLength"]

    network.on("Network.requestWillBeSent", asked)
    network.on("Network.loadingFinished", loaded)
    go()
    page.wait_for_load_state("networkidle")
    network.remove_listener("Network.requestWillBeSent", asked)
    network.remove_listener("Network.loadingFinished", loaded)
    load.foreign = frozenset(hosts - {"127.0.0.1"})
    return load


def main():
    with scenario.own_folder():
        company = scenario.prepare(2)
        with running("courseware.settings", "courseware.wsgi") as site:
            loads = list(views(site, company.cookies(company.learners[0]), company.lesson[0]))
    print("\n| view | requests | KB over the wire | bar | other hosts |\n|---|---|---|---|---|")
    for load in loads:
        hosts = ", ".join(sorted(load.foreign)) or "none"
        print(f"| {load.name} | {load.requests} | {load.bytes / 1000:.1f} | {load.bar} | {hosts} |")
    if not all(load.is_light for load in loads):
        sys.exit("heavier than the bar, or not from this host alone")


if __name__ == "__main__":
    main()
