from datetime import UTC, datetime

import pytest
import time_machine

from tests.making import make_hr


@pytest.fixture(autouse=True)
def a_wednesday():
    """The tests use fixed dates: today is 25 November 2026."""
    with time_machine.travel(datetime(2026, 11, 25, 3, 0, tzinfo=UTC)):
        yield


@pytest.fixture
def hr():
    return make_hr(name="Hana", language="en")


@pytest.fixture
def hr_signed_in(client, hr):
    client.force_login(hr)
