from datetime import UTC, datetime

import pytest
import time_machine


@pytest.fixture(autouse=True)
def a_wednesday():
    """The days of these tests are written down: 25 November 2026 is the day on which they are walked."""
    with time_machine.travel(datetime(2026, 11, 25, 3, 0, tzinfo=UTC)):
        yield
