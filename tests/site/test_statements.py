"""Selection of tests by tests/statements.py: each statement is still run by a selected test."""

from pathlib import Path

import pytest
from django.db import connection

from courseware.accounts.models import User
from tests.making import make_user
from tests.statements import NOT_RUN, Notes, commits, left_out, stays


def note(test, asked, *, seconds=1.0, stays=False):
    return {"test": test, "seconds": seconds, "stays": stays, "asked": list(asked)}


def test_statement_is_left_to_quickest_test():
    notes = [note(name, "A", seconds=seconds) for name, seconds in {"a": 1, "b": 4, "c": 3, "d": 5, "e": 2}.items()]
    assert list(left_out(notes)) == ["d", "b", "c", "e"]


def test_unique_statement_keeps_its_test():
    notes = [note(str(number), "A") for number in range(2)]
    assert list(left_out([*notes, note("slow", "AB", seconds=9)])) == ["0", "1"]


def test_excluded_markers_match_ci_run():
    run = Path(__file__).parents[2] / ".ci/run"
    assert f'-m "(database or faults) and not ({" or ".join(NOT_RUN)})"' in run.read_text(encoding="utf-8")


def asked_by(*doing):
    notes = Notes()
    with connection.execute_wrapper(notes):
        for each in doing:
            each()
    return notes.asked


def person(*names):
    return lambda: list(User.objects.filter(name__in=names))


@pytest.mark.django_db
def test_values_and_their_number_make_no_other_statement():
    assert len(asked_by(person("Ann", "Bo"))) == 1
    assert asked_by(person("Ann", "Bo")) == asked_by(person("Cy", "Di", "Ed"))
    assert asked_by(person("Ann", "Bo")) != asked_by(lambda: list(User.objects.filter(email__in=["a", "b"])))
    assert asked_by(make_user) == asked_by(make_user)


@pytest.mark.django_db
def test_calling_function_makes_another_statement():
    product = {"__name__": "courseware.made_up", "ask": person("Ann", "Bo")}
    exec("def one(): ask()\ndef other(): ask()", product)
    assert len(asked_by(product["one"], product["other"], person("Ann", "Bo"))) == 3


def test_committing_or_database_specific_test_stays(request):
    assert connection.vendor
    assert stays(request.node)
    assert not commits(request.node)


@pytest.mark.django_db(transaction=True)
def test_transactional_test_commits(request):
    assert commits(request.node)
