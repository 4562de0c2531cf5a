"""What a visitor sees while the database is away."""

import time

AT_MOST = 8  # seconds until the page says so: five of waiting, and a busy machine
AGAIN = "/learn/tea-room/boiling/?again=is-it-off"
QUESTION = "/learn/tea-room/boiling/answer/is-it-off/"


def right_answer(visitor):
    """The form of the check question, which was answered before, filled in to practise it once more."""
    return visitor.form(AGAIN, QUESTION) | {"choice": "1"}


def assert_away(ask, *arguments):
    """Our own page, soon, with when to come back."""
    began = time.monotonic()
    assert_says_so(ask(*arguments))
    assert time.monotonic() - began < AT_MOST


def assert_says_so(answer):
    assert answer.status == 503
    assert answer.headers["Retry-After"]
    assert 'class="wrap error-page"' in answer.text
