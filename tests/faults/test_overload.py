"""More people than one process can serve, none of whom pauses (F22)."""

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
def people(site):
    """Session keys of so many people in the middle of the course, and the fields of its lesson form."""
    status, printed = site.run("-m", "tests.faults.signed_in_people", str(PEOPLE))
    assert status == 0, printed
    return json.loads(printed.splitlines()[-1])


def signed_in_visitor(port, session):
    visitor = Visitor(port)
    for name, value in (("sessionid", session), ("csrftoken", TOKEN)):
        visitor.cookies.set_cookie(cookie(name, value))
    return visitor


def cookie(name, value):
    return Cookie(0, name, value, None, False, "127.0.0.1", False, False, "/", True, False, None, True, None, None, {})


def visit(port, session, hidden, number):
    """Open, answer and open again without a pause. Returns (what, response) of each."""
    visitor = signed_in_visitor(port, session)
    form = {"csrfmiddlewaretoken": TOKEN, "token": f"00000000-0000-4000-8000-{number:012}", "tries": "0"}
    responses = [("page", visitor.get(LESSON))]
    responses.append(("save", visitor.post(QUESTION, form | hidden | {"choice": "1"})))
    responses.append(("page", visitor.get(LESSON)))
    return responses


def test_overload_accepts_every_save_and_refuses_pages_early(site, people):
    before = site.count("learning_answer")
    with site.served(workers=1) as visitor, ThreadPoolExecutor(PEOPLE) as pool:
        visits = [
            pool.submit(visit, visitor.port, session, people["form"], number)
            for number, session in enumerate(people["sessions"])
        ]
        responses = [each for each_visit in visits for each in each_visit.result()]
        afterwards = visitor.get("/accounts/login/")
    counts = Counter((what, answer.status) for what, answer in responses)
    assert counts.keys() == {("save", 302), ("page", 200), ("page", 503)}, counts
    refused = [answer for what, answer in responses if answer.status == 503]
    assert all(10 <= int(answer.headers["Retry-After"]) <= 30 for answer in refused)
    assert all("访问人数较多" in answer.text or "The site is busy" in answer.text for answer in refused)
    assert counts["save", 302] == site.count("learning_answer") - before == PEOPLE
    assert afterwards.status == 200
    print(dict(counts))
