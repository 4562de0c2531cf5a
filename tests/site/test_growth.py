"""Pages run the same statements in a firm of 1, 3 and 500 people."""

import pytest
from django.contrib import admin
from django.urls import reverse

from benchmarks.growing_firm import COURSES, GrowingFirm
from benchmarks.visits import statements_kept
from courseware.lib.model_admins import LongList
from tests.making import make_course

pytestmark = [pytest.mark.django_db, pytest.mark.long]


def number_of_statements(client, path):
    """Of the second visit: the first one fills what the process keeps."""
    for _ in range(2):
        with statements_kept() as statements:
            assert client.get(path).status_code == 200, path
    return len(statements)


def test_pages_of_a_learner_run_the_same_statements_in_a_firm_of_any_size(client):
    make_course()
    firm, found = GrowingFirm(), []
    for people in (4, 30, 500):  # the learner is the fourth
        firm.grow(people * COURSES)
        client.force_login(firm.learner)
        pages = ("/", "/learn/tea-room/boiling/", "/learn/tea-room/record/")
        found.append({path: number_of_statements(client, path) for path in pages})
    assert found[0] == found[1] == found[2]


def test_lists_of_the_admin_run_the_same_statements_in_a_firm_of_any_size(client):
    make_course()
    firm, found = GrowingFirm(), []
    client.force_login(firm.admin)
    lists = [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model, each in admin.site._registry.items()
        if isinstance(each, LongList)
    ]
    for people in (1, 3, 500):
        firm.grow(people * COURSES)
        found.append({path: number_of_statements(client, path) for path in lists})
    assert found[0] == found[1] == found[2]
