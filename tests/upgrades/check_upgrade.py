"""`python -m tests.upgrades.check_upgrade STATE.json`: load this state, upgrade it, open every page as every person,
and send the forms of the version before. Prints what went wrong, as JSON.
"""

import base64
import json
import logging
import sys
from io import StringIO
from itertools import product
from pathlib import Path

import django
from bs4 import BeautifulSoup
from django.apps import apps
from django.contrib.messages import get_messages
from django.core.management import CommandError, call_command
from django.core.management.color import no_style
from django.db.models import UUIDField
from django.test.utils import setup_test_environment

HANDLED = (200, 302, 409, 422)  # accepted, or shown again with the input


def load(state):
    """Load the rows of the state into the tables of its migrations."""
    from django.core.serializers import python
    from django.db import connection, transaction
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    last = [*dict(sorted(map(tuple, state["migrations"]))).items()]
    executor.migrate(last)
    tables = set(connection.introspection.table_names()) - {"django_migrations"}
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), tables, allow_cascade=True))
    current_apps, python.apps = python.apps, executor.loader.project_state(last).apps
    try:
        with transaction.atomic(), connection.constraint_checks_disabled():
            for row in python.Deserializer(state["rows"]):
                row.save()
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), python.apps.get_models()):
                cursor.execute(statement)
    finally:
        python.apps = current_apps


def new_course_files(state) -> dict[str, bytes]:
    """Path → text of the course in the state, with a line more for each exam, and today's simulations."""
    from tests.course_format.samples import make_files

    rows = {
        model: [row for row in state["rows"] if row["model"] == f"content.{model}"]
        for model in ("release", "releaseentry", "sourcefile")
    }
    newest = max(row["pk"] for row in rows["release"])
    entries = [row["fields"] for row in rows["releaseentry"]]
    released = {entry["revision"] for entry in entries if entry["release"] == newest}
    texts = [row["fields"] for row in rows["sourcefile"] if row["fields"]["revision"] in released]
    bodies = {text["path"]: base64.b64decode(text["body"]) for text in texts}
    longer = {path: body + b"\n*\n" for path, body in bodies.items() if ".exam." in path}
    stricter = {
        path: body for path, body in make_files().items() if ".simulation." in path or path.startswith("media/")
    }
    return bodies | longer | stricter


def upgrade(state) -> str:
    """Output of `manage.py upgrade`, after the course has changed with the version."""
    from django.conf import settings

    settings.CONTENT_DIR = Path(settings.DATA_DIR) / "content"
    for path, body in new_course_files(state).items():
        file = settings.CONTENT_DIR / "course" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    return printed("upgrade")


def clients() -> dict[str, object]:
    """Email of a person, or "nobody" → a client signed in as that person."""
    from django.test import Client

    from courseware.accounts.models import User

    found = {"nobody": Client(raise_request_exception=False)}
    for person in User.objects.order_by("pk"):
        found[person.email] = Client(raise_request_exception=False)
        found[person.email].force_login(person)
    return found


def addresses(state) -> list[str]:
    """URLs of every route, with each object that has its own pages; of others with the one in the state."""
    from courseware.assessment.models import Certificate, ExamAttempt
    from courseware.content.models import Course, Release
    from courseware.learning.models import Enrollment
    from courseware.simulations.models import SimulationAttempt
    from tests.site.routes import beginnings, fill_in, routes
    from tests.world import outline_of

    outline = outline_of(Course.objects.get())
    steps = [step.id for step in outline.steps]
    primary_keys = {
        "attempts/<pk>": ExamAttempt,
        "simulation-attempts/<pk>": SimulationAttempt,
        "team/people/<pk>": Enrollment,
        "admin/content/release/<object_id>": Release,
        "admin/learning/enrollment/<object_id>": Enrollment,
        "admin/assessment/certificate/<object_id>": Certificate,
    }
    many = {begin: [*model.objects.values_list("pk", flat=True)] for begin, model in primary_keys.items()}
    many |= {
        "learn/<course>/<step>": steps,
        "exam/<course>/<exam>": steps,
        "attempts/<pk>/practice/<rule>": [id for module in outline.modules for id in module.objectives],
        "certificates/<number>": [*Certificate.objects.values_list("number", flat=True)],
    }
    found = []
    for route, _pattern in routes():
        varying = [begin for begin in beginnings(route) if many.get(begin)]
        for values in product(*(many[begin] for begin in varying)):
            found.append(fill_in(route, state["places"][0] | dict(zip(varying, values, strict=True))))
    return found


def text_of(response) -> str:
    return " ".join(BeautifulSoup(response.content, "html.parser").get_text(" ").split())


def is_kept(fields) -> bool:
    """Whether a row has the ids of this form, if the form has any."""
    return all(
        any(
            model.objects.filter(**{name: fields[name]}).exists()
            for model in apps.get_models()
            if any(field.name == name and isinstance(field, UUIDField) for field in model._meta.fields)
        )
        for name in {"token", "page"} & fields.keys()
    )


def is_reported(answer) -> bool:
    """Whether the next page reports what became of the form."""
    return answer.status_code != 302 or bool([*get_messages(answer.wsgi_request)])


def printed(command) -> str:
    out = StringIO()
    try:
        call_command(command, stdout=out, stderr=out)
    except CommandError as error:
        out.write(str(error))
    return out.getvalue().strip()


def check(state) -> dict[str, object]:
    output = upgrade(state)
    people = clients()
    opened = {(name, path): people[name].get(path).status_code for name, path in product(people, addresses(state))}
    lacking = []
    for page in state["shown"]:
        words = text_of(people[page["as"]].get(page["path"], follow=True))
        lacking += [f"{page['path']}: {text}" for text in page["texts"] if text not in words]
    sent = [(form, people[form["as"]].post(form["path"], form["fields"])) for form in state["forms"]]
    return {
        "upgrade": output.splitlines()[-1],
        "failed": [f"{name} {path}: {status}" for (name, path), status in opened.items() if status >= 500],
        "lacking": lacking,
        "refused": [
            f"{form['as']} {form['path']}: {answer.status_code}"
            for form, answer in sent
            if answer.status_code not in HANDLED
        ],
        "lost": [form["path"] for form, answer in sent if not is_kept(form["fields"]) and not is_reported(answer)],
        "check_records": printed("check_records"),
        "verify_audit_log": printed("verify_audit_log").split(":")[0],
    }


if __name__ == "__main__":
    django.setup()
    setup_test_environment()
    logging.disable()
    state = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    load(state)
    print(json.dumps(check(state), ensure_ascii=False))
