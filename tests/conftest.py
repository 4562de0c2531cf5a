import os

import pytest

# Playwright runs an event loop in the test's thread; without this every live_server test would be refused.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_collection_modifyitems(items):
    for item in items:
        if "shipped_folder" in item.fixturenames:
            item.add_marker(pytest.mark.shipped)


@pytest.fixture(scope="session")
def shipped_folder():
    """The folder of the course in content/."""
    from django.conf import settings

    (folder,) = (path.parent for path in settings.CONTENT_DIR.glob("*/course.zh-hans.md"))
    return folder


@pytest.fixture
def shipped_course(db, shipped_folder):
    """That course, imported and released."""
    from courseware.content.releases.importing import read_folder
    from tests.making import make_course

    return make_course(read_folder(shipped_folder))


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
