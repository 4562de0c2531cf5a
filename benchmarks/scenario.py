"""People and requests of the benchmarks: a company with the shipped course and learners at all stages."""

import datetime
import itertools
import os
import secrets
import tempfile
import uuid
from contextlib import contextmanager

import django
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils.crypto import get_random_string

from benchmarks.measured_site import Page, ask

READERS = 50  # learners whose requests alternate; each sees the options in another order


@contextmanager
def own_folder():
    """Use a new site in a temporary folder, for this process and its children."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATA_DIR": folder, "PLAIN_HTTP": "1", "SECRET_KEY": secrets.token_urlsafe(60)}
        os.environ["DJANGO_SETTINGS_MODULE"] = "courseware.settings"
        yield


def prepare(people):
    """Fill the database; return its people and course."""
    prepare_site()
    return Company(people)


def prepare_site():
    """Create tables, static files and the longest shipped course."""
    django.setup()
    from django.core.management import call_command

    from courseware.content.releases.course_files import read_folder
    from courseware.content.releases.course_import import import_course

    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    import_course(read_folder(settings.CONTENT_DIR / "customer-service-safety"))


def database_name():
    return "PostgreSQL" if "postgresql" in settings.DATABASES["default"]["ENGINE"] else "SQLite"


class Company:
    def __init__(self, people):
        from courseware.accounts.models import Membership, Team, User
        from courseware.accounts.people.search import store_terms
        from courseware.content.models import Course
        from courseware.content.rendering.store import outline
        from courseware.learning.models import Completion, Enrollment

        self.course = Course.objects.select_related("current").get()
        self.outline = outline(self.course.current, "en")
        self.lessons = [step for step in self.outline.steps if step.kind == "lesson" and step.is_required]
        team = Team.objects.create(name="Team")
        self.manager = User.objects.create_user("manager@bench.example", None, name="Manager")
        Membership.objects.create(team=team, person=self.manager, role=Membership.Role.MANAGER)
        users = User.objects.bulk_create(
            User(email=f"p{number}@bench.example", name=f"Person {number}", password="!") for number in range(people)
        )
        store_terms(users, are_new=True)
        Membership.objects.bulk_create(Membership(team=team, person=user, role="learner") for user in users)
        now = datetime.datetime.now(datetime.UTC)
        enrollments = Enrollment.objects.bulk_create(
            Enrollment(
                learner=user,
                course=self.course,
                due_at=now + datetime.timedelta(days=number % 30 - 10),
                started_at=now if number % 4 else None,
                last_active_at=now if number % 4 else None,
            )
            for number, user in enumerate(users)
        )
        entries = {entry.document.identifier: entry for entry in self.course.current.entries.select_related("document")}
        Completion.objects.bulk_create(
            Completion(
                enrollment=enrollment,
                document=entries[step.id].document,
                revision_id=entries[step.id].revision_id,
                outcome="completed",
                completed_at=now,
            )
            for number, enrollment in enumerate(enrollments)
            if number % 4
            for step in self.lessons[: number % len(self.lessons)]
        )
        self.learners, self.examinees = users, enrollments[1:]

    def cookies(self, user, backend=None):
        """Return the cookies of a person who has just signed in and seen a page."""
        from courseware.accounts.security import resubmission

        client = Client()
        client.force_login(user, backend=backend)
        request, response = RequestFactory().get("/"), HttpResponse()
        request.user = user
        resubmission.remember_person(request, response)
        return {
            settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value,
            settings.CSRF_COOKIE_NAME: get_random_string(32),
            settings.LANGUAGE_COOKIE_NAME: "en",
            **{name: cookie.value for name, cookie in response.cookies.items()},
        }

    @property
    def lesson(self):
        """(URL of the first lesson with a question, id of that question, revision id)."""
        lesson = next(step for step in self.lessons if step.check)
        entry = self.course.current.entries.get(document__identifier=lesson.id)
        return f"/learn/{self.course.identifier}/{lesson.id}/", lesson.check[0].id, entry.revision_id

    def pages(self):
        """Return name → page to measure, including the reference.

        Each request is as a browser sends it. Requests that write never repeat, so that each really writes.
        """
        from courseware.learning.lessons.question_rendering import drawn_with

        manager = self.cookies(self.manager)
        plain = self.cookies(self.learners[0], "django.contrib.auth.backends.ModelBackend")
        readers = itertools.cycle([self.cookies(user) for user in self.learners[:READERS]])
        answerers = itertools.cycle([self.cookies(user) for user in self.learners[READERS : 2 * READERS]])
        lesson, question, revision = self.lesson
        saves = self.saves()
        decisions = self.decisions_ahead(500)
        submits = self.attempts_ahead(500)

        def answer(site):
            form = {
                "token": str(uuid.uuid4()),
                "tries": 0,
                "revision": revision,
                "drawn_with": drawn_with(),
                "choice": 0,
            }
            return ask(site, f"{lesson}answer/{question}/", next(answerers), form)

        return {
            "reference": Page("reference", lambda site: ask(site, "/", plain, shows=self.learners[0].name), 1),
            "home": Page("home", lambda site: ask(site, "/", next(readers)), 3.5),
            "lesson": Page("lesson page, with check and outline", lambda site: ask(site, lesson, next(readers)), 4),
            "board": Page("board of 25 rows with all counts", lambda site: ask(site, "/team/", manager), 7),
            "answer": Page("answer a check", answer, 4),
            "save": Page("save an exam answer", lambda site: ask(site, *next(saves)), 4),
            "decide": Page("decide in a simulation", lambda site: ask(site, *next(decisions), is_piece=True), 5),
            "submit": Page("submit the exam and see the result", lambda site: submit_and_see(site, next(submits)), 9),
        }

    def attempts(self):
        """Yield (new exam attempt of a new learner, cookies). Completing the lessons opens the exam."""
        from courseware.assessment.exams import attempts as attempting
        from courseware.learning.models import Completion, Enrollment

        entries = {entry.document.identifier: entry for entry in self.course.current.entries.select_related("document")}
        for enrollment in Enrollment.objects.filter(pk__in=[e.pk for e in self.examinees]).select_related("learner"):
            done = set(enrollment.completions.values_list("document__identifier", flat=True))
            Completion.objects.bulk_create(
                Completion(
                    enrollment=enrollment,
                    document=entries[step.id].document,
                    revision_id=entries[step.id].revision_id,
                    outcome="completed",
                    completed_at=datetime.datetime.now(datetime.UTC),
                )
                for step in self.lessons
                if step.id not in done and not step.is_after_exam
            )
            yield attempting.start(enrollment, self.outline.exam_id), self.cookies(enrollment.learner)

    def saves(self):
        attempt, cookies = next(self.attempts())
        position = self.question_of_one_choice(attempt)
        for number in itertools.count():
            yield f"/attempts/{attempt.pk}/{position}/", cookies, {"choice": number % 2, "saves": number}

    def question_of_one_choice(self, attempt):
        """Return the position of a single-choice question in the attempt; questions are drawn at random."""
        from courseware.assessment.exams.banks import question_of

        responses = attempt.responses.select_related("bank")
        language = self.course.source_language
        return next(each.position for each in responses if question_of(attempt, each, language).kind == "one")

    def decisions_ahead(self, number):
        """Return the first `number` decisions, prepared before the measurement."""
        return iter(list(itertools.islice(self.decisions(), number)))

    def decisions(self):
        """Yield path, cookies and form of each decision of best simulation attempts, learner by learner."""
        from courseware.learning.models import Enrollment
        from courseware.simulations import attempts as running
        from courseware.simulations.replay import rules_of

        simulation = next(step.id for step in self.outline.steps if step.kind == "simulation" and step.is_required)
        for enrollment in Enrollment.objects.filter(pk__in=[e.pk for e in self.examinees]).select_related("learner"):
            attempt = running.start(enrollment, simulation, timing="off")
            path, cookies = f"/simulation-attempts/{attempt.pk}/decide/", self.cookies(enrollment.learner)
            rules = rules_of(attempt)
            for position, state in enumerate(rules.best_path(attempt.flags)[:-1], start=1):
                choice, parts = rules.best(state)
                yield path, cookies, {"position": position, "choice": choice, "part": list(parts)}

    def attempts_ahead(self, number):
        """Return attempts that are created before the measurement."""
        attempts = itertools.islice(self.attempts(), 1, number)
        return iter([(f"/attempts/{attempt.pk}/", cookies) for attempt, cookies in attempts])


def submit_and_see(site, attempt):
    path, cookies = attempt
    ask(site, f"{path}submit/", cookies, {})
    return ask(site, f"{path}result/", cookies)
