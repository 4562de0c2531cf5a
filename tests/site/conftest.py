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
    """Made once for all who walk through it; what each of them does is rolled back by itself."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture
def world(world_of_the_module, db):
    return world_of_the_module


@pytest.fixture
def log(settings):
    """The lines that the site writes, as objects."""
    settings.LOG_REQUESTS = True
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logging.root.addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.root.removeHandler(handler)


@pytest.fixture
def unrendered(monkeypatch):
    """For walks that look at what views do and not at pages: rendering is most of their time."""
    monkeypatch.setattr(Template, "render", lambda *_: "")
