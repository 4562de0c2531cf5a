"""Take the pictures of README and docs from a demo site in a browser.

Run by `make screenshots`, for all pictures or for those named. Files: `docs/pictures/<name>.<language>.png`, and
`tour.<language>.gif`.
"""

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
LANGUAGES = {"en": "en-GB", "zh-hans": "zh-CN"}
DESKTOP, SMALL = {"width": 1200, "height": 800}, {"width": 840, "height": 560}
COURSE = "customer-service-safety"
SIMULATION = "caller-who-knows"
CALLED = {"en": "he.jun@example.com", "zh-hans": "zhao.min@example.com"}  # have not started
PASSWORD = "try-courseware"
WANTED = set(sys.argv[1:])  # empty: all


def is_wanted(*names: str) -> bool:
    return not WANTED or not WANTED.isdisjoint(names)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def serve(folder: str) -> tuple[subprocess.Popen, str]:
    """Start a demo site; return its process and address when the demo accounts can sign in."""
    port, output = free_port(), Path(folder) / "output"
    environment = os.environ | {"DATA_DIR": folder, "PORT": str(port)}
    with output.open("w", encoding="utf-8") as file:
        server = subprocess.Popen([sys.executable, "-m", "courseware.run"], cwd=ROOT, env=environment, stdout=file)
    for _ in range(3000):
        if "Ctrl+C ends it." in output.read_text(encoding="utf-8"):
            return server, f"http://127.0.0.1:{port}"
        if server.poll() is not None:
            raise SystemExit("the demo site did not start")
        time.sleep(0.1)
    server.kill()
    raise SystemExit("the demo site did not start within five minutes")


class Visitor:
    """One person's browser window, in one language."""

    def __init__(self, browser, base: str, language: str, email: str = "", size=DESKTOP):
        self.context = browser.new_context(locale=LANGUAGES[language], viewport=size, reduced_motion="reduce")
        self.base, self.language = base, language
        self.page: Page = self.context.new_page()
        if email:
            self.sign_in(email)

    def sign_in(self, email: str) -> None:
        self.go("/accounts/login/")
        self.page.fill("input[name=login]", email)
        self.page.fill("input[name=password]", PASSWORD)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def go(self, path: str) -> None:
        response = self.page.goto(self.base + path)
        if not response or not response.ok:
            raise SystemExit(f"{path}: {response and response.status}")

    def picture(self, name: str, top: str = "") -> None:
        """Save the window, scrolled to the element `top`."""
        if not is_wanted(name):
            return
        self.page.evaluate("scrollTo(0, 0)")
        if top:
            self.page.locator(top).first.evaluate("element => scrollTo(0, element.getBoundingClientRect().top - 24)")
        self.page.mouse.move(0, 0)  # a pointer left on a choice would look like a hint
        self.page.wait_for_load_state("networkidle")
        self.page.screenshot(path=PICTURES / f"{name}.{self.language}.png")


def learner_pictures(visitor: Visitor) -> None:
    visitor.go("/")
    visitor.picture("home")


def manager_pictures(visitor: Visitor) -> None:
    visitor.go("/team/")
    visitor.picture("dashboard")


class Tour:
    """A moving picture: a call that rings, two decisions, and a question of a lesson."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.page = visitor, visitor.page
        self.frames: list[Image.Image] = []
        self.milliseconds: list[int] = []

    def frame(self, seconds: float) -> None:
        self.page.mouse.move(0, 0)
        self.page.wait_for_load_state("networkidle")
        with Image.open(io.BytesIO(self.page.screenshot())) as picture:
            self.frames.append(picture.convert("RGB").quantize(64, dither=Image.Dither.NONE))
        self.milliseconds.append(int(seconds * 1000))

    def take(self) -> None:
        self.call()
        self.lesson()
        first, *others = self.frames
        target = PICTURES / f"tour.{self.visitor.language}.gif"
        first.save(target, save_all=True, append_images=others, duration=self.milliseconds, loop=0, optimize=True)

    def call(self) -> None:
        self.visitor.go(f"/simulations/{COURSE}/{SIMULATION}/")
        self.frame(2)
        self.page.locator(".begin .btn").click()
        self.page.wait_for_url("**/simulation-attempts/*/")
        for _decision in range(2):
            self.frame(3)
            position = self.page.locator("input[name=position]").input_value()
            self.page.locator("form.decision button.choice[value='0']").click()
            self.page.locator(f"input[name=position][value='{position}']").wait_for(state="detached")
        self.frame(3)

    def lesson(self) -> None:
        self.visitor.go(f"/learn/{COURSE}/what-one-call-costs/")
        self.frame(3)
        form = self.page.locator("form[data-answer]").first
        form.evaluate("element => scrollTo(0, element.getBoundingClientRect().top + scrollY - 200)")
        self.frame(2)
        form.locator("input[type=radio], input[type=checkbox]").first.check()
        form.locator("button[type=submit]").click()
        self.page.wait_for_selector(".answered")
        self.frame(3)


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server, base = serve(folder)
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            for language in LANGUAGES:
                if is_wanted("home"):
                    learner_pictures(Visitor(browser, base, language, "wu.qian@example.com"))
                if is_wanted("dashboard"):
                    manager_pictures(Visitor(browser, base, language, "manager@example.com"))
                if is_wanted("tour"):
                    Tour(Visitor(browser, base, language, CALLED[language], SMALL)).take()
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
