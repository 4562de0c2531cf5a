"""More people than one process can serve, none of whom pauses: F22 of the promises."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import Cookie

import pytest

from tests.faults.outages import QUESTION
from tests.faults.visitors import Visitor

PEOPLE = 300
LESSON = "/learn/tea-room/boiling/"
TOKEN = "c" * 32


@pytest.fixture
def crowd(site):
    """Session keys of that many people, each in the middle of the course, and what the form of its lesson says."""
    status, printed = site.run("-m", "tests.faults.signed_in_people", str(PEOPLE))
    assert status == 0, printed
    return json.loads(printed.splitlines()[-1])


def come_in(port, session):
    visitor = Visitor(port)
    for name, value in (("sessionid", session), ("csrftoken", TOKEN)):
        visitor.cookies.set_cookie(cookie(name, value))
    return visitor


def cookie(name, value):
    return Cookie(0, name, value, None, False, "127.0.0.1", False, False, "/", True, False, None, True, None, None, {})


def hurry(port, session, hidden, number):
    """Look, answer, look again, as fast as the answers come. What came, as (what, status) each."""
    visitor = come_in(port, session)
    form = {"csrfmiddlewaretoken": TOKEN, "token": f"00000000-0000-4000-8000-{number:012}", "tries": "0"}
    came = [("page", visitor.get(LESSON))]
    came.append(("save", visitor.post(QUESTION, form | hidden | {"choice": "1"})))
    came.append(("page", visitor.get(LESSON)))
    return came


def test_where_three_hundred_come_at_once_every_save_is_taken_and_pages_are_refused_early(site, crowd):
    before = site.count("learning_answer")
    with site.served(workers=1) as visitor, ThreadPoolExecutor(PEOPLE) as pool:
        hurried = [
            pool.submit(hurry, visitor.port, session, crowd["form"], number)
            for number, session in enumerate(crowd["sessions"])
        ]
        came = [each for one in hurried for each in one.result()]
        afterwards = visitor.get("/accounts/login/")
    told = Counter((what, answer.status) for what, answer in came)
    assert told.keys() == {("save", 302), ("page", 200), ("page", 503)}, told
    refused = [answer for what, answer in came if answer.status == 503]
    assert all(10 <= int(answer.headers["Retry-After"]) <= 30 for answer in refused)
    assert all("访问人数较多" in answer.text or "Many people are here" in answer.text for answer in refused)
    assert told["save", 302] == site.count("learning_answer") - before == PEOPLE
    assert afterwards.status == 200
    print(dict(told))
