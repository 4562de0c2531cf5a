"""What a visitor is told while the database is away. The faults suite takes a real one away."""

import pytest
from django.db import DataError, InterfaceError, OperationalError, ProgrammingError, connection
from django.test import Client

SAID = "We will be back in a moment"


@pytest.fixture
def visitor(world):
    visitor = Client(raise_request_exception=False, headers={"accept-language": "en"})
    visitor.force_login(world.learner)
    return visitor


def fails_with(error):
    """For `connection.execute_wrapper`: whatever is asked of the database, this is raised."""

    def execute(*args):
        raise error

    return execute


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize("path", ["/", "/learn/tea-room/boiling/", "/admin/"])
def test_an_absent_database_is_our_own_page_that_says_when_to_come_back(error, path, visitor):
    with connection.execute_wrapper(fails_with(error("unable to open database file"))):
        response = visitor.get(path)
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert SAID in response.text
    assert "unable to open" not in response.text


def test_what_was_sent_meanwhile_is_not_acknowledged(visitor):
    with connection.execute_wrapper(fails_with(OperationalError())):
        response = visitor.post("/learn/tea-room/boiling/answer/is-it-off/", {"choice": "1"})
    assert (response.status_code, SAID in response.text) == (503, True)


@pytest.mark.parametrize("error", [DataError, ProgrammingError, ValueError])
def test_a_bug_is_no_absent_database(error, visitor):
    with connection.execute_wrapper(fails_with(error())):
        response = visitor.get("/")
    assert (response.status_code, SAID in response.text) == (500, False)
    assert "Retry-After" not in response
