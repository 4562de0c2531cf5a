"""Number of clicks and pages from sign-in to the certificate, by the primary button of each page.

    python -m benchmarks.clicks

A new learner takes the shipped course in a Chromium, answers each question right at once and decides best. A choice
from a list is two clicks, typing none; a page is a full page load. Printed are the sums at the first sentence of lesson
1, after lesson 1, and at the certificate.
"""

import os
import shutil
import sys
import time
import uuid
from collections import deque
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

from benchmarks import scenario
from benchmarks.measured_site import running

FAR = 2000  # steps; more means an endless loop
PRIMARY = "main .btn:not(.quiet):visible"


class Hand:
    """Clicks and counts clicks and pages."""

    def __init__(self, page):
        self.page, self.clicks, self.pages, self.sent = page, 0, 0, deque()
        page.on("response", self.count_page)

    def count_page(self, response):
        request = response.request
        if request.is_navigation_request() and request.frame == self.page.main_frame and response.status == 200:
            self.pages += 1

    def press(self, target):
        self.clicks += 1
        target.click()

    def press_in_time(self, target):
        """Click, but within the site's limit of answers per minute."""
        from django.conf import settings

        if len(self.sent) == settings.ANSWERS_PER_MINUTE - 1:
            time.sleep(max(0, self.sent.popleft() + 61 - time.monotonic()))
        self.sent.append(time.monotonic())
        self.press(target)

    def go(self, target):
        """Click on a link to another page, and wait for it."""
        with self.page.expect_navigation(wait_until="load"):
            self.press(target)

    def choose(self, target, value):
        self.clicks += 2  # open the list, take one
        target.select_option(value)

    @property
    def path(self):
        return urlsplit(self.page.url).path


class Walk:
    """One enrollment from the first page to the certificate, with the right answers."""

    def __init__(self, hand, enrollment):
        self.hand, self.page, self.enrollment = hand, hand.page, enrollment
        self.answered = set()
        self.marks = []

    def mark(self, name):
        if name not in [each for each, *_counts in self.marks]:
            self.marks.append((name, self.hand.clicks, self.hand.pages))

    def all_of_it(self):
        for _step in range(FAR):
            first, *parts = self.hand.path.strip("/").split("/")
            if first == "certificates":
                self.mark("the certificate")
                return
            {"learn": self.lesson, "attempts": self.attempt, "simulation-attempts": self.run}.get(first, self.go_on)(
                *parts
            )
        raise SystemExit(f"lost at {self.page.url}")

    def go_on(self, *_parts):
        self.hand.go(self.page.locator(PRIMARY).first)

    def lesson(self, _course, step):
        from courseware.content.rendering import store
        from courseware.learning.lessons.question_rendering import order_of

        questions = store.page(self.enrollment.release, step, "en").questions
        self.mark("the first sentence of lesson 1")
        while (question := self.next_question(questions)) is not None:
            form = self.page.locator(f"#q-{question.id} form[data-answer]").first
            self.answer(form, question, order_of(question, self.enrollment.pk, 0))
            self.hand.press_in_time(form.locator("button[type=submit]"))
            self.page.wait_for_function(
                "([id, kind]) => { const card = document.getElementById(`q-${id}`);"
                " return !card.querySelector('form[data-answer] button:disabled') && !card.matches('.htmx-request')"
                " && (kind === 'open' ? card.matches('.saved') : card.matches('.right, .missed')) }",
                arg=[question.id, question.kind],
            )
            self.answered.add(question.id)
        if (read := self.page.locator("#lesson-state .next form .btn")).count():
            self.hand.go(read.first)
        self.mark("lesson 1 done")
        self.hand.go(self.page.locator("#lesson-state .next a.btn:not(.quiet)").first)

    def next_question(self, questions):
        """Return the next visible unanswered question, or None. A lesson's next part opens shortly after an answer."""
        while True:
            shown = self.page.locator("section.question:visible").all()
            names = [each.get_attribute("id").removeprefix("q-") for each in shown]
            found = next((questions[name] for name in names if name in questions and name not in self.answered), None)
            if found or self.page.locator("#lesson-state.ended, #lesson-state .next form").count():
                return found
            self.page.wait_for_timeout(100)

    def attempt(self, pk, *_rest):
        from courseware.assessment.exams.banks import question_of
        from courseware.assessment.models import Response

        form = self.page.locator("form#answer")
        if not form.count():  # the overview, or the result
            # The post-test is optional, so the certificate comes first.
            certificate = self.page.locator("main a.btn[href^='/certificates/']")
            self.hand.go(certificate.first if certificate.count() else self.page.locator(PRIMARY).first)
            return
        position = int(form.get_attribute("action").strip("/").split("/")[-1])
        response = Response.objects.select_related("attempt__release", "attempt__exam", "bank").get(
            attempt=pk, position=position
        )
        response.attempt.enrollment = self.enrollment
        question = question_of(response.attempt, response, "en")
        if form.locator("button[name=choice]").count():  # pre-test: a click answers and continues
            self.hand.go(form.locator(f"button[name=choice][value='{response.order.index(question.key[0])}']"))
            return
        self.answer(form, question, response.order)
        self.hand.go(form.locator("button[name=go][value=next]"))

    def run(self, pk, *_rest):
        from courseware.simulations.attempts import joined
        from courseware.simulations.models import SimulationAttempt
        from courseware.simulations.replay import replay_of

        attempt = joined(SimulationAttempt.objects.with_release().get(pk=pk), self.enrollment)
        if attempt.finished_at or self.page.locator("[data-run] .btn:visible:not(.quiet)").count():
            self.hand.go(self.page.locator(PRIMARY).first)
            return
        replay = replay_of(attempt)
        choice, parts = replay.rules.best(replay.state)
        for part in parts:
            self.hand.press(self.page.locator(f"label:has(input[name=part][value='{part}'])"))
        before = attempt.decisions.count()
        self.hand.press_in_time(self.page.locator(f"button.choice[name=choice][value='{choice}']"))
        while attempt.decisions.count() == before:
            self.page.wait_for_timeout(50)
        self.page.wait_for_load_state("networkidle")

    def answer(self, form, question, order):
        """Answer a question. `order`: positions of the options as displayed."""
        getattr(self, f"answer_{question.kind}", self.tick)(form, question, list(order))

    def tick(self, form, question, order):
        for position in question.key:
            self.hand.press(form.locator(f"label:has(input[name=choice][value='{order.index(position)}'])"))

    def answer_open(self, form, _question, _order):
        form.locator("textarea").fill("I ask first.")

    def answer_order(self, form, question, order):
        form.locator(".ordering.movable").wait_for()
        steps = form.locator(".ordering > li")
        for target, position in enumerate(question.key):
            name = f"[name=number-{order.index(position)}]"
            shown = [step.locator(name).count() for step in steps.all()]
            for now in range(shown.index(1), target, -1):
                self.hand.press(steps.nth(now).locator("button").first)

    def answer_sort(self, form, question, order):
        for value, position in enumerate(order):
            name, group = f"group-{value}", question.key[position]
            if (choice := form.locator(f"label:has(input[name={name}][value='{group}'])")).count():
                self.hand.press(choice)
            else:
                self.hand.choose(form.locator(f"select[name={name}]"), str(group))


def somebody_new():
    from courseware.accounts.models import User
    from courseware.content.models import Course
    from courseware.learning.enrollments import enrollment as enrolling

    password = str(uuid.uuid4())
    person = User.objects.create_user("new@bench.example", password, name="New Person")
    course = Course.objects.select_related("current").get()
    return person, password, enrolling.enroll(person, course)


def sign_in(hand, home, person, password):
    hand.page.goto(home)
    hand.page.fill("#id_login", person.email)
    hand.page.fill("#id_password", password)
    hand.clicks = hand.pages = 0  # counting starts after typing
    hand.go(hand.page.locator("main form button.btn").first)


def main():
    with scenario.own_folder():
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright runs an event loop in this thread
        scenario.prepare_site()
        person, password, enrollment = somebody_new()
        with running("courseware.settings", "courseware.wsgi") as site, sync_playwright() as playwright:
            chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_context(locale="en-GB", reduced_motion="reduce").new_page()
            hand = Hand(page)
            sign_in(hand, f"http://127.0.0.1:{site.port}/", person, password)
            walk = Walk(hand, enrollment)
            try:
                walk.all_of_it()
            finally:
                print("\n| to | presses | pages |\n|---|---|---|")
                for name, clicks, pages in walk.marks:
                    print(f"| {name} | {clicks} | {pages} |")
                sys.stdout.flush()
            browser.close()


if __name__ == "__main__":
    main()
