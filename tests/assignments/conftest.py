from datetime import UTC, datetime

import pytest
import time_machine

from tests.making import make_hr


@pytest.fixture(autouse=True)
def a_wednesday():
    """The days of these tests are written down: 25 November 2026 is the day on which they are walked."""
    with time_machine.travel(datetime(2026, 11, 25, 3, 0, tzinfo=UTC)):
        yield


@pytest.fixture
def hr():
    return make_hr(name="Hana", language="en")


@pytest.fixture
def hr_signed_in(client, hr):
    client.force_login(hr)
