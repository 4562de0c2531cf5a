"""Take the pictures of README and docs from a demo site in a browser.

Run by `make screenshots`, for all pictures or for those named. Files: `docs/pictures/<name>.<language>.png`.
"""

import email
import email.policy
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
LANGUAGES = {"en": "en-GB", "zh-hans": "zh-CN"}
DESKTOP, PHONE = {"width": 1200, "height": 800}, {"width": 390, "height": 780}
COURSE = "customer-service-safety"
SIMULATION, PLAYED_BY_MOST = "caller-who-knows", "alarm-mid-call"
PASSWORD = "try-courseware"
LIST = """邮箱,姓名,团队,岗位
zhou.kai@example.com,周凯,晚班组,电话
wu.qian@example.com,吴茜,华东客服中心,在线
zheng.hao@example.com,郑浩,华东客服中心,技术支持
xu.nuo@example.com,许诺,晚班组,前台
anna.weber@example.com,Anna Weber,晚斑组,在线
"""
WANTED = set(sys.argv[1:])  # empty: all


def is_wanted(*names: str) -> bool:
    return not WANTED or not WANTED.isdisjoint(names)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def serve(folder: str) -> tuple[subprocess.Popen, str]:
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "courseware.run"], cwd=ROOT, env=os.environ | {"DATA_DIR": folder, "PORT": str(port)}
    )
    for _ in range(3000):
        try:
            socket.create_connection(("127.0.0.1", port), 0.1).close()
            return server, f"http://127.0.0.1:{port}"
        except OSError:
            if server.poll() is not None:
                raise SystemExit("the demo site did not start") from None
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


def answer_wrong_then_right(visitor: Visitor) -> None:
    """Answer the first question of the open lesson, right or wrong."""
    form = visitor.page.locator("form[data-answer]").first
    form.locator("input[type=radio], input[type=checkbox]").first.check()
    form.locator("button[type=submit]").click()
    visitor.page.wait_for_selector(".answered")


def simulation_pictures(visitor: Visitor) -> None:
    """Take pictures of a simulation attempt and its debrief, always choosing the first option."""
    page = visitor.page
    visitor.go(f"/simulations/{COURSE}/{SIMULATION}/")
    page.locator(".begin .btn").click()
    page.wait_for_url("**/simulation-attempts/*/")
    while page.locator("form.decision").count():
        position = page.locator("input[name=position]").input_value()
        if position == "2":
            visitor.picture("simulation")
        page.locator("form.decision button.choice[value='0']").click()
        page.locator(f"input[name=position][value='{position}']").wait_for(state="detached")
    page.wait_for_url("**/debrief/")
    visitor.picture("debrief", top="section[aria-labelledby=way]")


def learner_pictures(browser, base: str, language: str) -> None:
    visitor = Visitor(browser, base, language, "wu.qian@example.com")
    visitor.go("/")
    visitor.picture("home")
    lesson = f"/learn/{COURSE}/what-one-call-costs/"
    newcomer = Visitor(browser, base, language, "he.jun@example.com")
    newcomer.go(lesson)
    if newcomer.page.locator(".answered").count() == 0:
        answer_wrong_then_right(newcomer)
    newcomer.go(lesson)
    newcomer.picture("lesson")
    phone = Visitor(browser, base, language, "he.jun@example.com", PHONE)
    phone.go(lesson)
    phone.picture("lesson-phone")
    phone.go(f"/learn/{COURSE}/emergency-card/")
    phone.picture("card-phone")
    candidate = Visitor(browser, base, language, "grace.lin@example.com")
    candidate.go(f"/exam/{COURSE}/final-exam/")
    candidate.picture("exam")
    candidate.page.locator("main a[href*='/result/']").first.click()
    candidate.picture("result")
    graduate = Visitor(browser, base, language, "tom.becker@example.com")
    graduate.go("/")
    graduate.page.locator("main a[href*='/certificates/']").first.click()
    graduate.picture("certificate")


def staff_pictures(browser, base: str, language: str) -> None:
    manager = Visitor(browser, base, language, "manager@example.com")
    manager.go("/team/")
    manager.picture("board")
    manager.page.locator("tbody th a").nth(2).click()
    manager.picture("person")
    manager.go(f"/team/simulations/{COURSE}/{PLAYED_BY_MOST}/")
    manager.picture("splits")
    editor = Visitor(browser, base, language, "editor@example.com")
    editor.go("/admin/content/document/?kind__exact=lesson")
    address = editor.page.locator("#result_list tbody th a", has_text="three-principles").get_attribute("href")
    editor.go(f"{address.split('?')[0]}?language={language}")
    editor.picture("editor")


def people_pictures(browser, base: str, language: str, folder: Path) -> None:
    hr = Visitor(browser, base, language, "hr@example.com")
    hr.go("/people/")
    hr.picture("people")
    hr.go("/rules/")
    hr.page.locator(".rules h2 a").first.click()
    hr.picture("rule")
    (folder / "people.csv").write_text(LIST, encoding="utf-8")
    hr.go("/people/import/")
    hr.page.locator("[name=file]").set_input_files(folder / "people.csv")
    with hr.page.expect_navigation():
        hr.page.locator("form:has([name=file]) .btn").click()
    hr.picture("difference")
    hr.go("/people/new/")
    hr.page.fill("[name=name]", {"en": "Anna Weber", "zh-hans": "许诺"}[language])
    hr.page.fill("[name=sign_in_name]", f"newcomer.{language}@example.com")
    hr.page.locator("[name=team]").select_option(label="晚班组")
    hr.page.locator("[name=courses]").nth(1).check()
    hr.picture("new-person")
    hr.page.locator(".newcomer .send .btn").click()
    # The invitation waits for sending hours. A password email leaves at once and leads to the same page.
    visitor = Visitor(browser, base, language)
    visitor.go("/accounts/password/reset/")
    visitor.page.locator("main input:not([type=hidden])").first.fill(f"newcomer.{language}@example.com")
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press("Enter")
    visitor.go(link_of_the_letter(folder / "mail", f"newcomer.{language}@example.com", base))
    visitor.picture("come-in")


def link_of_the_letter(mail_folder: Path, address: str, base: str) -> str:
    """Return the path of the link in an email to the address, as soon as the worker has sent it."""
    for _ in range(600):
        for file in mail_folder.glob("*"):
            mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            if address in (mail["To"] or ""):
                text = mail.get_body(("plain",)).get_content()
                return re.search(rf"{base}(/accounts/password/\S+)", text)[1]
        time.sleep(0.1)
    raise SystemExit(f"no letter to {address} within a minute")


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server, base = serve(folder)
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            for language in LANGUAGES:
                if is_wanted("home", "lesson", "lesson-phone", "card-phone", "exam", "result", "certificate"):
                    learner_pictures(browser, base, language)
                if is_wanted("simulation", "debrief"):
                    simulation_pictures(Visitor(browser, base, language, "ma.li@example.com"))
                if is_wanted("board", "person", "splits", "editor"):
                    staff_pictures(browser, base, language)
                if is_wanted("people", "rule", "difference", "new-person", "come-in"):
                    people_pictures(browser, base, language, Path(folder))
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
