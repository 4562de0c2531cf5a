"""Every kind of page as a picture, before and after side by side.

    .venv/bin/python .ci/outline/pictures.py take BEFORE --checkout ../old
    .venv/bin/python .ci/outline/pictures.py take AFTER
    .venv/bin/python .ci/outline/pictures.py sheet BEFORE AFTER OUT   # writes OUT/index.html

`take` serves a demo site of the checkout and opens one page of each kind as people in different states, on a desktop
and a phone, in both languages, light and dark. The site stands still at one moment and draws the same questions each
time, so that what did not change gives the same picture. `sheet` needs nothing but a browser to be looked at with.
"""

import argparse
import html
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).resolve()
LANGUAGES = {"zh-hans": "zh-CN", "en": "en-GB"}
WIDTHS = {1280: 800, 360: 740}
SCHEMES = ("light", "dark")
PASSWORD = "try-courseware"
COURSE = "customer-service-safety"
ADMIN = "/admin/content/document/?kind__exact="

# name → (who, the way there: an address to open, "link …" for the first link to such an address, "send" for the first
# form of the page as it is, "press …" for a form to such an address or, where that was sent before, a link).
PAGES = {
    "sign-in": ("", ["/accounts/login/"]),
    "sign-in-wrong": ("", ["/accounts/login/", "fill login nobody@example.com", "fill password wrong", "send"]),
    "reset": ("", ["/accounts/password/reset/"]),
    "reset-empty": ("", ["/accounts/password/reset/", "send"]),
    "reset-sent": ("", ["/accounts/password/reset/done/"]),
    "reset-dead-link": ("", ["/accounts/password/reset/key/1-dead/"]),
    "not-found": ("", ["/nowhere/"]),
    "certificates": ("", ["/certificates/"]),
    "certificate-unknown": ("", ["/certificates/00000000000000000000000000000000/"]),
    "newcomer-home": ("learner", ["/"]),
    "newcomer-tracks": ("learner", [f"/learn/{COURSE}/tracks/"]),
    "newcomer-record": ("learner", [f"/learn/{COURSE}/record/"]),
    "newcomer-card": ("learner", [f"/learn/{COURSE}/card/"]),
    "newcomer-forbidden": ("learner", ["/team/"]),
    "newcomer-pre-check": ("learner", [f"/exam/{COURSE}/starting-point/"]),
    "newcomer-exam": ("learner", [f"/exam/{COURSE}/final-exam/"]),
    "password": ("learner", ["/accounts/password/change/"]),
    "password-empty": ("learner", ["/accounts/password/change/", "send"]),
    "sign-out": ("learner", ["/accounts/logout/"]),
    "halfway-home": ("wu.qian", ["/"]),
    "halfway-lesson": ("wu.qian", [f"/learn/{COURSE}/what-one-call-costs/"]),
    "halfway-new-lesson": ("daniel.park", [f"/learn/{COURSE}/what-one-call-costs/"]),
    "halfway-record": ("wu.qian", [f"/learn/{COURSE}/record/"]),
    "overdue-home": ("zhao.min", ["/"]),
    "failed-home": ("grace.lin", ["/"]),
    "failed-exam": ("grace.lin", [f"/exam/{COURSE}/final-exam/"]),
    "failed-result": ("grace.lin", [f"/exam/{COURSE}/final-exam/", "link /result/"]),
    "rule-drill": ("ma.li", [f"/exam/{COURSE}/final-exam/", "link /drill/"]),
    "rule-home": ("ma.li", ["/"]),
    "simulation": ("ma.li", [f"/simulations/{COURSE}/caller-who-knows/"]),
    "excused-home": ("qian.yiming", ["/"]),
    "finished-home": ("sun.yue", ["/"]),
    "finished-record": ("sun.yue", [f"/learn/{COURSE}/record/"]),
    "certificate": ("sun.yue", ["/", "link /certificates/"]),
    "debrief": ("sun.yue", [f"/simulations/{COURSE}/alarm-mid-call/", "link /debrief/"]),
    "board": ("manager", ["/team/"]),
    "person": ("manager", ["/team/", "link /team/people/"]),
    "splits": ("manager", [f"/team/simulations/{COURSE}/alarm-mid-call/"]),
    "admin-home": ("editor", ["/admin/"]),
    "admin-documents": ("editor", [ADMIN + "lesson"]),
    "admin-lesson": ("editor", [ADMIN + "lesson", "link /change/"]),
    "admin-bank": ("editor", [ADMIN + "bank", "link /change/"]),
    "admin-simulation": ("editor", [ADMIN + "simulation", "link /change/"]),
    "admin-figure": ("editor", [ADMIN + "media", "link /change/"]),
    "admin-history": ("editor", [ADMIN + "lesson", "link /change/", "link /history/"]),
    "admin-publish": ("editor", ["/admin/content/course/1/publish/"]),
    "admin-course": ("editor", ["/admin/content/course/1/change/"]),
    "admin-people": ("admin", ["/admin/accounts/user/"]),
    "admin-person": ("admin", ["/admin/accounts/user/1/change/"]),
    "admin-new-person": ("admin", ["/admin/accounts/user/add/"]),
    "admin-teams": ("admin", ["/admin/accounts/team/"]),
    "admin-enrollment": ("admin", ["/admin/learning/enrollment/1/change/"]),
    "admin-log": ("admin", ["/admin/evidence/event/"]),
    "passed-result": ("tom.becker", [f"/exam/{COURSE}/final-exam/", "link /result/"]),
    "survey": ("tom.becker", [f"/learn/{COURSE}/feedback/"]),
}
# These leave something behind, so they come last.
CHANGES = {
    "pre-check-open": ("daniel.park", [f"/exam/{COURSE}/starting-point/", "press /start/ /attempts/"]),
    "run-open": ("ma.li", [f"/simulations/{COURSE}/caller-who-knows/", "press /start/ /runs/"]),
    "answered": ("daniel.park", [f"/learn/{COURSE}/what-one-call-costs/", "answer"]),
}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def serve(checkout: Path, data: str) -> tuple[subprocess.Popen, str]:
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "PYTHON"))}
    environment |= {"DATA_DIR": data, "PORT": str(port), "PYTHONPATH": data, "PYTHONHASHSEED": "0"}
    environment["SITE_URL"] = "http://127.0.0.1:8000"  # it stands on certificates
    start = f"import sys; sys.path.append({str(HERE.parent)!r}); import frozen; frozen.freeze_demo()"
    Path(data, "sitecustomize.py").write_text(start)  # read by every process of the site
    command = [checkout / ".venv" / "bin" / "python", "-m", "courseware.run"]
    server = subprocess.Popen(command, cwd=checkout, env=environment)
    for _ in range(1200):
        try:
            socket.create_connection(("127.0.0.1", port), 0.1).close()
            return server, f"http://127.0.0.1:{port}"
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
    raise SystemExit("the demo site did not start")


class Window:
    """One person's browser in one language; the size and the colours change from picture to picture."""

    def __init__(self, browser: Browser, base: str, language: str, who: str):
        self.context = browser.new_context(locale=LANGUAGES[language], reduced_motion="reduce")
        self.context.add_cookies([{"name": "language", "value": language, "url": base}])
        self.base, self.page = base, self.context.new_page()
        self.page.set_default_timeout(30_000)
        if who:
            self.sign_in(who)

    def sign_in(self, who: str) -> None:
        self.page.goto(self.base + "/accounts/login/")
        self.page.fill("input[name=login]", f"{who}@example.com")
        self.page.fill("input[name=password]", PASSWORD)
        self.page.locator("main form button").first.click()
        self.page.wait_for_url(lambda address: "/login/" not in address)

    def take(self, step: str) -> None:
        page, (verb, _, rest) = self.page, step.partition(" ")
        if verb == "link":
            page.goto(
                self.base
                + page.locator(f"main a[href*='{rest}'], #content a[href*='{rest}']").first.get_attribute("href")
            )
        elif verb == "press":
            form, link = rest.split(" ")
            with page.expect_navigation():
                page.locator(f"main form[action*='{form}'] button, main a[href*='{link}']").first.click()
        elif verb == "fill":
            name, value = rest.split(" ")
            page.fill(f"main input[name={name}]", value)
        elif verb == "send":
            page.evaluate("document.querySelectorAll('form').forEach(form => { form.noValidate = true })")
            with page.expect_navigation():
                page.locator("main form button").first.click()
        elif verb == "answer":
            form = page.locator("form[data-answer]").first
            if form.count():
                form.locator("input[type=radio], input[type=checkbox]").first.check()
                form.locator("button[type=submit]").click()
            page.wait_for_selector(".answered")
        else:
            page.goto(self.base + step)

    def pictures(self, folder: Path, name: str) -> None:
        self.page.mouse.move(0, 0)
        for width, height in WIDTHS.items():
            self.page.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                self.page.emulate_media(color_scheme=scheme)
                settle(self.page)
                self.page.screenshot(
                    path=folder / f"{name}.{width}.{scheme}.png", full_page=True, animations="disabled"
                )


def settle(page: Page) -> None:
    """The top of the page is seen, and pictures that load late are there."""
    page.evaluate("scrollTo(0, 0)")
    page.evaluate("document.querySelectorAll('img[loading=lazy]').forEach(image => { image.loading = 'eager' })")
    page.evaluate("Promise.all([...document.images].map(image => image.decode().catch(() => {})))")


def take(folder: Path, checkout: Path, only: str) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    failed = 0
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        server, base = serve(checkout, data)
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            for pages in (PAGES, CHANGES):
                chosen = {name: way for name, way in pages.items() if re.search(only, name)}
                failed += sum(take_language(browser, base, language, folder, chosen) for language in LANGUAGES)
        finally:
            server.terminate()
            server.wait()
    return failed


def take_language(browser: Browser, base: str, language: str, folder: Path, pages: dict) -> int:
    windows: dict[str, Window] = {}
    failed = 0
    for name, (who, way) in pages.items():
        try:
            if who not in windows:
                windows[who] = Window(browser, base, language, who)
            window = windows[who]
            for step in way:
                window.take(step)
            window.pictures(folder, f"{name}.{language}")
        except Exception as error:
            failed += 1
            print(f"{name}.{language}: {str(error).splitlines()[0]}", file=sys.stderr)
    for window in windows.values():
        window.context.close()
    return failed


ROW = "<h2>{name}{mark}</h2><div><img src='{before}' alt='before'><img src='{after}' alt='after'></div>"
STYLE = "body{font:14px sans-serif}div{display:flex;gap:8px;align-items:start}img{max-width:50%;border:1px solid #999}"


def sheet(before: Path, after: Path, out: Path, differing: bool) -> None:
    """A page with each pair of pictures, those that differ first, and links to nothing outside of OUT."""
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in sorted({path.name for root in (before, after) for path in root.glob("*.png")}):
        pair = [root / name for root in (before, after)]
        is_same = all(path.exists() for path in pair) and pair[0].read_bytes() == pair[1].read_bytes()
        if differing and is_same:
            continue
        shown = [os.path.relpath(path.resolve(), out.resolve()) for path in pair]
        mark = "" if is_same else " ≠"
        rows.append((is_same, ROW.format(name=html.escape(name), mark=mark, before=shown[0], after=shown[1])))
    rows.sort(key=lambda row: row[0])
    body = "\n".join(row for _is_same, row in rows)
    page = f"<!doctype html><meta charset=utf-8><title>Before and after</title><style>{STYLE}</style>\n{body}"
    (out / "index.html").write_text(page, encoding="utf-8")
    print(f"{out / 'index.html'}: {len(rows)} pairs, {sum(not is_same for is_same, _row in rows)} differ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    taking = verbs.add_parser("take")
    taking.add_argument("folder", type=Path)
    taking.add_argument("--checkout", type=Path, default=HERE.parents[2])
    taking.add_argument("--only", default="", help="A regular expression on names of pages")
    showing = verbs.add_parser("sheet")
    for name in ("before", "after", "out"):
        showing.add_argument(name, type=Path)
    showing.add_argument("--differing", action="store_true")
    given = parser.parse_args()
    if given.verb == "take":
        sys.exit(min(take(given.folder, given.checkout.resolve(), given.only), 1))
    sheet(given.before, given.after, given.out, given.differing)


if __name__ == "__main__":
    main()
