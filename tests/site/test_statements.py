"""Tests of tests/statements.py: every statement is still run by at least one selected test."""

from pathlib import Path

import pytest
from django.db import connection

from courseware.accounts.models import User
from tests.making import make_user
from tests.statements import NOT_RUN, Notes, commits, left_out, stays


def note(test, asked, *, seconds=1.0, stays=False):
    return {"test": test, "seconds": seconds, "stays": stays, "asked": list(asked)}


def test_each_statement_is_left_to_the_quickest_test():
    notes = [note(name, "A", seconds=seconds) for name, seconds in {"a": 1, "b": 4, "c": 3, "d": 5, "e": 2}.items()]
    assert list(left_out(notes)) == ["d", "b", "c", "e"]


def test_who_alone_asks_something_stays_whatever_else_is_asked_with_it():
    notes = [note(str(number), "A") for number in range(2)]
    assert list(left_out([*notes, note("slow", "AB", seconds=9)])) == ["0", "1"]


def test_the_markers_excluded_on_postgresql_are_those_of_the_run():
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
def test_values_make_no_other_statement_nor_does_their_number():
    assert len(asked_by(person("Ann", "Bo"))) == 1
    assert asked_by(person("Ann", "Bo")) == asked_by(person("Cy", "Di", "Ed"))
    assert asked_by(person("Ann", "Bo")) != asked_by(lambda: list(User.objects.filter(email__in=["a", "b"])))
    assert asked_by(make_user) == asked_by(make_user)


@pytest.mark.django_db
def test_the_same_statement_is_another_one_where_another_function_of_the_product_asks_it():
    product = {"__name__": "courseware.made_up", "ask": person("Ann", "Bo")}
    exec("def one(): ask()\ndef other(): ask()", product)
    assert len(asked_by(product["one"], product["other"], person("Ann", "Bo"))) == 3


def test_a_test_that_commits_or_names_a_database_stays(request):
    assert connection.vendor
    assert stays(request.node)
    assert not commits(request.node)


@pytest.mark.django_db(transaction=True)
def test_who_is_told_to_commit_does(request):
    assert commits(request.node)
