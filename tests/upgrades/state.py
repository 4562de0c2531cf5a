"""`python -m tests.upgrades.state NAME`: fill an empty database with this version and store it in NAME.json.

The file also holds the migrations, the values in URLs of pages, texts that later versions must show as well, and what
the forms of the pages send.
"""

import json
import sys
import uuid
from pathlib import Path

import django
from bs4 import BeautifulSoup
from django.apps import apps
from django.core.management import call_command
from django.core.serializers import serialize
from django.test import Client
from django.test.utils import setup_test_environment

FOLDER = Path(__file__).parent


def fill():
    """The world of tests, plus people whose work belongs to an older release."""
    from courseware.content.releases.course_import import import_course
    from courseware.learning.enrollments import enrollment as enrolling
    from courseware.learning.lessons import answers
    from tests.assessment.exams import drill_files, pre_check_files, sit, wrong
    from tests.assessment.practice_sets import finish, give
    from tests.making import join, make_user
    from tests.world import answer_survey, finish_lessons, make_world, outline_of

    world = make_world(import_course(pre_check_files() | drill_files()).course)

    def enroll(name):
        learner = make_user(name)
        join(world.team, learner)
        return enrolling.enroll(learner, world.course, by=world.people["admin"])

    def sit_exam(name, **how):
        enrollment = enroll(name)
        sit(enrollment, exam="start", points=1)
        finish_lessons(enrollment)
        return sit(enrollment, **how)

    sit_exam("Finn Failed", points=1)
    give(sit_exam("Dora Drill", forget=("O1.1",)))
    done = sit_exam("Dirk Drilled", forget=("O1.2",))
    finish(done, "O1.2")
    answer_survey(done.enrollment)
    wanda = enroll("Wanda Wrong")
    questions = page_of(world.course, world.lesson.id).questions
    for question in world.lesson.check:
        raw = wrong(questions[question.id])
        answers.answer(wanda, outline_of(world.course).step(world.lesson.id), question.id, raw, token=uuid.uuid4())
    publish_changed(world, world.lesson.id, {"关火了吗": "炉子关了吗", "Is it off": "Is the stove off"})
    publish_changed(world, "tea-bank", {"题目": "新题目", "Question": "New question"})
    change(world, "card", {"走楼梯": "走楼梯，不乘电梯"})
    return world


def page_of(course, identifier):
    from courseware.content.rendering import store

    return store.page(course.current, identifier, course.source_language)


def publish_changed(world, identifier, words):
    from courseware.content.releases.publishing import publish

    revision = change(world, identifier, words)
    world.course.refresh_from_db()
    publish(world.course, [revision], impact="reread", note="Other words.", by=world.people["admin"])


def change(world, identifier, words):
    from courseware.content.models import Document
    from courseware.content.releases.drafts import save_drafts

    document = Document.objects.select_related("latest_revision").get(course=world.course, identifier=identifier)
    texts = {text.language: bytes(text.body).decode() for text in document.latest_revision.texts.all()}
    for old, new in words.items():
        texts = {language: text.replace(old, new) for language, text in texts.items()}
    bodies = {language: text.encode() for language, text in texts.items()}
    return save_drafts(document, bodies, base=document.latest_revision, by=world.people["editor"])


def shown():
    """Pages, the people who open them, and English texts on them."""
    from django.urls import reverse

    from courseware.assessment.exams.banks import question_of
    from courseware.assessment.models import Certificate, ExamAttempt

    for attempt in ExamAttempt.objects.exclude(is_passed=None).select_related("enrollment__learner", "release"):
        texts = [f"{attempt.points} / {attempt.max_points}"]
        for response in attempt.responses.filter(is_right=False).select_related("bank"):
            question = question_of(attempt, response, "en")
            texts += [question.title, *(question.choices[place].text for place in response.response or ())]
        path = reverse("assessment:result", args=[attempt.pk])
        yield {"path": path, "as": attempt.enrollment.learner.email, "texts": texts}
    for certificate in Certificate.objects.select_related("enrollment__learner"):
        texts = [certificate.holder, certificate.titles["en"]]
        path = reverse("assessment:certificate", args=[certificate.number])
        yield {"path": path, "as": certificate.enrollment.learner.email, "texts": texts}


def forms():
    """Forms as this version sends them, for a tab that stays open during the upgrade."""
    from courseware.accounts.models import User

    for person in User.objects.filter(enrollments__isnull=False).distinct().order_by("pk"):
        client = Client()
        client.force_login(person)
        found = {}
        for path in pages_of(person):
            page = BeautifulSoup(client.get(path, follow=True).content, "html.parser")
            for form in page.select("main form[method=post]"):
                found.setdefault(form.get("action") or path, fields_of(form))
        yield from ({"path": path, "as": person.email, "fields": fields} for path, fields in found.items())


def pages_of(person):
    from tests.world import outline_of

    for enrollment in person.enrollments.filter(completed_at=None).select_related("course"):
        yield from (f"/learn/{enrollment.course.identifier}/{step.id}/" for step in outline_of(enrollment.course).steps)
        for attempt in enrollment.attempts.all():
            yield from (f"/attempts/{attempt.pk}/", f"/attempts/{attempt.pk}/review/")
            yield from (f"/attempts/{attempt.pk}/practice/{rule}/" for rule in ("O1.1", "O1.2"))
        yield from (f"/simulation-attempts/{simulation_attempt.pk}/" for simulation_attempt in enrollment.runs.all())


def fields_of(form):
    """Fields with the first choice selected and a word as text."""
    fields = {}
    for control in form.select("input[name], textarea[name], select[name], button[name]"):
        if control["name"] == "csrfmiddlewaretoken" or control["name"] in fields:
            continue
        default = "A word." if control.name == "textarea" else ""
        fields[control["name"]] = control.get("value", default)
    return fields


def state_of(world):
    from django.db.migrations.recorder import MigrationRecorder

    migrations = MigrationRecorder.Migration.objects.order_by("pk").values_list("app", "name")
    rows = [row for model in apps.get_models() for row in serialize("python", model._base_manager.order_by("pk"))]
    places = {beginning: str(value) for beginning, value in world.places.items()}
    return {
        "migrations": [*map(list, migrations)],
        "places": [places],
        "rows": rows,
        "shown": [*shown()],
        "forms": [*forms()],
    }


def as_json(entry):
    # Not by Django's own JSON, which cuts off the microseconds: the log's digests are taken over them.
    return json.dumps(entry, ensure_ascii=False, default=lambda value: value.isoformat())


def as_text(state):
    """As JSON with a line for each migration, page and row."""
    parts = [f"{json.dumps(name)}: [\n" + ",\n".join(map(as_json, entries)) + "\n]" for name, entries in state.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    world = fill()
    setup_test_environment()
    (FOLDER / f"{sys.argv[1]}.json").write_text(as_text(state_of(world)), encoding="utf-8")
