"""Checks of what a visitor sees while the database is unavailable."""

import time

AT_MOST = 8  # seconds until the page: 5 of waiting, and a busy machine
PRACTICE_URL = "/learn/tea-room/boiling/?again=is-it-off"
QUESTION = "/learn/tea-room/boiling/answer/is-it-off/"


def correct_answer_form(visitor):
    """The form of the check question, answered before, filled in to practise it again."""
    return visitor.form(PRACTICE_URL, QUESTION) | {"choice": "1"}


def assert_unavailable_soon(ask, *arguments):
    """A 503 page with Retry-After, soon."""
    began = time.monotonic()
    assert_unavailable(ask(*arguments))
    assert time.monotonic() - began < AT_MOST


def assert_unavailable(answer):
    assert answer.status == 503
    assert answer.headers["Retry-After"]
    assert 'class="wrap error-page"' in answer.text
