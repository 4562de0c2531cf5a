import os

import pytest

# Playwright runs an event loop in the test's thread; without this every live_server test would be refused.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(autouse=True)
def no_left_over_language():
    """A view that switches the language must not leave it to the next test."""
    from django.utils import translation

    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def nothing_kept_of_releases():
    """Releases are kept in memory by their primary keys, which a rolled back test leaves to the next one."""
    from courseware.content.compiled import serving

    serving.forget()
    yield
    serving.forget()
