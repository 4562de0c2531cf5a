"""People who write one thing after the other, on a site with a course that is slow to compile.

`python -m tests.faults.writers` makes that site on an empty database and prints its objects as JSON.
"""

import itertools
import json
import time
from collections import Counter
from contextlib import contextmanager
from threading import Event, Thread

import django
from django.core.management import call_command

from tests.course_format.samples import make_files
from tests.faults.visitors import Visitor

LESSONS = 30
PARAGRAPHS = 10
PEOPLE = 25  # of each writer in the lessons
TEAMS = 5
MEMBERS = 100
PAUSE = 0.4  # seconds between writes; without them SQLite, which has no queue, lets a writer starve

LESSON = {
    "zh-hans": """---
id: pouring-{n}
title: 第{n}杯
objectives: [O1.2]
---

## 慢一点 {{#slowly-{n}}}

{paragraphs}

## 检查 {{#check .check}}

### 倒满了吗？ {{#is-it-full-{n} .one objective=O1.2}}

- [ ] 没有
  > 再倒一点。
- [x] 倒满了
  > 很好。
""",
    "en": """---
id: pouring-{n}
title: Cup {n}
---

## Slowly {{#slowly-{n}}}

{paragraphs}

## Check {{#check}}

### Is it full? {{#is-it-full-{n}}}

- [ ] No
  > A little more.
- [x] Yes
  > Good.
""",
}
SENTENCE = {
    "zh-hans": "水满则溢，**慢慢**倒，见[应急卡](#card)。",
    "en": "A full cup **spills**, see the [card](#card).",
}


def files():
    """The files of the course: the sample's, and many long lessons."""
    return make_files(**{path_of(n, language): lesson(n, language) for n in range(LESSONS) for language in LESSON})


def path_of(number, language):
    return f"01-water/{number + 10}-pouring.{language}.md"


def lesson(number, language, more=""):
    paragraphs = "\n\n".join([SENTENCE[language] * 3] * PARAGRAPHS) + more
    return LESSON[language].format(n=number, paragraphs=paragraphs)


def prepare():
    from courseware.learning.enrollments import enrollment as enrolling
    from tests.making import PASSWORD, join, make_admin, make_course, make_team, make_user
    from tests.world import finish_lessons, start_exam

    course = make_course(files())
    people = [make_user() for _ in range(3 * PEOPLE)]
    enrollments = [enrolling.enroll(person, course) for person in people]
    player, writer = make_user(), make_user()
    enrolling.enroll(player, course)
    exam_enrollment = enrolling.enroll(writer, course)
    finish_lessons(exam_enrollment)
    attempt = start_exam(exam_enrollment)
    admin = make_admin()
    teams = [make_team(learners=MEMBERS) for _ in range(TEAMS)]
    for enrollment in enrollments[:PEOPLE]:
        join(teams[0], enrollment.learner)
    (edited,) = course.documents.filter(identifier="pouring-0")
    return {
        "password": PASSWORD,
        "learners": [person.email for person in people],
        "player": player.email,
        "writer": writer.email,
        "admin": admin.email,
        "attempt": attempt.pk,
        "course": course.pk,
        "document": edited.pk,
        "teams": [team.pk for team in teams],
    }


class Writers:
    """Six writers. `answers` counts responses by status; `took` has the seconds of each request."""

    pause = PAUSE

    def __init__(self, site, port):
        self.told, self.port = site.told, port
        self.answers, self.took, self.broken = Counter(), [], []
        self.done = Event()

    @contextmanager
    def writing(self):
        threads = [Thread(target=self.write, args=[act]) for act in self.acts()]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self.done.set()
            for thread in threads:
                thread.join()

    def acts(self):
        return [*(self.learn(n) for n in range(3)), self.play(), self.take_exam(), self.sign_in_and_out()]

    def write(self, act):
        try:
            while not self.done.is_set():
                next(act, None)
                time.sleep(self.pause)
        except Exception as error:
            self.broken.append(repr(error))

    def signed_in(self, email):
        return Visitor(self.port).sign_in({"email": email, "password": self.told["password"]})

    def post(self, visitor, path, fields):
        began = time.monotonic()
        answer = visitor.post(path, fields)
        self.took.append(time.monotonic() - began)
        self.answers[answer.status] += 1
        return answer

    def learn(self, group):
        """Answer the check of each lesson, person by person; each answer completes a lesson."""
        for email in self.told["learners"][group * PEOPLE : (group + 1) * PEOPLE]:
            visitor = self.signed_in(email)
            for number in range(LESSONS):
                page, question = f"/learn/tea-room/pouring-{number}/", f"is-it-full-{number}"
                action = f"{page}answer/{question}/"
                self.post(visitor, action, visitor.form(page, action) | {"choice": "1"})
                yield

    def play(self):
        """One simulation attempt after the other, each to its end."""
        visitor, start = self.signed_in(self.told["player"]), "/simulations/tea-room/drill/start/"
        while True:
            form = visitor.form("/simulations/tea-room/drill/", start) | {"timing": "off"}
            simulation_attempt = self.post(visitor, start, form).location
            yield
            decide = f"{simulation_attempt}decide/"
            self.post(visitor, decide, visitor.form(simulation_attempt, decide) | {"choice": "0"})
            yield

    def take_exam(self):
        """Change the answer to the first exam question again and again."""
        visitor, attempt = self.signed_in(self.told["writer"]), f"/attempts/{self.told['attempt']}/"
        for choice in itertools.cycle("01"):
            form = visitor.form(f"{attempt}?question=1", f"{attempt}1/")
            self.post(visitor, f"{attempt}1/", form | {"choice": choice, "go": "next"})
            yield

    def sign_in_and_out(self):
        """Sign in and out; each is an event of the audit log."""
        for email in itertools.cycle(self.told["learners"][:PEOPLE]):
            visitor = self.signed_in(email)
            yield
            self.post(visitor, "/accounts/logout/", {"csrfmiddlewaretoken": visitor.csrf})
            yield


if __name__ == "__main__":
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    print(json.dumps(prepare()))
