import io
import json
import logging

import pytest
from django.db import transaction
from django.template.backends.django import Template

from courseware.lib.text.log_format import JsonFormatter
from tests.world import make_world


@pytest.fixture(scope="module")
def world_of_the_module(django_db_setup, django_db_blocker):
    """One world per module; each test is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture
def world(world_of_the_module, db):
    return world_of_the_module


@pytest.fixture
def log(settings):
    """The log lines of the site, as objects."""
    settings.LOG_REQUESTS = True
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logging.root.addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.root.removeHandler(handler)


@pytest.fixture
def unrendered(monkeypatch):
    """Skip rendering, which takes most of the time, in tests of views."""
    monkeypatch.setattr(Template, "render", lambda *_: "")
