"""A site that counts in Redis can be copied, and can go on without Redis."""

import pytest

from tests.faults.sites import Site

REDIS = {"CACHE_URL": "redis://:a-password@127.0.0.1:1/0"}  # where nobody listens


@pytest.fixture
def other(tmp_path):
    (tmp_path / "other").mkdir()
    return Site(tmp_path / "other", f"sqlite:///{tmp_path}/other/courseware.sqlite3")


def test_database_is_copied_without_printing_redis_password(site, other):
    status, printed = site.manage("copy_database", "--to", other.database_url, **REDIS)
    assert (status, "a-password" in printed) == (0, False), printed
    assert other.tables() == site.tables()


def test_site_started_with_redis_has_cache_table(other):
    status, printed = other.manage("upgrade", DJANGO_SETTINGS_MODULE="tests.faults.settings_as_served", **REDIS)
    assert status == 0, printed
    assert other.count("cache") == 0
