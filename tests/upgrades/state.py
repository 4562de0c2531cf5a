"""`python -m tests.upgrades.state NAME`: fill an empty database as this version does, and keep it in NAME.json.

Beside its rows the file says which migrations it has, and what this version shows on pages that later ones have to show
as well.
"""

import json
import sys
import uuid
from pathlib import Path

import django
from django.apps import apps
from django.core.management import call_command
from django.core.serializers import serialize

FOLDER = Path(__file__).parent


def fill():
    """The world of tests, with more people in it whose work lies on a release that is not the newest."""
    from courseware.content.releases.importing import import_course
    from courseware.learning import answering, enrolling
    from tests.assessment.exams import drill_files, pre_check_files, sit, wrong
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
    drill(sit_exam("Dora Drill", forget=("O1.1",)), 1)
    done = sit_exam("Dirk Drilled", forget=("O1.2",))
    drill(done, 3)
    answer_survey(done.enrollment)
    tries = enroll("Wanda Wrong")
    questions = page_of(world.course, world.lesson.id).questions
    for question in world.lesson.check:
        raw = wrong(questions[question.id])
        answering.answer(tries, outline_of(world.course).step(world.lesson.id), question.id, raw, token=uuid.uuid4())
    publish_changed(world, world.lesson.id, {"关火了吗": "炉子关了吗", "Is it off": "Is the stove off"})
    publish_changed(world, "tea-bank", {"题目": "新题目", "Question": "New question"})
    change(world, "card", {"走楼梯": "走楼梯，不乘电梯"})


def drill(attempt, answers):
    from courseware.assessment import drilling
    from tests.assessment.exams import right

    (one,) = drilling.drills_of(attempt)
    for _ in range(answers):
        asked = drilling.next_question(attempt, drilling.drill_on(one.rule, attempt), "zh-hans")
        form = {"number": asked.number, "revision": asked.bank.revision_id, "token": uuid.uuid4()}
        drilling.answer(attempt, one.rule, asked.question.id, right(asked.question), **form)


def page_of(course, identifier):
    from courseware.content.compiled import serving

    return serving.page(course.current, identifier, course.source_language)


def publish_changed(world, identifier, words):
    from courseware.content.releases.publishing import publish

    revision = change(world, identifier, words)
    world.course.refresh_from_db()
    publish(world.course, [revision], weight="re-read", note="Other words.", by=world.people["admin"])


def change(world, identifier, words):
    from courseware.content.models import Document
    from courseware.content.releases.drafts import save_drafts

    document = Document.objects.select_related("head").get(course=world.course, identifier=identifier)
    texts = {text.language: bytes(text.body).decode() for text in document.head.texts.all()}
    for old, new in words.items():
        texts = {language: text.replace(old, new) for language, text in texts.items()}
    bodies = {language: text.encode() for language, text in texts.items()}
    return save_drafts(document, bodies, base=document.head, by=world.people["editor"])


def shown():
    """Pages with who opens them, and texts that stand on them in English."""
    from django.urls import reverse

    from courseware.assessment.banks import question_of
    from courseware.assessment.models import Attempt, Certificate

    for attempt in Attempt.objects.exclude(is_passed=None).select_related("enrollment__learner", "release"):
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


def kept():
    from django.db.migrations.recorder import MigrationRecorder

    migrations = MigrationRecorder.Migration.objects.order_by("pk").values_list("app", "name")
    rows = [row for model in apps.get_models() for row in serialize("python", model._base_manager.order_by("pk"))]
    return {"migrations": list(map(list, migrations)), "shown": list(shown()), "rows": rows}


def as_json(entry):
    # Not by Django's own JSON, which cuts off the microseconds: the log's digests are taken over them.
    return json.dumps(entry, ensure_ascii=False, default=lambda value: value.isoformat())


def written(state):
    """As JSON with a line for each migration, page and row."""
    parts = [f"{json.dumps(name)}: [\n" + ",\n".join(map(as_json, entries)) + "\n]" for name, entries in state.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    fill()
    (FOLDER / f"{sys.argv[1]}.json").write_text(written(kept()), encoding="utf-8")
